# SPDX-License-Identifier: BSD-2-Clause
"""Rows 24 and 25: families of sockets, and unix sockets. Part of attack_files.py, which imports it."""

import array
import ctypes
import os
import socket
import struct

import places
from attacklib import CALLS, GATE, attack, pointer, syscall

# 24: families of sockets

def _family(number, kind=socket.SOCK_RAW):
    socket.socket(number, kind, 0).close()


@attack(24, "errno EAFNOSUPPORT", CALLS)
def netlink():
    _family(socket.AF_NETLINK)


@attack(24, "errno EAFNOSUPPORT", CALLS, needs_root=True)
def packet():
    _family(socket.AF_PACKET)


@attack(24, "errno EAFNOSUPPORT", CALLS, outside="ok|errno EAFNOSUPPORT")
def vsock():
    _family(40, socket.SOCK_STREAM)


@attack(24, "errno EAFNOSUPPORT", CALLS, outside="ok|errno E(AFNOSUPPORT|PROTONOSUPPORT)")
def alg():
    _family(38, socket.SOCK_SEQPACKET)


@attack(24, "errno EAFNOSUPPORT", CALLS, outside="ok|errno E(AFNOSUPPORT|PROTONOSUPPORT)")
def bluetooth():
    _family(31)


@attack(24, "ok inet inet6 only", CALLS, outside="ok more")
def every_family():
    """Families 0 to 64 with each type, also with high bits, which the kernel ignores."""
    made = set()
    for number in range(65):
        for kind in (1, 2, 3, 5):
            for high in (0, 1 << 32):
                try:
                    os.close(syscall(41, number | high, kind, 0))
                    made.add((number, high))
                except OSError:
                    pass
    return "inet inet6 only" if made == {(2, 0), (10, 0)} else f"more: {made}"


# 25: unix sockets

@attack(25, "errno EAFNOSUPPORT", CALLS)
def unix_stream():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(places.UNIX_STREAM)


@attack(25, "errno EAFNOSUPPORT", CALLS)
def unix_abstract():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        return client.sendto(b"attack", places.UNIX_ABSTRACT)


def _from_a_pair(use):
    """Socket pairs are allowed; none of their sockets may reach others."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        return use(left)


PAIR = r"errno E(AFNOSUPPORT|PERM|ACCES|OPNOTSUPP)"


@attack(25, PAIR, GATE)
def pair_sendto():
    return _from_a_pair(lambda pair: pair.sendto(b"attack", places.UNIX_ABSTRACT))


@attack(25, PAIR, GATE)
def pair_sendmsg():
    return _from_a_pair(lambda pair: pair.sendmsg([b"attack"], [], 0, places.UNIX_ABSTRACT))


@attack(25, PAIR, GATE)
def pair_sendmsg_with_a_descriptor():
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1]))]
    return _from_a_pair(lambda pair: pair.sendmsg([b"attack"], rights, 0, places.UNIX_ABSTRACT))


@attack(25, PAIR, CALLS)
def pair_sendmmsg():
    def use(pair):
        name = struct.pack("<H", 1) + places.UNIX_ABSTRACT.encode()
        to, text = ctypes.create_string_buffer(name, len(name)), ctypes.create_string_buffer(b"attack")
        part = ctypes.create_string_buffer(struct.pack("<QQ", pointer(text), 6), 16)
        message = struct.pack("<QIxxxxQQQQIxxxxIxxxx", pointer(to), len(name), pointer(part), 1, 0, 0, 0, 0)
        return syscall(307, pair.fileno(), message, 1, 0)
    return _from_a_pair(use)


@attack(25, PAIR, GATE)
def pair_connect():
    return _from_a_pair(lambda pair: pair.connect(places.UNIX_ABSTRACT))


@attack(25, PAIR, GATE, outside="ok")
def pair_connect_to_a_path():
    return _from_a_pair(lambda pair: pair.connect(places.UNIX_DATAGRAM))


@attack(25, PAIR, GATE)
def pair_bind():
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(f"\0fc-{os.getpid()}")
