"""In CI a skipped test fails, wherever it skips."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKIPPING = {
    "test_by_a_mark.py": "import pytest\n@pytest.mark.skip(reason='no moon')\ndef test(): pass",
    "test_in_a_fixture.py": "import pytest\n@pytest.fixture\ndef moon(): pytest.skip('no moon')\ndef test(moon): ...",
    "test_in_the_body.py": "import pytest\ndef test(): pytest.skip('no moon')",
    "test_as_a_module.py": "import pytest\npytest.skip('no moon', allow_module_level=True)",
}
EXPECTED_TO_FAIL = "import pytest\n@pytest.mark.xfail(strict=True)\ndef test(): assert False"


def run(folder: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(folder), "-p", "tools.no_skips"]
    options = ["-p", "no:cacheprovider", "--continue-on-collection-errors", "-rfEx", str(folder)]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run([*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True).stdout


def test_each_skip_fails_with_its_reason_and_an_expected_failure_does_not(tmp_path: Path) -> None:
    for name, code in SKIPPING.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    (tmp_path / "test_expected.py").write_text(EXPECTED_TO_FAIL, encoding="utf-8")

    printed = run(tmp_path)

    assert printed.count("CI takes no skipped test. ") >= len(SKIPPING)
    assert printed.count("no moon") >= len(SKIPPING)
    assert "1 failed, 1 xfailed, 3 errors" in printed
