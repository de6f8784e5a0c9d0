# SPDX-License-Identifier: BSD-2-Clause
"""Recordings for the tests: shows that make them, and the fixtures that read and replay them."""

import contextlib
import subprocess

import control
import pytest
from harness import environment
from waiting import PATIENCE, until

ECHO = """
    import midimonster
    def handler(value):
        midimonster.output("out", value / 2)
"""
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]

# Reports what a script can see of time: when it was imported, called, ticked and ended.
CLOCK = """
    import midimonster
    for name in ("called", "age", "before", "ticked", "ended"):
        midimonster.output(name, 0)
    def seen(what, since=0):
        midimonster.output(what, (midimonster.timestamp() - since) % 65536 / 65536)
    loaded = midimonster.timestamp()
    seen("loaded")
    def handler(value):
        seen("called")
        seen("age", loaded)
        midimonster.output("before", midimonster.inputvalue("script.handler"))
    midimonster.interval(lambda: seen("ticked"), 30)
    midimonster.cleanup_handler(lambda: seen("ended"))
"""
# The two examples in one show, with the mappings of both.
EXAMPLES = """
    [osc desk]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [python show]
    module = hello
    [python wave]
    module = wave
    [map]
    desk./fader1 > show.hello.fader
    show.answer > desk./answer
    desk./speed > wave.wave.speed
    desk./level > wave.wave.level
    wave.dimmer{1..24} > desk./dimmer/{1..24}
"""


@pytest.fixture
def recordings(stage, identity):
    """Recordings of one test, in a folder of the identity."""
    folder = stage.folder(identity)

    class Recordings:
        @staticmethod
        def path(name):
            return folder / f"{name}.rec"

        @staticmethod
        def text(name, *options, status=0):
            done = subprocess.run(identity.command([stage.firecurtain, "record", "--print", *options, folder / f"{name}.rec"]),
                                  text=True, timeout=PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert done.returncode == status or status is None, done
            return done.stdout

        def wait_outputs(self, name, n):
            """While it is being written, a block may be incomplete."""
            until(lambda: self.text(name, status=None).count(" output ") == n, "not everything is in the file")

        def outputs(self, name):
            return [line for line in self.text(name).splitlines() if line.split()[1] == "output"]

    return Recordings()


@pytest.fixture
def replay(stage, identity, recordings):
    """Replays a recording with the show of another. Returns what it printed."""

    def run(name, show, *options, into=None, status=0, timeout=60, config=None):
        command = [stage.firecurtain, "replay", recordings.path(name), config or show.config, *options]
        command += ["--record", recordings.path(into)] if into else []
        done = subprocess.run(identity.command(command), cwd="/", text=True, timeout=timeout, env=environment(show.folder),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == status, done
        return done.stderr

    return run


def recorded(play, recordings, script, maps, drive, name="first", **how):
    """A show that was recorded from its beginning to its end."""
    show = play(script, maps, arguments=("--record", recordings.path(name)), **how)
    drive(show)
    show.stop()
    return show


def drive_echo(show):
    for n in range(20):
        show.set("/in", n / 32)
        show.expect("/out", n / 64)


@contextlib.contextmanager
def recorder(show, path, *options):
    """`firecurtain record` beside a show, once it records."""
    with subprocess.Popen(control.command(show, "record", *options, path), env=environment(show.folder), text=True,
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            assert "recording to" in process.stderr.readline()
            yield process
        finally:
            process.kill()
