# SPDX-License-Identifier: BSD-2-Clause
"""Rows 29 to 36: what a script reaches, with some permissions (py1) and with none (py2)."""

import contextlib
import os
import re
import socket
import time

import pytest
from harness import looks_into_the_broker
from serving import serving
from theatre import ROOT, Theatre, control, params
from waiting import until
from wire import free_port, free_tcp_port


class Servers:
    """Servers on this host: TCP servers that count connections, UDP sockets that count packets, a black hole."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.met = {}
        ports = {"FREE": free_tcp_port()}
        for name in ("ALLOWED", "DENIED"):
            ports[name] = self._serve(name, socket.create_server(("127.0.0.1", 0), backlog=128))
        ports["RANGED"] = self._serve("RANGED_V4", socket.create_server(("127.0.0.1", 0)))
        self._serve("RANGED_V6", socket.create_server(("::1", ports["RANGED"]), family=socket.AF_INET6))
        ports["FREE_V6"] = free_tcp_port()
        self._serve("ELSEWHERE", socket.create_server(("127.0.0.2", ports["ALLOWED"])))
        for name in ("UDP_ALLOWED", "UDP_DENIED"):
            ports[name] = self._collect(name, "127.0.0.1", free_port())
        self._collect("UDP_ELSEWHERE", "127.0.0.2", ports["UDP_ALLOWED"])
        # nothing accepts and the queue is full: a SYN is not answered
        hole = self.stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        ports["HOLE"] = hole.getsockname()[1]
        for _ in range(3):
            filler = self.stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        self.module = "".join(f"{name} = {port}\n" for name, port in ports.items())
        self.ports = ports

    def _serve(self, name, server):
        self.met[name] = 0

        def accept(server):
            server.accept()[0].close()
            self.met[name] += 1
        return self.stack.enter_context(serving(server, accept)).getsockname()[1]

    def _collect(self, name, host, port):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind((host, port))
        self.met[name] = 0

        def receive(receiver):
            receiver.recv(100)
            self.met[name] += 1
        self.stack.enter_context(serving(receiver, receive))
        return port


@pytest.fixture(scope="module")
def servers():
    made = Servers()
    yield made
    made.stack.close()


@pytest.fixture(scope="module")
def attacks(servers):
    """Returns the hostile module with the ports of these servers."""
    return load()


def load():
    import sys
    import types
    sys.modules.setdefault("ports", types.ModuleType("ports"))
    import attack_network
    from attacklib import ATTACKS
    return [entry for entry in ATTACKS if entry.function.__module__ == attack_network.__name__]


NETWORK = load()


@pytest.fixture(scope="module")
def theatre(open_theatre, servers):
    port = servers.ports
    options = (f"connect = tcp:127.0.0.1:{port['ALLOWED']}\nconnect = udp:127.0.0.1:{port['UDP_ALLOWED']}\n"
               f"connect = tcp:127.0.0.1:{port['HOLE']}\nconnect = udp:[::1]:{port['UDP_ALLOWED']}\n"
               f"connect = tcp:[::/0]:{port['RANGED']}\nlisten = tcp:[::]:{port['FREE_V6']}")
    return open_theatre({"py1": ("attack_network", options), "py2": ("attack_network", "")},
                        scripts={"ports.py": servers.module})


def descriptors(pid):
    return sorted(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.parametrize("entry", params(NETWORK))
def test_with_some_permissions(theatre, servers, entry):
    met = dict(servers.met)
    outcome = theatre.attack(entry, NETWORK)
    assert re.fullmatch(entry.expected(theatre.fallback), outcome), outcome
    theatre.prober.check()
    for name in ("DENIED", "ELSEWHERE", "RANGED_V4", "UDP_DENIED", "UDP_ELSEWHERE"):
        assert servers.met[name] == met[name], f"{name} was reached"
    if entry.name == "flood":
        connected = int(re.match(r"ok (\d+)", outcome)[1])
        assert connected <= 100 + 3 * 50, "the quota"


NO_PERMISSION = r"errno E(ACCES|NOSYS|OPNOTSUPP|PROTONOSUPPORT|PERM|ISCONN|AFNOSUPPORT|INVAL|PIPE|NOTCONN|FAULT)"
QUICK = [entry for entry in NETWORK if entry.row in (30, 31, 36, 52) or entry.name.startswith("allowed")]


@pytest.mark.parametrize("entry", params(QUICK))
def test_without_any_permission(theatre, servers, entry):
    met = dict(servers.met)
    outcome = theatre.attack(entry, NETWORK, "py2")
    assert re.fullmatch(NO_PERMISSION, outcome), outcome
    assert servers.met == met, "somebody was reached"


@looks_into_the_broker
def test_nothing_denied_was_reached_and_no_descriptor_is_left(theatre, servers):
    """After all of the above, and after the end of the workers, the broker has as many descriptors as before."""
    show = theatre.show
    position = theatre.log.position
    for name in ("py1", "py2"):
        os.kill(show.worker(name), 9)
        theatre.log.wait(r"^running \(pid", name, after=position)
    first = descriptors(show.pid)
    by_name = {entry.name: entry for entry in NETWORK}
    for name in ("signal_storm", "closed_and_replaced", "thirty_blocked", "death_in_mid_connect"):
        theatre.attack(by_name[name], NETWORK)
    position = theatre.log.position
    os.kill(show.worker("py1"), 9)
    theatre.log.wait(r"^running \(pid", "py1", after=position)
    until(lambda: len(descriptors(show.pid)) <= len(first), lambda: f"{first}\n{descriptors(show.pid)}", timeout=5)
    theatre.prober.check()


def test_outside_each_of_them_succeeds(servers, tmp_path):
    (tmp_path / "ports.py").write_text(servers.module)
    met = dict(servers.met)
    wanted = [entry for entry in NETWORK if entry.control and (ROOT or not entry.needs_root)]
    found = control("attack_network", [entry.name for entry in wanted], tmp_path, isolated=False)
    assert not {entry.name: found[entry.name] for entry in wanted if not re.match(entry.outside, found[entry.name])}
    for name in servers.met:
        assert servers.met[name] > met[name], f"{name} was not reached by anything"


# 35

RESOLVE = """
import socket
import attacklib
from attacklib import outcome
PORT = @PORT@
def go(value):
    found = outcome(lambda: sorted({entry[4][0] for entry in socket.getaddrinfo("fc-escape.test", PORT)}))
    by_name = outcome(lambda: socket.create_connection(("fc-escape.test", PORT), 5).close())
    moved = outcome(lambda: socket.create_connection(("127.0.0.2", PORT), 5).close())
    attacklib.say(f"resolved: {found}; {by_name}; {moved}")
"""


def test_a_name_stays_the_address_it_was_at_load(stage, identity, servers):
    """35: the host's /etc/hosts, replaced in a mount namespace of the broker's, changes while the show runs."""
    folder = stage.folder(identity)
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost fc-escape.test\n")
    user = [] if identity.is_root else ["--user", f"--map-user={identity.uid}", f"--map-group={identity.uid}", "--keep-caps"]
    launcher = ("unshare", *user, "--mount", "sh", "-c", f"mount --bind {hosts} /etc/hosts && "
                'exec setpriv --inh-caps=-all --ambient-caps=-all -- "$@"', "sh")
    port = servers.ports["ALLOWED"]
    theatre = Theatre(stage, identity, {"py1": ("resolve", f"connect = tcp:fc-escape.test:{port}")},
                      scripts={"resolve.py": RESOLVE.replace("@PORT@", str(port))}, launcher=launcher, folder=folder)
    try:
        def ask():
            position = theatre.log.position
            theatre.show.set("/py1", 0.5 + time.monotonic() % 0.4)
            return theatre.log.wait("^resolved", "py1", after=position).message
        expected = "resolved: ok ['127.0.0.1']; ok None; errno EACCES"
        # without a private root the script reads the host's file, but may still connect to the former address
        later = expected if not identity.fallback else "resolved: ok ['127.0.0.2']; errno EACCES; errno EACCES"
        assert ask() == expected
        hosts.write_text("127.0.0.2 fc-escape.test\n")
        met = servers.met["ELSEWHERE"]
        assert ask() == later
        os.kill(theatre.show.worker("py1"), 9)
        theatre.show.wait_restart("py1")
        assert ask() == later
        assert servers.met["ELSEWHERE"] == met
    finally:
        theatre.end()


# Not in a row: how a script can interfere with the broker's own use of its sockets

LINGER = """
import os, socket, struct
import attacklib, midimonster
kept = []
def go(value):
    if not kept:
        client = socket.create_connection(("127.0.0.1", @PORT@), 5)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 4))
        client.setblocking(False)
        try:
            while True:
                client.send(bytes(65536))
        except BlockingIOError:
            pass
        midimonster.manage(lambda s: None, client)
        kept.append(client)
        attacklib.say("managed")
    else:
        midimonster.manage(None, kept[0])
        kept[0].close()
        attacklib.say("closed")
"""


def test_closing_a_lingering_socket_does_not_stall_the_broker(stage, identity):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        theatre = Theatre(stage, identity, {"py1": ("linger", f"connect = tcp:127.0.0.1:{port}")},
                          scripts={"linger.py": LINGER.replace("@PORT@", str(port))})
        try:
            theatre.show.set("/py1", 0.1)
            peer = server.accept()[0]
            theatre.log.wait("^managed$", "py1")
            theatre.show.set("/py1", 0.2)
            theatre.log.wait("^closed$", "py1", timeout=30)
            deadline = time.monotonic() + 4.5
            while time.monotonic() < deadline and theatre.prober.longest < 2:
                time.sleep(0.1)
            peer.close()
            longest = theatre.prober.longest
            assert longest < 2, f"the neighbour waited {longest:.1f} s"
        finally:
            theatre.prober.longest = 0
            theatre.end()


__all__ = ["HOSTILE"]
