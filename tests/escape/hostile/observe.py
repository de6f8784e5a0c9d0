# SPDX-License-Identifier: BSD-2-Clause
"""What a script can find out about the network, a line each: 'saw WHAT -> RESULT'. Runs inside as a module of a show,
and outside as the control, in a network namespace made by the test. It only reads what others share."""

import fcntl
import os
import socket
import struct

from attacklib import INSIDE, outcome, say

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
HOSTS = ("127.0.0.1", "127.0.0.2", "0.0.0.0", "10.0.0.1", "192.168.1.1", "8.8.8.8", "224.0.0.1", "255.255.255.255", "::1", "::",
         "fe80::1%1", "fe80::1%2", "ff02::1%1", "ff02::1%2", "2001:4860:4860::8888", "::ffff:8.8.8.8")
NAMES = ("localhost", "ip6-localhost", "example.com", "_gateway", "127.0.0.1", "::1", None)
FILES = ("/proc/net/dev", "/proc/net/tcp", "/proc/net/route", "/proc/self/net/if_inet6", "/sys/class/net", "/etc/resolv.conf",
         "/run/systemd/resolve/resolv.conf", "/proc/sys/net/ipv4/ip_forward")
# SO_INCOMING_CPU, two cookies, TCP_INFO and TCP_TIMESTAMP: of this socket and this moment, not of a network
MOMENTARY = ((1, 49), (1, 57), (1, 71), (6, 11), (6, 24))
# SIOCGIF…: name, configuration, flags, addresses, metric, MTU, hardware, index, count, queue, map
QUESTIONS = (0x8910, 0x8912, 0x8913, 0x8915, 0x8917, 0x8919, 0x891B, 0x891D, 0x8921, 0x8927, 0x8933, 0x8938, 0x8942, 0x8970)
INDEXES = range(10)


def family(host):
    return socket.AF_INET6 if host and ":" in host else socket.AF_INET


def with_socket(kind, of, use):
    with socket.socket(of, kind) as made:
        made.settimeout(0.2)
        return use(made)


def connections():
    for host in HOSTS:
        for kind, name in ((TCP, "tcp"), (UDP, "udp")):
            for port in (9, 53):
                yield f"{name} {host} {port}", lambda: with_socket(kind, family(host), lambda s: s.connect((host, port)))
            yield f"bind {name} {host}", lambda: with_socket(kind, family(host), lambda s: s.bind((host, 0)))
        yield f"sendto {host}", lambda: with_socket(UDP, family(host), lambda s: s.sendto(b"x", (host, 9)))
        yield f"sendmsg {host}", lambda: with_socket(UDP, family(host), lambda s: s.sendmsg([b"x"], [], 0, (host, 9)))


def names():
    for name in NAMES:
        for flags in (0, socket.AI_ADDRCONFIG, socket.AI_PASSIVE):
            yield f"name {name} {flags}", lambda: socket.getaddrinfo(name, 80, type=TCP, flags=flags)
    yield "reverse", lambda: socket.gethostbyaddr("127.0.0.1")


def interfaces():
    yield "if_nameindex", socket.if_nameindex
    for name in ("lo", "eth0"):
        yield f"index of {name}", lambda: socket.if_nametoindex(name)
        yield f"bound to {name}", lambda: with_socket(
            UDP, socket.AF_INET, lambda s: s.setsockopt(socket.SOL_SOCKET, 25, name.encode()))
    for kind in (socket.AF_NETLINK, socket.AF_PACKET):
        yield f"family {kind}", lambda: socket.socket(kind, socket.SOCK_RAW).close()
    for request in QUESTIONS:
        yield f"ioctl {request:#x}", lambda: with_socket(
            UDP, socket.AF_INET, lambda s: fcntl.ioctl(s, request, struct.pack("16s24x", b"lo")).hex())


def options():
    group4, group6 = socket.inet_aton("224.1.2.3"), socket.inet_pton(socket.AF_INET6, "ff02::1:2")
    for index in INDEXES:
        for at in ("0.0.0.0", "127.0.0.1"):
            for option in (socket.IP_ADD_MEMBERSHIP, socket.IP_MULTICAST_IF):
                yield f"ipv4 option {option} {at} {index}", lambda: with_socket(UDP, socket.AF_INET, lambda s: s.setsockopt(
                    socket.IPPROTO_IP, option, group4 + socket.inet_aton(at) + struct.pack("i", index)))
        for option, value in ((socket.IPV6_JOIN_GROUP, group6 + struct.pack("i", index)),
                              (socket.IPV6_MULTICAST_IF, struct.pack("i", index)), (76, struct.pack("!i", index))):
            yield f"ipv6 option {option} {index}", lambda: with_socket(
                UDP, socket.AF_INET6, lambda s: s.setsockopt(socket.IPPROTO_IPV6, option, value))
        yield f"bound to interface {index}", lambda: with_socket(
            UDP, socket.AF_INET, lambda s: s.setsockopt(socket.SOL_SOCKET, 62, index))
    for kind, of, level in ((TCP, socket.AF_INET, 1), (TCP, socket.AF_INET, 6), (UDP, socket.AF_INET, 0), (UDP, socket.AF_INET6, 41),
                            (UDP, socket.AF_INET, 17)):
        for option in range(90):
            if (level, option) not in MOMENTARY:
                yield f"value of {level} {option} {of.name}", lambda: with_socket(
                    kind, of, lambda s: s.getsockopt(level, option, 64).hex())


def others():
    yield "own name of a socket", lambda: with_socket(UDP, socket.AF_INET, lambda s: s.getsockname())
    yield "received", lambda: with_socket(UDP, socket.AF_INET, lambda s: s.recv(10))
    yield "listen", lambda: with_socket(TCP, socket.AF_INET, lambda s: s.listen())
    yield "unconnected", lambda: with_socket(TCP, socket.AF_INET, lambda s: s.send(b"x"))
    for path in FILES:
        yield f"file {path}", lambda: os.listdir(path) if os.path.isdir(path) else open(path).read(2000)


def observe():
    found = []
    for part in (connections, interfaces, options, others, *([names] if INSIDE else [])):  # outside, names take their time
        for what, function in part():
            found.append(f"saw {what} -> {outcome(function)}")
    for at in range(0, len(found), 8):
        say(" | ".join(found[at : at + 8]))
    say("observed all")


observe()
