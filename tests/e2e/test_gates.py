# SPDX-License-Identifier: BSD-2-Clause
"""The gates, which carry out system calls for scripts: one for each account, confined; one that dies is replaced."""

import contextlib
import os
import re
import signal
import socket

import pytest
from harness import root_only
from house import House
from processes import named, status
from waiting import until
from wire import free_port

ENDED = "^a gate has ended; starting another$"

SENDER = """
    import socket
    import midimonster
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    def send(value):
        client.sendto(b"%d" % round(value * 100), ("127.0.0.1", PORT))
        midimonster.output("sent", value)
"""


def gates(show):
    keeper, = named(show.pid, "fc-keeper")
    return named(keeper, "fc-gate")


def gate(show):
    only, = until(lambda: gates(show), "there is no gate")  # the kernel's list of children misses one now and then
    return only


def kill_gate(show):
    """Kills the only gate; returns the next one."""
    before, position = gate(show), show.log.position
    os.kill(before, signal.SIGKILL)
    show.log.wait(ENDED, after=position)
    until(lambda: gates(show) and before not in gates(show), "there is no gate any more")
    return gate(show)


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(40)
        yield made


@pytest.fixture
def sender(play, receiver):
    """A show whose script sends what it is told, by its gate."""
    port = receiver.getsockname()[1]
    return play(SENDER.replace("PORT", str(port)), ["wire./send > py1.script.send", "py1.sent > wire./sent"],
                options=f"connect = udp:127.0.0.1:{port}")


@pytest.mark.one_setting
def test_calls_work_again_when_a_gate_was_killed(sender, receiver):
    worker = sender.worker()
    for n in range(1, 6):
        sender.set("/send", n / 100)
        assert receiver.recv(10) == b"%d" % n
        kill_gate(sender)
    sender.set("/send", 0.5)
    assert receiver.recv(10) == b"50"
    assert sender.worker() == worker and not sender.log.matching("^worker ended", "py1")


@pytest.mark.one_setting
def test_a_call_under_way_is_carried_out_by_the_next_gate(play):
    """A connection that nobody accepts keeps its caller waiting; a gate later somebody does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port, fillers = server.getsockname()[1], []
        for _ in range(3):
            fillers.append(socket.socket())
            fillers[-1].setblocking(False)
            fillers[-1].connect_ex(server.getsockname())
        show = play(f"""
            import socket, threading
            def run():
                client = socket.socket()
                print("connecting")
                client.connect(("127.0.0.1", {port}))
                client.sendall(b"here I am")
                print("connected")
            def go(value):
                threading.Thread(target=run).start()
        """, ["wire./go > py1.script.go"], options=f"connect = tcp:127.0.0.1:{port}")
        show.set("/go", 1)
        show.printed("^connecting$")
        until(lambda: waits(show), "nobody waits for the gate")
        kill_gate(show)
        kill_gate(show)
        assert not show.log.matching("^connected$", "py1")
        for filler in fillers:
            filler.close()
        server.settimeout(1)
        until(lambda: accepted(server) == b"here I am", "nobody has connected")
        show.printed("^connected$")


def waits(show):
    """Whether a thread of the worker waits in connect()."""
    worker = show.worker()
    calls = []
    for task in os.listdir(f"/proc/{worker}/task"):
        try:
            with open(f"/proc/{worker}/task/{task}/syscall") as file:
                calls.append(file.read().split()[0])
        except OSError:
            return True  # only root may look
    return "42" in calls


def accepted(server):
    try:
        with server.accept()[0] as client:
            client.settimeout(1)
            return client.recv(20)
    except OSError:
        return b""


def test_sockets_that_are_in_place_work_on(play, receiver):
    """A managed server and a connected client, beside gates that are killed."""
    port = free_port()
    show = play("""
        import socket
        import midimonster
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", PORT))
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.connect(("127.0.0.1", PEER))
        def ready(server):
            client.send(server.recv(10))
        midimonster.manage(ready, server)
    """.replace("PORT", str(port)).replace("PEER", str(receiver.getsockname()[1])), [],
                options=f"listen = udp:127.0.0.1:{port}\nconnect = udp:127.0.0.1:{receiver.getsockname()[1]}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for n in range(5):
            if n > 0:  # the first time, the broker gets what it polls
                os.kill(gate(show), signal.SIGSTOP if n == 1 else signal.SIGCONT)
            for _ in range(5):
                peer.sendto(b"%d" % n, ("127.0.0.1", port))
                assert receiver.recv(10) == b"%d" % n
            kill_gate(show)


def test_a_socket_managed_before_the_gate_died_is_replaced_after(play):
    """The next gate knows which sockets the broker polls: what takes the place of one is polled instead."""
    port, show = free_port(), None
    show = play("""
        import socket
        import midimonster
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        def ready(server):
            print("received", server.recv(10).decode())
        midimonster.manage(ready, server)
        def bind(value):
            server.bind(("127.0.0.1", PORT))
            print("bound")
    """.replace("PORT", str(port)), ["wire./bind > py1.script.bind"], options=f"listen = udp:127.0.0.1:{port}")
    kill_gate(show)
    show.set("/bind", 1)
    show.printed("^bound$")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        def received():
            peer.sendto(b"hello", ("127.0.0.1", port))
            return show.log.matching("^received hello$", "py1")
        until(received, "the new socket is not polled", pause=0.1)


def test_a_port_is_handed_over_although_the_gate_died_in_between(play):
    port = free_port()
    script = """
        import socket
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.bind(("127.0.0.1", PORT))
        server.listen()
        print("listens")
    """.replace("PORT", str(port))
    show = play(script, [], options=f"listen = tcp:127.0.0.1:{port}\nreload = on")
    kill_gate(show)
    show.write("script.py", "\n".join(line[8:] for line in script.split("\n")) + "\nprint('changed')\n")
    show.printed("^changed$")
    show.log.wait("^running .* with its changed files", "py1")
    socket.create_connection(("127.0.0.1", port), 10).close()


@pytest.mark.one_setting
def test_a_gate_that_hangs_keeps_no_event_waiting(play):
    show = play("""
        import midimonster
        def f(value):
            midimonster.output("out", value)
    """, ["wire./in > py1.script.f", "py1.out > wire./out"])
    os.kill(gate(show), signal.SIGSTOP)
    for n in range(1, 50):
        show.set("/in", n / 50)
        show.expect("/out", n / 50)
    os.kill(gate(show), signal.SIGCONT)


@root_only
def test_each_user_has_a_gate_of_their_own(play, identity, stage):
    """With the user's uid; the end of one concerns nobody else."""
    house = House(play, identity, stage)
    show = house.start()
    by_uid = {int(status(pid)["Uid"].split()[0]): pid for pid in gates(show)}
    if identity.is_root:
        assert set(by_uid) >= {house.uid("alice"), house.uid("bob")} and 0 not in by_uid
        position = show.log.position
        os.kill(by_uid[house.uid("alice")], signal.SIGKILL)
        show.log.wait(ENDED, after=position)
        until(lambda: len(gates(show)) == 3, "alice has no gate")
        assert by_uid[house.uid("bob")] in gates(show)
    assert len(gates(show)) == 3
    house.answers(1, 0.25)
    house.answers(2, 0.75)


def test_a_gate_is_confined(play, identity):
    show = play("import socket\n", [])
    pid = gate(show)
    facts = status(pid)
    assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2"
    assert 0 not in map(int, (facts["Uid"] + "\t" + facts["Gid"]).split())
    kept = 1 << 10 if identity.is_root else 0  # ports below 1024
    assert int(facts["CapPrm"], 16) == int(facts["CapEff"], 16) == kept
    assert int(facts["CapInh"], 16) == int(facts["CapAmb"], 16) == 0
    if identity.is_root:
        assert int(facts["CapBnd"], 16) == kept and facts["Groups"].strip() == ""
    assert len(os.listdir(f"/proc/{pid}/task")) == 1


@root_only
def test_a_gate_holds_nothing_but_its_workers(play, identity):
    show = play("", [])
    pid, worker = gate(show), show.worker()
    wanted = sorted([f"/proc/{worker}/maps", f"/proc/{worker}/mem", "anon_inode:[eventpoll]", "anon_inode:[pidfd]", "anon_inode:[timerfd]",
                     "anon_inode:seccomp notify", "socket"])

    def links():
        """A duplicate that a call is about may be gone before it is read."""
        with contextlib.suppress(FileNotFoundError):
            return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        return {}

    def is_at_rest():
        held = links()
        return (held.pop(0, None) == held.pop(1, None) == "/dev/null" and held.pop(2).startswith("pipe:")
                and sorted(re.sub(r":\[\d+\]$", "", link) for link in held.values()) == wanted)
    until(is_at_rest, lambda: f"it holds {links()}, not {wanted}")


@root_only
def test_the_broker_reads_nobodys_memory(play, identity):
    show = play("", [])
    held = [os.readlink(f"/proc/{show.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{show.pid}/fd")]
    assert "anon_inode:seccomp notify" in held and not [link for link in held if link.endswith(("/mem", "/maps"))]
