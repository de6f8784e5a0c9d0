# SPDX-License-Identifier: BSD-2-Clause
"""sACN for the tests: just enough for an independent check of the product's packets, and a peer that speaks it."""

import contextlib
import socket
import struct
import time
import uuid

from waiting import PATIENCE

ROOT = b"\0\x10\0\0ASC-E1.17\0\0\0"
DISCOVERY = 64214
PREVIEW, TERMINATED, FORCE = 0x80, 0x40, 0x20
IP_MULTICAST_ALL = 49


def _layer(content):
    return struct.pack(">H", 0x7000 | (2 + len(content))) + content


def _packet(vector, cid, framing):
    return ROOT + _layer(struct.pack(">I16s", vector, cid) + _layer(framing))


def data(universe, slots, *, cid, name="a console", priority=100, sync=0, sequence=0, options=0, start_code=0):
    values = bytes([start_code, *slots])
    dmp = _layer(struct.pack(">BBHHH", 2, 0xA1, 0, 1, len(values)) + values)
    return _packet(4, cid, struct.pack(">I64sBHBBH", 2, name.encode(), priority, sync, sequence, options, universe) + dmp)


def sync(universe, *, cid, sequence=0):
    return _packet(8, cid, struct.pack(">IBHH", 1, sequence, universe, 0))


def discovery(universes, *, cid, name="a console", page=0, last_page=0):
    universes = struct.pack(f">{len(universes)}H", *universes)
    return _packet(8, cid, struct.pack(">I64sI", 2, name.encode(), 0) + _layer(struct.pack(">IBB", 1, page, last_page) + universes))


def _open(packet, at):
    length, = struct.unpack_from(">H", packet, at)
    assert length == 0x7000 | (len(packet) - at), "flags and length of a layer"
    return at + 2


def decode(packet):
    """A packet as a dictionary. Asserts what holds for every packet of its kind."""
    assert packet[:16] == ROOT
    vector, cid = struct.unpack_from(">I16s", packet, _open(packet, 16))
    kind, = struct.unpack_from(">I", packet, _open(packet, 38))
    if (vector, kind) == (8, 1):
        sequence, universe, reserved = struct.unpack_from(">BHH", packet, 44)
        assert len(packet) == 49 and reserved == 0
        return {"kind": "sync", "cid": cid, "sequence": sequence, "universe": universe}
    name = packet[44:108].rstrip(b"\0").decode()
    if (vector, kind) == (8, 2):
        reserved, = struct.unpack_from(">I", packet, 108)
        inner, page, last_page = struct.unpack_from(">IBB", packet, _open(packet, 112))
        assert (reserved, inner) == (0, 1)
        universes = struct.unpack(f">{(len(packet) - 120) // 2}H", packet[120:])
        return {"kind": "discovery", "cid": cid, "name": name, "page": page, "last_page": last_page, "universes": list(universes)}
    assert (vector, kind) == (4, 2)
    priority, address, sequence, options, universe = struct.unpack_from(">BHBBH", packet, 108)
    assert struct.unpack_from(">BBHHH", packet, _open(packet, 115)) == (2, 0xA1, 0, 1, len(packet) - 125)
    return {"kind": "data", "cid": cid, "name": name, "priority": priority, "sync": address, "sequence": sequence, "options": options,
            "universe": universe, "start_code": packet[125], "slots": packet[126:], "at": time.monotonic()}


def group(universe, family=socket.AF_INET):
    high, low = divmod(universe, 256)
    return f"239.255.{high}.{low}" if family == socket.AF_INET else f"ff18::83:0:{universe:x}"


class Console:
    """A source: what it sends, it sends by multicast on the loopback device, or wherever its socket is."""

    def __init__(self, port, name="a console", priority=100, sending=None, family=socket.AF_INET):
        self.port, self.name, self.priority, self.cid = port, name, priority, uuid.uuid4().bytes
        self.family, self.sequences = family, {}
        self.socket = sending or socket.socket(family, socket.SOCK_DGRAM)
        if not sending:
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))

    def close(self):
        self.socket.close()

    def send_raw(self, packet, universe=1, to=None):
        self.socket.sendto(packet, (to or group(universe, self.family), self.port))

    def send(self, universe, *slots, to=None, **how):
        self.sequences[universe] = (self.sequences.get(universe, 0) + 1) % 256
        how = {"cid": self.cid, "name": self.name, "priority": self.priority, "sequence": self.sequences[universe], **how}
        self.send_raw(data(universe, slots, **how), universe, to)

    def prioritize(self, universe, *slots):
        self.send(universe, *slots, start_code=0xDD)

    def end(self, universe):
        for _ in range(3):
            self.send(universe, options=TERMINATED)

    def sync(self, universe):
        self.send_raw(sync(universe, cid=self.cid), universe)


class Receiver:
    """Hears groups of universes on the loopback device, and keeps what it takes."""

    def __init__(self, port, *universes):
        self.packets = []  # all that came, as bytes
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
        self.socket.bind(("", port))
        for universe in universes:
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                   socket.inet_aton(group(universe)) + socket.inet_aton("127.0.0.1"))

    def close(self):
        self.socket.close()

    def take(self, timeout=PATIENCE, slots=(), **wanted):
        """Takes packets until one has all of these, and begins with these slots; returns it."""
        deadline = time.monotonic() + timeout
        while True:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.0001))
            try:
                self.packets.append(self.socket.recv(2048))
            except TimeoutError:
                raise AssertionError(f"no packet with {wanted}, {slots} within {timeout} s") from None
            packet = decode(self.packets[-1])
            if all(packet.get(key) == value for key, value in wanted.items()) and packet.get("slots", b"")[:len(slots)] == bytes(slots):
                return packet

    def rest(self, seconds):
        """Takes what comes in that time."""
        found, deadline = [], time.monotonic() + seconds
        with contextlib.suppress(AssertionError):
            while True:
                found.append(self.take(max(deadline - time.monotonic(), 0)))
        return found
