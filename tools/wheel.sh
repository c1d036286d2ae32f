#!/bin/sh
# Build the wheel and try it as a stranger would: in an environment of its own, away from this folder.
# wheel.sh BIN, the folder with a Python that has hatchling.
set -eu
bin=$(cd "$1" && pwd)
here=$(pwd)
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT

"$bin/python" -m hatchling build -t wheel -d "$away" >/dev/null
if command -v uv >/dev/null; then
    uv venv --quiet --no-project --python "$bin/python" "$away/venv"
    install() { VIRTUAL_ENV="$away/venv" uv pip install --quiet "$@"; }
else
    "$bin/python" -m venv "$away/venv"
    install() { "$away/venv/bin/python" -m pip install --quiet "$@"; }
fi
install --require-hashes -r "$here/requirements/run.txt"
install --no-deps "$away"/hallkeeper-*.whl

cd "$away"
venv/bin/hallkeeper --version
venv/bin/hallkeeper --help >/dev/null
mkdir -p "$here/dist"
rm -f "$here"/dist/hallkeeper-*.whl
mv hallkeeper-*.whl "$here/dist/"
echo "Tried and kept: $(ls "$here"/dist)"
