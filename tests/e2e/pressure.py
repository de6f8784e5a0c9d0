# SPDX-License-Identifier: BSD-2-Clause
"""What must hold under pressure on any machine: each question is answered, once, in order.

How much later the answers arrive depends on the machine and its other work; the benchmark measures it (rows quotas
and flood).
"""

from waiting import PATIENCE, until

QUESTIONS, WINDOW = 1000, 20


def answer_all(show, count=QUESTIONS, window=WINDOW, into="/in", out="/out"):
    """Sends so many different values, with at most `window` of them unanswered; exactly they come back, in order."""
    values = [n / count for n in range(count)]
    for n in range(0, count, window):
        for value in values[n:n + window]:
            show.set(into, value)
        show.expect(out, *values[n:n + window])
    assert not show.wire.waiting(out)


def answer_until(show, is_pressed):
    """Asks at intervals until there was pressure, then many times; every question is answered."""
    until(lambda: answer_all(show, WINDOW) or is_pressed(), lambda: f"that was no pressure:\n{show.log}", 3 * PATIENCE)
    answer_all(show)
