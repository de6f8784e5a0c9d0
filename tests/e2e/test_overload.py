# SPDX-License-Identifier: BSD-2-Clause
"""Scripts that put out more than is allowed."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

pytestmark = pytest.mark.one_setting

FLOOD = """
    import midimonster
    def flood(value):
        for n in range(1_000_000 * COUNT):
            midimonster.output("out", n / 1_000_000 / COUNT)
        midimonster.output("out", 1)
        print("flooded")
    def answer(value):
        midimonster.output("answer", value)
"""
MAPS = ["wire./{flood,answer} > py1.script.{flood,answer}", "py1.{out,answer} > wire./{out,answer}"]


def flood(millions):
    return FLOOD.replace("COUNT", str(millions))


def until_one(show, path):
    """Takes everything that arrives on a path up to the value 1."""
    values = [show.wire.value(path)]
    while values[-1] != 1:
        values.append(show.wire.value(path))
    return values


def test_a_flood_is_held_to_its_rate_and_the_newest_value_arrives(play):
    show = play(flood(3), MAPS, options="rate = 1000")
    begin = time.monotonic()
    show.set("/flood", 1)
    values = until_one(show, "/out")
    seconds = time.monotonic() - begin
    assert values == sorted(values)
    # a tenth of the rate goes at once, and the rest in time
    assert 200 < len(values) <= 100 + 1000 * seconds, f"in {seconds} s"
    show.log.wait(r"^puts out more than 1000 events a second \(option rate\) and is held back: \d{5,} values", "py1", "warning")


def test_what_waits_goes_in_the_order_of_its_first_arrival(play):
    show = play("""
        import midimonster
        def handler(value):
            for name, n in ("first", 1), ("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5):
                midimonster.output(name, n / 10)
    """, ["wire./in > py1.script.handler", "py1.{first,a,b,c} > wire./{first,a,b,c}"], options="rate = 10")
    show.set("/in", 1)
    show.expect("/c", 0.4)
    came = show.wire.inbox
    assert [path for path, _, _ in came] == ["/first", "/a", "/b"]
    assert [values[0] for _, _, values in came] == pytest.approx([0.1, 0.3, 0.5])


def test_a_flooding_worker_is_held_back_and_not_interrupted(play):
    """The handler takes longer than allowed because the broker makes it wait, which is not its fault."""
    show = play("""
        import midimonster, time
        def flood(value):
            begin = time.monotonic()
            for n in range(200000):
                midimonster.output("out", n / 200000)
            print("flooded for", time.monotonic() - begin)
        def answer(value):
            midimonster.output("answer", value)
        """, MAPS, options="rate = 1\nhandler-timeout = 1s")
    worker = show.worker()
    show.set("/flood", 1)
    show.set("/answer", 0.5)
    assert float(show.printed("^flooded for ").split()[-1]) > 1
    show.expect("/answer", 0.5)
    assert show.worker() == worker and not show.log.matching("takes longer|TimeoutError|ended", "py1")


def test_an_import_that_floods_is_not_interrupted(play):
    show = play("""
        import midimonster
        for n in range(300):
            midimonster.output(f"out{n + 1}", n / 300)
    """, ["py1.out{1..300} > wire./out{1..300}"], options="rate = 100\nstart-timeout = 1s")
    for n in range(300):
        show.expect(f"/out{n + 1}", n / 300)
    assert not show.log.matching("takes longer|TimeoutError|ended", "py1")


HOUSE = """\
[osc wire]
bind = 127.0.0.1 @IN@
dest = 127.0.0.1 @OUT@
[loopback sink]
[python flooder]
module = flooder
rate = {rate}
stop-timeout = 500ms
[python good]
module = good
[map]
wire./in > good.good.handler
good.out > wire./out
wire./flood > flooder.flooder.handler
flooder.out{{1..9}} > sink.out{{1..9}}
"""
HOUSE_SCRIPTS = {
    "good.py": "import midimonster\ndef handler(value): midimonster.output('out', value)\n",
    "flooder.py": """
        import midimonster
        def handler(value):
            print("begins")
            while True:
                for n in range(9):
                    midimonster.output(f"out{n + 1}", n / 9)
    """}


def test_others_notice_nothing(play):
    show = play(config=HOUSE.format(rate=1000), scripts=HOUSE_SCRIPTS, ready=("good", "flooder"))
    show.set("/flood", 1)
    show.printed("^begins$", "flooder")
    for n in range(1000):
        show.set("/in", n / 1000)
        show.expect("/out", n / 1000)
    assert not show.log.matching("", "good", ("warning", "error"))
    assert not show.log.matching("ended", "flooder")


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
@pytest.mark.parametrize("rate, most", [(1, 20), (20, 300), (100000, 2000)])
def test_waiting_for_allowance_costs_nothing(play, tmp_path, rate, most):
    """The broker looks now and then whether there is allowance again: one call of epoll_wait() is one turn of its loop."""
    show = play(config=HOUSE.format(rate=rate), scripts=HOUSE_SCRIPTS, ready=("good", "flooder"))
    show.set("/flood", 1)
    show.printed("^begins$", "flooder")
    show.log.wait("is held back", "flooder", "warning")
    trace = tmp_path / "strace"
    begin = time.monotonic()
    done = subprocess.run(["timeout", "--signal=INT", "3", "strace", "-c", "-o", str(trace), "-p", str(show.pid)],
                          stderr=subprocess.PIPE, text=True, timeout=60)
    seconds = time.monotonic() - begin
    if "Operation not permitted" in done.stderr and not trace.exists():
        pytest.skip("this user may not trace")
    turns = int(re.search(r"^ *\S+ +\S+ +\S+ +(\d+) +(?:\d+ +)?epoll_wait$", trace.read_text(), re.M)[1])
    assert turns < most * seconds, trace.read_text()  # without a pause, it would be tens of thousands


MANY_TURNS = """\
[osc wire]
dest = 127.0.0.1 @OUT@
[loopback sink]
[python py1]
module = script
[map]
py1.out > sink.out{1..40}
py1.last > wire./last
"""


def test_what_takes_many_turns_to_route_arrives_before_the_end(play):
    show = play(config=MANY_TURNS, scripts={"script.py": """
        import midimonster
        def last():
            for n in range(20000):
                midimonster.output("out", n / 20000)
            midimonster.output("last", 1.0)
        midimonster.cleanup_handler(last)
        """})
    os.kill(show.pid, signal.SIGTERM)
    show.expect("/last", 1.0)


@pytest.mark.parametrize("how", ["leaves", "stops"])
def test_what_was_put_out_before_the_end_arrives(play, how):
    show = play("""
        import midimonster
        def handler(value):
            for n in range(200 * 500):
                midimonster.output(f"out{n % 200 + 1}", n / 100000)
            if value < 0.7:
                raise SystemExit(3)
            print("done")
        def answer(value):
            midimonster.output("answer", value)
    """, ["wire./in > py1.script.handler", "py1.out{1..200} > wire./out{1..200}", "wire./ask > py1.script.answer",
          "py1.answer > wire./answer"], options="rate = 100")
    show.set("/in", 0.5 if how == "leaves" else 0.8)
    if how == "leaves":
        show.log.wait("^worker ended: exit status 3; starting it again$", "py1")
        show.set("/ask", 0.25)
    else:
        show.printed("^done$")
        os.kill(show.pid, signal.SIGTERM)
    for n in range(200):
        value = 0
        while value != pytest.approx((99800 + n) / 100000, abs=1e-6):
            value = show.wire.value(f"/out{n + 1}")
    if how == "leaves":
        show.expect("/answer", 0.25)


@pytest.mark.parametrize("option, told", [
    ("rate = 0", "not a number from 1 to 1000000000"), ("rate = 1k", "not a number from 1"), ("rate = fast", "not a number from 1")])
def test_rates_that_are_not_possible(firecurtain, option, told):
    result = firecurtain("check", "show.cfg", files={
        "show.cfg": f"[python py1]\nmodule = script\n{option}\n", "script.py": ""})
    assert result.returncode == 78 and told in result.stderr, result


def test_a_handler_that_puts_out_for_ever_is_interrupted_all_the_same(play):
    show = play("""
        import midimonster
        def flood(value):
            while True:
                midimonster.output("out", value)
        """, ["wire./flood > py1.script.flood", "py1.out > wire./out"], options="rate = 1000\nhandler-timeout = 100ms")
    show.set("/flood", 0.5)
    show.log.wait("interrupted", "py1", "warning")
    show.log.wait("^TimeoutError", "py1")
