# SPDX-License-Identifier: BSD-2-Clause
"""How tests fared, added up over all that runs them, and which of them deserve a second try."""

import re
import xml.etree.ElementTree

# More at once is no accident.
SECOND_TRIES = 5


class Tally:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.failures = []  # their names
        self.unsteady = []  # those that passed when they ran again

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.unsteady += other.unsteady

    def fail(self, name):
        """What failed without being a test that could be counted."""
        print(f"failed: {name}", flush=True)
        self.failed += 1
        self.failures.append(name)

    def again(self):
        """The names for a second try, as CPython's regrtest --rerun: only what fails twice counts as failed."""
        is_accident = 0 < self.failed == len(self.failures) <= SECOND_TRIES
        return self.failures if is_accident and all("::" in name for name in self.failures) else []

    def amend(self, second):
        """Counts what has passed at its second try, if nothing else is wrong with that."""
        mended = [name for name in self.failures if name not in second.failures]
        if second.passed == len(mended) and second.failed == len(self.failures) - len(mended):
            self.passed += len(mended)
            self.failed -= len(mended)
            self.failures = second.failures
            self.unsteady += mended

    def report(self):
        """Says what is to be known at the end; the last line has the counts. Returns the exit status."""
        for name in self.unsteady:
            print(f"unsteady: {name} failed, and passed when it ran again, alone")
        for name in self.failures:
            print(f"failed: {name}")
        print(self, flush=True)
        return 0 if self.passed and not self.failed else 1

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def read_junit(path):
    """Reads the report of pytest; without one, nothing has run."""
    tally = Tally()
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return tally
    for case in root.iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            place = case.get("classname")  # none: a whole file
            name = re.sub(r"@[^\]]+$", "", case.get("name"))  # the group that pytest-xdist has it in
            name = (place.replace(".", "/") + ".py::" if place else "") + name
            if name not in tally.failures:  # the test, and again what came after it
                tally.failed += 1
                tally.failures.append(name)
        elif "skipped" in outcomes:
            tally.skipped += 1
        else:
            tally.passed += 1
    return tally
