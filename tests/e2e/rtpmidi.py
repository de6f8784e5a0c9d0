# SPDX-License-Identifier: BSD-2-Clause
"""RTP-MIDI for the tests: packets, a peer with sessions, and a relay between two that loses what it is told to."""

import select
import socket
import struct
import threading
import time

from waiting import PATIENCE
from wire import free_port

SSRC = 0x01020304


def invitation(command, token, ssrc=SSRC, name=None):
    tail = b"" if name is None else name.encode() + b"\0"
    return b"\xff\xff" + command + struct.pack(">III", 2, token, ssrc) + tail


def clock(count, times, ssrc=SSRC):
    return b"\xff\xffCK" + struct.pack(">IB3xQQQ", ssrc, count, *times)


def receipt(sequence, ssrc=SSRC):
    return b"\xff\xffRS" + struct.pack(">IHH", ssrc, sequence & 0xFFFF, 0)


def rtp(sequence, commands, journal=b"", ssrc=SSRC):
    flags = 0x8000 | (0x4000 if journal else 0)
    return struct.pack(">BBHII", 0x80, 0xE1, sequence & 0xFFFF, 1, ssrc) + struct.pack(">H", flags | len(commands)) + commands + journal


def is_session(packet):
    return packet[:2] == b"\xff\xff"


def decode(packet):
    """A packet as a dictionary. Asserts what holds for every one that the product sends."""
    if is_session(packet):
        command = packet[2:4]
        if command == b"CK":
            ssrc, count, *times = struct.unpack(">IB3xQQQ", packet[4:])
            return {"command": command, "ssrc": ssrc, "count": count, "times": times}
        if command == b"RS":
            ssrc, sequence, _ = struct.unpack(">IHH", packet[4:])
            return {"command": command, "ssrc": ssrc, "sequence": sequence}
        version, token, ssrc = struct.unpack(">III", packet[4:16])
        assert version == 2 and (packet[16:] == b"" or packet[-1] == 0)
        return {"command": command, "ssrc": ssrc, "token": token, "name": packet[16:-1].decode()}
    first, kind, sequence, _, ssrc, header = struct.unpack(">BBHIIH", packet[:14])
    assert (first, kind, header & 0xF000) == (0x80, 0xE1, 0xC000)
    length = header & 0xFFF
    return {"command": None, "ssrc": ssrc, "sequence": sequence, "list": packet[14:14 + length], "journal": packet[14 + length:]}


def free_ports():
    """Two free ports, one after the other: for control and data."""
    while True:
        first = free_port()
        if free_port() == first + 1:
            return first


class Peer:
    """A session, or a sender without one, with code of its own: it keeps what it takes, and answers clocks."""

    def __init__(self, host="127.0.0.1"):
        self.port = free_ports()
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for n, sock in enumerate(self.sockets):
            sock.bind((host, self.port + n))
        self.show = None  # (host, control port)
        self.sequence = 0
        self.packets = []  # (port of ours, of theirs, whether it came in, bytes), all of them
        self.taken = []  # what came and nobody asked for, as dictionaries
        self.is_answering = True

    def close(self):
        for sock in self.sockets:
            sock.close()

    def send(self, packet, data=True, to=None):
        to = to or (self.show[0], self.show[1] + data)
        self.packets.append((self.port + data, to[1], False, packet))
        self.sockets[data].sendto(packet, to)

    def play(self, commands, journal=b"", skip=0):
        """Plays; `skip` packets before this one seem to be lost."""
        self.sequence += 1 + skip
        self.send(rtp(self.sequence, commands, journal))

    def receive(self, timeout):
        """Waits for one packet, and answers it if it is a clock or an invitation. False if none comes."""
        ready, _, _ = select.select(self.sockets, [], [], max(timeout, 0.0001))
        for sock in ready:
            packet, sender = sock.recvfrom(65536)
            data = sock is self.sockets[1]
            self.packets.append((self.port + data, sender[1], True, packet))
            found = decode(packet)
            found.update(data=data, sender=sender)
            self.taken.append(found)
            if self.is_answering and found["command"] == b"CK" and found["count"] == 0:
                self.send(clock(1, [found["times"][0], 7, 0]), data, sender)
            if self.is_answering and found["command"] == b"IN":
                self.show = (sender[0], sender[1] - data)
                self.send(invitation(b"OK", found["token"], name="peer"), data, sender)
        return bool(ready)

    def take(self, command, timeout=PATIENCE, **wanted):
        """Takes the oldest packet of a kind (None: RTP) in which everything is as wanted."""
        deadline = time.monotonic() + timeout
        while True:
            for index, found in enumerate(self.taken):
                if found["command"] == command and all(found[name] == value for name, value in wanted.items()):
                    del self.taken[index]
                    return found
            if not self.receive(deadline - time.monotonic()):
                raise AssertionError(f"no {command} with {wanted} within {timeout} s: {self.taken}")

    def heard(self, commands):
        """Takes the packet with these commands."""
        return self.take(None, list=commands)

    def rest(self, seconds):
        """Takes what comes in this time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.receive(end - time.monotonic())

    def join(self, data_port, token=0x11, name="peer"):
        """Invites a show, on both ports. Returns the answers."""
        self.show = ("127.0.0.1", data_port - 1)
        self.send(invitation(b"IN", token, name=name), data=False)
        first = self.take(b"OK", data=False)
        self.send(invitation(b"IN", token, name=name))
        return first, self.take(b"OK", data=True)


class Relay:
    """Stands between a show that has it as its peer and another; loses packets of RTP for which `loses` is true."""

    def __init__(self, data_port):
        self.port = free_ports()  # of control, for the one that invites
        self.there = data_port - 1
        self.loses = lambda packet: False
        self.n_lost = 0
        self.near = [self.bound(self.port + n) for n in range(2)]
        self.far = [self.bound(0) for _ in range(2)]
        self.inviter = [None, None]
        self.is_over = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    @staticmethod
    def bound(port):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", port))
        return sock

    def run(self):
        while not self.is_over:
            for sock in select.select([*self.near, *self.far], [], [], 0.1)[0]:
                self.pass_on(sock)

    def pass_on(self, sock):
        packet, sender = sock.recvfrom(65536)
        if not is_session(packet) and self.loses(packet):
            self.n_lost += 1
        elif sock in self.near:
            n = self.near.index(sock)
            self.inviter[n] = sender
            self.far[n].sendto(packet, ("127.0.0.1", self.there + n))
        else:
            n = self.far.index(sock)
            if self.inviter[n]:
                self.near[n].sendto(packet, self.inviter[n])

    def close(self):
        self.is_over = True
        self.thread.join()
        for sock in [*self.near, *self.far]:
            sock.close()


def capture(path, packets, host=b"\x7f\0\0\x01"):
    """Writes what a peer has sent and received, as if it had been captured: see Peer.packets."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))  # of IP packets
        for n, (own, other, is_in, packet) in enumerate(packets):
            source, to = (other, own) if is_in else (own, other)
            udp = struct.pack(">HHHH", source, to, 8 + len(packet), 0) + packet
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), n, 0, 64, 17, 0, host, host) + udp
            file.write(struct.pack("<IIII", n, 0, len(ip), len(ip)) + ip)
