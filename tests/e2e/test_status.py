# SPDX-License-Identifier: BSD-2-Clause
"""What `firecurtain status` and `top` say about scripts and devices in which something is wrong."""

import json
import os
import re
import signal
import time

import pytest
from control import run, status, wait_for
from harness import root_only
from house import Controlled
from terminal import Terminal
from waiting import PATIENCE, until

SCRIPTS = {
    "fine.py": """
        import midimonster
        def handler(value):
            midimonster.output('out', value)
        """,
    "raises.py": """
        def handler(value):
            if value > 0.5:
                raise ValueError("no such light")
        def other(value):
            try:
                raise KeyError("cause")
            except KeyError:
                raise RuntimeError("effect")
        """,
    "hangs.py": "import time\ndef handler(value):\n\ttime.sleep(value * 1000)\n",
    "broken.py": "import nothing_of_the_kind\n",
    "exits.py": "import sys\nsys.exit(3)\n",
}
CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [osc taken]
    bind = 127.0.0.1 @IN@
    [loopback l]
    [python fine]
    module = fine
    [python raises]
    module = raises
    [python hangs]
    module = hangs
    handler-timeout = {limit}
    [python broken]
    module = broken
    restart = never
    [python exits]
    module = exits
    restart-limit = 2/10m
    restart-delay = 100ms
    [python waits]
    module = broken
    [map]
    wire./fine > fine.fine.handler
    wire./raise > raises.raises.handler
    wire./other > raises.raises.other
    wire./hang > hangs.hangs.handler
    fine.out > wire./out
    taken./x > l.x
"""


@pytest.fixture
def troubled(play):
    def start(limit="60s"):
        config = CONFIG.format(limit=limit)
        return play(config=config, scripts=SCRIPTS, ready=("fine", "raises", "hangs"))
    return start


@pytest.mark.one_setting
def test_states_have_reasons(troubled):
    show = troubled()
    show.set("/raise", 0.25)
    show.set("/fine", 0.5)
    show.expect("/out", 0.5)
    found = status(show)
    assert found["raises"]["state"] == "running" and found["fine"]["last_error"] == ""
    show.set("/raise", 0.75)
    show.set("/hang", 1.0)
    wait_for(show, "hangs", "hanging")
    failed = wait_for(show, "exits", "failed")
    assert failed["detail"] == "exit status 3; 2 restarts reached restart-limit"
    found = status(show)
    assert found["raises"]["state"] == "raising" and found["raises"]["last_error"] == "ValueError: no such light (raises.py:3)"
    assert 0 <= found["raises"]["last_error_ms"] < 1000 * PATIENCE
    assert re.fullmatch(r"for \d+ s", found["hangs"]["detail"]) and found["fine"]["state"] == "running"
    assert found["broken"]["state"] == "failed" and found["broken"]["detail"] == "exit status 1; not started again (option restart)"
    for name in ("broken", "waits"):
        assert "No module named 'nothing_of_the_kind'" in found[name]["last_error"], found[name]
    assert found["taken"]["state"] == "down" and found["taken"]["last_error"] == ""
    assert re.match(r"port \d+ is in use.*; trying again in [\d.]+ s$", found["taken"]["detail"])
    show.set("/other", 1.0)
    until(lambda: status(show, "raises")["raises"]["last_error"] == "RuntimeError: effect (raises.py:8)", "the cause stays")


@pytest.mark.one_setting
def test_a_script_that_is_mended_raises_no_longer(play):
    script = "def handler(value):\n\traise ValueError('bad')\n"
    show = play(script, ["wire./in > py1.script.handler"])
    show.set("/in", 0.5)
    wait_for(show, "py1", "raising")
    os.kill(show.worker(), signal.SIGKILL)
    show.wait_restart()
    assert status(show)["py1"]["state"] == "running"


@pytest.mark.one_setting
def test_devices_are_counted_and_heard(troubled):
    show = troubled()
    wire = status(show)["wire"]
    assert wire["heard_ms"] is None and wire["in"] == wire["out"] == wire["malformed"] == 0
    for n in range(3):
        show.set("/fine", n / 4)
        show.expect("/out", n / 4)
    show.wire.socket.sendto(b"nonsense", ("127.0.0.1", show.wire.show_port))
    show.log.wait("malformed input dropped", "wire")
    wire = status(show)["wire"]
    assert (wire["in"], wire["out"], wire["malformed"]) == (3, 3, 1) and 0 <= wire["heard_ms"] < 1000 * PATIENCE
    assert status(show)["l"]["heard_ms"] is None
    time.sleep(1.1)
    table = run(show, "status", check=0).stdout
    assert re.search(r"^wire +running +3 +3 +1 .* \d+ s ago", table, re.M) and re.search(r"^taken +down .* never", table, re.M)
    assert re.search(r"^l +running +0 +0 +0( +-)+$", table, re.M)


def troubles(lines):
    """The rows on the screen, by instance."""
    return {line.split()[0]: line for line in lines if re.match(r"[a-z]+ +(running|raising|hanging|failed|waiting|starting|down)\b", line)}


@pytest.mark.one_setting
@pytest.mark.parametrize("command", ["status", "top"])
def test_on_a_terminal_of_eighty_columns(troubled, command):
    show = troubled()
    show.set("/raise", 0.75)
    show.set("/hang", 1.0)
    wait_for(show, "hangs", "hanging")
    wait_for(show, "exits", "failed")
    with Terminal(show, command, lines=40) as terminal:
        if command == "status":
            lines = terminal.read_to_the_end()
        else:
            lines = terminal.wait(lambda lines: len(troubles(lines)) == 9 and lines[-1].startswith("q quit"))
        rows = troubles(lines)
        assert len(rows) == 9, "no row wraps"
        assert "ValueError: no such light" in rows["raises"] and re.search(r"hanging for \d+ s", rows["hangs"])
        assert "ModuleNotFoundError" in rows["broken"] and "exit status 3" in rows["exits"] and "port" in rows["taken"]
        heading = next(line for line in lines if line.startswith("INSTANCE"))
        assert "ERRORS" in heading and "NOTE" in heading
        assert ("IN/s" in heading) == (command == "top") and (" IN " in heading) == (command == "status")
        for text, colour in (("hanging", "red"), ("raising", "red"), ("failed", "red"), ("running", "green")):
            assert terminal.colour(text) == colour
        assert command == "top" or len([line for line in lines if "namespaces" in line]) == 1


@pytest.mark.one_setting
def test_colours_are_for_terminals_that_want_them(troubled):
    show = troubled()
    assert "\x1b" not in run(show, "status", check=0).stdout
    with Terminal(show, "status", env={"NO_COLOR": "1"}) as terminal:
        terminal.read_to_the_end()
        assert terminal.colour("running") == "default"


@pytest.mark.one_setting
def test_slow_turns_are_in_the_figures_of_each_instance(troubled):
    show = troubled()
    figures = [(each["slow_turns"], each["slow_turn_max_us"]) for each in status(show).values()]
    assert len(set(figures)) == 1 and (figures[0][0] > 0) == (figures[0][1] > 2000)
    for more in (["--usage"], ["fine"]):
        assert all("slow_turns" in each for each in json.loads(run(show, "status", "--json", *more, check=0).stdout))


@root_only
def test_slow_turns_are_not_for_users(play, identity, stage):
    house = Controlled(play, identity, stage)
    house.start()
    assert "slow_turns" not in house.status("alice")["alice/py1"] and "slow_turns" in house.status(None)["alice/py1"]
