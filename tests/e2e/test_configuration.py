# SPDX-License-Identifier: BSD-2-Clause
"""Configurations, seen through two OSC ports or by `check`."""

import re
import socket

import pytest
from waiting import until
from wire import is_bound

pytestmark = pytest.mark.one_setting

TWO_PORTS = """
[osc a]
bind = 127.0.0.1 @IN@
dest = 127.0.0.1 @OUT@
[osc b]
bind = 127.0.0.1 @IN2@
dest = 127.0.0.1 @OUT2@
[map]
"""


def two_ports(play, *maps):
    return play(config=TWO_PORTS + "\n".join(maps) + "\n", ready=())


def errors(result):
    """Returns (file, line, column, message) of every error that was printed."""
    return [(name, int(line), int(column), text) for name, line, column, text in
            re.findall(r"^(\S+?):(\d+):(\d+): error: (.*)$", result.stderr, re.M)]


def test_all_four_directions(play):
    show = two_ports(play, "a./right > b./right", "a./left < b./left", "a./both <> b./both", "a./also >< b./also")
    for path in ("/right", "/left", "/both", "/also"):
        show.wire.set(path, 0.25)
        show.wire2.set(path, 0.75)
    show.wire2.expect("/also", 0.25)
    show.wire.expect("/also", 0.75)
    show.wire2.expect("/both", 0.25)
    show.wire.expect("/both", 0.75)
    show.wire2.expect("/right", 0.25)
    show.wire.expect("/left", 0.75)
    assert not show.wire.waiting("/right") and not show.wire2.waiting("/left")


def arrivals(show, sources):
    """Returns, for each path sent on port a, the paths on which port b answers; `/end` must be mapped to itself."""
    seen = []
    for number, source in enumerate(sources, 1):
        show.wire.set(source, number / 100)
        show.wire.set("/end", number / 100)
        show.wire2.expect("/end", number / 100)
        seen.append(sorted(path for path, _, _ in show.wire2.inbox))
        show.wire2.inbox.clear()
    return seen


def test_ranges_up_down_and_lists(play):
    show = two_ports(play, "a./up{1..5} > b./up{1..5}", "a./down{1..5} > b./down{5..1}", "a./list{x,y} > b./list{q,p}",
                     "a./mixed{1..2} > b./mixed{on,off}", "a./end > b./end")
    assert arrivals(show, [f"/up{n}" for n in range(1, 6)]) == [[f"/up{n}"] for n in range(1, 6)]
    assert arrivals(show, [f"/down{n}" for n in range(1, 6)]) == [[f"/down{6 - n}"] for n in range(1, 6)]
    assert arrivals(show, ["/listx", "/listy", "/mixed1", "/mixed2"]) == [["/listq"], ["/listp"], ["/mixedon"], ["/mixedoff"]]


def test_in_several_globs_the_rightmost_varies_fastest(play):
    show = two_ports(play, "a./{1..2}/{x,y} > b./flat{1..4}", "a./end > b./end")
    assert arrivals(show, ["/1/x", "/1/y", "/2/x", "/2/y"]) == [["/flat1"], ["/flat2"], ["/flat3"], ["/flat4"]]


def test_one_maps_to_many_and_many_to_one(play):
    show = two_ports(play, "a./one > b./many{1..3}", "a./many{1..3} > b./one", "a./end > b./end")
    assert arrivals(show, ["/one", "/many1", "/many3"]) == [["/many1", "/many2", "/many3"], ["/one"], ["/one"]]


def test_sizes_that_do_not_match_are_an_error(firecurtain):
    result = firecurtain("check", "show.cfg", files={"show.cfg": "[loopback l]\n[map]\nl.a{1..2} > l.b{1..3}\n"})
    assert result.returncode == 78
    assert [(line, "2" in text and "3" in text) for _, line, _, text in errors(result)] == [(3, True)]


def test_every_error_is_reported_with_its_place_its_line_and_a_suggestion(firecurtain):
    result = firecurtain("check", "show.cfg", files={"show.cfg": """\
        [python py1]
        modul = script
        [loopbak l]
        [osc wire]
        bind = 127.0.0.1 8000
        [map]
        wire./a > py2.script.f
        wire./a >> py1.script.f
        """, "script.py": "def f(value): pass\n"})
    assert result.returncode == 78
    found = errors(result)
    assert sorted({line for _, line, _, _ in found}) == [2, 3, 7, 8], result.stderr
    assert {name for name, _, _, _ in found} <= {"show.cfg", *[name for name, *_ in found if name.endswith("/show.cfg")]}
    assert (2, 1) in [(line, column) for _, line, column, _ in found]
    for shown in ("modul = script", "[loopbak l]", "wire./a > py2.script.f"):
        assert shown in result.stderr
    for suggestion in ("module", "loopback", "py1"):
        assert re.search(rf'did you mean .*"{suggestion}"', result.stderr), result.stderr


def test_a_show_with_an_error_does_not_start(firecurtain):
    result = firecurtain("run", "show.cfg", files={"show.cfg": "[python py1]\nmodule = script\nnonsense\n",
                                                   "script.py": "print('it ran')\n"})
    assert result.returncode == 78
    assert [line for _, line, _, _ in errors(result)] == [3]
    assert "it ran" not in result.stderr and "running" not in result.stderr


def test_a_show_that_is_not_there(firecurtain):
    for command in ("check", "run"):
        result = firecurtain(command, "absent.cfg")
        assert result.returncode != 0 and "absent.cfg" in result.stderr


OVERRIDDEN = """
[osc wire]
bind = 127.0.0.1 @IN@
dest = 127.0.0.1 1
[python py1]
default-handler = script.from_file
[map]
wire./top > py1.top
py1.out > wire./out
"""
OVERRIDING = """
import midimonster
def from_file(value): midimonster.output("out", 0.25)
def from_line(value): midimonster.output("out", 0.75)
"""


def test_the_command_line_wins(play):
    show = play(config=OVERRIDDEN, scripts={"script.py": OVERRIDING}, arguments=(
        "-i", "py1.default-handler=script.from_line", "-b", "python.module=script", "-i", "wire.dest=127.0.0.1 @OUT@"))
    show.set("/top", 1)
    show.expect("/out", 0.75)


def test_an_override_that_matches_nothing_is_an_error(firecurtain):
    files = {"show.cfg": "[python py1]\nmodule = script\n", "script.py": ""}
    for arguments in (["-i", "py2.module=x"], ["-i", "py1.modul=x"], ["-b", "pyton.module=x"], ["-b", "python.modul=x"],
                      ["-i", "nonsense"]):
        result = firecurtain("check", "show.cfg", *arguments, files=files)
        assert result.returncode in (64, 78), (arguments, result)
        assert "error" in result.stderr, (arguments, result)


def test_backend_sections_set_defaults(play):
    show = play(config="""
        [backend python]
        default-handler = script.handler
        module = script
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        [python py2]
        [map]
        wire./one > py1.top
        wire./two > py2.top
        py1.out > wire./out1
        py2.out > wire./out2
        """, scripts={"script.py": "import midimonster\ndef handler(value): midimonster.output('out', value)\n"},
        ready=("py1", "py2"))
    show.set("/one", 0.25)
    show.set("/two", 0.5)
    show.expect("/out1", 0.25)
    show.expect("/out2", 0.5)


def test_an_include_is_relative_to_its_file_and_keeps_the_section(play):
    # parts/more.cfg continues [python py1] and includes its neighbour; after both, [map] goes on.
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        [include parts/more.cfg]
        [map]
        [include parts/maps.cfg]
        py1.out > wire./out
        """, scripts={
            "parts/more.cfg": "[include deeper.cfg]\n",
            "parts/deeper.cfg": "module = script\n",
            "parts/maps.cfg": "wire./in > py1.script.handler\n",
            "script.py": "import midimonster\ndef handler(value): midimonster.output('out', value)\n"})
    show.set("/in", 0.5)
    show.expect("/out", 0.5)


def test_an_include_cycle_is_an_error(firecurtain):
    result = firecurtain("check", "show.cfg", files={
        "show.cfg": "[loopback l]\n[include sub/b.cfg]\n", "sub/b.cfg": "[include ../show.cfg]\n"})
    assert result.returncode == 78
    assert [(name.endswith("b.cfg"), line) for name, line, _, _ in errors(result)] == [(True, 1)]


def test_a_missing_include_is_an_error_at_its_place(firecurtain):
    result = firecurtain("check", "show.cfg", files={"show.cfg": "[loopback l]\n[include nothing.cfg]\n"})
    assert result.returncode == 78
    assert [line for _, line, _, _ in errors(result)] == [2]


def test_module_can_be_repeated(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = first
        module = second
        [map]
        wire./a > py1.first.handler
        wire./b > py1.second.handler
        """, scripts={name + ".py": f"print('import {name}')\ndef handler(value): print('{name}', value)\n"
                      for name in ("first", "second")})
    show.set("/a", 0.25)
    show.set("/b", 0.5)
    show.printed("^second 0.5")
    assert show.log.messages("py1", "first|second") == ["import first", "import second", "first 0.25", "second 0.5"]


def test_modules_of_one_instance_share_its_state(play):
    show = play("""
        import midimonster
        def handler(value):
            import syncing
            print("same", syncing is sys.modules["syncing"])
        import sys
    """, ["wire./in > py1.script.handler"], sync=True)
    show.set("/in", 1)
    show.printed("^same True$")


def test_comments_and_blank_lines_are_nothing(firecurtain):
    result = firecurtain("check", "show.cfg", files={"show.cfg": """\
        ; a comment
        [loopback l] 

        ; [nonsense
        [map]
        ; l.x > nowhere.y
        l.a > l.b
        """})
    assert result.returncode == 0, result.stderr


def test_a_device_that_is_missing_at_start_comes_later_and_the_rest_runs(play):
    blocker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    blocker.bind(("127.0.0.1", 0))
    port = blocker.getsockname()[1]
    with blocker:
        show = play(config=f"""
            [osc wire]
            bind = 127.0.0.1 @IN@
            dest = 127.0.0.1 @OUT@
            [osc late]
            bind = 127.0.0.1 {port}
            [map]
            wire./in > wire./out
            late./in > wire./late
            """, ready=())
        show.log.wait("", "late", ("warning", "error"))
        show.set("/in", 0.5)
        show.expect("/out", 0.5)
    until(lambda: is_bound(port), f"it is not tried again:\n{show.log}")
    show.wire.show_port = port
    show.set("/in", 0.75)
    show.expect("/late", 0.75)


def test_a_cycle_of_mappings_ends(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [loopback l]
        [map]
        wire./in > l.a
        l.a > l.b
        l.b > l.a
        wire./ping > wire./pong
        """, ready=())
    for _ in range(20):
        show.set("/in", 0.5)
    show.set("/ping", 0.5)
    show.expect("/pong", 0.5)
    show.log.wait("(?i)hop|cycle|loop", level="warning")
    assert len(show.log.matching("(?i)hop|cycle", level="warning")) <= 3, "one a second at most"
