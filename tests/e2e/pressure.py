"""What a show's answers take while somebody presses: rounds of the same questions, by turns quiet and pressed.

The machine may have two processors and other work. So three things differ from a plain comparison of two figures.
Quiet and pressed rounds follow each other by turns, and each side is the median of its rounds' p99: what else the
machine does meets both. What asks is a C program (tests/bench/client.c) of real-time priority as root, since it stands
for a desk that is another machine; without root it is an ordinary process. And a whole comparison that fails is made
again, twice at most: what the product does to the figure, it does three times in a row. A busy machine has a large
quiet p99, and hides what would be seen on a quiet one.
"""

import json
import os
import statistics
import subprocess
from pathlib import Path

import pytest
from harness import BUILT, IS_ASAN, free_port

ATTEMPTS, ROUNDS, QUESTIONS, PAUSE_US = 3, 3, 400, 1000
FACTOR = 3
# A session of its own: where the kernel shares processors out among sessions (autogroup), it has not to share with the tests.
AS_A_SERVICE = ("setsid",)

needs_real_speed = pytest.mark.skipif(IS_ASAN, reason="a sanitizer's times say nothing about the product's")


class Probe:
    """A desk of its own for a show (`section`), which asks on /in and waits for each answer on any path."""

    PROGRAM = BUILT.parents[1] / "tests/bench/bench-client"

    def __init__(self):
        self.to, self.own = free_port(), free_port()
        self.section = f"[osc probe]\nbind = 127.0.0.1 {self.to}\ndest = 127.0.0.1 {self.own}\n"
        self.before = ["chrt", "--fifo", "10"] if os.getuid() == 0 else []

    def ask(self, count=QUESTIONS):
        """What each of so many questions took, in microseconds; one without an answer is an error."""
        command = [*self.before, self.PROGRAM, self.to, self.own, "/in", count, 20, 1, PAUSE_US]
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        return [ns / 1000 for ns in json.loads(done.stdout)]


def p99(samples):
    return sorted(samples)[min(len(samples) - 1, len(samples) * 99 // 100)]


def compare(probe, pressed):
    """p99 of quiet rounds and of those within `pressed()`, which fails if there was no pressure."""
    quiet, loud = [], []
    for _ in range(ROUNDS):
        quiet.append(p99(probe.ask()))
        with pressed():
            loud.append(p99(probe.ask()))
    return statistics.median(quiet), statistics.median(loud)


def answers(probe, pressed, what):
    """
    Each question is answered under a pressure that is the kernel's to share out: processors, memory, the disk. How much
    later, is printed and not judged: where the kernel does not interrupt itself (PREEMPT_NONE), whoever keeps it busy
    makes everybody wait for milliseconds, in another installation as in this one.
    """
    quiet, loud = compare(probe, pressed)
    print(f"\n{what}: {quiet:.0f} us quiet, {loud:.0f} us pressed: x {loud / quiet:.2f}, not judged", flush=True)


def holds(probe, pressed, what):
    """The answers' p99 under pressure stays within FACTOR times the quiet one."""
    seen = []
    for _ in range(ATTEMPTS):
        quiet, loud = compare(probe, pressed)
        seen.append(f"{quiet:.0f} us quiet, {loud:.0f} us pressed: x {loud / quiet:.2f}")
        print(f"\n{what}: {seen[-1]}", flush=True)
        if loud <= FACTOR * quiet:
            return
    raise AssertionError(f"{what}: {'; '.join(seen)}")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
