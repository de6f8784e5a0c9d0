# SPDX-License-Identifier: BSD-2-Clause
"""What the whole suite has in common: the marks by which tests/run groups it, and a line for each failure at once."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
SHARING = ["test_cgroups", "test_network_programs"]
LONGEST = ["test_soak"]  # they begin first: what is distributed last should be short


@pytest.hookimpl(trylast=True)  # pytest's own reporter is there by then
def pytest_configure(config):
    config.addinivalue_line("markers", "rules: reads the sources, the documentation and other files, and starts no show")
    config.addinivalue_line("markers", "smoke: if this fails, little else can pass")
    config.addinivalue_line("markers", "one_setting: behaves alike for root and an ordinary user, and runs as one of them")
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and "PYTEST_XDIST_WORKER" not in os.environ:
        config.pluginmanager.register(Teller(reporter))


def group(item):
    """Tests that must follow each other in one process: those of a file that share a show, or the machine."""
    setting = item.callspec.params.get("identity") if hasattr(item, "callspec") else None
    if "escape" in item.path.parts and setting:
        return f"{item.path.stem}-{setting}"
    return item.path.stem if item.path.stem in SHARING else None


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
            self.reporter.write_line(f"\nfailed: {report.nodeid} ({report.when})", flush=True)
