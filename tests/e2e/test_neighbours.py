# SPDX-License-Identifier: BSD-2-Clause
"""Instances that misbehave next to one that has to answer."""

import osc
import pytest
from pressure import answer_all
from processes import private_folder
from waiting import until

pytestmark = pytest.mark.one_setting

PARTS = {
    "raises": "def handler(value):\n\traise RuntimeError('each time')\n",
    "sleeps": "import time\ndef handler(value):\n\ttime.sleep(10)\n",
    "exits": "import os\nimport midimonster\nmidimonster.interval(lambda: os._exit(1), 1000)\ndef handler(value): pass\n",
    "crashes": "import ctypes\nimport midimonster\nmidimonster.interval(lambda: ctypes.string_at(0), 500)\ndef handler(value): pass\n",
    "spins": "def handler(value):\n\twhile True: pass\n",
    "floods": "import midimonster\ndef tick():\n\tfor n in range(2000):\n\t\tprint('flood', n)\n\t\tmidimonster.output('out', n / 2000)\n"
              "midimonster.interval(tick, 20)\ndef handler(value): pass\n",
    "leaves": "import sys\nsys.exit('at import')\n",
}


def house(parts):
    lines = ["[osc wire]", "bind = 127.0.0.1 @IN@", "dest = 127.0.0.1 @OUT@", "[loopback sink]"]
    for name in ("good", *parts):
        lines += [f"[python {name}]", f"module = {name}"]
    lines += ["[map]", "wire./in > good.good.handler", "good.out > wire./out"]
    for name in parts:
        lines += [f"wire./in > {name}.{name}.handler", f"{name}.out > sink.{name}"]
    scripts = {f"{name}.py": PARTS[name] for name in parts}
    scripts["good.py"] = "import midimonster\ndef handler(value): midimonster.output('out', value)\n"
    return "\n".join(lines) + "\n", scripts


def test_a_thousand_answers_of_a_thousand(play):
    """One instance raises on every event, one sleeps, one exits each second, one segfaults."""
    config, scripts = house(["raises", "sleeps", "exits", "crashes"])
    show = play(config=config, scripts=scripts, ready=("good", "raises", "sleeps", "exits", "crashes"))
    good = show.worker("good")

    def ended(name):
        return len(show.log.matching("^worker ended", name))

    until(lambda: answer_all(show) or min(ended("exits"), ended("crashes")) >= 2, "they do not end")
    answer_all(show)
    assert show.worker("good") == good and not show.log.matching("", "good", ("warning", "error"))
    show.log.wait("RuntimeError: each time", "raises")
    assert not show.log.matching("^worker ended", "good")


def test_a_thousand_answers_beside_loops_floods_and_failed_starts(play):
    config, scripts = house(["spins", "floods", "leaves"])
    show = play(config=config, scripts=scripts, ready=("good", "spins", "floods"))
    show.printed("^flood", "floods")
    until(lambda: answer_all(show) or show.log.matching("^TimeoutError", "spins"), "the spinning handler goes on")
    answer_all(show)
    assert not show.log.matching("", "good", ("warning", "error"))


def test_each_of_a_thousand_events_arrives_in_order(play):
    show = play("""
        import midimonster
        count = 0
        def handler(value):
            global count
            count += 1
            midimonster.output("out", value)
    """, ["wire./in > py1.script.handler", "py1.out > wire./out"])
    answer_all(show, window=200)


def test_forty_instances_start_at_the_first_try(play):
    """Regression: workers had another thread, which met the filter if it was slow to start, and ended the worker."""
    names = [f"py{n}" for n in range(40)]
    config = "".join(f"[python {name}]\nmodule = script\n" for name in names)
    show = play(config=config, scripts={"script.py": "print('here')\n"}, ready=names)
    assert not show.log.matching("", level=("warning", "error")), show.log


def test_a_full_queue_keeps_the_newest_value_and_says_so(play):
    """A handler waits while 100,000 events arrive: the queue is bounded, the newest are kept, nothing else is
    disturbed."""
    show = play("""
        import os
        import time
        import midimonster
        def handler(value):
            if midimonster.inputvalue("script.handler") == 0:
                print("asleep")
                while not os.path.exists("all-sent"):
                    time.sleep(0.01)
            if value == 1:
                midimonster.output("out", value)
    """, ["wire./in > py1.script.handler", "py1.out > wire./out", "wire./ping > wire./pong"],
                options="handler-timeout = 0")
    show.set("/in", 0.001)
    show.printed("^asleep$")
    for n in range(100):
        show.wire.send_raw(osc.bundle(*[osc.encode("/in", "f", [value / 1000]) for value in range(1, 1000)]))
        show.set("/ping", n / 100)  # the socket's buffer must not overflow, which is not tested here
        show.expect("/pong", n / 100)
    show.set("/in", 1)
    show.set("/ping", 1)
    show.expect("/pong", 1)
    (private_folder(show) / "all-sent").touch()
    show.expect("/out", 1)
    show.log.wait(r"\d+", "py1", "warning")
