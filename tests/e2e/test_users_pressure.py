# SPDX-License-Identifier: BSD-2-Clause
"""A user exhausts a quota with all her instances: another user loses nothing.

The kinds of pressure are those of the benchmark (tests/bench/pressures.py), each with a log line that shows that it
really happened.
"""

import contextlib
import os
import signal
import socket

import pytest
from harness import IS_ASAN, root_only
from house import DONE, SCRIPT, House
from pressure import answer_all, answer_until
from pressures import BOB, INSTANCES, PRESSURES, configuration
from processes import status
from serving import serving

pytestmark = root_only


class Pressed:
    """The house with bob, who answers, and alice with all her instances."""

    def __init__(self, house, pressure):
        self.house, self.evidence = house, pressure.evidence
        house.options.update(pressure.house())
        house.write("alice", "show.cfg", configuration(pressure.options))
        house.write("alice", "script.py", pressure.script())
        house.write("bob", "show.cfg", BOB)
        house.write("bob", "script.py", SCRIPT)
        config = "[osc probe]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n"
        config += "[osc desk]\nbind = 127.0.0.1 @IN2@\ndest = 127.0.0.1 @OUT2@\n"
        names = [f"alice/{name}" for name in INSTANCES]
        self.show = house.play(config=config + house.users(), ready=[*names, "bob/py1"])
        self.bob = self.show.worker("bob/py1")

    def is_exhausted(self, position):
        return all(self.show.log.matching(self.evidence, f"alice/{name}", after=position) for name in INSTANCES)

    def answers(self):
        """Bob's answers arrive while alice's scripts run, and afterwards, from the same worker."""
        position = self.show.log.position
        go = self.house.write("alice", "go", "")

        def press():
            self.show.wire2.set("/in", 1)  # again and again: a worker may have been ended meanwhile
            return self.is_exhausted(position)

        answer_until(self.show, press)
        go.unlink()
        self.show.wire2.set("/in", 0)
        answer_all(self.show)
        assert self.show.worker("bob/py1") == self.bob
        assert not self.show.log.matching("", "bob/py1", ("warning", "error"))


@pytest.fixture
def house(play, identity, stage):
    return House(play, identity, stage)


@contextlib.contextmanager
def keeping():
    """A server for connections that its clients give up; its port."""
    kept = []

    def accept(server):
        kept.append(server.accept()[0])
        if len(kept) > 100:
            kept.pop(0).close()

    with serving(socket.create_server(("127.0.0.1", 0), backlog=1000), accept) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("kind", ["memory", "rate", "channels", "state", "small files"])
def test_her_limit_is_hers(house, kind):
    if IS_ASAN and kind == "memory":
        pytest.skip("a sanitizer's shadow memory counts as data")
    pressed = Pressed(house, PRESSURES[kind])
    for _ in range(2):
        pressed.answers()


def test_processor(house):
    pressed = Pressed(house, PRESSURES["processor"])
    assert all(int(status(pressed.show.worker(f"alice/{name}"))["Threads"]) > 8 for name in INSTANCES)
    pressed.answers()
    assert not pressed.show.log.matching("^worker ended")


def test_connections(house):
    with keeping() as port:
        house.write("alice", "port", str(port))
        pressed = Pressed(house, PRESSURES["connections"])
        for _ in range(2):
            pressed.answers()


def test_instances(house):
    """Alice's configuration, with more instances than allowed, is reloaded again and again."""
    pressed = Pressed(house, PRESSURES["rate"])
    show, position = pressed.show, pressed.show.log.position
    house.write("alice", "show.cfg", configuration(instances=[*INSTANCES, "py5"]))
    for n in range(20):
        before = show.log.position
        os.kill(show.pid, signal.SIGHUP)
        answer_all(show, 100)
        show.log.wait(DONE, after=before)
        assert len(show.log.matching("may have at most 4 instances", "alice", after=position)) == n + 1
    assert show.worker("bob/py1") == pressed.bob
