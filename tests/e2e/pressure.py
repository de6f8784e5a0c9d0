"""What has to hold while somebody presses, on any machine: each question is answered, once, in order.

How much later the answers come is for the benchmark to say (rows quotas and flood): it depends on the machine, and on
what else it does.
"""

from waiting import PATIENCE, until

QUESTIONS, WINDOW = 1000, 20


def answer_all(show, count=QUESTIONS, window=WINDOW, into="/in", out="/out"):
    """Sends so many different values, no more than `window` of them unanswered; exactly they come back, in order."""
    values = [n / count for n in range(count)]
    for n in range(0, count, window):
        for value in values[n:n + window]:
            show.set(into, value)
        show.expect(out, *values[n:n + window])
    assert not show.wire.waiting(out)


def answer_until(show, is_pressed):
    """Questions are answered, now and then, until there was pressure; and then many."""
    until(lambda: answer_all(show, WINDOW) or is_pressed(), lambda: f"that was no pressure:\n{show.log}", 9 * PATIENCE)
    answer_all(show)
