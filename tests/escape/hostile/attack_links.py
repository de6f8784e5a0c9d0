# SPDX-License-Identifier: BSD-2-Clause
"""Rows 20, 26, 28 and 48: a hostile worker program. The script speaks the link by hand, beside the worker that it runs in, and
writes into the memory that this worker shares with the broker."""

import array
import ctypes
import os
import socket
import struct
import threading
import time

import midimonster
from attacklib import GATE, LINK, attack, go, libc, pointer, put_in_place, say, syscall  # noqa: F401 (go: a handler)

ENDED = r"worker ended: .*"
PROTOCOL = r"worker ended: killed by SIGKILL.*"  # by the broker, after a line that says why
HUNG_UP = r"worker ended: killed by SIGKILL[^:]*"  # the same, after a line that says that the link is closed
LIED = r"worker ended: exit status 0.*"  # after a line that says that its outputs cannot be made out
REFUSED = r"errno E(PERM|ACCES|OPNOTSUPP)"
MAX_MESSAGE = 128 << 10  # CODEC_MAX_MESSAGE
midimonster.output("out", 0)


def link_number():
    for fd in range(3, 256):
        try:
            found = socket.socket(fileno=os.dup(fd))
        except OSError:
            continue
        if found.family == socket.AF_UNIX and found.type == socket.SOCK_SEQPACKET:
            found.close()
            return fd
        found.detach()
    raise RuntimeError("no link")


def link():
    """A duplicate of the link's socket."""
    found = socket.socket(fileno=os.dup(link_number()))
    found.setblocking(True)
    return found


def put(*messages):
    to = link()
    for n, message in enumerate(messages):
        try:
            to.send(message)
        except BrokenPipeError:
            return f"cut off after {n} messages"
    return f"{len(messages)} messages"


def field(number, body):
    """Encodes a length-delimited protobuf field."""
    size, length = b"", len(body)
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + body


def report(body=b""):
    return field(3, body)


def values(n):
    """Outputs of the first channel, as many as that."""
    return field(3, struct.pack("<I", 0) * n) + field(4, struct.pack("<d", 0.25) * n)


HELLO, LOCKED, READY, STOPPED = field(1, b"\x08\x05"), field(2, b"\x08\x05"), field(4, b""), field(5, b"")
DONE = report(b"\x08\x01")


@attack(28, PROTOCOL, LINK)
def garbage():
    return put(os.urandom(1) + b"\xff" * 4096)


@attack(28, PROTOCOL, LINK)
def garbage_byte_by_byte():
    return put(*[bytes([n % 256]) for n in range(10000)])


@attack(28, PROTOCOL, LINK)
def largest_garbage():
    return put(*[bytes(MAX_MESSAGE)] * 100)


@attack(28, PROTOCOL, LINK)
def oversized_by_one():
    inner = report(bytes(MAX_MESSAGE - 4))
    return put(inner + bytes(MAX_MESSAGE + 1 - len(inner)))


@attack(28, PROTOCOL, LINK)
def oversized_as_far_as_the_kernel_takes_it():
    """The kernel takes no more than the socket's buffer has room for."""
    to, size = link(), 1 << 20
    while size:
        try:
            return to.send(bytes(size))
        except OSError:
            size -= 4096
    return "nothing"


@attack(28, PROTOCOL, LINK)
def malformed_protobuf():
    return put(b"\xff" * 64)


@attack(28, HUNG_UP, LINK)
def empty_message():
    """Nobody can tell it from the end."""
    return put(b"")


@attack(28, ENDED, LINK)
def half_closed_for_writing():
    link().shutdown(socket.SHUT_WR)
    return "closed"


@attack(28, ENDED, LINK)
def half_closed_for_reading():
    link().shutdown(socket.SHUT_RD)
    return "closed"


@attack(28, ENDED, LINK)
def link_closed():
    os.close(link_number())
    return "closed"


@attack(28, ENDED, LINK)
def link_replaced_by_another_pair():
    """The worker goes on by a link whose other end is the script's own."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    put_in_place(ends[0].fileno(), link_number())
    ends[1].close()
    return "replaced"


@attack(28, PROTOCOL, LINK)
def truncated_protobuf():
    return put(b"\x1a\x7f\x08")


@attack(28, PROTOCOL, LINK)
def bad_utf8():
    return put(report(field(2, b"\xff\xfe")))


@attack(28, PROTOCOL, LINK)
def channels_without_values():
    return put(report(field(3, bytes(64))))


@attack(28, PROTOCOL, LINK)
def unknown_channel():
    return put(report(field(3, struct.pack("<I", 4000000)) + field(4, struct.pack("<d", 0.5))))


@attack(28, PROTOCOL, LINK)
def not_a_number():
    return put(report(field(3, struct.pack("<I", 0)) + field(4, struct.pack("<d", float("nan")))))


@attack(28, PROTOCOL, LINK)
def new_channel_too_late():
    return put(report(field(2, b"late")))


@attack(28, PROTOCOL, LINK)
def hello_again():
    return put(HELLO)


@attack(28, PROTOCOL, LINK)
def locked_again():
    return put(LOCKED)


@attack(28, PROTOCOL, LINK)
def ready_again():
    return put(READY)


@attack(28, PROTOCOL, LINK)
def failed_after_the_import():
    """As if the modules had not been imported, with a traceback for the log."""
    return put(field(6, field(1, b"nobody did this\nERROR\n")))


@attack(28, PROTOCOL, LINK)
def stopped_unasked():
    return put(STOPPED)


@attack(28, PROTOCOL, LINK)
def done_twice():
    return put(DONE, DONE)


@attack(28, PROTOCOL, LINK)
def intervals_without_end():
    rows = b"".join(field(5, b"\x08" + bytes([n & 127 | 128, n >> 7]) + b"\x10\x01") for n in range(2000))
    return put(report(rows))


@attack(28, r"ok .*", LINK)
def sockets_that_are_none():
    """Descriptors of every kind, and invalid ones: each is refused with a log line, as is a script's right."""
    rows = [field(6, b"\x08" + bytes([n & 127 | 128, n >> 7]) + b"\x10" + bytes([2 * n % 128])) for n in range(300)]
    return put(*[report(b"".join(rows[n:n + 15])) for n in range(0, 300, 15)])


@attack(28, PROTOCOL, LINK)
def a_report_of_twenty_thousand_sockets():
    return put(report(field(6, b"") * 20000))


@attack(28, PROTOCOL, LINK)
def a_report_of_twenty_thousand_intervals():
    return put(report(field(5, b"") * 20000))


@attack(28, PROTOCOL, LINK)
def a_report_of_ten_thousand_files():
    return put(report(field(8, b"a") * 10000))


@attack(28, PROTOCOL, LINK)
def a_report_of_twenty_thousand_ticks():
    return put(report(field(9, bytes(20000)) + field(10, bytes(8) * 5000)))


@attack(28, PROTOCOL, LINK)
def one_socket_more_than_a_report_may_have():
    return put(report(field(6, b"") * 17))


@attack(28, r"ok .*", LINK)
def sockets_on_and_off():
    """As many as a report may have; each costs the broker and a gate some system calls."""
    a, b = socket.socketpair()
    socket_on = [field(6, bytes([8, n, 16, 2 * a.fileno()])) for n in range(1, 9)]
    socket_off = [field(6, bytes([8, n, 16, 1])) for n in range(1, 9)]
    return put(*[report(b"".join(socket_on + socket_off))] * 3000)


@attack(28, r"ok .*", LINK)
def twenty_thousand_reports():
    """Legal ones, without content."""
    return put(*[report()] * 20000)


@attack(28, r"ok .*", LINK)
def the_largest_reports():
    """Legal ones, as large as a message can be."""
    return put(*[report(values((MAX_MESSAGE - 64) // 12))] * 20)


@attack(28, r"ok .*", LINK)
def never_reading():
    """A thread takes what is for the worker, for a while; the events that come meanwhile are this instance's loss."""
    to = link()
    to.settimeout(0.5)
    try:
        while to.recv(65536):
            pass
    except TimeoutError:
        pass
    return "stopped"


def send_descriptors(*fds):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    return link().sendmsg([report()], rights)


@attack(28, REFUSED, GATE)
def descriptor_in_a_message():
    return send_descriptors(1)


@attack(28, REFUSED, GATE)
def the_link_in_a_message():
    return send_descriptors(link_number())


@attack(28, REFUSED, GATE)
def many_descriptors_in_a_message():
    return send_descriptors(*[os.pipe()[0] for _ in range(50)])


@attack(28, REFUSED, GATE)
def descriptor_by_a_system_call():
    """sendmsg() without the interpreter, so that nothing is prepared for the gate's eyes."""
    text = ctypes.create_string_buffer(report())
    part = ctypes.create_string_buffer(struct.pack("<QQ", pointer(text), 2), 16)
    rights = ctypes.create_string_buffer(struct.pack("<QiiiI", 20, socket.SOL_SOCKET, socket.SCM_RIGHTS, 1, 0), 24)
    return syscall(46, link_number(), struct.pack("<QIxxxxQQQQIxxxx", 0, 0, pointer(part), 1, pointer(rights), 24, 0), 0)


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


# 48: the memory that tells the broker how far the worker is

MAX_OUTPUTS = 4096  # PROGRESS_OUTPUTS


class Progress(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("calls", "begun", "done", "base", "outputs")]
    _fields_ += [("channels", ctypes.c_uint32 * MAX_OUTPUTS), ("values", ctypes.c_double * MAX_OUTPUTS)]


def writable_parts():
    """(address, bytes) of the worker program's own variables, as its link map and its ELF header tell them."""
    at = ctypes.c_void_p()
    if libc.dlinfo(ctypes.c_void_p(ctypes.CDLL(None)._handle), 2, ctypes.byref(at)) != 0:
        raise RuntimeError("no link map")
    base = ctypes.c_uint64.from_address(at.value).value
    offset, = struct.unpack_from("<Q", ctypes.string_at(base, 64), 32)
    size, n = struct.unpack_from("<HH", ctypes.string_at(base, 64), 54)
    for i in range(n):
        kind, flags, _, address, _, _, n_bytes, _ = struct.unpack("<IIQQQQQQ", ctypes.string_at(base + offset + i * size, 56))
        if kind == 1 and flags & 2:
            yield base + address, n_bytes


def is_there(address, n_bytes):
    """Whether it can be read: if not, write() says so and nothing breaks."""
    reading, writing = os.pipe()
    try:
        return libc.write(writing, ctypes.c_void_p(address), ctypes.c_size_t(n_bytes)) == n_bytes
    finally:
        os.close(reading)
        os.close(writing)


def progress():
    """Found by a variable that points to it: this is the first event, so its counters are known."""
    for start, n_bytes in writable_parts():
        for at in range(start + 7 & ~7, start + n_bytes - 7, 8):
            address = ctypes.c_uint64.from_address(at).value
            if address % 4096 or not 1 << 40 < address < 1 << 47 or not is_there(address, 40):
                continue
            if struct.unpack("<QQQ", ctypes.string_at(address, 24)) == (0, 1, 0):
                return Progress.from_address(address)
    raise RuntimeError("no progress")


def lie(channel=0, value=0.5, **counters):
    shared = progress()
    for n in range(MAX_OUTPUTS):
        shared.channels[n], shared.values[n] = channel, value
    for name, number in counters.items():
        setattr(shared, name, number & (1 << 64) - 1)
    return shared


def lie_and_go(**how):
    lie(**how)
    os._exit(0)


@attack(48, LIED, LINK)
def progress_that_jumps():
    lie_and_go(calls=-1, begun=-1, done=-1, outputs=-1)


@attack(48, LIED, LINK)
def progress_that_wraps():
    lie_and_go(base=-2, outputs=5)


@attack(48, LIED, LINK)
def progress_that_ends_before_it_begins():
    lie_and_go(base=1000, outputs=500)


@attack(48, LIED, LINK)
def progress_of_one_output_too_many():
    lie_and_go(outputs=MAX_OUTPUTS + 2)


@attack(48, LIED, LINK)
def progress_of_unknown_channels():
    lie_and_go(channel=0xFFFFFFFF, outputs=MAX_OUTPUTS)


@attack(48, LIED, LINK)
def progress_of_no_numbers():
    lie_and_go(value=float("nan"), outputs=100)


@attack(48, ENDED, LINK)
def progress_that_denies_its_event():
    """So it comes again, to this instance alone; the second time nothing is denied."""
    if os.path.exists("denied"):
        os._exit(0)
    open("denied", "w").close()
    lie_and_go(begun=0)


@attack(48, r"ok lied", LINK)
def progress_that_lies_and_lives():
    lie(calls=-1, begun=-1, done=7, base=-1, outputs=3, channel=0xFFFFFFFF)
    return "lied"


@attack(48, ENDED, LINK)
def progress_that_never_stands_still():
    """Counters and values change until the very end, so the broker sees every mixture."""
    shared, deadline = lie(), time.monotonic() + 0.5

    def change():
        n = 0
        while True:
            n += 1
            shared.begun, shared.done, shared.outputs = n * 7919, n * 104729, n % (2 * MAX_OUTPUTS)
            shared.base, shared.channels[n % MAX_OUTPUTS] = n % 100, n
    for _ in range(2):
        threading.Thread(target=change, daemon=True).start()
    while time.monotonic() < deadline:
        pass
    os._exit(0)


@attack(48, ENDED, LINK)
def progress_that_is_gone():
    libc.munmap(ctypes.c_void_p(ctypes.addressof(progress())), ctypes.c_size_t(ctypes.sizeof(Progress)))
    return "unmapped"


# Not in the batch: each has a show of its own

def flood(name, message):
    """From four threads, until it is ended or 1.5 s are over."""
    to, deadline = link(), time.monotonic() + 1.5

    def run():
        while time.monotonic() < deadline:
            for _ in range(20):
                to.send(message)
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say(f"attack {name}: ok sent")


def flood_of_tiny_messages():
    flood("flood_of_tiny_messages", report())


def flood_of_values():
    flood("flood_of_values", report(values(1000)))


def flood_of_largest_messages():
    flood("flood_of_largest_messages", report(values((MAX_MESSAGE - 64) // 12)))


def special(value):
    (flood_of_tiny_messages, flood_of_values, flood_of_largest_messages)[round(value * 10)]()
