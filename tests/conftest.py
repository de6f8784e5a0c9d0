# SPDX-License-Identifier: BSD-2-Clause
"""Shared by the whole suite: its groups, which tests/run runs one after the other, and reports of failures."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
LONGEST = ["test_soak"]  # they begin first: what is distributed last should be short


def pytest_configure(config):
    config.addinivalue_line("markers", "rules: reads the sources, the documentation and other files, and starts no show")
    config.addinivalue_line("markers", "smoke: if this fails, little else can pass")
    config.addinivalue_line("markers", "one_setting: behaves alike for root and for an ordinary user, and runs once (e2e/conftest.py)")
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and "PYTEST_XDIST_WORKER" not in os.environ:
        config.pluginmanager.register(Teller(reporter))


def group(item):
    """Returns tests that must run one after the other in a process: those that share a show, in one setting."""
    if "escape" in item.path.parts:
        setting = getattr(item, "callspec", None) and item.callspec.params.get("identity")
        return f"{item.path.stem}-{setting}"
    return None


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == TESTS:
            item.add_marker("rules")
        if group(item):
            item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: not any(name in item.nodeid for name in LONGEST))


class Teller:
    """Reports a failure at once; pytest's own report follows at the end."""

    def __init__(self, reporter):
        self.reporter = reporter

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.reporter.ensure_newline()
            self.reporter.write_line(f"failed: {report.nodeid} ({report.when})", flush=True)
