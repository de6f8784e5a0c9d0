# SPDX-License-Identifier: BSD-2-Clause
"""The control interface from outside: the command, and a raw client, which can violate the protocol."""

import json
import os
import re
import socket
import struct
import subprocess
import time

from harness import environment
from waiting import PATIENCE, is_hung_up

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31)
READY = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER\x08Identity" + struct.pack(">I", 0)
VERBS = {"status": 1, "start": 2, "stop": 3, "restart": 4, "reload": 5, "emit": 6, "routes": 7, "logs": 8, "watch": 9,
         "freeze": 10, "unfreeze": 11, "record": 12, "channels": 13, "panic": 18}
DONE, REFUSED, UNKNOWN_NAME, INVALID, BUSY, FAILED, UNSUPPORTED = range(7)


def run(show, *arguments, uid=None, check=None, folder=None, timeout=PATIENCE):
    """Runs the command as a user; `check` is the exit status that it must have."""
    done = subprocess.run(command(show, *arguments, uid=uid, folder=folder), env=environment(show.folder), text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert check is None or done.returncode == check, f"{done}\n{show.log}"
    return done


def command(show, *arguments, uid=None, folder=None):
    uid = show.identity.uid if uid is None else uid
    switch = [] if uid == os.getuid() else [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    verb, *rest = map(str, arguments)
    return ["setpriv", *switch, "--pdeathsig=KILL", "--", str(show.stage.firecurtain), verb, "--runtime-dir", str(folder or runtime(show)), *rest]


def runtime(show):
    return show.folder / "run/firecurtain"


def status(show, *names, **how):
    """Returns what `status --json` prints, by instance."""
    return {each["name"]: each for each in json.loads(run(show, "status", "--json", *names, check=0, **how).stdout)}


def wait_for(show, name, state, patience=PATIENCE, **how):
    deadline = time.monotonic() + patience
    while True:
        found = status(show, name, **how)[name]
        if found["state"] == state:
            return found
        assert time.monotonic() < deadline, f"{name} is not {state}: {found}\n{show.log}"
        time.sleep(0.05)


def audits(show, pattern=""):
    return [line.message for line in show.log.matching(level="audit") if re.search(pattern, line.message)]


def varint(value):
    raw = b""
    while value > 127:
        raw += bytes([value & 127 | 128])
        value >>= 7
    return raw + bytes([value])


def request(verb, *names, id=1, version=1, value=None, **fields):
    """Encodes a request as protobuf."""
    numbers = {"from_": 6, "lines": 7, "usage": 8, "follow": 9}
    raw = b"\x08" + varint(version) + b"\x10" + varint(id) + b"\x18" + varint(VERBS.get(verb, verb))
    for name in names:
        name = name.encode() if isinstance(name, str) else name
        raw += b"\x22" + varint(len(name)) + name
    if value is not None:
        raw += b"\x29" + struct.pack("<d", value)
    for name, field in fields.items():
        raw += varint(numbers[name] << 3) + varint(int(field))
    return raw


def fields(raw):
    """Decodes a protobuf message: {field: [values]}."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = raw[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(raw):
        key = number()
        if key & 7 == 0:
            value = number()
        elif key & 7 == 1:
            (value,) = struct.unpack_from("<d", raw, at)
            at += 8
        else:
            size = number()
            value = raw[at:at + size]
            at += size
        found.setdefault(key >> 3, []).append(value)
    return found


class Client:
    """One connection. The caller makes the frames."""

    def __init__(self, show, handshake=True, folder=None):
        self.asked = 1000
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        folder_fd = os.open(folder or runtime(show), os.O_PATH)
        try:
            self.socket.connect(f"/proc/self/fd/{folder_fd}/control")
        finally:
            os.close(folder_fd)
        if handshake:
            self.raw(GREETING + bytes([4, len(READY)]) + READY)
            assert self.exactly(64)[0] == 0xff
            assert self.frame()[0] & 4, "its READY"

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.socket.close()

    def raw(self, data):
        self.socket.sendall(data)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def frame(self):
        flags = self.exactly(1)[0]
        size = struct.unpack(">Q", self.exactly(8))[0] if flags & 2 else self.exactly(1)[0]
        return flags, self.exactly(size)

    @staticmethod
    def framed(body, flags=0):
        return bytes([flags | 2]) + struct.pack(">Q", len(body)) + body

    def send(self, verb, *names, **how):
        self.raw(self.framed(request(verb, *names, **how)))

    def reply(self):
        return fields(self.frame()[1])

    def ask(self, verb, *names, **how):
        """Returns the reply, skipping those to earlier requests."""
        self.asked += 1
        how.setdefault("id", self.asked)
        self.send(verb, *names, **how)
        while (reply := self.reply())[2] != [how["id"]]:
            pass
        return reply

    def is_over(self):
        """Tells whether the broker closes the connection; reads what it still sends."""
        return is_hung_up(self.socket)


def outcome(reply):
    return reply.get(3, [DONE])[0]


def text(reply):
    return b"".join(reply.get(4, [])).decode()
