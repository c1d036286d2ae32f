"""A pytest plugin for CI: a test that is skipped has failed, and says what the machine lacked.

`make test` loads it when `CI` is set, so that PostgreSQL or the browser can't fall away in silence. What must not run
everywhere (the real platforms, with tokens) is left out by a marker instead.
"""

from collections.abc import Generator

import pytest


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI takes no skipped test. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skips, by a mark, in a fixture or in its body."""
    report = yield
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skips itself."""
    report = yield
    _refuse(report)
    return report
