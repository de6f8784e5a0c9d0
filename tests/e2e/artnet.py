# SPDX-License-Identifier: BSD-2-Clause
"""Art-Net for the tests: just enough for an independent check of the product's packets, and a peer that speaks it."""

import socket
import struct
import time

from waiting import PATIENCE

POLL, REPLY, DMX, SYNC, TIMECODE = 0x2000, 0x2100, 0x5000, 0x5200, 0x9700


def _header(code):
    return b"Art-Net\0" + struct.pack("<H", code) + struct.pack(">H", 14)


def dmx(net, universe, slots, sequence=0):
    data = bytes(slots) + b"\0" * (len(slots) % 2)
    return _header(DMX) + struct.pack(">BBBBH", sequence, 0, universe, net, len(data)) + data


def poll():
    return _header(POLL) + b"\0\0"


def sync():
    return _header(SYNC) + b"\0\0"


def timecode(hours, minutes, seconds, frames, kind):
    return _header(TIMECODE) + bytes([0, 0, frames, seconds, minutes, hours, kind])


def reply(port, net, subnet, outputs, bind_index=1):
    """What a node says that sends what it receives for these universes to DMX."""
    packet = bytearray(239)
    packet[:10] = b"Art-Net\0" + struct.pack("<H", REPLY)
    struct.pack_into("<H", packet, 14, port)
    packet[18:20] = net, subnet
    struct.pack_into(">H", packet, 172, len(outputs))
    for n, universe in enumerate(outputs):
        packet[174 + n], packet[190 + n] = 0x80, universe
    packet[211] = bind_index
    return bytes(packet)


def decode(packet):
    """A packet as a dictionary. Asserts what holds for every packet of its kind."""
    assert packet[:8] == b"Art-Net\0", packet
    code, = struct.unpack_from("<H", packet, 8)
    if code == REPLY:
        assert len(packet) == 239
        return {"code": code, "ip": socket.inet_ntoa(packet[10:14]), "port": struct.unpack_from("<H", packet, 14)[0], "net": packet[18],
                "subnet": packet[19], "name": packet[26:44].split(b"\0")[0].decode(), "ports": struct.unpack_from(">H", packet, 172)[0],
                "type": packet[174], "good": packet[182], "output": packet[190], "bind_index": packet[211], "status2": packet[212]}
    assert struct.unpack_from(">H", packet, 10)[0] == 14, "the version of the protocol"
    if code != DMX:
        return {"code": code}
    sequence, _, universe, net, length = struct.unpack_from(">BBBBH", packet, 12)
    assert length == len(packet) - 18 and length % 2 == 0
    return {"code": code, "sequence": sequence, "net": net, "universe": universe, "slots": packet[18:], "at": time.monotonic()}


class Peer:
    """A node or console: a UDP socket with an address of its own, which keeps what it takes."""

    def __init__(self, show_port, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.show = ("127.0.0.1", show_port)
        self.packets = []  # all that came, as bytes

    def close(self):
        self.socket.close()

    def send(self, packet):
        self.socket.sendto(packet, self.show)

    def receive(self):
        self.packets.append(self.socket.recv(2048))
        return self.packets[-1]

    def take(self, timeout=PATIENCE, **wanted):
        """Takes packets until one has all of these; returns that one."""
        deadline = time.monotonic() + timeout
        while True:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.0001))
            try:
                packet = decode(self.receive())
            except TimeoutError:
                raise AssertionError(f"no packet with {wanted} within {timeout} s") from None
            if all(packet.get(name) == value for name, value in wanted.items()):
                return packet

    def frame(self, *values, timeout=PATIENCE, **wanted):
        """Takes packets until one has frames whose first slots have these values; returns it."""
        deadline = time.monotonic() + timeout
        while True:
            packet = self.take(deadline - time.monotonic(), code=DMX, **wanted)
            if packet["slots"][:len(values)] == bytes(values):
                return packet

    def frames(self, seconds):
        """Takes the frames of that time."""
        deadline, found = time.monotonic() + seconds, []
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                packet = decode(self.receive())
            except TimeoutError:
                break
            found += [packet] if packet["code"] == DMX else []
        return found


def capture(path, packets, port=6454):
    """Writes packets as if they had been captured on the way to a protocol's own port."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))  # of IP packets
        for n, packet in enumerate(packets):
            udp = struct.pack(">HHHH", port, port, 8 + len(packet), 0) + packet
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), n, 0, 64, 17, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])) + udp
            file.write(struct.pack("<IIII", n, 0, len(ip), len(ip)) + ip)
