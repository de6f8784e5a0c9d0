# SPDX-License-Identifier: BSD-2-Clause
"""Options of sockets that the gate sets: groups and interfaces of multicast, in the order of programs that send sACN and
OSC, where an option covers them; and buffers, which are the kernel's memory."""

import re

ALLOWED = "connect = udp:239.1.2.3:@IN2@\nlisten = udp:0.0.0.0:@IN2@\nlisten = udp:127.0.0.1:*"

HEAD = """
    import socket, struct
    PORT, GROUP, V4 = @IN2@, "239.1.2.3", socket.inet_aton
    def attempt(name, function):
        try:
            print(name, "ok", function())
        except OSError as error:
            print(name, error.strerror)
    def udp(family=socket.AF_INET):
        return socket.socket(family, socket.SOCK_DGRAM)
"""


def results(play, code, names, options=ALLOWED):
    """Returns what the script printed for each name."""
    show = play(HEAD + code, options=options)
    lines = [line.message for line in show.log.lines if line.instance == "py1"]
    return show, {name: line.removeprefix(name + " ") for name in names for line in lines if line.startswith(name + " ")}


def test_multicast_in_the_order_of_sacn_and_osc_libraries(play):
    """The interface before the first packet, groups before and after bind()."""
    _, found = results(play, """
    sender, early, late = udp(), udp(), udp()
    attempt("interface", lambda: sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, V4("127.0.0.1")))
    attempt("answer", lambda: socket.inet_ntoa(sender.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4)))
    attempt("hops", lambda: sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 20))
    for one in (early, late):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.settimeout(10)
    attempt("joins", lambda: early.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, V4(GROUP) + V4("127.0.0.1")))
    attempt("binds", lambda: early.bind(("", PORT)))
    attempt("late", lambda: late.bind(("0.0.0.0", PORT)))
    attempt("again", lambda: late.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                             struct.pack("4s4si", V4(GROUP), V4("127.0.0.1"), 0)))
    attempt("sends", lambda: sender.sendto(b"levels", (GROUP, PORT)))
    attempt("first", lambda: early.recvfrom(100)[0])
    attempt("second", lambda: late.recvfrom(100)[0])
    attempt("leaves", lambda: early.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, V4(GROUP) + V4("127.0.0.1")))
    """, ["interface", "answer", "hops", "joins", "binds", "late", "again", "sends", "first", "second", "leaves"])
    received = "ok b'levels'"
    assert found == {"interface": "ok None", "answer": "ok 127.0.0.1", "hops": "ok None", "joins": "ok None", "binds": "ok None",
                     "late": "ok None", "again": "ok None", "sends": "ok 6", "first": received, "second": received, "leaves": "ok None"}


def test_groups_and_interfaces_that_no_option_covers_are_refused_with_advice(play):
    denied = {"group": "239.1.2.4", "interface": "127.0.0.2", "number": "0.0.0.0/0", "sixth": "[ff15::7]", "of six": "[::/0]"}
    show, found = results(play, """
    def four(name, value):
        return lambda: udp().setsockopt(socket.IPPROTO_IP, name, value)
    def six(name, value):
        return lambda: udp(socket.AF_INET6).setsockopt(socket.IPPROTO_IPV6, name, value)
    attempt("group", four(socket.IP_ADD_MEMBERSHIP, V4("239.1.2.4") + bytes(4)))
    attempt("interface", four(socket.IP_MULTICAST_IF, V4("127.0.0.2")))
    attempt("number", four(socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), 1)))
    attempt("sixth", six(socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, "ff15::7") + struct.pack("i", 0)))
    attempt("of six", six(socket.IPV6_MULTICAST_IF, struct.pack("i", 1)))
    attempt("stream", lambda: socket.socket().setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, V4("127.0.0.1")))
    attempt("short", four(socket.IP_ADD_MEMBERSHIP, V4(GROUP)))
    attempt("none", four(socket.IP_MULTICAST_IF, bytes(4)))
    """, [*denied, "stream", "short", "none"])
    assert found == {**dict.fromkeys(denied, "Permission denied"), "stream": "Invalid argument", "short": "Invalid argument",
                     "none": "ok None"}
    for address in denied.values():
        show.log.wait(rf'^refused: setsockopt.*"listen = udp:{re.escape(address)}:\*" would allow it', "py1")


def test_all_interfaces_where_an_option_covers_all_addresses(play):
    _, found = results(play, """
    attempt("number", lambda: udp().setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), 1)))
    attempt("of six", lambda: udp(socket.AF_INET6).setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, 1))
    """, ["number", "of six"], options="listen = udp:0.0.0.0/0:5568")
    assert found == {"number": "ok None", "of six": "Permission denied"}


def test_what_waits_in_pairs_of_sockets_is_bounded(play):
    show, found = results(play, """
    def fill(pair):
        total = 0
        for one in pair:
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 20)
            try:
                while True:
                    total += one.send(bytes(65536))
            except BlockingIOError:
                pass
        return total
    kept, total = [], 0
    try:
        for n in range(128):
            kept.append(socket.socketpair())
            total += fill(kept[-1])
    except OSError as error:
        print("fails", error.strerror)
    print("pairs", len(kept), total >> 20)
    kept.clear()
    attempt("afterwards", lambda: len([socket.socketpair() for n in range(50)]))
    attempt("buffer", lambda: udp().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536))
    """, ["fails", "pairs", "afterwards", "buffer"], options="files = 300")
    pairs, mib = map(int, found["pairs"].split())
    assert 50 < pairs <= 64 and 0 < mib <= 32 and found["fails"] == "Too many open files"
    assert found["afterwards"] == "ok 50" and found["buffer"] == "ok None"
    show.log.wait("^refused: another pair of sockets, since 128 ends are open", "py1")
