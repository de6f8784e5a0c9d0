# SPDX-License-Identifier: BSD-2-Clause
"""Rows of an event under pressure: another user exhausts a quota, or hostile clients flood the control socket.

Quiet and pressed rounds follow each other by turns, so that what else the machine does meets both. What asks is of
real-time priority as root, since it stands for a desk that is another machine. Pressures that are the kernel's to
share out (processors, memory, the disk) have no goal: where the kernel does not interrupt itself, what keeps it busy
makes everybody wait for milliseconds.
"""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import threading
import time

from latency import WIRE
from pressures import BOB, ECHO, INSTANCES, PRESSURES, UIDS, configuration
from rows import TIMES, Figures, Row
from stage import Failure, free_port, samples_of

PAUSE_US, LIMIT = 1000, 3
# Where the kernel shares processors out among sessions (autogroup), a show has not to share with the benchmark.
AS_A_SERVICE = ("setsid",)
FLOOD_RATE, FLOOD_LEAST, FLOOD_SECONDS, FLOOD_CONNECTIONS = 15000, 10000, 1, 12
STRANGER = 23456
FLOODS = {"administrator": ["status", "usage", "unread", "watch", "malformed", "huge", "open", "half"],
          "observer": ["status", "unread", "watch", "open"], "stranger": ["open", "half"]}


def compare(bench, name, port, own, pressed, limit=LIMIT):
    """The row of an event beside what goes on in pressed(), which fails if there was no pressure."""
    desk = ["chrt", "--fifo", "10"] if os.getuid() == 0 else []
    count, quiet, loud = bench.pick(400, 200), [], []

    def ask():
        return samples_of([*desk, bench.program("client"), port, own, "/in", count, 20, 1, PAUSE_US])

    for _ in range(bench.pick(5, 1)):
        quiet.append(ask())
        with pressed():
            loud.append(ask())
    return Row(name, "µs", Figures(loud, TIMES["µs"]), Figures(quiet, TIMES["µs"]), limit99=limit,
               note="floor: the same without" + ("" if limit else "; the kernel's to share out, no goal"))


class Place:
    """A show's ports for the client, and as root the accounts of its users."""

    def __init__(self, bench):
        self.bench, self.to, self.own = bench, free_port(), free_port()
        self.folders = {user: bench.folder() for user in UIDS}

    def write(self, user, name, text):
        path = self.folders[user] / name
        path.write_text(text)
        if os.getuid() == 0:
            for each in (path, self.folders[user]):
                os.chown(each, UIDS[user], UIDS[user])

    def config(self, options):
        text = WIRE.replace("wire", "desk") + f"[osc probe]\nbind = 127.0.0.1 {self.to}\ndest = 127.0.0.1 {self.own}\n"
        for user, lines in options.items():
            uid = f"uid = {UIDS[user]}\n" if os.getuid() == 0 else ""
            text += f"[user {user}]\nshow = {self.folders[user]}/show.cfg\n{uid}{lines}"
        return text


@contextlib.contextmanager
def accepting():
    """A server for connections that its clients give up; its port."""
    stop = threading.Event()

    def accept(server):
        kept = []
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                kept.append(server.accept()[0])
            for one in kept[:-100]:
                one.close()
            del kept[:-100]

    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        server.settimeout(0.2)
        thread = threading.Thread(target=accept, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join()


@contextlib.contextmanager
def exhausting(show, place, pressure):
    """In here all of alice's instances are at it, or it is no measurement."""
    place.write("alice", "go", "")
    show.send("/in", 1)
    time.sleep(0.5)
    for name in INSTANCES:
        show.said(rf" alice/{name} .*{pressure.evidence.removeprefix('^')}")
    yield
    (place.folders["alice"] / "go").unlink()
    show.send("/in", 0)
    time.sleep(0.3)


@contextlib.contextmanager
def reloading(show, place):
    """In here her configuration, with an instance more than she may have, is read again and again."""
    place.write("alice", "show.cfg", configuration(instances=[*INSTANCES, "py5"]))
    stop = threading.Event()

    def read_again():
        while not stop.wait(0.05):
            os.kill(show.process.pid, signal.SIGHUP)

    thread = threading.Thread(target=read_again)
    thread.start()
    try:
        show.said(" alice .*may have at most 4 instances")
        yield
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def housed(bench, pressure):
    """The show of the two users, who run all their instances; with its place."""
    place = Place(bench)
    for user, script, config in (("alice", pressure.script(), configuration(pressure.options)), ("bob", ECHO, BOB)):
        place.write(user, "script.py", script)
        place.write(user, "show.cfg", config)
    names = [*(f"alice/{name}" for name in INSTANCES), "bob/py1"]
    with accepting() as port:
        place.write("alice", "port", str(port))
        with bench.show(place.config(pressure.house()), {}, names, [place.to], launcher=AS_A_SERVICE) as show:
            yield show, place


def quotas(bench):
    for kind, pressure in PRESSURES.items():
        with housed(bench, pressure) as (show, place):
            yield compare(bench, f"event, another user exhausts {kind}", place.to, place.own,
                          lambda: exhausting(show, place, pressure), LIMIT if pressure.is_brokers else None)
    with housed(bench, PRESSURES["rate"]) as (show, place):
        yield compare(bench, "event, another user exhausts instances", place.to, place.own,
                      lambda: reloading(show, place))


@contextlib.contextmanager
def flooding(bench, path, kind, uid):
    switch = [] if uid == os.getuid() else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    command = [*switch, "nice", "-n", "19", bench.build / "tests/control-flood", path, kind, FLOOD_RATE, FLOOD_SECONDS,
               FLOOD_CONNECTIONS]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True, start_new_session=True) as client:
        time.sleep(0.1)
        yield
        sent = int(client.communicate(timeout=30)[0])
    if sent < FLOOD_LEAST * FLOOD_SECONDS:
        raise Failure(f"only {sent} requests of the kind {kind} in {FLOOD_SECONDS} s")


def flood(bench):
    """10,000 requests a second and more. Clients of other accounts are there only if root starts the show."""
    to, own, folder = free_port(), free_port(), bench.folder()
    config = "[control]\nobservers = games\n[python py]\nmodule = echo\n"
    config += "[map]\nprobe./in > py.echo.f\npy.out > probe./out\n"
    config += f"[osc probe]\nbind = 127.0.0.1 {to}\ndest = 127.0.0.1 {own}\n"
    who = {"administrator": os.getuid(), "observer": pwd.getpwnam("games").pw_uid, "stranger": STRANGER}
    with bench.show(config, {"echo.py": ECHO}, ["py"], [to], launcher=AS_A_SERVICE,
                    env={"RUNTIME_DIRECTORY": str(folder)}):
        for role, kinds in FLOODS.items():
            if who[role] != os.getuid() and os.getuid() != 0:
                continue
            for kind in kinds[:bench.pick(None, 2)]:
                yield compare(bench, f"event, {role} floods: {kind}", to, own,
                              lambda: flooding(bench, folder / "control", kind, who[role]))
