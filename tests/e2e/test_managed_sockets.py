# SPDX-License-Identifier: BSD-2-Clause
"""manage(): real TCP between a script (with `insecure-network = host`) and the test."""

import contextlib
import socket

import pytest

HOST = "insecure-network = host"


class Server:
    """A TCP server of the test; scripts connect to its port, which replaces PORT in them."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(20)
        self.port = self.socket.getsockname()[1]
        self.peers = []

    def accept(self):
        peer, _ = self.socket.accept()
        peer.settimeout(20)
        self.peers.append(peer)
        return peer

    def close(self):
        for each in (self.socket, *self.peers):
            each.close()


@pytest.fixture
def server():
    with contextlib.closing(Server()) as server:
        yield server


def connected(server, rest, before=""):
    """Makes a script that has a connection `sock` to the server when `rest` begins."""
    lines = ["import socket", "import midimonster", *before.splitlines(),
             f"sock = socket.create_connection(('127.0.0.1', {server.port}), timeout=10)", *rest.strip("\n").splitlines()]
    return "\n".join(lines)


PRINT_DATA = '''
def on_data(sock):
    data = sock.recv(1024)
    print("data", data, midimonster.current())
    if not data:
        midimonster.manage(None, sock)
        sock.close()
        print("closed")
midimonster.manage(on_data, sock)
'''


@pytest.mark.one_setting
def test_data_and_close_reach_the_handler(play, server):
    show = play(connected(server, PRINT_DATA), options=HOST)
    peer = server.accept()
    for data in (b"one", b"two"):
        peer.sendall(data)
        show.printed(rf"^data b'{data.decode()}' None$")
    peer.close()
    show.printed("^closed$")
    assert show.log.messages("py1", "^data b''") == ["data b'' None"]


@pytest.mark.one_setting
def test_data_that_was_there_before_manage_is_seen(play, server):
    show = play(connected(server, "sock.sendall(b'hello')\nanswer = sock.recv(1, socket.MSG_PEEK)\n" + PRINT_DATA),
                options=HOST, ready=())
    peer = server.accept()
    assert peer.recv(5) == b"hello"
    peer.sendall(b"early")
    show.printed("^data b'early'")


@pytest.mark.one_setting
def test_a_handler_that_reads_a_part_is_called_again(play, server):
    show = play(connected(server, '''
def on_data(sock):
    print("byte", sock.recv(1))
midimonster.manage(on_data, sock)
'''), options=HOST)
    server.accept().sendall(b"abc")
    for byte in "abc":
        show.printed(f"^byte b'{byte}'$")


@pytest.mark.one_setting
def test_a_socket_the_script_closes_without_unregistering_warns_and_the_peer_sees_the_end(play, server):
    show = play(connected(server, '''
def on_data(sock):
    print("data", sock.recv(100))
    sock.close()
midimonster.manage(on_data, sock)
'''), options=HOST, sync=True)
    peer = server.accept()
    peer.sendall(b"x")
    assert peer.recv(10) == b"", "the broker keeps no duplicate open"
    show.log.wait("(?i)socket", "py1", "warning")
    show.sync()
    assert not show.log.matching("worker ended")


@pytest.mark.one_setting
def test_a_socket_closed_in_another_handler_is_unregistered_too(play, server):
    show = play(connected(server, '''
def on_data(sock):
    print("data", sock.recv(100))
def drop(value):
    sock.close()
midimonster.manage(on_data, sock)
'''), ["wire./drop > py1.script.drop"], options=HOST, sync=True)
    peer = server.accept()
    show.set("/drop", 1)
    assert peer.recv(10) == b""
    show.log.wait("(?i)socket", "py1", "warning")


@pytest.mark.one_setting
def test_a_socket_the_script_forgets_is_unregistered(play, server):
    # Only the registration refers to it; MIDIMonster keeps such a socket alive until it is closed, and so do we.
    show = play(connected(server, '''
import gc
def on_data(sock):
    data = sock.recv(100)
    print("data", data)
    if not data:
        sock.close()
midimonster.manage(on_data, sock)
del sock
gc.collect()
'''), options=HOST, sync=True)
    peer = server.accept()
    peer.sendall(b"x")
    show.printed("^data b'x'$")
    peer.close()
    show.printed("^data b''$")
    show.log.wait("(?i)socket", "py1", "warning")
    show.sync()
    assert len(show.log.messages("py1", "^data b''")) == 1


@pytest.mark.one_setting
def test_a_closed_socket_can_be_unregistered(play, server):
    show = play(connected(server, '''
def on_data(sock):
    sock.recv(100)
    sock.close()
    midimonster.manage(None, sock)
    print("unregistered")
midimonster.manage(on_data, sock)
'''), options=HOST, sync=True)
    peer = server.accept()
    peer.sendall(b"x")
    show.printed("^unregistered$")
    assert peer.recv(10) == b""
    show.sync()
    assert not show.log.matching("Traceback|worker ended")


@pytest.mark.one_setting
def test_the_same_socket_again_replaces_the_handler(play, server):
    show = play(connected(server, '''
def old(sock):
    print("old", sock.recv(100))
def new(sock):
    print("new", sock.recv(100))
midimonster.manage(old, sock)
midimonster.manage(new, sock)
'''), options=HOST)
    server.accept().sendall(b"x")
    show.printed("^new b'x'$")
    assert not show.log.matching("^old")


@pytest.mark.one_setting
def test_none_unregisters(play, server):
    show = play(connected(server, '''
def on_data(sock):
    print("data", sock.recv(100))
def off(value):
    midimonster.manage(None, sock)
def on(value):
    midimonster.manage(on_data, sock)
midimonster.manage(on_data, sock)
'''), ["wire./off > py1.script.off", "wire./on > py1.script.on"], options=HOST, sync=True)
    peer = server.accept()
    peer.sendall(b"1")
    show.printed("^data b'1'$")
    show.set("/off", 1)
    show.sync()
    peer.sendall(b"2")
    show.sync()
    show.sync()
    assert not show.log.matching("^data b'2'")
    show.set("/on", 1)
    show.printed("^data b'2'$")


@pytest.mark.one_setting
def test_anything_with_a_fileno_can_be_managed_and_a_listening_socket_accepts(play):
    show = play('''
import socket
import midimonster
class Wrapped:
    def __init__(self, sock):
        self.sock = sock
    def fileno(self):
        return self.sock.fileno()
def on_connection(wrapped):
    connection, _ = wrapped.sock.accept()
    print("accepted", type(wrapped).__name__)
    connection.sendall(b"welcome")
    midimonster.manage(on_data, connection)
def on_data(sock):
    print("data", sock.recv(100))
    midimonster.manage(None, sock)
listener = Wrapped(socket.create_server(("127.0.0.1", 0)))
midimonster.manage(on_connection, listener)
print("listening", listener.sock.getsockname()[1])
''', options=HOST)
    port = int(show.printed("^listening").split()[1])
    for count in (1, 2):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            assert client.recv(100) == b"welcome"
            client.sendall(b"thanks")
            show.printed("^data b'thanks'$", count=count)
    assert len(show.log.messages("py1", "^accepted Wrapped$")) == 2


def test_udp_sockets_can_be_managed(play):
    show = play('''
import socket
import midimonster
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0))
def on_data(sock):
    data, peer = sock.recvfrom(1024)
    sock.sendto(data.upper(), peer)
midimonster.manage(on_data, sock)
print("bound", sock.getsockname()[1])
''', options=HOST)
    port = int(show.printed("^bound").split()[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.sendto(b"quiet", ("127.0.0.1", port))
        assert client.recv(100) == b"QUIET"


def test_what_cannot_be_managed_is_refused(play):
    show = play('''
import os
import socket
import midimonster
def handler(sock):
    print("never")
cases = {
    "unconnected": socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "text": "no socket",
    "number": 99,
    "file": open("/show/script.py"),
}
for name, thing in cases.items():
    try:
        midimonster.manage(handler, thing)
        print("accepted", name)
    except Exception as error:
        print("refused", name, type(error).__name__)
try:
    midimonster.manage("no function", cases["unconnected"])
except TypeError:
    print("refused handler")
''', options=HOST, sync=True)
    show.sync()
    said = show.log.messages("py1", "refused|accepted|never")
    assert "refused unconnected ValueError" in said
    assert "refused text TypeError" in said
    assert "refused handler" in said
    assert not [line for line in said if line.startswith(("accepted text", "accepted file", "accepted number", "never"))]


@pytest.mark.one_setting
def test_ten_sockets_at_once(play, server):
    show = play(f'''
import socket
import midimonster
def on_data(sock):
    data = sock.recv(100)
    sock.sendall(data[::-1])
    if not data:
        midimonster.manage(None, sock)
        sock.close()
for n in range(10):
    midimonster.manage(on_data, socket.create_connection(("127.0.0.1", {server.port}), timeout=10))
''', options=HOST)
    peers = [server.accept() for _ in range(10)]
    for n, peer in enumerate(peers):
        peer.sendall(b"no %d" % n)
    for n, peer in enumerate(peers):
        assert peer.recv(100) == b"%d on" % n
    for peer in peers:
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(100) == b""
    assert not show.log.matching("^(?!insecure-network = host)", "py1", ("warning", "error"))


def test_sockets_of_a_worker_that_ends_are_closed(play, server):
    show = play(connected(server, PRINT_DATA + '''
import os
def end(value):
    os._exit(1)
'''), ["wire./end > py1.script.end"], options=HOST)
    peer = server.accept()
    show.set("/end", 1)
    assert peer.recv(10) == b""
    again = server.accept()
    again.sendall(b"again")
    show.printed("^data b'again'")


def test_without_network_host_there_is_no_network(play, server):
    show = play(f'''
import socket
try:
    socket.create_connection(("127.0.0.1", {server.port}), timeout=5)
    print("connected")
except OSError as error:
    print("no network:", error)
''', sync=True)
    show.sync()
    assert show.log.messages("py1", "no network|connected")[0].startswith("no network")
