# SPDX-License-Identifier: BSD-2-Clause
"""Drivers: a backend in a process of its own is like one in the broker; what its process does harms nobody else."""

import contextlib
import os
import re
import shutil
import signal
import socket
from pathlib import Path

import control
import pytest
from harness import IS_ASAN, REPLACED, Show, only, without_user_namespaces
from processes import named, status
from waiting import until

OSC = "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n"
BOTH = OSC + """
[loopback near]
[loopback-driver far]
[map]
wire./to/near > near.a
near.a > wire./near
wire./to/far > far.a
far.a > wire./far
wire./to/b > far.b
"""
LIMIT = 256 << 20  # CONFINE_DRIVER_MEMORY


def driver_of(show, instance="far", after=0):
    """The pid of the instance's latest driver."""
    show.log.wait(r"^driver running \(pid \d+\)$", instance, after=after)
    return int(re.search(r"\d+", show.log.matching(r"^driver running \(pid \d+\)$", instance)[-1].message)[0])


def start(play, text=BOTH, drivers=("far",), **how):
    show = play(config=text, ready=(), **how)
    for name in drivers:
        driver_of(show, name)
    return show


@pytest.mark.smoke
def test_loopback_is_the_same_in_the_broker_and_in_a_driver(play):
    show = start(play)
    for path in ("/near", "/far"):
        for n in range(1, 100):
            show.set("/to" + path, n / 128)
            show.expect(path, n / 128)
    told = control.status(show)
    assert (told["near"]["state"], told["far"]["state"]) == ("running", "running")
    assert named(show.pid, "fc-driver") == [driver_of(show)] == [told["far"]["pid"]]
    with contextlib.ExitStack() as after:
        text = BOTH.replace("[map]", "[map]\nwire./to/new > far.new\nfar.new > wire./new")
        show.write("show.cfg", text)
        after.callback(show.write, "show.cfg", BOTH)
        before = driver_of(show)
        control.run(show, "reload", check=0)
        show.set("/to/new", 0.25)
        show.expect("/new", 0.25)
        show.set("/to/far", 0.125)
        show.expect("/far", 0.125)
        assert named(show.pid, "fc-driver") == [before], "the same driver goes on"
    control.run(show, "stop", "far", check=0)
    until(lambda: not named(show.pid, "fc-driver"), "its driver does not end")
    position = show.log.position
    control.run(show, "start", "far", check=0)
    driver_of(show, after=position)
    show.set("/to/far", 0.875)
    until(lambda: show.wire.value("/far") == 0.875, "it is not set")
    assert not show.log.matching("^driver ended"), "nobody killed one"


def test_a_driver_is_confined(play, identity):
    show = start(play)
    driver = driver_of(show)
    facts = status(driver)
    assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2"
    assert 0 not in map(int, (facts["Uid"] + "\t" + facts["Gid"]).split())
    for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        assert int(facts[name], 16) == 0, name
    limits = Path(f"/proc/{driver}/limits").read_text()
    for name, most in (("core file size", 0), ("file size", 0), ("open files", 128), *([] if IS_ASAN else [("address space", LIMIT)])):
        (found,) = re.findall(rf"^Max {name} +(\d+) +(\d+) ", limits, re.M)
        assert max(map(int, found)) <= most, name
    if os.getuid() == 0:
        for name in ("net", "mnt", "ipc", "uts", "cgroup"):
            assert os.readlink(f"/proc/{driver}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"), name
        assert os.listdir(f"/proc/{driver}/root") == ["proc"] * IS_ASAN, "it is given nothing"
        held = {int(fd): os.readlink(f"/proc/{driver}/fd/{fd}") for fd in os.listdir(f"/proc/{driver}/fd")}
        assert {re.sub(r":.*", "", name) for name in held.values()} <= {"/dev/null", "pipe", "socket", "anon_inode"}, held
    show.kill()
    until(lambda: not os.path.exists(f"/proc/{driver}"), "it outlives its broker")


def test_a_driver_that_dies_is_replaced_and_set_again(play):
    show = start(play)
    show.set("/to/far", 0.25)
    show.expect("/far", 0.25)
    show.set("/to/b", 0.75)
    until(lambda: control.run(show, "channels", "far.b").stdout.find("0.75") >= 0, "far.b is not set")
    ended = r"^driver ended: killed by SIGKILL; starting it again( in [\d.]+ s)?$"
    for n in range(3):
        emitted = control.status(show)["far"]["in"]
        before, position = driver_of(show), show.log.position
        os.kill(before, signal.SIGKILL)
        show.log.wait(ended, "far", "error", after=position)
        assert driver_of(show, after=position) != before
        show.set("/to/near", n / 8 + 0.0625)
        show.expect("/near", n / 8 + 0.0625)
        until(lambda: control.status(show)["far"]["in"] == emitted + 2, "it is not set to both values again, which it emits")
    show.set("/to/far", 0.5)
    until(lambda: show.wire.value("/far") == 0.5, "it is not set")
    assert control.wait_for(show, "far", "running")["restarts"] == 3
    assert re.search(r"^far +running .*last error \d+ s ago: driver ended: killed by SIGKILL; starting it again", control.run(show, "status").stdout, re.M)
    until(lambda: len(show.log.matching(ended, "far")) == 3, "each end is said once")


# What a hostile driver does: what the broker says of its end.
PLAYS = {
    "garbage": "killed: it sent a malformed message: ",
    "too-large": "killed: it sent a malformed message: Message too long",
    "too-early": 'killed: it sent "ready" while locking',
    "locked-with": "killed: it names a descriptor",
    "failed": 'killed: it sent "failed" while importing',
    "unknown-channel": "killed: its report is invalid",
    "no-number": "killed: its report is invalid",
    "done-unasked": "killed: its report is invalid",
    "new-channel": "killed: its report is invalid",
    "interval": "killed: its report is invalid",
    "escape-in-status": "killed: it sent a malformed message: ",
    "close": "killed: it has closed its link to the broker",
    "crash": "killed by SIGABRT",
    "exit": "exit status 7",
    "hang": "killed: it has not answered for 5 s",
}
ENDLESS = ("flood", "flicker", "chatter")


@pytest.fixture
def hostile(stage):
    """A stage whose driver does what the option `play` says."""
    own = type(stage).__new__(type(stage))
    own.__dict__.update(stage.__dict__)
    own.install("hostile-driver", **{"driver": "tests/hostile-driver-loopback",
                                     "driver-mqtt": REPLACED.get("hostile", "tests/hostile-driver-mqtt")})
    own.open_up()
    yield own
    shutil.rmtree(Path(own.firecurtain).parents[1])


def hostile_show(stage, identity):
    names = [*PLAYS, *ENDLESS]
    instances = "".join(f"[loopback-driver {name}]\nplay = {name}\n" for name in names)
    maps = "".join(f"wire./to/all > {name}.a\n{name}.a > near.{name}\n" for name in names)
    return Show(stage, identity, f"{BOTH.partition('[map]')[0]}{instances}[map]{BOTH.partition('[map]')[2]}{maps}", {}).ready([])


@only("user")
def test_a_hostile_driver_harms_nobody_else(hostile, identity):
    show = hostile_show(hostile, identity)
    driver_of(show)
    left, sent = dict(PLAYS), 0

    def answers():
        """What is sent through the others comes back, all of it and in order, whatever the hostile ones do."""
        nonlocal sent
        sent += 1
        show.set("/to/all", sent % 2)
        for path in ("/near", "/far"):
            show.set("/to" + path, sent % 1000 / 1000)
            show.expect(path, sent % 1000 / 1000)
        for name, why in list(left.items()):
            if show.log.matching(f"^driver ended: {re.escape(why)}.*starting it again", name, "error"):
                del left[name]
        return not left and sent > 200

    try:
        until(answers, lambda: f"not ended as expected: {left}\n{show.log}", pause=0.02)
        assert all(len(line.message) < 3000 and "\x1b" not in line.message for line in show.log.lines)
        show.log.wait("lines were left out here", "chatter")
        told = control.status(show)
        assert (told["near"]["state"], told["far"]["state"]) == ("running", "running")
        assert not show.log.matching("^driver ended", "far")
        show.stop()
    finally:
        if not show.over:
            show.kill()


@pytest.mark.parametrize("namespaces", [True, False], ids=["apart", "fallback"])
def test_a_driver_reaches_its_host_and_nothing_else(hostile, identity, namespaces):
    """Of two servers of this machine, the options name one; the gate decides. Without namespaces, Landlock hides files alone."""
    launcher = () if namespaces else without_user_namespaces(identity.uid or 1)
    with socket.create_server(("127.0.0.1", 0)) as own, socket.create_server(("127.0.0.1", 0)) as another:
        ports = f"{own.getsockname()[1]} {another.getsockname()[1]}"
        show = Show(hostile, identity, f"[mqtt far]\nhost = localhost:{own.getsockname()[1]}\nclientid = reach {ports}\n[loopback near]\n"
                    "[map]\nnear.a > far.a\n", {}, launcher=launcher).ready([])
        try:
            show.log.wait("^a file: ", "far")
            found = dict(line.message.split(": ") for line in show.log.matching(r"^(its host|its root|another port|an? .*): \w+$", "far"))
            assert found.pop("its host") == "connected", found
            assert found.pop("its root") == ("ENOENT" if namespaces else "seen"), found
            assert len(found) == 6 and not {"connected", "opened"} & set(found.values()), found
            assert own.accept()[0].close() is None
            another.setblocking(False)
            with pytest.raises(BlockingIOError):
                another.accept()
            show.stop()
        finally:
            if not show.over:
                show.kill()
