# SPDX-License-Identifier: BSD-2-Clause
"""Many users together leave room for the administrator."""

import contextlib

import control
import pytest
from control import BUSY, DONE, FAILED, UNKNOWN_NAME, Client
from harness import root_only
from house import UIDS, Controlled
from waiting import until


@pytest.fixture
def house(play, identity, stage):
    return Controlled(play, identity, stage)


@root_only
def test_followers_leave_room_for_the_administrator(house):
    house.head = "[control]\nobservers = *\n"
    house.start()
    with contextlib.ExitStack() as stack:
        outcomes = []
        for uid in (*UIDS.values(), 24001, 24002):
            client = stack.enter_context(house.client(uid))
            outcomes += [control.outcome(client.ask("watch", "*", follow=True)) for _ in range(9)]
        assert outcomes == ([DONE] * 8 + [FAILED]) * 3 + [FAILED] * 9
        with Client(house.show, folder=house.runtime) as root:
            assert [control.outcome(root.ask("watch", "*", follow=True)) for _ in range(8)] == [DONE] * 8


@root_only
def test_connections_leave_room_for_the_administrator(house):
    house.head = "[control]\nobservers = *\n"
    house.start()

    def connect(stack, uid):
        try:
            stack.enter_context(house.client(uid))
        except (OSError, EOFError):
            return False
        return True

    with contextlib.ExitStack() as stack:
        n = [sum(connect(stack, uid) for _ in range(17)) for uid in range(24000, 24016)]
        assert n == [16] * 14 + [0, 0]
        house.run(None, "freeze", "alice", check=0)
    until(lambda: house.run("alice", "status").returncode == 0, "their places are not free again")


@root_only
def test_who_waits_for_changes_leaves_room_for_others(house):
    house.write("alice", "script.py", "import midimonster, time\nmidimonster.cleanup_handler(lambda: time.sleep(2))\ndef f(value): pass\n")
    house.start()
    with house.client("alice") as client:
        for number in range(12):
            client.send("restart", "alice/py1", id=number)
        assert [control.outcome(client.reply()) for _ in range(4)] == [BUSY] * 4
        house.run("bob", "restart", "bob/py1", check=0)
        assert [control.outcome(client.reply()) for _ in range(8)] == [DONE] * 8


@root_only
def test_a_user_does_not_fill_the_log(house):
    show = house.start()
    with house.client("alice") as client:
        outcomes = [control.outcome(client.ask("emit", "bob/py1.out", value=0.5)) for _ in range(300)]
    assert set(outcomes) <= {UNKNOWN_NAME, BUSY} and outcomes.count(UNKNOWN_NAME) > 30
    lines = control.audits(show, "uid=20001 .*verb=emit")
    assert 20 <= len(lines) < 40
    until(lambda: house.run("alice", "emit", "bob/py1.out", 0.5).returncode == 66 and control.audits(show, "uid=20001 left_out=[0-9]+"),
          "what was left out is not said")
