# SPDX-License-Identifier: BSD-2-Clause
"""Rows 20, 26 and 28: a hostile worker program. The script writes into the link's unix socket, bypassing libzmq: after
the greeting a frame is flags (1 more, 2 long, 4 command), a length of one or eight bytes, and a body."""

import os
import socket
import struct
import threading
import time

import midimonster
from attacklib import LINK, attack, go, put_in_place, say  # noqa: F401 (go: a handler)

MORE, LONG, COMMAND = 1, 2, 4
ENDED = r"worker ended: .*"
PROTOCOL = r"worker ended: killed by SIGKILL.*"  # by the broker, after a line that says why
midimonster.output("out", 0)


def link():
    """Returns a duplicate of the link's socket."""
    for fd in range(3, 256):
        try:
            found = socket.socket(fileno=os.dup(fd))
        except OSError:
            continue
        if found.family == socket.AF_UNIX and found.type == socket.SOCK_STREAM:
            found.setblocking(True)
            return found
        found.detach()
    raise RuntimeError("no link")


def frame(body, flags=0):
    if len(body) < 256:
        return struct.pack("BB", flags, len(body)) + body
    return struct.pack(">BQ", flags | LONG, len(body)) + body


def put(*parts):
    data, to = b"".join(parts), link()
    view = memoryview(data)
    try:
        while view:
            view = view[to.send(view):]
    except BrokenPipeError:
        return f"cut off after {len(data) - len(view)} bytes"
    return f"{len(data)} bytes"


def field(number, body):
    """Encodes a length-delimited protobuf field."""
    size, length = b"", len(body)
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + body


def report(body=b""):
    return field(3, body)


HELLO, LOCKED, READY, STOPPED = field(1, b"\x08\x01"), field(2, b"\x08\x05"), field(4, b""), field(5, b"")
DONE = report(b"\x08\x01")


@attack(28, PROTOCOL, LINK)
def garbage():
    return put(os.urandom(1), b"\xff" * 4096)


@attack(28, PROTOCOL, LINK)
def oversized_frame():
    return put(struct.pack(">BQ", LONG, 1 << 40), bytes(65536))


@attack(28, PROTOCOL, LINK)
def negative_length():
    return put(struct.pack(">BQ", LONG, (1 << 64) - 1), bytes(65536))


@attack(28, PROTOCOL, LINK)
def oversized_by_one():
    return put(frame(report(bytes(1 << 20))))


@attack(28, PROTOCOL, LINK)
def malformed_protobuf():
    return put(frame(b"\xff" * 64))


@attack(28, PROTOCOL, LINK)
def empty_message():
    return put(frame(b""))


@attack(28, PROTOCOL, LINK)
def truncated_protobuf():
    return put(frame(b"\x1a\x7f\x08"))


@attack(28, PROTOCOL, LINK)
def bad_utf8():
    return put(frame(report(field(2, b"\xff\xfe"))))


@attack(28, PROTOCOL, LINK)
def channels_without_values():
    return put(frame(report(field(3, bytes(64)))))


@attack(28, PROTOCOL, LINK)
def unknown_channel():
    return put(frame(report(field(3, struct.pack("<I", 4000000)) + field(4, struct.pack("<d", 0.5)))))


@attack(28, PROTOCOL, LINK)
def not_a_number():
    return put(frame(report(field(3, struct.pack("<I", 0)) + field(4, struct.pack("<d", float("nan"))))))


@attack(28, PROTOCOL, LINK)
def new_channel_too_late():
    return put(frame(report(field(2, b"late"))))


@attack(28, PROTOCOL, LINK)
def hello_again():
    return put(frame(HELLO))


@attack(28, PROTOCOL, LINK)
def locked_again():
    return put(frame(LOCKED))


@attack(28, PROTOCOL, LINK)
def ready_again():
    return put(frame(READY))


@attack(28, PROTOCOL, LINK)
def stopped_unasked():
    return put(frame(STOPPED))


@attack(28, PROTOCOL, LINK)
def done_twice():
    return put(frame(DONE), frame(DONE))


@attack(28, PROTOCOL, LINK)
def intervals_without_end():
    rows = b"".join(field(5, b"\x08" + bytes([n & 127 | 128, n >> 7]) + b"\x10\x01") for n in range(2000))
    return put(frame(report(rows)))


@attack(28, r"ok .*", LINK)
def sockets_that_are_none():
    """Descriptors of every kind, and invalid ones: each is refused with a log line, as is a script's right."""
    rows = b"".join(field(6, b"\x08" + bytes([n & 127 | 128, n >> 7]) + b"\x10" + bytes([2 * n % 128]))
                    for n in range(300))
    return put(frame(report(rows)))


@attack(28, r"ok .*", LINK)
def a_million_reports():
    """Legal messages without content."""
    return put(frame(report()) * 1000000)


@attack(28, PROTOCOL, LINK)
def a_hundred_thousand_pings():
    return put(frame(b"\x04PING\0\0ctx", COMMAND) * 100000)


@attack(28, PROTOCOL, LINK)
def unknown_commands():
    return put(*(frame(bytes([len(name)]) + name + b"\0\1x", COMMAND)
                 for name in (b"SUBSCRIBE", b"ERROR", b"READY", b"HELLO", b"JOIN", b"X" * 200, b"")))


@attack(28, PROTOCOL, LINK)
def a_large_command():
    return put(frame(b"\x04PING\0\0" + bytes(1 << 19), COMMAND))


@attack(28, PROTOCOL, LINK)
def multipart():
    return put(frame(report(), MORE) * 3, frame(b"\xff"))


@attack(28, r"ok .*", LINK)
def never_reading():
    """For a while a thread reads what is meant for libzmq; only this instance loses the events of that time."""
    to = link()
    to.settimeout(0.5)
    try:
        while to.recv(65536):
            pass
    except TimeoutError:
        pass
    return "stopped"


@attack(20, ENDED, LINK)
def garbage_into_every_descriptor():
    for fd in range(1024):
        if fd in (1, 2):
            continue
        try:
            os.set_blocking(fd, False)
            os.write(fd, os.urandom(4096))
        except OSError:
            pass
    return "written"


@attack(20, ENDED, LINK)
def every_descriptor_closed():
    os.closerange(3, 1024)
    return "closed"


@attack(20, ENDED, LINK)
def every_descriptor_replaced():
    reading, writing = os.pipe()
    for fd in range(3, 256):
        if fd not in (reading, writing):
            try:
                put_in_place(reading, fd)
            except (OSError, RuntimeError):
                pass
    return "replaced"


# Not in the batch: each has its own show

def endless_message():
    """Frames that say "more": one message without an end, 200 MiB of it."""
    part = frame(bytes((1 << 20) - 16), MORE)
    to = link()
    for _ in range(200):
        to.sendall(part)
    say("attack endless_message: ok sent")
    time.sleep(1)


def endless_small_parts():
    """Parts of two bytes, each of which is a message of 64 bytes to libzmq."""
    to, parts = link(), struct.pack("BB", MORE, 0) * 50000
    for _ in range(60):
        to.sendall(parts)
    say("attack endless_small_parts: ok sent")
    time.sleep(1)


def flood_from_threads():
    """A million reports of a thousand values each, from four threads, until the worker is ended or 1.5 s have passed."""
    body = field(3, struct.pack("<I", 0) * 1000) + field(4, struct.pack("<d", 0.25) * 1000)
    data, deadline = frame(report(body)) * 20, time.monotonic() + 1.5
    to, lock = link(), threading.Lock()

    def run():
        while time.monotonic() < deadline:
            with lock:
                to.sendall(data)
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say("attack flood_from_threads: ok sent")


def special(value):
    (endless_message, endless_small_parts, flood_from_threads)[round(value * 10)]()
