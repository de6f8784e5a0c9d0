# SPDX-License-Identifier: BSD-2-Clause
"""Hostile clients of the control socket, 10,000 requests of each kind as fast as possible: a show loses no answer.

What asks so much is a program of its own (tests/control_flood.c), which counts what the kernel took of it; of
connections alone it counts attempts, since the broker takes no more than 500 a second.
"""

import os
import pwd
import subprocess

import control
import pytest
from harness import BUILT, root_only
from pressure import answer_all

FLOOD = BUILT.parents[1] / "tests/control-flood"
REQUESTS, RATE, SECONDS, CONNECTIONS, MOST_FLOODS = 10000, 15000, 1, 12, 60
OBSERVER, STRANGER = pwd.getpwnam("games").pw_uid, 23456
ECHO = "import midimonster\ndef f(value):\n\tmidimonster.output('out', value)\n"
CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [control]
    observers = games
    [python py1]
    module = script
    [map]
    wire./in > py1.script.f
    py1.out > wire./out
    """


class House:
    """A show, and hostile clients of its control socket, which is open to everybody."""

    def __init__(self, play, stage, identity):
        self.identity, self.folder = identity, stage.folder(identity)
        self.show = play(config=CONFIG, scripts={"script.py": ECHO}, env={"RUNTIME_DIRECTORY": str(self.folder)})
        self.flood = stage.path / "control-flood"
        if not self.flood.exists():
            self.flood.write_bytes(FLOOD.read_bytes())
            self.flood.chmod(0o755)

    def flooded(self, kind, uid):
        """Asks as long as a flood lasts; every question is answered. Returns the number of requests."""
        switch = [] if uid == os.getuid() else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        command = [*switch, self.flood, self.folder / "control", kind, RATE, SECONDS, CONNECTIONS]
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as client:
            while client.poll() is None:
                answer_all(self.show, 100)
            assert client.returncode == 0
            return int(client.stdout.read())

    def answers(self, kind, uid):
        before = control.status(self.show, folder=self.folder)["py1"]
        requests = floods = 0
        while requests < REQUESTS:
            requests += self.flooded(kind, uid)
            floods += 1
            assert floods < MOST_FLOODS, f"the kernel took only {requests} requests of the kind {kind}"
        answer_all(self.show)
        after = control.status(self.show, folder=self.folder)["py1"]  # also says that the socket still serves
        assert (after["pid"], after["restarts"]) == (before["pid"], before["restarts"])


@pytest.fixture
def house(play, stage, identity):
    return House(play, stage, identity)


@pytest.mark.one_setting
@pytest.mark.parametrize("kind", ["status", "usage", "unread", "watch", "malformed", "huge", "open", "half"])
def test_an_administrator_asks_too_much(house, kind):
    house.answers(kind, house.identity.uid)


@root_only
@pytest.mark.parametrize("kind", ["status", "unread", "watch", "open"])
def test_an_observer_asks_too_much(house, kind):
    house.answers(kind, OBSERVER)


@root_only
@pytest.mark.parametrize("kind", ["open", "half"])
def test_somebody_without_a_role_knocks_all_the_time(house, kind):
    house.answers(kind, STRANGER)
    assert house.show.log.matching(f"the last one from uid {STRANGER}: it has no role", level="warning")
