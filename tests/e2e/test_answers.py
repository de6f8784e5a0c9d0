# SPDX-License-Identifier: BSD-2-Clause
"""A script answers whoever has just sent to its server, without knowing ports before; and a client keeps the port that it
has bound."""

import socket

import pytest
from wire import free_port

pytestmark = pytest.mark.one_setting

SERVERS = """
import asyncio, socket, threading
import midimonster

def serve(name):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", PORTS[name]))
    return server

def managed(server):
    data, sender = server.recvfrom(100)
    server.sendto(b"managed " + data, sender)
first = serve("managed")
midimonster.manage(managed, first)

def blocking():
    buffer, server = bytearray(100), serve("into")
    while True:
        n, sender = server.recvfrom_into(buffer)
        server.sendto(b"into " + bytes(buffer[:n]), sender)
threading.Thread(target=blocking, daemon=True).start()

def messages():
    server = serve("message")
    server.settimeout(40)
    while True:
        data, _, _, sender = server.recvmsg(100)
        server.sendmsg([b"message ", data], [], 0, sender)
threading.Thread(target=messages, daemon=True).start()

class Protocol(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, sender):
        self.transport.sendto(b"asyncio " + data, sender)

async def talk():
    await asyncio.get_running_loop().create_datagram_endpoint(Protocol, ("127.0.0.1", PORTS["asyncio"]))
    await asyncio.sleep(1000)
threading.Thread(target=asyncio.run, args=(talk(),), daemon=True).start()

def intrude(value):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as another:
        for what, way in [("another", lambda: another.sendto(b"x", ("127.0.0.1", PEER))),
                          ("connect", lambda: first.connect(("127.0.0.1", PEER))),
                          ("stranger", lambda: first.sendto(b"x", ("127.0.0.1", STRANGER)))]:
            try:
                way()
                print(what, "succeeded")
            except OSError as error:
                print(what, error.errno)
    print("done")
"""


def test_servers_answer_who_has_sent(play):
    ports = {name: free_port() for name in ("managed", "into", "message", "asyncio")}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for one in (peer, stranger):
            one.bind(("127.0.0.1", 0))
        peer.settimeout(40)
        text = SERVERS.replace("PORTS", repr(ports)).replace("PEER", str(peer.getsockname()[1])).replace(
            "STRANGER", str(stranger.getsockname()[1]))
        show = play(text, ["wire./intrude > py1.script.intrude"],
                    options="\n".join(f"listen = udp:127.0.0.1:{port}" for port in ports.values()), bound=ports.values())
        for n in range(3):
            for name, port in ports.items():
                peer.sendto(b"%d" % n, ("127.0.0.1", port))
                assert peer.recv(100) == b"%s %d" % (name.encode(), n)
        show.set("/intrude", 1)
        show.printed("^done$")
        for what in ("another", "connect", "stranger"):
            assert show.log.matching(f"^{what} 13$", "py1"), what
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(1)


def test_a_client_keeps_its_port(play):
    port, chosen = free_port(kind=socket.SOCK_STREAM), free_port(kind=socket.SOCK_STREAM)
    with socket.create_server(("127.0.0.1", port)) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        server.settimeout(40)
        receiver.settimeout(40)
        receiver.bind(("127.0.0.1", 0))
        show = play(f"""
            import select, socket
            reached = []
            def client(bound, blocking=True, kind=socket.SOCK_STREAM, port={port}):
                made = socket.socket(socket.AF_INET, kind)
                made.bind(bound)
                before = made.getsockname()[1]
                made.setblocking(blocking)
                made.connect_ex(("127.0.0.1", port))
                select.select([], [made], [], 40)
                print("client", before, made.getsockname()[1], made.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))
                reached.append(made)
                made.send(b"hello")
            client(("127.0.0.1", {chosen}))
            client(("", 0), blocking=False)
            client(("", 0), kind=socket.SOCK_DGRAM, port={receiver.getsockname()[1]})
            server = socket.socket()
            server.bind(("", 0))
            try:
                server.listen()
            except PermissionError:
                print("no server")
        """, [], options=f"connect = tcp:127.0.0.1:{port}\nconnect = udp:127.0.0.1:{receiver.getsockname()[1]}\n"
                         f"listen = tcp:127.0.0.1:{chosen}")
        show.printed("^no server$")
        ports = [server.accept()[1][1], server.accept()[1][1], receiver.recvfrom(10)[1][1]]
        assert ports[0] == chosen
        printed = [tuple(map(int, line.message.split()[1:])) for line in show.log.matching("^client ", "py1")]
        assert printed == [(number, number, 0) for number in ports]
