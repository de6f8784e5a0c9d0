# SPDX-License-Identifier: BSD-2-Clause
"""A busy worker gets the next batch before it has finished the current one."""

import os
import signal
import time

import pytest

pytestmark = pytest.mark.one_setting

CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@

    [python maker]
    module = maker

    [python taker]
    module = taker
    stats = 100ms
    OPTIONS

    [map]
    wire./{go,more} > maker.maker.{go,more}
    maker.out > taker.taker.each
    """
MAKER = """
    import midimonster
    def go(value):
        for n in range(1, 513):
            midimonster.output("out", n / 2000)
    def more(value):
        for n in range(513, 2001):
            midimonster.output("out", n / 2000)
    """
TAKER = """
    import time
    import midimonster
    seen = []
    def each(value):
        n = round(value * 2000)
        if n == 100:
            print("at 100")
            time.sleep(PAUSE)
        seen.append(n)
        if n == 2000:
            print("seen", seen[0], seen[-1], len(seen), seen == sorted(seen))
            with open("/state/seen", "w") as file:
                file.write("seen")
    def tick():
        print("tick after", seen[-1] if seen else 0)
    INTERVAL
    """


def start(play, pause, options="", interval=""):
    script = TAKER.replace("PAUSE", str(pause)).replace("INTERVAL", interval)
    return play(config=CONFIG.replace("OPTIONS", options), scripts={"maker.py": MAKER, "taker.py": script}, ready=("maker", "taker"))


def fill(show):
    """512 events are under way, and 1,488 wait behind them."""
    show.set("/go", 1)
    show.printed("^at 100$", "taker")
    show.set("/more", 1)
    show.log.wait("^stats: in=512 .* queue=1488 ", "taker")


@pytest.mark.parametrize("overflow", ["latest", "drop-oldest", "drop-newest"])
def test_each_event_once_and_in_order(play, overflow):
    show = start(play, 0.5, f"overflow = {overflow}")
    fill(show)
    assert show.printed("^seen", "taker") == "seen 1 2000 2000 True"
    show.log.wait("^stats: in=2000 .* queue=0 ", "taker")


@pytest.mark.parametrize("overflow", ["latest", "drop-oldest"])
def test_the_script_goes_on_without_the_broker(play, overflow):
    """With the policy that drops the oldest events, they all stay where they can be dropped."""
    show = start(play, 2, f"overflow = {overflow}")
    fill(show)
    os.kill(show.pid, signal.SIGSTOP)
    try:
        time.sleep(4)
        found = list((show.folder / "state").rglob("seen"))
    finally:
        os.kill(show.pid, signal.SIGCONT)
    assert bool(found) == (overflow == "latest")
    show.printed("^seen", "taker")


def test_what_was_sent_ahead_goes_to_the_next_worker(play):
    """Only the event whose handler ended is lost."""
    show = start(play, 60, "handler-timeout = 0")
    fill(show)
    os.kill(show.worker("taker"), signal.SIGKILL)
    assert show.printed("^seen", "taker") == "seen 101 2000 1900 True"


def test_what_was_sent_ahead_is_not_handled_twice(play):
    """The next worker, with other options, gets what the old one has not begun, which is nothing that was sent to it."""
    show = start(play, 1)
    fill(show)
    show.config.write_text(show.config.read_text().replace("stats = 100ms", "stats = 101ms"))
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("^seen", "taker")
    show.log.wait(r"^running \(pid", "taker", count=2)
    assert show.log.matching("^seen", "taker")[-1].message == "seen 1 2000 2000 True"
    assert len(show.log.matching("^seen", "taker")) == 1


def test_an_interval_has_its_turn(play):
    """Ticks are not delayed for ever by batches that are sent ahead."""
    show = start(play, 0.3, interval="midimonster.interval(tick, 100)")
    fill(show)
    show.printed("^seen", "taker")
    show.log.wait("^tick after 2000$", "taker")
