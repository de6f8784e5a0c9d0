# SPDX-License-Identifier: BSD-2-Clause
"""Between two users: what a hostile script of hers tries on him, and what her processes could do outside the sandbox."""

import ctypes
import errno
import json
import os

import pytest
from harness import root_only
from house import UIDS, House


@pytest.fixture
def house(play, identity, stage):
    return House(play, identity, stage)


ATTACK = """
    import ctypes, json, os, signal
    libc = ctypes.CDLL(None, use_errno=True)
    def reads(path):
        os.listdir(path)
    def signals(pid):
        os.kill(pid, 0)
    def traces(pid):
        if libc.ptrace(16, pid, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    def f(value):
        for kind, target in json.load(open("/show/targets.json")):
            try:
                globals()[kind](target)
                print("tried", kind, target, "done")
            except OSError as error:
                print("tried", kind, target, type(error).__name__)
        print("all tried")
    """


def targets(house):
    """Returns bob's script folder, private folder and worker."""
    pid = house.worker("bob")
    state = list((house.show.folder / "state/firecurtain").glob("*/py1"))
    return [("reads", str(path)) for path in [house.folders["bob"], *state]] + [("signals", pid), ("traces", pid)]


def test_a_hostile_script_gets_at_nothing_of_another_users(house):
    house.write("alice", "script.py", ATTACK)
    house.write("alice", "targets.json", "[]")
    show = house.start()
    tried = targets(house)
    house.write("alice", "targets.json", json.dumps(tried))
    show.set("/in1", 0.5)
    show.log.wait("all tried", "alice/py1")
    said = show.log.messages("alice/py1", "^tried")
    assert len(said) == len(tried) and not [line for line in said if line.endswith("done")], said
    house.answers(2, 0.5)


def outcome(uid, kind, target):
    """Makes the same attempt in an unconfined process with this uid. Returns 0 or an errno."""
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            if kind == "reads":
                os.listdir(target)
            elif kind == "signals":
                os.kill(target, 0)
            else:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.ptrace(0x4206, target, 0, 0) < 0:  # PTRACE_SEIZE, which does not stop the process
                    raise OSError(ctypes.get_errno(), "ptrace")
        except OSError as error:
            code = error.errno
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@root_only
def test_even_unconfined_a_user_is_another_account(house):
    house.start()
    (house.show.folder / "state").chmod(0o755)  # the tests' own fence around the folder
    mine = [target for target in targets(house) if "state" not in str(target[1]) or os.stat(target[1]).st_uid == UIDS["bob"]]
    assert len(mine) == 4
    for kind, target in mine:
        allowed = 0 if kind in ("reads", "signals") else None
        assert outcome(UIDS["alice"], kind, target) in (errno.EACCES, errno.EPERM), (kind, target)
        if allowed is not None:
            assert outcome(UIDS["bob"], kind, target) == allowed, (kind, target)


@root_only
def test_there_is_nothing_by_which_to_reach_his_worker(house):
    """A link is a pair of sockets without a name: the control socket is the only one that a broker listens at."""
    show = house.start()
    house.answers(1, 0.5)
    house.answers(2, 0.5)
    sockets = [path for path in (show.folder / "run").rglob("*") if path.is_socket()]
    assert [path.name for path in sockets] == ["control"]
