# SPDX-License-Identifier: BSD-2-Clause
"""The desk, where requests from outside arrive: it is apart, confined, bounded, and may die without the show noticing."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import control
import pytest
from control import Client
from harness import IS_ASAN, TOP, environment
from pressure import answer_all
from processes import named, status
from waiting import until

ECHO = "import midimonster\ndef handler(value):\n\tmidimonster.output('out', value)\n"
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]
LIMIT = 384 << 20  # CONFINE_DESK_MEMORY
root_sees = pytest.mark.skipif(os.getuid() != 0, reason="only root looks into processes that are not dumpable")


def desk_of(show):
    """Waits for the desk that is there now."""
    (pid,) = until(lambda: len(found := named(show.pid, "fc-desk")) == 1 and found, "there is no desk")
    return pid


def kill_desk(show, how=signal.SIGKILL):
    """Ends the desk, and returns the next one, which the log announces."""
    before, position = desk_of(show), show.log.position
    os.kill(before, how)
    show.log.wait("the desk (was killed by|ended with status).*; starting another", "-", "error", after=position)
    until(lambda: named(show.pid, "fc-desk") not in ([], [before]), "no new desk")
    return desk_of(show)


def used(pid):
    """The seconds of a processor that a process has had."""
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


class Follower:
    """A command that goes on, with what it prints."""

    def __init__(self, show, *arguments):
        self.process = subprocess.Popen(control.command(show, *arguments), env=environment(show.folder), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def has(self, pattern, count=1):
        self.text += (self.process.stdout.read() or b"").decode()
        return len(re.findall(pattern, self.text, re.M)) >= count

    def coax(self, show, pattern, *values):
        """Sends these values until it prints something: nothing says when it has begun."""
        def told():
            for value in values:
                show.set("/in", value)
            return self.has(pattern)
        until(told, lambda: f"no {pattern}: {self.text}", pause=0.1)
        until(lambda: not show.wire.receive(0.3), "the answers do not end")
        show.wire.inbox.clear()

    def wait(self, pattern, count=1):
        until(lambda: self.has(pattern, count), lambda: f"no {pattern}: {self.text}")


@root_sees
def test_libzmq_and_threads_are_in_the_desk_alone(play):
    show = play(ECHO, MAPS)
    with Follower(show, "watch", "*") as watch:
        watch.coax(show, "^py1.out 0.5$", 0, 0.5)
        answer_all(show, 200)
        assert os.listdir(f"/proc/{show.pid}/task") == [str(show.pid)]
        assert "zmq" not in Path(f"/proc/{show.pid}/maps").read_text()
        assert "zmq" in Path(f"/proc/{desk_of(show)}/maps").read_text(), "the control"


def test_a_desk_that_is_killed_is_back_and_the_show_does_not_notice(play):
    show = play(ECHO, MAPS)
    worker = show.worker()
    with Follower(show, "watch", "py1.*") as watch, Follower(show, "logs", "-f") as logs, Client(show) as other:
        watch.coax(show, "^py1.out 0.25$", 0, 0.25)
        logs.wait(r"py1 running \(pid")
        assert control.outcome(other.ask("status")) == control.DONE
        before, position = desk_of(show), show.log.position
        os.kill(before, signal.SIGKILL)
        answer_all(show)
        assert other.is_over(), "its connection has ended"
        show.log.wait("the desk was killed by SIGKILL; starting another", "-", "error", after=position)
        for follower in (watch, logs):
            follower.wait("^firecurtain: the connection was lost; connected again$")
        watch.coax(show, "^py1.out 0.75$", 0, 0.75)
        logs.wait("the desk was killed by SIGKILL")
        assert logs.has(r"py1 running \(pid") and not logs.has(r"py1 running \(pid", 2), "no line comes twice"
        assert desk_of(show) != before
    assert show.worker() == worker and control.status(show)["py1"]["restarts"] == 0


@pytest.mark.one_setting
def test_commands_wait_for_the_next_desk(play):
    show = play(ECHO, MAPS)
    for n in range(4):
        kill_desk(show) if n % 2 else os.kill(desk_of(show), signal.SIGKILL)
        assert control.status(show)["py1"]["state"] == "running"
    answer_all(show, 100)


@pytest.mark.one_setting
def test_a_change_that_was_under_way_is_carried_out_and_audited(play):
    show = play("import midimonster, time\nmidimonster.cleanup_handler(lambda: time.sleep(1))\n" + ECHO, MAPS)
    with Client(show) as client:
        client.send("stop", "py1")
        until(lambda: control.status(show)["py1"]["state"] != "running", "it does not stop")
        kill_desk(show)
        assert client.is_over()
    control.wait_for(show, "py1", "stopped")
    until(lambda: control.audits(show, "verb=stop subject=py1 outcome=done"), "no line in the audit log")


def test_every_thread_of_the_desk_is_confined(play, identity):
    show = play(ECHO, MAPS)
    control.status(show)
    desk = desk_of(show)
    tasks = os.listdir(f"/proc/{desk}/task")
    assert len(tasks) >= 3, "the loop's, and those of libzmq"
    for task in tasks:
        facts = status(desk, task)
        assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2", task
        assert 0 not in map(int, (facts["Uid"] + "\t" + facts["Gid"]).split()), task
        for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
            assert int(facts[name], 16) == 0, (task, name)
        if identity.is_root:
            assert int(facts["CapBnd"], 16) == 0 and facts["Groups"].strip() == "", task
    limits = Path(f"/proc/{desk}/limits").read_text()
    for name, most in (("core file size", 0), ("file size", 0), ("open files", 512), *([] if IS_ASAN else [("address space", LIMIT)])):
        (found,) = re.findall(rf"^Max {name} +(\d+) +(\d+) ", limits, re.M)
        assert max(map(int, found)) <= most, name
    if os.getuid() == 0:
        held = {int(fd): os.readlink(f"/proc/{desk}/fd/{fd}") for fd in os.listdir(f"/proc/{desk}/fd")}
        kinds = {re.sub(r":.*", "", name) for name in held.values()}
        assert kinds <= {"/dev/null", "pipe", "socket", "anon_inode"}, held


def test_no_desk_outlives_its_broker(play):
    show = play(ECHO, MAPS)
    desk = desk_of(show)
    os.kill(desk, signal.SIGSTOP)
    show.process.kill()
    show.process.wait()
    until(lambda: not Path(f"/proc/{desk}").exists(), "it is left")
    show.stop(status=-signal.SIGKILL)


@pytest.fixture
def unchecked(stage, identity):
    """A stage whose desk lets any bytes through to libzmq."""
    other = type(stage).__new__(type(stage))
    other.__dict__.update(stage.__dict__)
    other.install(f"unchecked-{identity.uid}-{time.monotonic_ns()}", desk="tests/desk-without-zmtp_check")
    other.open_up()
    return other


@pytest.mark.skipif(IS_ASAN, reason="the sanitizer's own memory cannot be limited")
def test_memory_is_limited_where_nothing_else_is(play, unchecked, stage, monkeypatch):
    """libzmq collects a message in parts without a bound; the check that would refuse it is left out here."""
    monkeypatch.setattr(stage, "firecurtain", unchecked.firecurtain)
    show = play(ECHO, MAPS)
    desk, most, is_over = desk_of(show), 0, False
    part = bytes([3]) + (65536).to_bytes(8, "big") + bytes(65536)
    with Client(show) as client:
        for n in range(4 * LIMIT // len(part)):
            try:
                client.raw(part)
            except ConnectionError:
                is_over = True
                break
            if n % 64 == 0:
                most = max(most, int(status(desk)["VmSize"].split()[0]) << 10)
                answer_all(show, 20)
    assert is_over and LIMIT // 2 < most <= LIMIT
    assert control.status(show)["py1"]["state"] == "running"
    answer_all(show)


@pytest.mark.one_setting
def test_flooding_clients_stay_within_the_memory_of_the_desk(play):
    show = play(ECHO, MAPS)
    desk = desk_of(show)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(show)) for _ in range(24)]
        flood = Client.framed(control.request("status", *["x" * 1000] * 60)) * 8
        left = dict.fromkeys(clients, flood)
        for client in clients:
            client.socket.settimeout(0.05)
        for _ in range(20):
            for client in clients:
                with contextlib.suppress(TimeoutError):
                    left[client] = left[client][client.socket.send(left[client]):] or flood
            answer_all(show, 20)
    assert int(status(desk)["VmHWM"].split()[0]) << 10 < (256 << 20 if IS_ASAN else LIMIT // 4)
    assert control.status(show)["py1"]["state"] == "running" and desk_of(show) == desk


LONG = 40 * "a"
MANY = f"""
    import midimonster
    names = [f"{LONG}/{{n}}" for n in range(3900)]
    def go(value):
        for name in names:
            midimonster.output(name, value)
    def handler(value):
        midimonster.output('out', value)
"""


MANY_CHANNELS = f"""
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [loopback sink]
    [python py1]
    module = script
    [map]
    wire./in > py1.script.handler
    py1.out > wire./out
    wire./go > py1.script.go
    py1.{LONG}/{{0..3899}} > sink.{LONG}/{{0..3899}}
"""


@pytest.mark.one_setting
def test_what_others_watch_costs_an_event_next_to_nothing(play):
    """Regression: 8 watches with 64 patterns on 3,900 channels made each routed event 199 ms late."""
    show = play(config=MANY_CHANNELS, scripts={"script.py": MANY})
    patterns = [f"*{LONG[:20]}{n}x" for n in range(63)] + ["py1.a*/3899"]  # each goes back twenty times
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(show)) for _ in range(8)]
        desk = desk_of(show)
        for client in clients:
            assert control.outcome(client.ask("watch", *patterns, follow=True)) == control.DONE
        before = used(show.pid), used(desk)
        show.set("/go", 0.5)
        for client in clients:
            while not client.reply().get(10):
                answer_all(show, 20)
        broker, matching = used(show.pid) - before[0], used(desk) - before[1]
        assert matching > 0.3, "the control: 8 x 64 patterns on 7,800 channels"
        assert broker < matching / 2, "the broker routes, and does nothing else"
    assert desk_of(show) == desk


@pytest.fixture
def published(stage, identity):
    """The generated code of control.proto, as anybody can make it."""
    folder = stage.folder(identity)
    subprocess.run(["protoc", f"--python_out={folder}", f"--proto_path={TOP / 'proto'}", "control.proto"], check=True)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    return folder


def test_a_client_program_that_is_not_ours(play, published, identity):
    """The example of docs/protocol.md: pyzmq, and the published control.proto."""
    show = play(ECHO, MAPS)
    (example,) = re.findall(r"^```python\n(import .*?)^```", (TOP / "docs/protocol.md").read_text(), re.M | re.S)
    program = published / "client.py"
    program.write_text(example)
    program.chmod(0o755)
    with subprocess.Popen(identity.command(["/usr/bin/python3", "-s", program, control.runtime(show) / "control"]),
                          env={**environment(show.folder), "PYTHONPATH": str(published), "PYTHONUNBUFFERED": "1"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=sys.stderr, text=True) as client:
        try:
            lines = iter(client.stdout.readline, "")
            assert {next(lines), next(lines)} == {"py1 running\n", "wire running\n"}
            show.expect("/out", 0.5)
            assert "py1.out 0.5\n" in lines
            kill_desk(show)
            os.set_blocking(client.stdout.fileno(), False)
            told = []

            def is_told():
                show.set("/in", 0.75)
                show.set("/in", 0.25)
                told.extend(client.stdout.readlines())
                return "py1.out 0.25\n" in told

            until(is_told, lambda: f"nothing after the desk's death: {told}", pause=0.2)
        finally:
            client.kill()
