# SPDX-License-Identifier: BSD-2-Clause
"""The console from outside: links, requests and streams, without a browser."""

import contextlib
import http.client
import json
import re
import socket
import time

import control
from waiting import PATIENCE, is_hung_up, until
from wire import free_tcp_port

TYPE = "application/x-firecurtain"
CONFIG = """
    [console]
    bind = 127.0.0.1 {port}
    panic = stage.go
    [panel stage]
    button = go
    fader = level
    toggle = work
    text = cue
    label = go Next cue
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [python py1]
    module = script
    [map]
    stage.go > py1.script.go
    stage.level > py1.script.level
    stage.work > py1.script.go
    py1.out > stage.cue
    wire./in > py1.script.level
    py1.out > wire./out
"""
SCRIPT = """
    import midimonster
    def go(value):
        midimonster.output("out", value)
    def level(value):
        if value == 0.75:
            raise ValueError("no such light")
        midimonster.output("out", value)
"""


class Console:
    """A show with a console, and what a browser would keep of it."""

    def __init__(self, show, port):
        self.show, self.port, self.cookie = show, port, ""
        self.headers = {"Host": f"127.0.0.1:{port}", "Origin": f"http://127.0.0.1:{port}", "Content-Type": TYPE}

    def link(self, *arguments, check=0):
        """Returns the address of a new link."""
        return control.run(self.show, "console", *arguments, check=check).stdout.strip()

    def ask(self, verb, *names, headers=(), **more):
        """Returns the status and the text of an answer."""
        lines = [f"verb {verb}", *(f"name {name}" for name in names), *(f"{key} {value}" for key, value in more.items())]
        return self.request("POST", "/api/ask", "\n".join(lines), headers)

    def request(self, method, path, body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            sent = {**self.headers, "Cookie": self.cookie, **dict(headers)}
            if body is not None:
                sent["Content-Length"] = str(len(body))
            for key, value in sent.items():
                if value:
                    connection.putheader(key, value)
            connection.endheaders(None if body is None else body.encode())
            answer = connection.getresponse()
            if answer.getheader("Set-Cookie"):
                self.set_cookie = answer.getheader("Set-Cookie")
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def enter(self, link):
        """Opens a link: keeps the cookie. Returns the status and the text."""
        answer = self.ask("enter", token=link.rpartition("#token=")[2])
        if answer[0] == 200:
            self.cookie = re.match("firecurtain=[^;]+", self.set_cookie)[0]
        return answer

    def signed_in(self, *arguments):
        """Another browser, by a link of its own."""
        other = Console(self.show, self.port)
        assert other.enter(self.link(*arguments))[0] == 200
        return other

    def outcome(self, verb, *names, **more):
        status, text = self.ask(verb, *names, **more)
        assert status == 200, (status, text)
        return json.loads(text)["outcome"]

    @contextlib.contextmanager
    def capture(self):
        """A recording that this browser makes: the answer, of which the body comes as it is recorded."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/api/record", headers={"Cookie": self.cookie})
            yield connection.getresponse()
        finally:
            connection.close()

    def stream(self, query="", receive=None, path="events"):
        return Stream(self, f"{path}?{query}", receive)


class Stream:
    """A stream of events."""

    def __init__(self, console, path, receive):
        self.socket = socket.socket()
        if receive:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", console.port))
        self.socket.sendall(f"GET /api/{path} HTTP/1.1\r\nHost: {console.headers['Host']}\r\nCookie: {console.cookie}\r\n\r\n".encode())
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.socket.close()

    def wait(self, pattern):
        """Reads until something was sent; returns the match, and forgets all before its end."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < deadline, f"no {pattern}: {self.text[-2000:]}"
            more = self.socket.recv(65536)
            assert more, f"the stream has ended without {pattern}: {self.text[-2000:]}"
            self.text += more.decode(errors="replace")
        self.text = self.text[found.end():]
        return found

    def is_over(self):
        """Reads until the end; whether there is one."""
        return is_hung_up(self.socket)


def open_console(play, script=SCRIPT, config=CONFIG, **how):
    port = free_tcp_port()
    show = play(config=config.format(port=port), scripts={"script.py": script}, **how)
    until(lambda: is_open(port), lambda: f"no console:\n{show.log}")
    return Console(show, port)


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
