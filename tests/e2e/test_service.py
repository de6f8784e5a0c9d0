# SPDX-License-Identifier: BSD-2-Clause
"""The broker as a service: what it sends to a service manager, which the test replaces with a real socket."""

import os
import secrets
import signal
import socket
import struct
import time
from pathlib import Path

import pytest
from processes import descendants, status
from waiting import PATIENCE, until

pytestmark = pytest.mark.one_setting

ECHO = "import midimonster\ndef handler(value): midimonster.output('out', value)\n"
ECHO_MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]
SLOW = "import time\ntime.sleep(1.5)\n" + ECHO
SECOND = 1_000_000


class Manager:
    """Where NOTIFY_SOCKET leads: keeps (arrival, sender's pid, {key: value}) of each datagram."""

    def __init__(self, name):
        self.name = name
        self.said = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        if not name.startswith("@"):
            os.chmod(name, 0o777)

    def receive(self, timeout):
        self.socket.settimeout(max(timeout, 0.0001))
        try:
            data, control, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(12))
        except TimeoutError:
            return None
        pid = struct.unpack("3i", control[0][2])[0]
        self.said.append((time.monotonic(), pid, dict(line.split("=", 1) for line in data.decode().split("\n"))))
        return self.said[-1]

    def wait(self, key, timeout=PATIENCE):
        """The next datagram with the key."""
        deadline = time.monotonic() + timeout
        while said := self.receive(deadline - time.monotonic()):
            if key in said[2]:
                return said
        raise AssertionError(f"no {key} within {timeout} s: {self.said}")

    def drain(self, seconds=0.0):
        """Everything that arrives within this time."""
        deadline, found = time.monotonic() + seconds, []
        while said := self.receive(deadline - time.monotonic()):
            found.append(said)
        return found


@pytest.fixture(params=["path", "abstract"])
def manager(request, stage):
    name = str(stage.path / f"notify-{secrets.token_hex(4)}")
    manager = Manager("@" + name if request.param == "abstract" else name)
    yield manager
    manager.socket.close()


def watched(manager, seconds=None):
    env = {"NOTIFY_SOCKET": manager.name}
    return {**env, "WATCHDOG_USEC": str(int(seconds * SECOND))} if seconds else env


def test_ready_is_said_once_by_the_broker_when_the_scripts_run(play, manager):
    begun = time.monotonic()
    show = play(SLOW, ECHO_MAPS, env=watched(manager), ready=())
    when, pid, said = manager.wait("READY")
    assert when - begun > 1.5, "said before the script ran"
    show.log.wait("^running", "py1")
    assert pid == show.pid
    assert said == {"READY": "1", "STATUS": "the show is running: 2 of 2 instances are up"}
    assert len(manager.said) == 1
    assert not any("READY" in said for _, _, said in manager.drain(0.5))


def test_ready_does_not_wait_for_what_cannot_start(play, manager):
    show = play(config="""
        [python good]
        module = script
        [python bad]
        module = broken
        [osc taken]
        bind = 192.0.2.1 9000
        [map]
        """, scripts={"script.py": ECHO, "broken.py": "raise SystemExit(3)\n"}, env=watched(manager), ready=("good",))
    assert manager.wait("READY")[2]["STATUS"] == "the show is running: 1 of 3 instances are up"
    show.log.wait("^worker ended", "bad")


def test_the_status_follows_what_becomes_of_an_instance(play, manager):
    show = play("import sys\ndef handler(value): sys.exit(0)\n", ["wire./in > py1.script.handler"],
                options="restart = never", env=watched(manager))
    manager.wait("READY")
    os.kill(show.worker(), signal.SIGKILL)
    until(lambda: manager.wait("STATUS")[2]["STATUS"] == "the show is running: 1 of 2 instances are up", "no new status")


def test_reload_is_announced_and_ends_with_ready(play, manager):
    show = play(ECHO, ECHO_MAPS, env=watched(manager))
    manager.wait("READY")
    show.write("show.cfg", show.config.read_text() + "\n; changed\n")
    show.write("script.py", SLOW)
    before = time.monotonic_ns() // 1000
    show.process.send_signal(signal.SIGHUP)
    _, _, said = manager.wait("RELOADING")
    assert said["RELOADING"] == "1" and "READY" not in said
    assert before <= int(said["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert manager.wait("READY")[2]["STATUS"] == "the show is running: 2 of 2 instances are up"


def test_a_reload_that_is_refused_ends_with_ready_too(play, manager):
    show = play(ECHO, ECHO_MAPS, env=watched(manager))
    manager.wait("READY")
    show.write("show.cfg", "nonsense\n")
    show.process.send_signal(signal.SIGHUP)
    manager.wait("RELOADING")
    manager.wait("READY")


def test_stopping_is_said_before_the_scripts_clean_up(play, manager):
    show = play("import midimonster, time\nmidimonster.cleanup_handler(lambda: time.sleep(1))\n", env=watched(manager))
    manager.wait("READY")
    show.process.terminate()
    manager.wait("STOPPING")
    assert show.process.poll() is None
    show.stop()


def test_the_watchdog_is_fed_at_half_of_its_time_and_not_by_a_stopped_broker(play, manager):
    """Never so late that a manager would end it, and not much more often than needed."""
    seconds, begun = 4, time.monotonic()
    show = play(ECHO, ECHO_MAPS, env=watched(manager, seconds))
    pings = [manager.wait("WATCHDOG")[0] for _ in range(3)]  # the first one is immediate
    assert all(later - earlier < seconds for earlier, later in zip(pings, pings[1:])), pings
    assert all(when - begun >= n * seconds / 2 for n, when in enumerate(pings)), pings
    show.process.send_signal(signal.SIGSTOP)
    until(lambda: status(show.pid)["State"].startswith("T"), "it does not stop")
    manager.drain()
    assert manager.drain(0.6 * seconds) == []
    show.process.send_signal(signal.SIGCONT)
    manager.wait("WATCHDOG")


def test_without_a_wish_for_it_there_is_no_watchdog(play, manager):
    play(ECHO, ECHO_MAPS, env=watched(manager))
    other = {**watched(manager, 0.2), "WATCHDOG_PID": "1"}  # meant for another process
    play(ECHO, ECHO_MAPS, env=other)
    manager.wait("READY")
    assert not any("WATCHDOG" in said for _, _, said in manager.drain(1) + manager.said)


def test_a_manager_that_does_not_listen_stops_nothing(play, manager):
    show = play(ECHO, ECHO_MAPS, env=watched(manager, 0.02))  # its queue is soon full
    time.sleep(1)
    for value in (0.25, 0.5):
        show.set("/in", value)
        show.expect("/out", value)
    manager.wait("READY")


@pytest.mark.parametrize("name", ["nowhere", "/nonexistent/socket", "/" + "x" * 200])
def test_a_manager_that_cannot_be_reached_is_a_warning(play, name):
    show = play(ECHO, ECHO_MAPS, env={"NOTIFY_SOCKET": name})
    show.log.wait("the service manager cannot be reached", level="warning")


@pytest.mark.skipif(os.getuid() != 0, reason="only root sees the descriptors of a process that is not dumpable")
def test_nobody_below_the_broker_can_talk_to_the_manager(play, manager):
    show = play("import os\nprint('sees', sorted(os.environ))\n", env=watched(manager, 60))
    assert "NOTIFY" not in show.printed("^sees") and "WATCHDOG" not in show.printed("^sees")
    family = descendants(show.pid)
    assert len(family) >= 3  # keeper, zygote, worker
    assert [pid for pid in [show.pid, *family] if datagram_sockets(pid)] == [show.pid]


def datagram_sockets(pid):
    """A process's unix datagram sockets, as /proc/PID/fd shows them."""
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    all_of_them = {f"socket:[{row[6]}]" for row in rows if row[4] == "0002"}
    return all_of_them.intersection(map(os.readlink, Path(f"/proc/{pid}/fd").iterdir()))
