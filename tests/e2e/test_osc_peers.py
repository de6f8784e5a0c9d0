# SPDX-License-Identifier: BSD-2-Clause
"""OSC peers as they are: they report what they are sent, leave out values, and send what nobody expects."""

import struct

import osc
import pytest
from waiting import until

pytestmark = pytest.mark.one_setting

TWO = """
[osc a]
bind = 127.0.0.1 @IN@
dest = 127.0.0.1 @OUT@
{a}
[osc b]
bind = 127.0.0.1 @IN2@
dest = 127.0.0.1 @OUT2@
{b}
[loopback l]
{more}
[map]
{maps}
"""
ENDS = ("a./end > b./end", "b./back > a./back")


def two(play, *maps, a="", b="", more="", **arguments):
    return play(config=TWO.format(a=a, b=b, more=more, maps="\n".join([*maps, *ENDS])), ready=(), **arguments)


def settle(show, rounds=4):
    """Lets both peers report all that they are sent, until nothing more comes. Returns how many messages there were."""
    n = 0
    for number in range(1, rounds + 1):
        n += report(show.wire) + report(show.wire2)
        show.wire.set("/end", number / 100)
        while show.wire2.value("/end") != pytest.approx(number / 100):
            pass
        show.wire2.set("/back", number / 100)
        while show.wire.value("/back") != pytest.approx(number / 100):
            pass
    return n


def come_to_rest(show):
    """Waits until nothing is sent any more although both peers report all. It takes more rounds if reports come late."""
    until(lambda: settle(show) == 0, "the peers and the show never come to rest")


def report(wire):
    """Sends back what has arrived. Returns how many messages that were."""
    while wire.receive(0):
        pass
    messages = [message for message in wire.inbox if message[0] not in ("/end", "/back")]
    wire.inbox = [message for message in wire.inbox if message[0] in ("/end", "/back")]
    for path, types, values in messages:
        wire.send(path, types, values)
    return len(messages)


def test_each_press_is_sent_although_the_peer_reports_it(play):
    show = two(play, "a./press <> b./press")
    for _ in range(3):  # somebody presses, at a, a button that always sends the same
        show.wire.set("/press", 1.0)
        assert show.wire2.take("/press") == ("f", [1.0])
        show.wire2.set("/press", 1.0)
    come_to_rest(show)
    show.wire2.set("/press", 1.0)  # and at b
    assert show.wire.take("/press") == ("f", [1.0])


def test_two_peers_that_report_everything_come_to_rest(play):
    show = two(play, "a./x <> b./x", "a./x > l.x", "l.x > a./x", a="/x = f 0 1", b="/x = i 0 10")
    for value in (1.0, 0.0, 0.34, 0.34, 1.0):
        show.wire.set("/x", value)
    come_to_rest(show)


def test_one_instance_sends_to_several_peers_that_report(play):
    config = TWO.replace("dest = 127.0.0.1 @OUT@", "dest = 127.0.0.1 @OUT@, localhost @OUT2@")
    maps = ("a./x > l.x", "l.x > a./x", "a./end > b./end", "a./back > l.back", "l.back > a./back")
    show = play(config=config.format(a="", b="", more="", maps="\n".join(maps)), ready=())
    show.wire2.show_port = show.wire.show_port
    for value in (0.5, 0.5, 0.25):
        show.wire.set("/x", value)
        for wire in (show.wire, show.wire2):
            while wire.take("/x") != ("f", [value]):  # or the one before, if its report has met this press
                pass
            wire.set("/x", value)  # as devices do that report what they are sent
    come_to_rest(show)


def test_scripts_answer_presses_and_not_reports(play):
    show = two(play, "a./lamp > py1.script.lamp", "py1.lamp > a./lamp", "b./press > py1.script.press",
               more="[python py1]\nmodule = script\n", scripts={"script.py": """\
        import midimonster
        def lamp(value): midimonster.output("lamp", value)
        def press(value): midimonster.output("lamp", 1.0)
        """})
    for _ in range(3):
        show.wire2.set("/press", 1.0)
        assert show.wire.take("/lamp") == ("f", [1.0])
        show.wire.set("/lamp", 1.0)  # the lamp reports that it is on, and the script sets it once more
    come_to_rest(show)


MORE_THAN_NUMBERS = """\
/go =
/impulse = I
/mode = s "night scene"
/cue = sif 0 1 0 100
/state = TFNsb "x"
/fixed = i 1 1
"/my fäder" = f 0 2
"""


def test_messages_of_all_kinds(play):
    maps = ["b./go > a./go", "b./impulse > a./impulse", "b./mode > a./mode", "b./cue > a./cue:2", "b./state > a./state",
            "b./fixed > a./fixed", 'b.x > a."/my fäder"', 'b."/my fäder" > a."/a:b"', "a./in:2 > b./out", "a./bare > b./bare"]
    show = two(play, *[line.replace("b.x", "b./level") for line in maps], a=MORE_THAN_NUMBERS + "/in = sif 0 1 0 100")
    for path, sent in [("/go", ("", [])), ("/mode", ("s", ["night scene"])), ("/fixed", ("i", [1]))]:
        show.wire2.set(path, 0.7)
        assert show.wire.take(path) == sent
        show.wire2.set(path, 0.0)  # a message that is always the same has no way to say that
        show.wire2.set(path, 1.0)
        assert show.wire.take(path) == sent
    show.wire2.set("/cue", 0.5)
    assert show.wire.take("/cue") == ("sif", ["", 0, 50.0])
    show.wire2.set("/level", 0.5)
    assert show.wire.take("/my fäder") == ("f", [1.0])
    show.wire2.set("/my fäder", 0.5)
    assert show.wire.take("/a:b") == ("f", [0.5])
    show.wire.send("/in", "sif", ["text", 1, 25.0])
    assert show.wire2.take("/out") == ("f", [0.25])
    show.wire.send("/bare")  # the test's own default
    show.wire.send_raw(b"/bare\0\0\0,\0\0\0")
    show.wire.send_raw(b"/bare\0\0\0,I\0\0")
    show.wire.send_raw(b"/bare\0\0\0,[f]\0\0\0\0" + struct.pack(">f", 0.25))
    show.wire2.expect("/bare", 0.0, 1.0, 1.0, 0.25)


def test_what_is_dropped_is_named(play):
    show = two(play, "a./xy > b./out", a="/xy = ff 0 1 0 1")
    sender = f"127.0.0.1:{show.wire.port}"
    for packet, why in [(osc.encode("/xy", "fff", [0, 0, 0]), f"/xy from {sender}: a different number of values than configured: 3 "),
                        (b"/xy\0" + struct.pack(">f", 0.5), f"/xy from {sender}: an OSC message without types"),
                        (b"/xy\0,f]\0" + bytes(4), f"/xy from {sender}: an OSC message with an array that has only one end"),
                        (b"xy\0\0,f\0\0" + bytes(4), f"from {sender}: an OSC message without an address")]:
        until(lambda packet=packet, why=why: show.wire.send_raw(packet) or show.log.matching(why, "a"), f"no line about {why}")


def test_check_warns_where_the_original_starts(firecurtain):
    result = firecurtain("check", "show.cfg", files={"show.cfg": """\
        [backend osc]
        detect = verbose
        [osc a]
        bind = * 8000 unused
        dest = learn 9000
        /x = i 1 1
        /y = f 0 1 2
        /z = i 0,5 1.5
        [osc b]
        [loopback l]
        option = ignored
        [map]
        a./x:1 > l.a
        l.b > a./two:1
        a./y > b./y
        """})
    assert result.returncode == 0, result.stderr
    assert "error" not in result.stderr
    lines = {int(line.split(":")[1]) for line in result.stderr.splitlines() if ": warning: " in line}
    assert lines == {2, 4, 5, 6, 7, 8, 9, 11, 13, 14}, result.stderr


def test_bad_addresses_show_the_quotes(firecurtain):
    result = firecurtain("check", "show.cfg", files={"show.cfg": """\
        [osc a]
        bind = 127.0.0.1 8000
        [loopback l]
        [map]
        a./my fader > l.a
        a./fäder > l.b
        a./cue:go > l.c
        a."/open > l.d
        """})
    assert result.returncode == 78
    for line, shown in [(5, 'INSTANCE."/my fader"'), (6, 'INSTANCE."/fäder"'), (7, 'in quotes: "/cue:go"'), (8, "the quotation mark")]:
        assert any(f":{line}:" in found and shown in found for found in result.stderr.splitlines()), result.stderr


def test_a_channel_without_its_module_is_warned_of(firecurtain, play):
    files = {"show.cfg": """\
        [osc wire]
        bind = 127.0.0.1 8000
        [python py1]
        module = helpers
        module = lights
        [python py2]
        module = lights
        default-handler = lights.go
        [map]
        wire./a > py1.go
        wire./b > py1.lights.go
        wire./c > py1.got
        wire./d > py1.level
        wire./e > py1.zzz
        wire./f > py2.anything
        wire./g <> py1.lamp
        """, "lights.py": """\
        import midimonster
        def go(value): midimonster.output("lamp", midimonster.inputvalue("level"))
        """, "helpers.py": "def other(value): pass\n"}
    result = firecurtain("check", "show.cfg", files=files)
    warned = [line for line in result.stderr.splitlines() if "calls no function" in line]
    assert result.returncode == 0 and len(warned) == 3, result.stderr
    assert [int(line.split(":")[1]) for line in warned] == [10, 12, 14]
    assert result.stderr.count('did you mean "lights.go"?') == 2, result.stderr
    show = play(config=files.pop("show.cfg").replace("127.0.0.1 8000", "127.0.0.1 @IN@"), scripts=files, ready=())
    show.log.wait("channel go calls nothing: the function is mapped as lights.go", "py1", "warning")
    assert not show.log.matching("calls nothing", "py2")


# What the configurations that come with MIDIMonster have in them, in words of our own.
CONSTRUCTS = """\
; Faders of a tablet drive scenes; feedback goes back to whoever spoke last
[backend osc]
detect = on

[osc tablet]
bind = * {port}
dest = learn@8001
root = /page
; announced, for the ranges
/*/slider* = f 0.0 1.0
/*/bank*/* = f 0.0 1.0
/?/pad = ff 0.0 1.0 0.0 1.0

[osc plain]
bind = 0.0.0.0 {port2}
dest = learn@9000

[python scenes]
module = scenes
default-handler = scenes.any

[loopback wire]

[map]

tablet./1/slider{{1..4}} <> scenes.level{{4..1}}
tablet./1/pad:1 > scenes.x
scenes.y > tablet./1/pad
tablet./1/pad >< wire.pad
;tablet./2/pad > wire.commented-out
scenes.wave{{1..24}} > plain./4/bank1/{{1..24}}
plain./4/{{left,right}}/{{1..2}} > scenes.{{l,r}}{{1..2}}
wire.in < plain./1/push1
wire.in > scenes.scenes.direct
plain./1/button > wire.{{a,b,c}}
wire.lua-like-name > scenes.cnote{{0..127}}
"""


def test_constructs_of_shipped_configurations(firecurtain, play):
    script = {"scenes.py": "import midimonster\ndef any(value):\n  for name in ('y', midimonster.current()): midimonster.output(name, value)\n"
              "def direct(value): pass\n"}
    config = CONSTRUCTS.format(port=8000, port2=8001)
    result = firecurtain("check", "show.cfg", files={"show.cfg": config, **script})
    assert result.returncode == 0 and "warning" not in result.stderr, result.stderr
    missing = "[lua generator]\nscript = wave.lua\n[jack bcf]\nread = BCF\n[jack other]\n[backend jack]\nname = x\n"
    result = firecurtain("check", "show.cfg", files={
        "show.cfg": missing + config + "bcf.ch0.cc{81..88} <> tablet./1/slider{1..8}\ngenerator.wave > bcf.ch0.note1\n", **script})
    assert result.stderr.count("error: ") == 2 and result.stderr.count('MIDIMonster\'s backend "jack" does not exist here') == 1, result.stderr
    show = play(config=CONSTRUCTS.format(port="@IN@", port2="@IN2@").replace("learn@8001", "127.0.0.1 @OUT@"),
                scripts={name: text for name, text in script.items()}, ready=())
    show.wire.send("/page/1/pad", "ff", [0.5, 0.25])
    until(lambda: [0.25, 0.0] in [values for path, _, values in show.wire.inbox if path == "/page/1/pad"] or not show.wire.receive(0.1),
          "the pad does not answer")
