# SPDX-License-Identifier: BSD-2-Clause
"""Rows 29 to 36. `ports` holds the numbers: ALLOWED, UDP_ALLOWED and HOLE may be reached, DENIED and UDP_DENIED not."""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import threading
import time

import ports
from attacklib import CALLS, CAPABILITIES, GATE, INSIDE, attack, check, go, libc, main, put_in_place, syscall  # noqa: F401 (go: a handler)

EACCES = "errno EACCES"
HOST = "127.0.0.1"
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM


def address(host, port):
    return struct.pack("<H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)


def new(kind=TCP, family=socket.AF_INET, protocol=0):
    made = socket.socket(family, kind, protocol)
    made.settimeout(5)
    return made


def connect(kind, host, port, family=socket.AF_INET):
    with new(kind, family) as client:
        client.connect((host, port))


def raw_connect(client, packed):
    return check(libc.connect(client.fileno(), packed, len(packed)), "connect")


def send(host, port, family=socket.AF_INET, flags=0):
    with new(UDP, family) as client:
        return client.sendto(b"attack", flags, (host, port))


# What the options allow, to show that not everything is refused

@attack(29, "ok None", GATE)
def allowed_tcp():
    connect(TCP, HOST, ports.ALLOWED)


@attack(29, "ok 6", GATE)
def allowed_udp():
    return send(HOST, ports.UDP_ALLOWED)


@attack(29, EACCES, GATE)
def denied_tcp():
    connect(TCP, HOST, ports.DENIED)


@attack(29, EACCES, GATE)
def denied_udp():
    return send(HOST, ports.UDP_DENIED)


@attack(29, EACCES, GATE)
def denied_host():
    connect(TCP, "127.0.0.2", ports.ALLOWED)


@attack(29, "ok None", GATE)
def allowed_by_a_range():
    connect(TCP, "::1", ports.RANGED, socket.AF_INET6)


# 29: the address changes between check and use

def _swap(seconds, use, good, bad):
    """Two threads write the address while this one uses it. Returns how often it worked and how often it was refused."""
    buffer, stop = ctypes.create_string_buffer(good, 16), threading.Event()

    def swap():
        while not stop.is_set():
            for packed in (bad, good) * 20:
                ctypes.memmove(buffer, packed, 16)

    threads = [threading.Thread(target=swap, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    worked = refused = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            use(buffer)
            worked += 1
        except PermissionError:
            refused += 1
        except OSError:
            time.sleep(0.02)  # the quota of connections
    stop.set()
    for thread in threads:
        thread.join()
    return f"{worked > 0} {refused > 0}"


@attack(29, "ok True True", GATE, outside="ok True False")
def swapped_while_connecting():
    def use(buffer):
        with new() as client:
            client.setblocking(False)
            try:
                check(libc.connect(client.fileno(), buffer, 16))
            except BlockingIOError as error:
                if error.errno == 11:
                    raise OSError("quota") from None
    return _swap(0.8, use, address(HOST, ports.ALLOWED), address(HOST, ports.DENIED))


@attack(29, "ok True True", GATE, outside="ok True False")
def swapped_while_sending():
    client = new(UDP)
    return _swap(0.5, lambda buffer: syscall(44, client.fileno(), b"swapped", 7, 0, buffer, 16),
                 address(HOST, ports.UDP_ALLOWED), address(HOST, ports.UDP_DENIED))


@attack(29, "ok True True", GATE, outside="ok True False")
def swapped_while_sending_a_message():
    client = new(UDP)
    text = ctypes.create_string_buffer(b"swapped")

    def use(buffer):
        part = struct.pack("<QQ", ctypes.addressof(text), 7)
        keep = ctypes.create_string_buffer(part, 16)
        syscall(46, client.fileno(), struct.pack("<QIxxxxQQQQIxxxx", ctypes.addressof(buffer), 16, ctypes.addressof(keep), 1, 0, 0, 0), 0)
    return _swap(0.5, use, address(HOST, ports.UDP_ALLOWED), address(HOST, ports.UDP_DENIED))


# 30: other ways to write an address

@attack(30, "ok None", GATE)
def mapped_allowed():
    connect(TCP, "::ffff:127.0.0.1", ports.ALLOWED, socket.AF_INET6)


@attack(30, EACCES, GATE)
def mapped_denied():
    connect(TCP, "::ffff:127.0.0.1", ports.DENIED, socket.AF_INET6)


@attack(30, EACCES, GATE)
def mapped_denied_udp():
    return send("::ffff:127.0.0.1", ports.UDP_DENIED, socket.AF_INET6)


@attack(30, EACCES, GATE)
def range_of_ipv6():
    """What is open is [::/0]."""
    connect(TCP, HOST, ports.RANGED)


@attack(30, EACCES, GATE)
def range_of_ipv6_by_a_mapped_address():
    connect(TCP, "::ffff:127.0.0.1", ports.RANGED, socket.AF_INET6)


@attack(30, "ok 1", GATE, outside="ok 0")
def ipv4_by_a_server_of_ipv6():
    """A socket that is bound to [::] accepts IPv4, too, unless it is told not to."""
    with new(TCP, socket.AF_INET6) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", ports.FREE_V6))
        return server.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


# 52: groups and interfaces of the host

V4 = socket.inet_aton


@attack(52, EACCES, GATE)
def group():
    new(UDP).setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, V4("239.7.7.7") + V4(HOST))


@attack(52, EACCES, GATE)
def group_left():
    with new(UDP) as client:
        if not INSIDE:
            client.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, V4("239.7.7.7") + V4(HOST))
        client.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, V4("239.7.7.7") + V4(HOST))


@attack(52, EACCES, GATE)
def group_on_a_socket_that_was_put_in_place():
    with new(UDP) as client:
        client.sendto(b"attack", (HOST, ports.UDP_ALLOWED))
        client.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, V4("239.7.7.7") + V4(HOST))


@attack(52, EACCES, GATE)
def interface_by_its_address():
    with new(UDP) as client:
        client.sendto(b"attack", (HOST, ports.UDP_ALLOWED))
        client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, V4("127.0.0.2"))


@attack(52, EACCES, GATE)
def interface_by_its_number():
    with new(UDP) as client:
        client.sendto(b"attack", (HOST, ports.UDP_ALLOWED))
        client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, bytes(8) + struct.pack("i", 1))


@attack(52, EACCES, GATE)
def interface_of_ipv6():
    with new(UDP, socket.AF_INET6) as client:
        client.sendto(b"attack", ("::1", ports.UDP_ALLOWED))
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, 1)


@attack(52, EACCES, GATE)
def group_changed_between_check_and_use():
    group = ctypes.create_string_buffer(V4(HOST) + V4(HOST), 8)  # which an option covers, but is no group
    good, bad = bytes(group), V4("239.7.7.7") + V4(HOST)
    stop, client = threading.Event(), new(UDP)

    def swap():
        while not stop.is_set():
            for packed in (bad, good) * 20:
                ctypes.memmove(group, packed, 8)

    threading.Thread(target=swap, daemon=True).start()
    refused, deadline = None, time.monotonic() + 0.5
    try:
        while time.monotonic() < deadline:
            try:
                syscall(54, client.fileno(), socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group, 8)
                return "joined"
            except PermissionError as error:
                refused = error
            except OSError:
                pass  # no group
    finally:
        stop.set()
    raise refused


@attack(30, EACCES, GATE)
def unspecified_denied():
    connect(TCP, "0.0.0.0", ports.DENIED)


@attack(30, EACCES, GATE, outside="ok|errno ECONNREFUSED")
def unspecified_v6_denied():
    connect(TCP, "::", ports.DENIED, socket.AF_INET6)


@attack(30, EACCES, GATE)
def mapped_unspecified_denied():
    connect(TCP, "::ffff:0.0.0.0", ports.DENIED, socket.AF_INET6)


@attack(30, EACCES, GATE, outside="errno E(CONNREFUSED|ADDRNOTAVAIL|NETUNREACH)")
def port_zero():
    connect(TCP, HOST, 0)


@attack(30, "errno E(INVAL|ACCES)", GATE, outside="errno EINVAL")
def port_zero_udp():
    return send(HOST, 0)


@attack(30, EACCES, GATE)
def connected_again_elsewhere():
    with new(UDP) as client:
        client.connect((HOST, ports.UDP_ALLOWED))
        client.connect((HOST, ports.UDP_DENIED))
        return client.send(b"attack")


@attack(30, EACCES, GATE)
def unconnected_then_elsewhere():
    with new(UDP) as client:
        client.connect((HOST, ports.UDP_ALLOWED))
        raw_connect(client, bytes(16))  # AF_UNSPEC
        return client.sendto(b"attack", (HOST, ports.UDP_DENIED))


@attack(30, "errno EDESTADDRREQ", GATE, outside="errno EDESTADDRREQ")
def unconnected_then_sent_without_address():
    with new(UDP) as client:
        client.connect((HOST, ports.UDP_ALLOWED))
        raw_connect(client, bytes(16))
        return client.send(b"attack")


@attack(30, r"errno E(ACCES|AFNOSUPPORT|ISCONN)", GATE)
def tcp_unconnected_then_elsewhere():
    with new() as client:
        client.connect((HOST, ports.ALLOWED))
        raw_connect(client, bytes(16))
        client.connect((HOST, ports.DENIED))


@attack(30, EACCES, GATE)
def sent_from_a_connected_socket():
    with new(UDP) as client:
        client.connect((HOST, ports.UDP_ALLOWED))
        return client.sendto(b"attack", (HOST, ports.UDP_DENIED))


@attack(30, "errno E(INVAL|FAULT)", GATE, outside="errno E(INVAL|FAULT)")
def short_and_long_and_absent_addresses():
    errors = set()
    for packed, length in ((address(HOST, ports.ALLOWED), 4), (bytes(4096), 4096), (None, 16), (b"", 0),
                           (ctypes.c_void_p(-4096), 16)):
        with new() as client:
            try:
                errors.add(str(syscall(42, client.fileno(), 0 if packed is None else packed, length)))
            except OSError as error:
                errors.add(error.errno)
    assert errors <= {14, 22}, errors
    raise OSError(22, "all of them")


@attack(30, EACCES + "|ok 6", GATE)  # sent to 127.0.0.1, which was judged; the denied address gets nothing
def the_source_decides_what_unspecified_means():
    """To the kernel 0.0.0.0 is the address to which the socket is bound: here one that no option allows."""
    with new(UDP) as client:
        client.bind(("127.0.0.2", 0))
        return client.sendto(b"attack", ("0.0.0.0", ports.UDP_ALLOWED))


# 31: other protocols

@attack(31, r"errno E(OPNOTSUPP|ACCES|PROTONOSUPPORT)", GATE, outside=r"ok|errno E(PROTONOSUPPORT|NOPROTOOPT)")
def mptcp():
    with new(protocol=262) as client:
        client.connect((HOST, ports.DENIED))


@attack(31, r"errno E(OPNOTSUPP|ACCES|PROTONOSUPPORT)", GATE, outside=r"errno E(PROTONOSUPPORT|CONNREFUSED)|ok")
def sctp():
    with new(protocol=132) as client:
        client.connect((HOST, ports.DENIED))


@attack(31, r"errno E(OPNOTSUPP|ACCES|PROTONOSUPPORT)", GATE, outside=r"ok|errno EPROTONOSUPPORT")
def udp_lite():
    with new(UDP, protocol=136) as client:
        return client.sendto(b"attack", (HOST, ports.UDP_DENIED))


@attack(31, "errno E(PERM|ACCES)", CAPABILITIES, needs_root=True)
def raw_socket():
    with new(socket.SOCK_RAW, protocol=1) as client:
        return client.sendto(b"\x08\0\xf7\xff\0\0\0\0", (HOST, 0))


@attack(31, "errno E(PERM|ACCES|OPNOTSUPP)", GATE, outside="ok|errno EACCES")
def ping_socket():
    with new(UDP, protocol=1) as client:
        return client.sendto(b"\x08\0\xf7\xff\0\0\0\0", (HOST, 0))


@attack(31, "errno E(ISCONN|ACCES)", GATE, outside="ok|errno E(OPNOTSUPP|INPROGRESS)")
def fastopen_sendto():
    with new() as client:
        return client.sendto(b"attack", socket.MSG_FASTOPEN, (HOST, ports.DENIED))


@attack(31, "errno E(ISCONN|ACCES)", GATE, outside="ok|errno E(OPNOTSUPP|INPROGRESS)")
def fastopen_sendmsg():
    with new() as client:
        return client.sendmsg([b"attack"], [], socket.MSG_FASTOPEN, (HOST, ports.DENIED))


@attack(31, "errno ENOSYS", CALLS, outside="ok|errno EINPROGRESS")
def fastopen_connect_option():
    with new() as client:
        client.setsockopt(socket.IPPROTO_TCP, 30, 1)  # TCP_FASTOPEN_CONNECT
        client.connect((HOST, ports.DENIED))
        return client.send(b"attack")


@attack(31, "errno EPERM|" + EACCES, CALLS)
def sendmmsg():
    with new(UDP) as client:
        text = ctypes.create_string_buffer(b"attack")
        part = ctypes.create_string_buffer(struct.pack("<QQ", ctypes.addressof(text), 6), 16)
        to = ctypes.create_string_buffer(address(HOST, ports.UDP_DENIED), 16)
        message = struct.pack("<QIxxxxQQQQIxxxxIxxxx", ctypes.addressof(to), 16, ctypes.addressof(part), 1, 0, 0, 0, 0)
        return syscall(307, client.fileno(), message, 1, 0)


@attack(31, r"errno E(OPNOTSUPP|ACCES)", GATE)
def sendmsg_with_control_messages():
    """IP_PKTINFO, IP_RETOPTS: not only the address decides where a packet goes."""
    with new(UDP) as client:
        control = [(socket.IPPROTO_IP, 8, struct.pack("<i4s4s", 0, bytes(4), bytes(4)))]
        return client.sendmsg([b"attack"], control, 0, (HOST, ports.UDP_ALLOWED))


@attack(31, r"errno E(PERM|ACCES|NOPROTOOPT|INVAL|NOSYS)", CALLS, needs_root=True)
def source_route():
    """IP_OPTIONS: the packets to an allowed address go to 127.0.0.3 first (LSRR)."""
    with new(UDP) as client:
        client.connect((HOST, ports.UDP_ALLOWED))
        client.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x83\x07\x04" + socket.inet_aton("127.0.0.3") + b"\x00")
        return client.send(b"attack")


@attack(31, r"errno E(PERM|ACCES|NOPROTOOPT|INVAL|NOSYS)", CALLS)
def source_route_v6():
    """IPV6_RTHDR of type 4 (SRv6), which needs no privileges: packets for ::1 go to fd00::3 first."""
    with new(UDP, socket.AF_INET6) as client:
        client.connect(("::1", ports.UDP_ALLOWED))
        hops = [socket.inet_pton(socket.AF_INET6, host) for host in ("::1", "fd00::3")]
        header = struct.pack("BBBBBBH", 0, 4, 4, 1, 1, 0, 0) + b"".join(hops)
        client.setsockopt(socket.IPPROTO_IPV6, 57, header)
    return "set"


# 32 and 33: during connect()

def _blocked(host=HOST):
    """Makes a client whose connect() waits in a thread. Returns (socket, thread, errors)."""
    client, errors = socket.socket(), []

    def run():
        try:
            raw_connect(client, address(host, ports.HOLE))
            errors.append(0)
        except OSError as error:
            errors.append(error.errno)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return client, thread, errors


@attack(32, r"ok waited", GATE, outside=r"ok waited")
def nonblocking_flipped():
    clients = [_blocked() for _ in range(8)]
    deadline = time.monotonic() + 0.8
    while time.monotonic() < deadline:
        for client, _, _ in clients:
            flags = fcntl.fcntl(client, fcntl.F_GETFL)
            fcntl.fcntl(client, fcntl.F_SETFL, flags ^ os.O_NONBLOCK)
    waiting = sum(thread.is_alive() for _, thread, _ in clients)
    return "waited" if waiting else f"nobody {[e for _, _, e in clients]}"


@attack(33, r"ok stormed", GATE, control=None)
def signal_storm():
    signal.signal(signal.SIGUSR1, lambda *_: None)
    client, thread, errors = _blocked()
    time.sleep(0.05)
    tids = [thread.native_id]
    for _ in range(2000):
        for tid in tids:
            syscall(234, os.getpid(), tid, signal.SIGUSR1)
    time.sleep(0.2)
    return "stormed"


@attack(33, r"ok closed", GATE, outside="ok closed")
def closed_and_replaced():
    """Another descriptor gets the number while the gate connects: a pipe, then a socket for the denied port."""
    for _ in range(10):
        client, thread, errors = _blocked()
        time.sleep(0.005)
        reading, writing = os.pipe()
        put_in_place(reading, client.fileno())
        other = socket.socket()
        put_in_place(other.fileno(), client.fileno())
        try:
            os.write(client.fileno(), b"attack")
        except OSError:
            pass
        for fd in (reading, writing):
            os.close(fd)
        other.close()
    return "closed"


@attack(32, "ok 30", GATE, outside="ok 30")
def thirty_blocked():
    clients = [_blocked() for _ in range(30)]
    time.sleep(0.3)
    return sum(thread.is_alive() for _, thread, _ in clients) + sum(errors == [11] for _, _, errors in clients)


@attack(33, r"worker ended: exit status 3.*", GATE, control=None)
def death_in_mid_connect():
    for _ in range(10):
        _blocked()
    time.sleep(0.1)
    os._exit(3)


# 34: how many

@attack(34, r"ok (\d+) connected, quota True", GATE, outside=r"ok (\d+) connected, quota False")
def flood():
    connected, quota, deadline = 0, False, time.monotonic() + 5
    while time.monotonic() < deadline and connected < 2000 and not quota:
        try:
            with socket.socket() as client:
                raw_connect(client, address(HOST, ports.ALLOWED))
            connected += 1
        except BlockingIOError:  # EAGAIN from a blocking socket
            quota = True
    time.sleep(1)  # the next attack has its full allowance
    return f"{connected} connected, quota {quota}"


# 36: servers

def _bind(kind, host, port, family=socket.AF_INET):
    with new(kind, family) as server:
        server.bind((host, port))


@attack(36, EACCES, GATE)
def bind_tcp():
    _bind(TCP, HOST, 0)


@attack(36, EACCES, GATE)
def bind_tcp_port():
    _bind(TCP, "0.0.0.0", ports.FREE)


@attack(36, EACCES, GATE)
def bind_udp_port():
    _bind(UDP, "0.0.0.0", ports.FREE)


@attack(36, EACCES, GATE)
def bind_v6():
    _bind(TCP, "::", ports.FREE, socket.AF_INET6)


@attack(36, EACCES, GATE)
def listen_unbound():
    with new() as server:
        server.listen()


@attack(36, r"errno E(ACCES|INVAL|ISCONN)", GATE, outside="ok|errno EINVAL")
def listen_on_what_was_a_client():
    with new() as server:
        server.connect((HOST, ports.ALLOWED))
        server.shutdown(socket.SHUT_RDWR)
        server.listen()


@attack(36, EACCES, GATE)
def asyncio_server():
    import asyncio

    async def serve():
        server = await asyncio.start_server(lambda *_: None, HOST, 0)
        server.close()
    asyncio.run(serve())


if __name__ == "__main__":
    sys.exit(main())
