# SPDX-License-Identifier: BSD-2-Clause
"""What a script leaves behind at an orderly end: exit functions run and files are written, as after any Python program."""

import signal

import control
import pytest
from harness import dedent

pytestmark = pytest.mark.one_setting

# It says what the one before it has left, and then leaves files open in all the ways in which people do.
KEEPS = """
    import atexit, csv, gzip, io, os, shelve, tempfile, zipfile
    import midimonster
    def read(name, how=open):
        try:
            with how(name) as file:
                return file.read()
        except FileNotFoundError:
            return None
    def members():
        try:
            return zipfile.ZipFile("out.zip").namelist()
        except FileNotFoundError:
            return None
    print("found", read("order.txt"), repr(read("rows.csv")), read("raw.bin", lambda name: open(name, "rb")),
          read("text.gz", lambda name: gzip.open(name, "rt")), members(), dict(shelve.open("kept")))
    detached, closed = io.TextIOWrapper(io.BytesIO()), open("closed", "w")
    detached.detach()
    closed.close()
    table = csv.writer(open("rows.csv", "w"))
    table.writerow(["fader", 1])
    raw = open("raw.bin", "wb")
    raw.write(b"\\1\\2")
    packed = gzip.open("text.gz", "wt")
    packed.write("packed")
    archive = zipfile.ZipFile("out.zip", "w")
    archive.writestr("inside", "x")
    kept = shelve.open("kept", writeback=True)
    kept["list"] = [1]
    kept["list"].append(2)
    open("order.txt", "w").close()
    def note(word):
        with open("order.txt", "a") as file:
            file.write(word)
    def bye():
        note("C")
        midimonster.output("bye", 0.25)
    midimonster.cleanup_handler(bye)
    atexit.register(note, "B")
    atexit.register(lambda: (note("A"), midimonster.output("bye", 0.75)))
"""
LEFT = "found CAB 'fader,1\\n' b'\\x01\\x02' packed ['inside'] {'list': [1, 2]}"
MAPS = ["wire./leave > py1.script.leave", "py1.bye > wire./bye"]


def check_what_is_left(show):
    show.log.wait("^found ", "py1", count=2)
    assert not show.log.matching("at the end of the script", "py1"), show.log
    assert show.log.messages("py1", "^found ")[1] == LEFT


@pytest.mark.parametrize("verb", ["stop", "restart"])
def test_stop_and_restart(play, verb):
    show = play(KEEPS, MAPS)
    control.run(show, verb, "py1", check=0)
    if verb == "stop":
        show.expect("/bye", 0.25, 0.75)
        control.run(show, "start", "py1", check=0)
    check_what_is_left(show)


def test_the_end_of_the_show(play):
    first = play(KEEPS, MAPS)
    first.stop()
    again = play(folder=first.folder, config=None)
    assert again.printed("^found ") == LEFT


def test_reload(play):
    show = play(KEEPS, MAPS, options="reload = on")
    show.write("script.py", "import midimonster\n")
    show.expect("/bye", 0.25, 0.75)
    show.write("script.py", dedent(KEEPS))
    check_what_is_left(show)


@pytest.mark.parametrize("how", ["sys.exit(3)", "raise SystemExit", "midimonster.interval(sys.exit, 1)"])
def test_sys_exit_from_a_handler(play, how):
    show = play(f"{KEEPS}\n    import sys\n    def leave(value):\n        {how}\n", MAPS)
    position = show.log.position
    show.set("/leave", 1)
    show.expect("/bye", 0.25, 0.75)
    end = show.wait_restart(after=position)
    assert ("status 3" in end.message) == ("3" in how), end
    check_what_is_left(show)


@pytest.mark.parametrize("how", ["import sys; sys.exit(0)", "raise RuntimeError('on purpose')"])
def test_the_end_of_an_import(play, how):
    show = play(f"{KEEPS}\n    {how}\n", MAPS, ready=())
    check_what_is_left(show)


@pytest.mark.parametrize("hangs", ["atexit.register(time.sleep, 3600)", "class Slow(io.StringIO):\n"
                                   "    def __del__(self): time.sleep(3600)\nslow = Slow()"])
def test_what_hangs_at_the_end_is_interrupted_and_the_rest_is_done(play, hangs):
    show = play(f"import atexit, io, time\nfile = open('late.txt', 'w')\nfile.write('written')\n{hangs}\n"
                "print('found', open('late.txt').read())\n", options="stop-timeout = 500ms")
    control.run(show, "restart", "py1", check=0)
    show.log.wait(r"option stop-timeout\): interrupted", "py1", "warning")
    show.log.wait("^found", "py1", count=2)
    assert show.log.messages("py1", "TimeoutError"), show.log
    assert not show.log.matching("killed|did not return", "py1"), show.log


def test_an_exit_function_that_raises_is_reported_and_the_others_run(play):
    show = play("""
        import atexit
        atexit.register(print, "the other one ran")
        atexit.register(lambda: 1 / 0)
        file = open("left.txt", "w")
        file.write("x" * 100)
    """, options="state = 4k")
    show.stop(signal.SIGINT)
    assert show.log.messages("py1", "^the other one ran$") and show.log.messages("py1", "^ZeroDivisionError")


def test_a_flush_that_fails_is_reported_with_the_name_of_the_file(play):
    show = play("""
        file = open("/dev/null", "r+b")
        full = open("full.txt", "w", buffering=100000)
        full.write("x" * 50000)
    """, options="state = 20k")
    show.stop()
    assert show.log.matching("'full.txt': OSError: .*File too large", "py1"), show.log
