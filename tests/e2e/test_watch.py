# SPDX-License-Identifier: BSD-2-Clause
"""What `firecurtain watch` prints first, and what it says about channels that are not there."""

import contextlib
import os
import select
import signal
import subprocess

import control
import pytest
from control import outcome, run, text
from harness import environment, root_only
from house import Controlled
from waiting import PATIENCE, until

ECHO = """
    import midimonster
    def handler(value):
        midimonster.output('out', value)
        midimonster.output('later', value)
"""
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out", "wire./other > py1.silent"]


class Watch:
    """The command while it runs, and what it has printed."""

    def __init__(self, show, *arguments, **how):
        self.process = subprocess.Popen(control.command(show, "watch", *arguments, **how), env=environment(show.folder), bufsize=0,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @staticmethod
    def line(stream):
        """Waits for a line. The pipe is not buffered, so it is read if and only if it is readable."""
        line = b""
        while not line.endswith(b"\n"):
            assert select.select([stream], [], [], PATIENCE)[0], line
            line += os.read(stream.fileno(), 1) or b"(the end)\n"
        return line.decode()

    def lines(self, n):
        return sorted(self.line(self.process.stdout).rstrip() for _ in range(n))

    def note(self):
        return self.line(self.process.stderr)

    def close(self):
        self.process.kill()
        self.process.communicate()


def watch(show, *arguments, **how):
    return contextlib.closing(Watch(show, *arguments, **how))


@pytest.mark.one_setting
def test_present_values_come_first_and_to_the_new_watch_only(play):
    show = play(ECHO, MAPS)
    show.set("/in", 0.25)
    show.expect("/out", 0.25)
    with watch(show, "*") as first:
        assert first.lines(4) == ["py1.out 0.25", "py1.script.handler 0.25", "wire./in 0.25", "wire./out 0.25"]
        with watch(show, "py1.*") as second, watch(show, "wire./out", "py1.out") as third:
            assert second.lines(2) == ["py1.out 0.25", "py1.script.handler 0.25"]
            assert third.lines(2) == ["py1.out 0.25", "wire./out 0.25"]
        run(show, "emit", "wire./other", "0.5", check=0)
        assert first.lines(2) == ["py1.silent 0.5", "wire./other 0.5"], "and nothing twice"


@pytest.mark.one_setting
def test_present_values_outlive_a_change_of_the_configuration(play):
    show = play(ECHO, MAPS)
    show.set("/in", 0.25)
    show.expect("/out", 0.25)
    show.write("show.cfg", show.config.read_text().replace("module = script", "module = script\nthreads = 20"))
    run(show, "reload", check=0)
    with watch(show, "py1.*", "wire./in") as process:
        assert process.lines(3) == ["py1.out 0.25", "py1.script.handler 0.25", "wire./in 0.25"]
        show.process.send_signal(signal.SIGHUP)
        show.log.wait("the new configuration is running", count=2)
        show.set("/in", 0.5)
        assert process.lines(3) == ["py1.out 0.5", "py1.script.handler 0.5", "wire./in 0.5"], "and nothing twice"


@pytest.mark.one_setting
def test_present_values_of_many_channels(play):
    config = "[loopback l]\n[loopback k]\n[map]\nl.x{1..3000} > k.x{1..3000}\n"
    show = play(config=config, ready=())
    until(lambda: run(show, "status").returncode == 0, "it does not start")
    run(show, "emit", "l.x2999", "0.5", check=0)
    with watch(show, "k.x29*", "l.*9") as process:
        assert process.lines(2) == ["k.x2999 0.5", "l.x2999 0.5"]
    with watch(show, "k.x1") as process:
        assert "no value so far" in process.note()


@pytest.mark.one_setting
@pytest.mark.parametrize("arguments, code, says", [
    (["nothing"], 66, 'there is no instance "nothing"'),
    (["pi1"], 66, 'there is no instance "pi1"; did you mean "py1"?'),
    (["x.*"], 66, 'there is no instance "x"'),
    (["wirr.*"], 66, 'did you mean "wire"?'),
    (["wirr./i?"], 66, 'did you mean "wire"?'),
    (["wire./im"], 66, 'wire has no channel "/im"; did you mean "/in"?'),
    (["*", "py1.aut"], 66, 'did you mean "out"?'),
    (["wire"], 65, 'its channels are "wire.*"'),
    ([""], 65, "is empty"),
    (["wire.*", "a\nb"], 65, "has control characters"),
])
def test_what_is_not_there(play, arguments, code, says):
    show = play(ECHO, MAPS)
    done = run(show, "watch", *arguments, check=code)
    assert says in done.stderr and done.stdout == ""


@pytest.mark.one_setting
def test_a_pattern_may_wait_for_a_channel_that_comes_later(play):
    show = play(ECHO, MAPS)
    show.set("/in", 0.25)
    show.expect("/out", 0.25)
    for patterns, missing in ((["py1.la*"], "py1.la*"), (["py1.out", "*.lat?r"], "*.lat?r"), (["?.x"], "?.x")):
        with watch(show, *patterns) as process:
            assert process.note() == f'firecurtain: there is no channel "{missing}" so far; waiting for one\n'
    with watch(show, "py1.la*") as process:
        assert "waiting for one" in process.note()
        show.write("show.cfg", show.config.read_text() + "py1.later > wire./later\n")
        run(show, "reload", check=0)
        show.set("/in", 0.875)
        assert process.lines(1) == ["py1.later 0.875"]


@pytest.mark.one_setting
def test_channels_without_a_value(play):
    show = play(ECHO, MAPS)
    with watch(show, "wire./other", "py1.s*") as process:
        assert process.note() == "firecurtain: no value so far; waiting for one\n"
        show.set("/other", 0.5)
        assert process.lines(2) == ["py1.silent 0.5", "wire./other 0.5"]


@root_only
def test_users_are_told_of_their_channels_only(play, identity, stage):
    house = Controlled(play, identity, stage)
    show = house.start()
    for n in (1, 2):
        house.answers(n, 0.25 * n)

    def seen(user, *patterns):
        """The values and notes that come before a second value of hers."""
        with house.client(user) as client:
            found, notes = {}, ""
            assert outcome(client.ask("watch", *patterns, follow=True, id=7)) == control.DONE
            def more():
                nonlocal notes
                reply = client.reply()
                notes += text(reply)
                for value in map(control.fields, reply.get(10, [])):
                    found[value[1][0].decode()] = value[2][0]
                return found or notes
            until(more, "nothing came")
            return found, notes

    assert seen("alice", "*")[0] == {"wire./in1": 0.25, "wire./out1": 0.25, "alice/py1.script.f": 0.25, "alice/py1.out": 0.25}
    assert seen("bob", "wire.*")[0] == {"wire./in2": 0.5, "wire./out2": 0.5}
    for hidden, missing in (("bob/py1.*", "eve/py1.*"), ("wire./in2*", "wire./in7*"), ("*./out2", "*./out7")):
        (found, note), (nothing, same) = seen("alice", hidden), seen("alice", missing)
        assert found == nothing == {} and note.replace(hidden, missing) == same and "there is no channel" in note
    for name in ("bob/py1.out", "wire./in2", "bob/py1"):
        done = house.run("alice", "watch", name, check=66)
        assert "did you mean" not in done.stderr or "alice" in done.stderr
    assert show.process.poll() is None
