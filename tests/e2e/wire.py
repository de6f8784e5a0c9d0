# SPDX-License-Identifier: BSD-2-Clause
"""The tests' end of OSC: UDP sockets that speak with a show, and ports that nobody else takes."""

import contextlib
import itertools
import os
import random
import re
import socket
import time
from pathlib import Path

import osc
import pytest
from waiting import PATIENCE

# Ports for shows; every process of the suite (pytest-xdist) has its own range.
PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
PORTS = itertools.count(12000 + 5000 * PROCESS + random.randrange(3000))


class Wire:
    """One OSC peer: a UDP socket that sends to a port of the show and keeps what arrives, by path."""

    def __init__(self, family=socket.AF_INET, host="127.0.0.1"):
        self.host = host
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.show_port = free_port(family, host)
        self.inbox = []  # (path, types, values), oldest first

    def close(self):
        self.socket.close()

    def send_raw(self, packet):
        self.socket.sendto(packet, (self.host, self.show_port))

    def send(self, path, types="f", values=(0.0,)):
        self.send_raw(osc.encode(path, types, values))

    def set(self, path, value):
        self.send(path, "f", [value])

    def receive(self, timeout):
        """Waits for one packet and stores its messages. False if none arrives."""
        self.socket.settimeout(max(timeout, 0.0001))
        try:
            self.inbox += osc.decode(self.socket.recv(65536))
        except TimeoutError:
            return False
        return True

    def take(self, path, timeout=PATIENCE):
        """Takes the oldest message on a path, as (types, values)."""
        deadline = time.monotonic() + timeout
        while True:
            for index, (found, types, values) in enumerate(self.inbox):
                if found == path:
                    del self.inbox[index]
                    return types, values
            if not self.receive(deadline - time.monotonic()):
                raise AssertionError(f"nothing on {path} within {timeout} s; waiting elsewhere: {self.inbox}")

    def value(self, path, timeout=PATIENCE):
        """Takes the oldest message on a path, and returns its first value."""
        return self.take(path, timeout)[1][0]

    def expect(self, path, *expected, timeout=PATIENCE):
        """Asserts that the next messages on a path have exactly these values."""
        for value in expected:
            assert self.value(path, timeout) == pytest.approx(value, abs=1e-6), f"on {path}"

    def waiting(self, path):
        """Takes what has arrived on a path, without waiting."""
        while self.receive(0):
            pass
        return [values[0] for found, _, values in self.inbox if found == path]


def free_port(family=socket.AF_INET, host="127.0.0.1", kind=socket.SOCK_DGRAM):
    """Returns a free port below those that the kernel assigns; each process of the suite has its own: nobody else takes
    it."""
    while True:
        port = next(PORTS)
        with socket.socket(family, kind) as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port


def free_tcp_port():
    return free_port(kind=socket.SOCK_STREAM)


def is_bound(port):
    """Tells whether a UDP socket of this host has the port."""
    listed = Path("/proc/net/udp").read_text() + Path("/proc/net/udp6").read_text()
    return re.search(rf"^ *\d+: [0-9A-F]+:{port:04X} ", listed, re.M) is not None
