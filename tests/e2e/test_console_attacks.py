# SPDX-License-Identifier: BSD-2-Clause
"""What strangers try by HTTP, each beside a control that shows that the same request works when nothing is wrong with it."""

import collections
import concurrent.futures
import contextlib
import http.client
import re
import socket
import threading
import time

import pytest
from browsing import TYPE, Console, open_console
from processes import named
from waiting import until

pytestmark = pytest.mark.one_setting


def raw(console, data, patience=20):
    """Sends bytes as they are, and returns what comes until the connection ends or is silent."""
    with socket.create_connection(("127.0.0.1", console.port), timeout=patience) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        got = b""
        with contextlib.suppress(ConnectionError, TimeoutError):
            while more := connection.recv(65536):
                got += more
        return got


def get(path, host="127.0.0.1"):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


def test_requests_of_strangers_are_refused(play):
    console = open_console(play).signed_in()
    post = ("POST", "/api/ask", "verb restart\nname py1")
    worker = console.show.worker()
    for header, values in {"Host": ["evil.example", "127.0.0.1.evil.example", ""], "Origin": ["http://evil.example", "null", "", "http://127.0.0.1:1"],
                           "Content-Type": ["text/plain", "application/x-www-form-urlencoded", ""]}.items():
        for value in values:
            status, text = console.request(*post, headers={header: value})
            assert status in (400, 403, 421), (header, value, status, text)
    assert console.request("OPTIONS", "/api/ask", headers={"Access-Control-Request-Method": "POST"})[0] == 405
    for path in ("/api/events", "/api/record"):
        for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            assert console.request("GET", path, headers=foreign)[0] == 403, (path, foreign)
    with console.stream("watch=%01&watch=" + "x" * 3000) as stream:
        stream.wait("event: status")
        stream.wait("event: status")
    for body in ("", "verb", "verb restart\nname \x01", "verb restart", "verb fly", "verb emit\nname py1.out\nvalue nan", "verb enter\ntoken "):
        assert console.request("POST", "/api/ask", body)[0] in (400, 403) or "invalid" in console.request("POST", "/api/ask", body)[1], body
    assert console.show.worker() == worker
    assert console.request(*post)[0] == 200, "the control"
    until(lambda: console.show.worker() != worker, "it has not been restarted")

    assert raw(console, get("/console.css")).startswith(b"HTTP/1.1 200"), "the control"
    for path in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/console.css/../../console.js", "/README.md", "/meson.build"):
        assert b" 404 " in raw(console, get(path)).split(b"\r\n")[0], path
    assert not raw(console, get("/", "x" * 100_000)).startswith(b"HTTP/1.1 200")
    assert not raw(console, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\n").startswith(b"HTTP/1.1 200")
    assert console.request("POST", "/api/ask", "verb status\n" + "name x\n" * 2000)[0] == 413
    assert console.outcome("status") == "done"
    assert not console.show.log.matching(level="error"), str(console.show.log)


def tokens(console, pause, is_over):
    """Shows wrong tokens on one connection; returns the answers."""
    answers, headers = [], {**console.headers, "Cookie": "firecurtain=none"}
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=20)
    while not is_over():
        connection.request("POST", "/api/ask", f"verb enter\ntoken {len(answers):043}", headers)
        answer = connection.getresponse()
        answer.read()
        answers.append(answer.status)
        time.sleep(pause)
    connection.close()
    return answers


def test_tokens_cannot_be_guessed_and_who_tries_keeps_nobody_out(play):
    console = open_console(play).signed_in()
    for pause in (0.01, 0):  # 100 a second at most, and as many as there can be
        began, over = time.monotonic(), threading.Event()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            flood = pool.submit(tokens, console, pause, over.is_set)
            try:
                time.sleep(0.5)
                for _ in range(5):
                    guest, link, tries = Console(console.show, console.port), console.link(), 0
                    while guest.enter(link)[0] != 200:
                        tries += 1
                        time.sleep(0.02)
                    assert tries <= (20 if pause else 200), "who has a link gets in soon"
                    assert console.outcome("status") == "done", "whoever is in stays in"
            finally:
                over.set()
        answers = flood.result()
        assert answers and set(answers) <= {401, 429}, answers
        assert answers.count(401) <= 30 + 210 * (time.monotonic() - began), "200 a second"


def cookies(console, is_over):
    """Asks with a token that is none, ten requests at a time; returns how many answers there were of each status."""
    body = b"verb status"
    request = (f"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nContent-Type: {TYPE}\r\n"
               f"Content-Length: {len(body)}\r\nCookie: firecurtain=none\r\n\r\n").encode() + body
    counts = collections.Counter()
    with socket.create_connection(("127.0.0.1", console.port), timeout=20) as connection:
        while not is_over():
            connection.sendall(10 * request)
            got, answers = b"", []
            while len(answers) < 10:
                more = connection.recv(65536)
                assert more, "hung up"
                got += more
                answers = re.findall(rb"HTTP/1\.1 (\d+) ", got)
            counts.update(map(int, answers))
    return counts


def test_a_token_that_is_none_takes_nothing_from_who_is_signed_in(play):
    console, over = open_console(play).signed_in(), threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        flood = pool.submit(cookies, console, over.is_set)
        try:
            time.sleep(0.5)
            for _ in range(40):
                assert console.outcome("status") == "done"
                time.sleep(0.03)
            with console.stream() as stream:
                stream.wait("event: status")
            other = Console(console.show, console.port)
            assert other.enter(console.link())[0] == 200, "and nothing from who signs in"
            assert other.outcome("status") == "done"
        finally:
            over.set()
    counts = flood.result()
    assert set(counts) == {401, 429} and counts[429] > counts[401], counts


def ask_on(connection, console):
    """Asks on a connection that is kept open; returns the status, or None if it is closed."""
    try:
        connection.request("POST", "/api/ask", "verb status", {**console.headers, "Cookie": console.cookie})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return None


def test_connections_of_one_browser_keep_nobody_out(play):
    console = open_console(play).signed_in()
    observer, kept = console.signed_in("--role", "observer"), []
    for _ in range(160):
        connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=20)
        connection.connect()
        connection.auto_open = 0  # else it would connect again
        kept.append(connection)
        while ask_on(connection, observer) == 429:
            time.sleep(0.02)
    assert console.outcome("status") == "done"
    assert console.signed_in().outcome("status") == "done", "a new browser gets in"
    is_open = [ask_on(connection, observer) is not None for connection in kept]
    assert is_open == [False] * 144 + [True] * 16, "the newest ones stay"
    for connection in kept:
        connection.close()


def test_pages_and_recordings_of_one_browser_keep_nobody_out(play):
    console = open_console(play).signed_in()
    with contextlib.ExitStack() as many:
        for observer in [console.signed_in("--role", "observer") for _ in range(3)]:
            pages = [many.enter_context(observer.stream()) for _ in range(8)]
            for page in pages:
                page.wait("event: hello")
            assert observer.request("GET", "/api/events")[0] == 503, "its ninth"
        own = many.enter_context(console.stream())
        own.wait("event: status")
        others = [many.enter_context(console.stream()) for _ in range(5)]
        for page in [own, *others]:
            page.wait("event: status")  # each has a quarter
        assert console.request("GET", "/api/events")[0] == 503, "more than its share"
        own.wait("event: status")
    with contextlib.ExitStack() as many:
        assert [many.enter_context(console.capture()).status for _ in range(3)] == [200, 200, 503]
        other = console.signed_in()
        assert [many.enter_context(other.capture()).status for _ in range(3)] == [200, 200, 503]
        assert console.signed_in().request("GET", "/api/record")[0] == 503, "four are being made"


def test_slow_and_many_connections_harm_nobody(play):
    console = open_console(play).signed_in()
    with console.stream() as stream, contextlib.ExitStack() as many:
        stream.wait("event: status")
        slow = many.enter_context(socket.create_connection(("127.0.0.1", console.port), timeout=20))
        slow.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        began = time.monotonic()
        for n in range(1000):
            with contextlib.suppress(OSError):
                many.enter_context(socket.create_connection(("127.0.0.1", console.port), timeout=20))
            if n % 100 == 0:
                console.show.set("/in", n / 1000)
                console.show.expect("/out", n / 1000)
        assert console.outcome("status") == "done", "a browser that is signed in gets in all the same"
        stream.wait("event: status")
        is_over = False
        while not is_over and time.monotonic() - began < 40:
            stream.wait("event: status")
            try:
                slow.sendall(b"x")
                slow.setblocking(False)
                is_over = slow.recv(1) == b""
            except BlockingIOError:
                slow.settimeout(20)
            except ConnectionError:
                is_over = True
        assert is_over, "a byte a second does not keep a connection open"
    assert len(named(console.show.pid, "fc-desk")) == 1 and not console.show.log.matching(level="error")
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=20)
    for _ in range(3):  # the control: one that does ask stays
        connection.request("POST", "/api/ask", "verb status", {"Origin": f"http://127.0.0.1:{console.port}", "Cookie": console.cookie, "Content-Type": TYPE})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read()
    connection.close()
