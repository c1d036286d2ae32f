#!/bin/sh
# Make the environment: venv.sh FOLDER [UV]. A whole one is kept; a broken one (say, after an interrupted run) is made anew.
set -eu
venv=$1
uv=${2:-}

suits() { "$1" -c 'import sys; sys.exit(not sys.version_info >= (3, 11))' 2>/dev/null; }

if suits "$venv/bin/python" && { [ -n "$uv" ] || "$venv/bin/python" -c 'import pip' 2>/dev/null; }; then
    exit 0
fi

python=
for candidate in python3.11 python3.12 python3.13 python3; do
    if suits "$candidate"; then
        python=$candidate
        break
    fi
done
rm -rf "$venv"

if [ -n "$uv" ]; then # uv fetches a Python when none is there
    exec "$uv" venv --quiet --no-project --python "${python:-3.11}" "$venv"
fi
if [ -z "$python" ]; then
    echo 'hallkeeper needs Python 3.11 or newer. On Debian: apt-get install python3 python3-venv' >&2
    exit 1
fi
# Debian keeps ensurepip in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo 'Installing python3-venv …' >&2
        apt-get update -qq </dev/null
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv </dev/null >/dev/null
    else
        echo "$python can't make an environment here. As root: apt-get install python3-venv (or install uv)" >&2
        exit 1
    fi
fi
exec "$python" -m venv "$venv"
