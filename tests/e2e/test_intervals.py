# SPDX-License-Identifier: BSD-2-Clause
"""The rows on intervals of the table "Script API" of the behaviour."""

import time

import pytest
from waiting import one_in_time

pytestmark = [pytest.mark.smoke, pytest.mark.one_setting]


def test_interval_is_exact_and_does_not_drift(play):
    # MIDIMonster makes 30 ms of these 25.
    show = play("""
        import midimonster
        stamps = []
        def tick():
            stamps.append(midimonster.timestamp())
            if len(stamps) == 41:
                print("took", stamps[-1] - stamps[0])
                del stamps[:-1]
        midimonster.interval(tick, 25)
    """)
    one_in_time(lambda n: int(show.log.wait("^took", "py1", count=n).message.split()[1]), 975, 1150)


def test_interval_below_ten_milliseconds_runs(play):
    show = play("""
        import midimonster
        count = 0
        def tick():
            global count
            count += 1
            midimonster.output("tick", count % 2)
        midimonster.interval(tick, 4)
    """, ["py1.tick > wire./tick"])
    show.expect("/tick", *[1, 0] * 10)


def test_interval_of_an_equal_function_replaces_and_counts_from_now(play):
    # Each access of a bound method is a new object, equal to the others.
    show = play("""
        import midimonster
        class Clock:
            count = 0
            def tick(self):
                self.count += 1
                print("tick", self.count, midimonster.timestamp() - self.since)
        clock = Clock()
        def start(value):
            midimonster.interval(clock.tick, 3600000)
            clock.since = midimonster.timestamp()
            midimonster.interval(clock.tick, 150)
        def stop(value):
            midimonster.interval(clock.tick, 0)
    """, ["wire./start > py1.script.start", "wire./stop > py1.script.stop"], sync=True)
    show.set("/start", 1)
    first = show.printed("^tick 1 ")
    assert 149 <= int(first.split()[2])
    show.printed("^tick 2 ")
    show.set("/stop", 1)
    show.sync()
    ticks = len(show.log.messages("py1", "^tick"))
    time.sleep(0.4)
    show.sync()
    assert len(show.log.messages("py1", "^tick")) == ticks


def test_interval_cancels_itself(play):
    show = play("""
        import midimonster
        count = 0
        def once():
            global count
            count += 1
            midimonster.interval(once, 0)
            midimonster.interval(other, 30)
        def other():
            print("once ran", count)
        midimonster.interval(once, 5)
    """)
    for n in (1, 2, 3):
        show.log.wait("^once ran 1$", "py1", count=n)
    assert not show.log.matching("^once ran [^1]")


def test_interval_refuses_what_is_no_interval(play):
    show = play("""
        import midimonster
        def tick():
            print("never")
        for function, value in [(tick, -1), (tick, 2.5), (tick, "5"), (5, 5), (None, 5)]:
            try:
                midimonster.interval(function, value)
                print("accepted", value)
            except Exception as error:
                print("refused", repr(value), type(error).__name__)
    """, sync=True)
    show.sync()
    assert show.log.messages("py1", "refused|accepted|never") == [
        "refused -1 ValueError", "refused 2.5 TypeError", "refused '5' TypeError",
        "refused 5 TypeError", "refused 5 TypeError"]


def test_ticks_never_come_before_their_time(play):
    """The broker announces ticks in advance: two intervals, with events in between."""
    show = play("""
        import time
        import midimonster
        def counting(period_ns):
            began, calls, early = time.monotonic_ns(), 0, 0
            def tick():
                nonlocal calls, early
                calls += 1
                early += calls > (time.monotonic_ns() - began) // period_ns
                if calls == 100:
                    print("early", early)
            return tick
        midimonster.interval(counting(2_000_000), 2)
        midimonster.interval(counting(7_000_000), 7)
        def arm(value):
            midimonster.output("out", value)
    """, ["wire./arm > py1.script.arm", "py1.out > wire./out"])
    for n in range(1, 50):
        show.set("/arm", n / 64)
        show.expect("/out", n / 64)
    show.printed("^early", count=2)
    assert show.log.messages("py1", "^early") == ["early 0", "early 0"]


def test_ticks_missed_while_the_worker_is_busy_become_one(play):
    show = play("""
        import time
        import midimonster
        ticks = before = 0
        def tick():
            global ticks
            ticks += 1
        def busy(value):
            global before
            before = ticks
            print("busy")
            time.sleep(0.5)
            midimonster.interval(tick, 0)
        def tell(value):
            print("ticks", ticks - before)
        midimonster.interval(tick, 20)
    """, ["wire./busy > py1.script.busy", "wire./tell > py1.script.tell"])
    show.set("/busy", 1)
    show.printed("^busy$")
    show.set("/tell", 1)
    count = int(show.printed("^ticks").split()[1])
    assert count <= 1, "25 ticks were due while the handler slept"


def test_two_intervals_run_side_by_side(play):
    show = play("""
        import midimonster
        def a(): midimonster.output("a", 1 - midimonster.outputvalue("a"))
        def b(): midimonster.output("b", 1 - midimonster.outputvalue("b"))
        midimonster.interval(a, 10)
        midimonster.interval(b, 15)
    """, ["py1.a > wire./a", "py1.b > wire./b"])
    show.expect("/a", *[1, 0] * 5)
    show.expect("/b", *[1, 0] * 5)
