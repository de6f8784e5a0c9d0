# SPDX-License-Identifier: BSD-2-Clause
"""The example's announcement: Avahi, in a network of the test, tells another machine of the session."""

import os
import shutil
import socket
import struct
import subprocess

import artnet
import pytest
from harness import TOP
from waiting import until

AVAHI = shutil.which("avahi-daemon", path="/usr/sbin:/usr/bin")

pytestmark = [pytest.mark.skipif(not AVAHI, reason="needs avahi-daemon, which announces"),
              pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark, whose dissector is the judge"),
              pytest.mark.skipif(os.getuid() != 0, reason="needs root, for two networks that are joined")]

# What it writes, and where it looks for services, are folders of its own.
ALONE = """
mount -t tmpfs none /run
mount --bind "$1" /etc/avahi/services
exec "$0" --no-drop-root --no-rlimits --no-chroot -f "$2/avahi.conf"
"""
CONFIGURATION = "[server]\nhost-name=stage\nenable-dbus=no\nuse-ipv6=no\nallow-interfaces=cable\n[wide-area]\nenable-wide-area=no\n"
TYPES = {"PTR": 12, "SRV": 33}


def question(name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", 0, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", TYPES[kind], 0x8001)


def answer(asker, name, kind, path):
    """Asks until Avahi knows the name. Returns what tshark reads in the answer."""
    packets = []

    def is_answered():
        asker.sendto(question(name, kind), ("10.9.0.1", 5353))
        try:
            packets.append(asker.recv(9000))
        except TimeoutError:
            return False
        return struct.unpack(">H", packets[-1][6:8])[0] > 0

    until(is_answered, f"nobody knows {name}")
    artnet.capture(path, packets[-1:], port=5353)
    fields = ["dns.ptr.domain_name", "dns.srv.port", "dns.srv.target", "dns.a"]
    done = subprocess.run(["tshark", "-r", path, "-T", "fields", *(word for field in fields for word in ("-e", field))],
                          check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout.split()


def test_a_session_is_found(networks, tmp_path):
    (networks.folder / "avahi.conf").write_text(CONFIGURATION)
    networks.start(*networks.ours, "unshare", "-m", "sh", "-c", ALONE, AVAHI, str(TOP / "examples/rtpmidi"), str(networks.folder))
    asker = networks.socket(1, socket.AF_INET)
    asker.settimeout(0.5)
    assert answer(asker, "_apple-midi._udp.local", "PTR", tmp_path / "packets") == ["desk._apple-midi._udp.local"]
    assert answer(asker, "desk._apple-midi._udp.local", "SRV", tmp_path / "packets") == ["5004", "stage.local", "10.9.0.1"]
