# SPDX-License-Identifier: BSD-2-Clause
"""What the runners count: a second try takes back an accident, and nothing else."""

import pytest
from tally import SECOND_TRIES, Tally, read_junit

REPORT = """<testsuites><testsuite>
<testcase classname="e2e.test_a" name="test_fails[a@b]@test_a-root"><failure/></testcase>
<testcase classname="e2e.test_a" name="test_fails[a@b]@test_a-root"><error/></testcase>
<testcase classname="e2e.test_a" name="test_passes"/>
<testcase classname="e2e.test_b" name="test_is_skipped"><skipped/></testcase>
<testcase classname="e2e.test_b" name="test_breaks"><error/></testcase>
</testsuite></testsuites>"""
FAILING = ["e2e/test_a.py::test_fails[a@b]", "e2e/test_b.py::test_breaks"]


@pytest.fixture
def first(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    return read_junit(report)


def second(passed, failures):
    made = Tally(passed, len(failures))
    made.failures = failures
    return made


def test_a_report_is_counted(first):
    assert (str(first), first.failures) == ("1 passed, 2 failed, 1 skipped", FAILING)


@pytest.mark.parametrize(("passed", "failures", "counts", "status"), [
    (2, [], "3 passed, 0 failed, 1 skipped", 0),
    (1, FAILING[1:], "2 passed, 1 failed, 1 skipped", 1),
    (0, FAILING, "1 passed, 2 failed, 1 skipped", 1),
    (0, [], "1 passed, 2 failed, 1 skipped", 1),  # nothing ran
    (0, FAILING[1:], "1 passed, 2 failed, 1 skipped", 1),  # one did not run
])
def test_a_second_try(first, capsys, passed, failures, counts, status):
    assert first.again() == FAILING
    first.amend(second(passed, failures))
    assert first.report() == status
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == counts
    assert sum(line.startswith("unsteady: ") for line in said) == (passed if counts[0] != "1" else 0)


@pytest.mark.parametrize("failures", [[], ["pytest ended with 1"], ["fuzz osc"], [f"e2e/test_a.py::test_{n}" for n in range(SECOND_TRIES + 1)]])
def test_what_is_no_accident_has_no_second_try(failures):
    assert second(9, failures).again() == []
