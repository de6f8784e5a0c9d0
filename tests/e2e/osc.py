# SPDX-License-Identifier: BSD-2-Clause
"""Open Sound Control for the tests: just enough for an independent check of the product's packets."""

import struct


def _padded(text):
    raw = text.encode() + b"\0"
    return raw + b"\0" * (-len(raw) % 4)


_FORMATS = {"i": ">i", "f": ">f", "h": ">q", "d": ">d"}


def encode(path, types="", values=()):
    packet = _padded(path) + _padded("," + types)
    for kind, value in zip(types, values, strict=True):
        packet += _padded(value) if kind == "s" else struct.pack(_FORMATS[kind], value)
    return packet


def bundle(*packets):
    return b"#bundle\0" + struct.pack(">Q", 1) + b"".join(struct.pack(">I", len(p)) + p for p in packets)


def _string(packet, at):
    end = packet.index(b"\0", at)
    return packet[at:end].decode(), end + 4 - end % 4


def decode(packet):
    """Returns all messages of a packet, including those in bundles, as (path, types, values)."""
    if packet.startswith(b"#bundle\0"):
        messages, at = [], 16
        while at < len(packet):
            (size,) = struct.unpack_from(">I", packet, at)
            messages += decode(packet[at + 4 : at + 4 + size])
            at += 4 + size
        return messages
    path, at = _string(packet, 0)
    types, at = _string(packet, at)
    values = []
    for kind in types[1:]:
        if kind == "s":
            value, at = _string(packet, at)
        else:
            (value,) = struct.unpack_from(_FORMATS[kind], packet, at)
            at += struct.calcsize(_FORMATS[kind])
        values.append(value)
    return [(path, types[1:], values)]
