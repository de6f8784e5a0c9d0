# SPDX-License-Identifier: BSD-2-Clause
"""Runs one of CPython's own test suites as a script of a show: the variable SUITE names it, skip.txt what is left out.

Lines that begin with "pysuite:" are for the runner: "begin TEST", then "ok|skipped|failed|error TEST: REASON", and "end".
"""

import os
import re
import sys
import threading
import time
import traceback
import unittest

HANGS_AFTER_S = 120
LEFT_OUT = re.compile(r"\.Recvmsg\w*RFC3542Ancillary")  # control messages are not served; each would wait for 5 s
SKIP = set(open(os.path.join(os.path.dirname(__file__), "skip.txt"), encoding="utf-8").read().split())
OUT = os.fdopen(os.dup(1), "w", buffering=1)  # tests replace sys.stdout


def say(*words):
    OUT.write("pysuite: " + " ".join(words).replace("\n", " ")[:300] + "\n")


class Result(unittest.TestResult):
    current, since = None, 0.0

    def startTest(self, test):
        super().startTest(test)
        Result.current, Result.since = name_of(test), time.monotonic()
        say("begin", Result.current)

    def stopTest(self, test):
        super().stopTest(test)
        Result.current = None

    def addSuccess(self, test):
        say("ok", name_of(test))

    def addSkip(self, test, reason):
        say("skipped", f"{name_of(test)}: {reason}")

    def addFailure(self, test, error):
        say("failed", f"{name_of(test)}: {last_line(error)}")

    def addError(self, test, error):
        say("failed", f"{name_of(test)}: {last_line(error)}")

    def addSubTest(self, test, subtest, error):
        if error:
            say("failed", f"{name_of(test)}: {last_line(error)}")

    def addExpectedFailure(self, test, error):
        say("ok", name_of(test))


def name_of(test):
    """setUpClass (test.test_os.X) and the like have names, too."""
    name = test.id()
    if "(" in name:
        name = name[name.index("(") + 1 : -1] + "." + name[: name.index("(") - 1]
    return name.removeprefix("test.")


def last_line(error):
    return traceback.format_exception_only(*error[:2])[-1].strip()


def tests_of(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from tests_of(each)
        else:
            yield each


def without(suite):
    """Leaves out tests, and keeps the suites of classes and modules, which have fixtures."""
    kept = unittest.TestSuite()
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            kept.addTest(without(each))
        elif name_of(each) not in SKIP and not LEFT_OUT.search(name_of(each)):
            kept.addTest(each)
    return kept


def watch():
    while True:
        time.sleep(1)
        current, since = Result.current, Result.since
        if current and time.monotonic() - since > HANGS_AFTER_S:
            say("hangs", current)
            os._exit(9)


def main():
    from test import support
    from test.support import socket_helper
    socket_helper._bind_nix_socket_error = OSError("scripts have no unix sockets")  # else some files cannot be imported
    support.verbose = 0
    support.use_resources = []
    sys.path.insert(0, os.path.dirname(os.path.dirname(support.__file__)))
    threading.Thread(target=watch, daemon=True).start()
    suite = unittest.TestLoader().loadTestsFromName("test." + os.environ["SUITE"])
    without(suite).run(Result())
    say("end")
    os._exit(0)


main()
