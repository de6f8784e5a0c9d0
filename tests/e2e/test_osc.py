# SPDX-License-Identifier: BSD-2-Clause
"""OSC packets in both directions."""

import socket

import osc
import pytest
from wire import Wire, free_port

pytestmark = [pytest.mark.smoke, pytest.mark.one_setting]

WIRE = "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n"


def through(play, options, *maps):
    return play(config=WIRE + options + "\n[map]\n" + "\n".join(maps) + "\n", ready=())


def test_default_ranges_of_the_types(play):
    show = through(play, "", "wire./i > wire./oi", "wire./f > wire./of", "wire./h > wire./oh", "wire./d > wire./od")
    for kind, raw, value in [("i", 51, 0.2), ("f", 0.25, 0.25), ("h", 256, 0.25), ("d", 0.125, 0.125)]:
        show.wire.send("/" + kind, kind, [raw])
        show.expect("/o" + kind, value)


def test_patterns_set_types_and_ranges_both_ways(play):
    show = through(play, "/in = i 0 10\n/out = i 100 200\n/wide* = f -1 1\n", "wire./in > wire./out", "wire./half > wire./wide1")
    show.wire.send("/in", "i", [5])
    assert show.wire.take("/out") == ("i", [150])
    show.set("/half", 0.25)
    assert show.wire.take("/wide1") == ("f", [-0.5])


def test_values_beyond_the_range_are_clamped(play):
    show = through(play, "", "wire./in > wire./out")
    for raw, value in [(2.0, 1), (-1.0, 0)]:
        show.set("/in", raw)
        show.expect("/out", value)


def test_several_arguments_are_several_channels(play):
    show = through(play, "/xy = ff 0 1 0 1\n/pos = ff 0 1 0 1\n", "wire./xy:0 > wire./pos:1", "wire./xy:1 > wire./pos:0")
    show.wire.send("/xy", "ff", [0.25, 0.75])
    types, values = show.wire.take("/pos")
    if values != [0.75, 0.25]:  # one message per event is allowed; the last one has both
        types, values = show.wire.take("/pos")
    assert (types, values) == ("ff", [0.75, 0.25])


def test_bundles(play):
    show = through(play, "", "wire./a > wire./oa", "wire./b > wire./ob")
    inner = osc.bundle(osc.encode("/b", "f", [0.75]))
    show.wire.send_raw(osc.bundle(osc.encode("/a", "f", [0.25]), inner))
    show.expect("/oa", 0.25)
    show.expect("/ob", 0.75)


def test_root_is_put_before_every_path(play):
    show = through(play, "root = /house\n", "wire./in > wire./out")
    show.set("/house/in", 0.5)
    show.expect("/house/out", 0.5)


def test_learn_answers_whoever_spoke_last(play):
    show = play(config="[osc wire]\nbind = 127.0.0.1 @IN@\ndest = learn\n[map]\nwire./in > wire./out\n", ready=())
    show.wire2.show_port = show.wire.show_port
    for peer in (show.wire, show.wire2, show.wire):
        peer.set("/in", 0.5)
        peer.expect("/out", 0.5)


def test_learn_with_a_port(play):
    show = play(config="[osc wire]\nbind = 127.0.0.1 @IN@\ndest = learn@@OUT2@\n[map]\nwire./in > wire./out\n", ready=())
    show.set("/in", 0.5)
    show.wire2.expect("/out", 0.5)


def test_ipv6(play):
    wire = Wire(socket.AF_INET6, "::1")
    try:
        show = play(config=f"[osc wire]\nbind = ::1 {wire.show_port}\ndest = ::1 {wire.port}\n[map]\nwire./in > wire./out\n", ready=(),
                    bound=(wire.show_port,))
        wire.set("/in", 0.5)
        wire.expect("/out", 0.5)
        show.stop()
    finally:
        wire.close()


MALFORMED = [
    b"", b"\0", b"/in", b"/in\0", b"/in\0,f\0\0", b"/in\0,f\0\0\0\0", b"/in\0\0\0\0\0,f\0\0\0\0\0\0", b"/in\0,ffff\0\0\0" + b"\0" * 4,
    b"in\0\0,f\0\0\0\0\0\0", b"#bundle\0", b"#bundle\0" + b"\0" * 8 + b"\xff\xff\xff\xff", b"#bundle\0" + b"\0" * 8 + b"\0\0\0\x08/in\0",
    b"#bundle\0" + b"\0" * 8 + b"\0\0\0\x07" + b"/in\0,f\0", b"/in\0,s\0\0noend", b"/in\0,b\0\0\x7f\xff\xff\xff", b"\xff" * 64,
    b"/in\0,f\0\0\x7f\xc0\0\0", osc.encode("/in", "f", [float("nan")]), b"/" * 60000,
]


def test_malformed_packets_are_dropped_and_counted(play):
    show = through(play, "", "wire./in > wire./out")
    for packet in MALFORMED:
        show.wire.send_raw(packet)
    deep = osc.encode("/in", "f", [0.125])
    for _ in range(2000):
        deep = osc.bundle(deep)
        if len(deep) > 60000:
            break
    show.wire.send_raw(deep)
    show.set("/in", 0.5)
    assert show.wire.value("/out") in (0.5, 0.125)
    show.log.wait("(?i)malformed", "wire", "warning")
    show.set("/in", 0.75)
    while show.wire.value("/out") != 0.75:
        pass
    assert len(show.log.matching("(?i)malformed", "wire")) <= 5


@pytest.mark.parametrize("kind, text", [("T", "/in\0,T\0\0"), ("none", "/in\0,\0\0\0")])
def test_messages_without_a_number_do_no_harm(play, kind, text):
    show = through(play, "", "wire./in > wire./out")
    show.wire.send_raw(text.encode())
    show.set("/in", 0.5)
    while show.wire.value("/out") != 0.5:
        pass


def test_detect_names_what_arrives(play):
    show = play(config="[backend osc]\ndetect = on\n[osc wire]\nbind = 127.0.0.1 @IN@\n[map]\n", ready=())
    show.set("/unknown/fader", 0.5)
    show.log.wait("/unknown/fader")


def test_hostile_patterns_keep_nobody_waiting(play):
    """Two patterns that match 1,000 addresses of one instance, 500 times in a packet, and one that takes long to compare."""
    config = WIRE + "[osc wall]\nbind = 127.0.0.1 @IN@1\n[loopback lp]\n[map]\nwire./in > wire./out\nwall./f/{1..1000} > lp.{1..1000}\n"
    port = free_port()
    show = play(config=config.replace("@IN@1", str(port)), ready=())
    packets = [osc.bundle(*[osc.encode("/f/*", "f", [0.5])] * 500), osc.encode("/f/" + "*{1,1}" * 150 + "x", "f", [0.5])]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hostile:
        for n in range(200):
            for packet in packets:
                hostile.sendto(packet, ("127.0.0.1", port))
            show.wire.send("/in", "f", [n % 2])
            assert show.wire.take("/out") == ("f", [n % 2])
    show.log.wait("malformed input dropped: /f/.* OSC .*patterns", "wall")
