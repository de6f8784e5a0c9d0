# SPDX-License-Identifier: BSD-2-Clause
"""Rows of the console: an event while pages watch a busy show, what the desk holds then, and how soon a page shows something."""

import contextlib
import http.client
import re
import selectors
import socket
import subprocess
import threading
import time
from pathlib import Path

from latency import ECHO, ONE
from rows import TIMES, Figures, Row
from stage import Failure, descendants, environment, free_port, until

CHANNELS, PAGES, LINKS = 1000, 10, 2
HERTZ = 44
# As a lighting desk does: all channels of two universes, each with a new value in each frame.
MANY = f"""
import midimonster
state = 0
def frame():
    global state
    state = (state + 1) % 1000
    for n in range({CHANNELS}):
        midimonster.output(f"c{{n}}", state / 1000)
midimonster.interval(frame, {1000 // HERTZ})
"""
BUSY = f"[python many]\nmodule = many\n[loopback sink]\n[map]\nmany.c{{0..{CHANNELS - 1}}} > sink.c{{0..{CHANNELS - 1}}}\n"
TYPE = "application/x-firecurtain"


class Console:
    """The console of a show: links, and pages that only read."""

    def __init__(self, bench, show, port):
        self.bench, self.show, self.port = bench, show, port
        until(self._is_open, "the console is not open")

    def _is_open(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def link(self):
        done = subprocess.run([self.bench.build / "broker/firecurtain", "console", "--for", "1h", "--runtime-dir", self.show.folder / "run/firecurtain"],
                              env=environment(self.show.folder), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            raise Failure(f"no link: {done.stderr}")
        return done.stdout.strip()

    def cookie(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", "/api/ask", f"verb enter\ntoken {self.link().rpartition('=')[2]}",
                           {"Content-Type": TYPE, "Origin": f"http://127.0.0.1:{self.port}"})
        answer = connection.getresponse()
        return re.match("firecurtain=[^;]+", answer.getheader("Set-Cookie"))[0]

    @contextlib.contextmanager
    def pages(self):
        """Ten of them, which read all that comes. Yields a function that says how many bytes that was."""
        cookies = [self.cookie() for _ in range(LINKS)]
        open_pages, taken, over = selectors.DefaultSelector(), [0], threading.Event()
        for n in range(PAGES):
            page = socket.create_connection(("127.0.0.1", self.port))
            page.sendall(f"GET /api/events?log=1&watch=* HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies[n % LINKS]}\r\n\r\n".encode())
            open_pages.register(page, selectors.EVENT_READ)

        def read():
            while not over.is_set():
                for key, _ in open_pages.select(0.1):
                    taken[0] += len(key.fileobj.recv(1 << 20))
                time.sleep(0.02)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            until(lambda: taken[0] > PAGES * 50_000, "the pages get nothing")
            yield lambda: taken[0]
        finally:
            over.set()
            reader.join()
            for key in list(open_pages.get_map().values()):
                key.fileobj.close()


def resident(show):
    """The memory of the show's desk, in bytes."""
    for pid in descendants(show.process.pid):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            if status.startswith("Name:\tfc-desk\n"):
                return int(re.search(r"^VmRSS:\s+(\d+)", status, re.M)[1]) << 10
    raise Failure("there is no desk")


def console(bench):
    port, count, quiet, loud = free_port(), bench.pick(1500, 200), [], []
    config = ONE + BUSY + f"[console]\nbind = 127.0.0.1 {port}\n"
    with bench.show(config, {"echo.py": ECHO, "many.py": MANY}, ["py", "many"]) as show:
        served = Console(bench, show, port)
        for _ in range(bench.pick(5, 2)):
            quiet.append(bench.ask(show.in_port, show.out_port, "/in", count, pause_us=1000))
            with served.pages() as taken:
                before, began = taken(), time.monotonic()
                loud.append(bench.ask(show.in_port, show.out_port, "/in", count, pause_us=1000))
                rate = (taken() - before) / (time.monotonic() - began) / PAGES
                held = resident(show)
        yield Row(f"event, {PAGES} pages watch {CHANNELS:,} channels at {HERTZ} Hz", "µs", Figures(loud, TIMES["µs"]), Figures(quiet, TIMES["µs"]), limit99=1.5,
                  note=f"floor: nobody watches; {rate / 1000:.0f} kB/s to each page")
        yield Row(f"desk, {PAGES} pages", "MB", Figures.one(held / 1e6))
        yield first_picture(bench, served)


def first_picture(bench, served):
    """From the address to the first thing that is painted, in a browser that has nothing of it."""
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        raise Failure("python3-selenium is missing") from None
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", f"--user-data-dir={bench.folder()}"):
        options.add_argument(argument)
    browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    try:
        painted = []
        for _ in range(bench.pick(7, 3)):
            browser.get("about:blank")
            browser.execute_cdp_cmd("Network.clearBrowserCache", {})
            browser.get(served.link())
            until(lambda: browser.execute_script("return performance.getEntriesByName('first-contentful-paint').length"), "nothing is painted")
            painted.append(browser.execute_script("return performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    finally:
        browser.quit()
    return Row("console, first picture", "ms", Figures([painted]), limit50=300)
