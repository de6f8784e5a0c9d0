# SPDX-License-Identifier: BSD-2-Clause
"""Ordinary network programs, unmodified: each works with its option, and without it fails at once, with a log line that
names the option. Their servers are outside, in this process."""

import contextlib
import http.server
import re
import socket
import socketserver
import ssl
import threading
import time
from pathlib import Path

import pytest
from waiting import until
from wire import free_port

pytestmark = pytest.mark.one_setting

CERTIFICATE = Path(__file__).with_name("localhost.pem")  # a self-signed certificate of localhost, with its key
REFUSED = r"(PermissionError|OSError: \[Errno (13|101)\]|.*Permission denied|.*Network is unreachable)"

PROGRAMS = """
import asyncio, http.client, select, selectors, socket, socketserver, ssl, threading, time, traceback, urllib.request
PORT, TLS_PORT, UDP_PORT, HOLE, LISTEN = PORTS
CERTIFICATE = open("/show/localhost.pem").read()

def http_client():
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    connection.request("GET", "/hello")
    return connection.getresponse().read().decode()

def urllib_by_name():
    return urllib.request.urlopen(f"http://localhost:{PORT}/hello", timeout=5).read().decode()

def tls():
    context = ssl.create_default_context(cadata=CERTIFICATE)
    connection = http.client.HTTPSConnection("localhost", TLS_PORT, timeout=5, context=context)
    connection.request("GET", "/hello")
    return connection.getresponse().read().decode()

def asyncio_client():
    async def talk():
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(b"GET /hello HTTP/1.0\\r\\n\\r\\n")
        data = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return data.decode().splitlines()[-1]
    return asyncio.run(talk())

def asyncio_datagrams():
    async def talk():
        done = asyncio.get_running_loop().create_future()
        class Protocol(asyncio.DatagramProtocol):
            def connection_made(self, transport):
                transport.sendto(b"hello")
            def datagram_received(self, data, address):
                done.set_result(data.decode())
            def error_received(self, error):
                done.set_exception(error)
        await asyncio.get_running_loop().create_datagram_endpoint(Protocol, remote_addr=("127.0.0.1", UDP_PORT))
        return await asyncio.wait_for(done, 5)
    return asyncio.run(talk())

def not_blocking():
    client = socket.socket()
    client.setblocking(False)
    error = client.connect_ex(("127.0.0.1", PORT))
    if error not in (0, 115):
        raise OSError(error, "connect_ex")
    select.select([], [client], [], 5)
    assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    with selectors.DefaultSelector() as selector:
        client.send(b"GET /hello HTTP/1.0\\r\\n\\r\\n")
        selector.register(client, selectors.EVENT_READ)
        data = b""
        while selector.select(5):
            part = client.recv(4096)
            data += part
            if not part:
                break
    return data.decode().splitlines()[-1]

def sendto():
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(5)
    client.sendto(b"hello", ("127.0.0.1", UDP_PORT))
    return client.recvfrom(100)[0].decode()

def connected_datagrams():
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(5)
    client.connect(("127.0.0.1", UDP_PORT))
    client.send(b"hello")
    return client.recv(100).decode()

def osc_client():
    "As python-osc's SimpleUDPClient does it."
    for family, kind, protocol, _, address in socket.getaddrinfo("localhost", UDP_PORT, type=socket.SOCK_DGRAM, family=socket.AF_INET):
        client = socket.socket(family, kind)
        client.setblocking(0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        client.sendto(b"/hello\\0\\0,f\\0\\0\\0\\0\\0\\0", address)
        select.select([client], [], [], 5)
        return str(len(client.recv(100)))

def time_out():
    begin = time.monotonic()
    client = socket.socket()
    client.settimeout(0.3)
    try:
        client.connect(("127.0.0.1", HOLE))
    except TimeoutError:
        return f"timed out {0.2 < time.monotonic() - begin < 30}"

def asyncio_server():
    async def serve(reader, writer):
        writer.write(await reader.read(5))
        await writer.drain()
        writer.close()
    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", LISTEN)
        print("asyncio_server: listens")
        await server.serve_forever()
    threading.Thread(target=lambda: attempt("asyncio_server", lambda: asyncio.run(run())), daemon=True).start()
    return "starts"

def socket_server():
    class Echo(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(self.request.recv(5))
    socketserver.TCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer(("127.0.0.1", LISTEN), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("socket_server: listens")
    return "starts"

def attempt(name, function):
    try:
        print(f"{name}: {function()}")
    except BaseException as error:
        print(f"{name}: {type(error).__name__}: {error}")

def go(value):
    attempt("NAME", NAME)
"""

# The option that each needs, and what it prints with it.
CLIENTS = {
    "http_client": ("tcp:127.0.0.1:PORT", "hello from outside"), "urllib_by_name": ("tcp:localhost:PORT", "hello from outside"),
    "tls": ("tcp:localhost:TLS_PORT", "hello from outside"), "asyncio_client": ("127.0.0.1:PORT", "hello from outside"),
    "asyncio_datagrams": ("udp:127.0.0.1:UDP_PORT", "HELLO"), "not_blocking": ("tcp:127.0.0.0/8:*", "hello from outside"),
    "sendto": ("127.0.0.1:UDP_PORT", "HELLO"), "connected_datagrams": ("udp:*:UDP_PORT", "HELLO"),
    "osc_client": ("udp:localhost:UDP_PORT", "16"), "time_out": ("tcp:127.0.0.1:HOLE", "timed out True"),
}
SERVERS = {"asyncio_server": "tcp:127.0.0.1:LISTEN", "socket_server": "127.0.0.1:LISTEN"}


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from outside")

    def log_message(self, *_):
        pass


class Upper(socketserver.BaseRequestHandler):
    def handle(self):
        data, server = self.request
        server.sendto(data.upper(), self.client_address)


@pytest.fixture(scope="module")
def outside():
    """Servers of this process, by the names of their ports."""
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello))
        secret = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        secret.socket = context.wrap_socket(secret.socket, server_side=True)
        echo = stack.enter_context(socketserver.ThreadingUDPServer(("127.0.0.1", 0), Upper))
        hole = stack.enter_context(socket.socket())
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        for server in (plain, secret, echo):
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
        yield {"TLS_PORT": secret.server_address[1], "UDP_PORT": echo.server_address[1], "PORT": plain.server_address[1],
               "HOLE": hole.getsockname()[1]}


@pytest.fixture
def start(play, outside):
    def start(name, option):
        ports = {**outside, "LISTEN": free_port()}
        for mark, port in ports.items():
            option = option.replace(mark, str(port))
        order = tuple(ports[mark] for mark in ("PORT", "TLS_PORT", "UDP_PORT", "HOLE", "LISTEN"))
        script = PROGRAMS.replace("PORTS", repr(order)).replace("NAME", name)
        show = play(config="[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n[python py1]\nmodule = script\n"
                           f"{option}\n[map]\nwire./go > py1.script.go\n",
                    scripts={"script.py": script, "localhost.pem": CERTIFICATE.read_text()})
        show.set("/go", 1)
        return show, ports["LISTEN"]
    return start


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_works_with_its_option_and_fails_cleanly_without(start, name):
    option, said = CLIENTS[name]
    show, _ = start(name, f"connect = {option}")
    assert show.printed(f"^{name}: ") == f"{name}: {said}"
    show.stop()
    show, _ = start(name, "")
    begin = time.monotonic()
    assert re.match(REFUSED, show.printed(f"^{name}: ").removeprefix(f"{name}: "))
    assert time.monotonic() - begin < 20
    if name not in ("urllib_by_name", "tls", "osc_client"):  # these look up no name
        show.log.wait("refused: .*connect = ", "py1")


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_works_with_its_option_and_fails_cleanly_without(start, name):
    show, port = start(name, f"listen = {SERVERS[name]}")
    show.printed(f"^{name}: listens$")

    def echoes():
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"hello")
            return client.recv(5) == b"hello"
    until(echoes, "the server does not answer")
    show.stop()
    show, _ = start(name, "")
    show.printed(f"^{name}: {REFUSED}")
    show.log.wait("refused: .*listen = ", "py1")
    assert not show.log.matching("listens$", "py1")
