# SPDX-License-Identifier: BSD-2-Clause
"""A script that takes too long is interrupted, or killed with its stack in the log; others do not notice."""

import contextlib
import re
import socket
import time

import pytest

LIMITS = "handler-timeout = 1s\nstart-timeout = 1s\nstop-timeout = 1s"
INTERRUPTED = r"^takes longer than 1.0 s \(option handler-timeout\): interrupted"
ENDED = r"^worker ended: did not return within 2.0 s \(option handler-timeout\): killed; starting it again$"
SCRIPT = """
    import socket, threading, time
    import midimonster
    def sleep(value):
        time.sleep(60)
    def spin(value):
        while True:
            pass
    def lock(value):
        held.acquire()
    held = threading.Lock()
    held.acquire()
    def receive(value):
        a, b = socket.socketpair()
        a.recv(1)
    def native(value):
        sum(range(10 ** 13))
    def stubborn(value):
        while True:
            try:
                time.sleep(60)
            except TimeoutError:
                print("no")
    def answer(value):
        midimonster.output("out", value)
    def slow(value):
        time.sleep(0.02)
        midimonster.output("count", value)
"""
SPIN = """
    def spin(value):
        print("spins")
        while True:
            pass
"""
MAPS = ["wire./{sleep,spin,lock,receive,native,stubborn,answer,slow} > "
        "py1.script.{sleep,spin,lock,receive,native,stubborn,answer,slow}", "py1.{out,count} > wire./{out,count}"]


@pytest.mark.parametrize("how", ["sleep", "spin", "lock", "receive"])
def test_python_is_interrupted_with_the_line_it_hung_in(play, how):
    show = play(SCRIPT, MAPS, options=LIMITS)
    worker = show.worker()
    show.set(f"/{how}", 1)
    show.log.wait(INTERRUPTED, "py1", "warning")
    show.log.wait(f"^exception in the handler of channel script.{how}$", "py1")
    show.printed(rf'^  File "{show.folder}/script.py", line \d+, in {how}$')
    show.printed(r"^TimeoutError: interrupted: it took longer than 1.0 s \(option handler-timeout\)")
    show.set("/answer", 0.5)
    show.expect("/out", 0.5)
    assert show.worker() == worker, "the same worker goes on"


@pytest.mark.parametrize("how", ["native", "stubborn"])
def test_what_does_not_return_is_killed_with_its_stack(play, how):
    show = play(SCRIPT, MAPS, options=LIMITS)
    show.set(f"/{how}", 1)
    position = show.log.position
    show.log.wait(INTERRUPTED, "py1")
    show.log.wait(r"^did not return within 2.0 s .*; this is where it is:$", "py1", "error")
    show.printed(rf'^  File "{show.folder}/script.py", line \d+ in {how}$')
    show.log.wait(ENDED, "py1", "error")
    assert not show.log.matching("Fatal Python error"), "Python is not at fault"
    show.log.wait(r"^running \(pid", "py1", after=position)
    show.set("/answer", 0.5)
    show.expect("/out", 0.5)


@pytest.mark.one_setting
def test_many_short_handlers_are_not_one_long_one(play):
    show = play(SCRIPT, MAPS, options=LIMITS)
    for n in range(60):
        show.set("/slow", n / 100)
    for n in range(60):
        show.expect("/count", n / 100)
    assert not show.log.matching("takes longer")


@pytest.mark.one_setting
def test_zero_means_never(play):
    """The other instance has the default, which is long enough for any other meaning of 0 to show."""
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        [python never]
        module = never
        handler-timeout = 0
        [python usual]
        module = usual
        [map]
        wire./spin > never.never.spin
        wire./spin > usual.usual.spin
    """, scripts={"never.py": SPIN, "usual.py": SPIN}, ready=("never", "usual"))
    show.set("/spin", 1)
    show.printed("^spins$", "never")
    show.log.wait(r"^takes longer than 5.0 s \(option handler-timeout\): interrupted", "usual", "warning")
    assert not show.log.matching("takes longer", "never")
    show.kill()


@pytest.mark.one_setting
def test_an_interval_and_a_socket_handler_are_watched_too(play):
    show = play("""
        import socket, time
        import midimonster
        a, b = socket.socketpair()
        def tick():
            midimonster.interval(tick, 0)
            b.send(b"x")
            time.sleep(60)
        def ready(s):
            s.recv(1)
            midimonster.manage(None, s)
            time.sleep(60)
        midimonster.manage(ready, a)
        midimonster.interval(tick, 10)
    """, [], options=LIMITS)
    show.log.wait("^exception in the interval", "py1")
    show.log.wait("^exception in the socket handler", "py1")
    assert len(show.log.matching(INTERRUPTED, "py1")) == 2


@pytest.mark.one_setting
def test_an_import_that_hangs_is_interrupted_and_tried_again(play):
    show = play("import time\ntime.sleep(60)\n", [], options=LIMITS, ready=())
    show.log.wait(r"^takes longer than 1.0 s \(option start-timeout\): interrupted", "py1", "warning")
    show.log.wait("^the module script cannot be imported", "py1")
    show.printed(f'^  File "{show.folder}/script.py", line 2, in <module>')
    show.log.wait("^worker ended: exit status 1; starting it again", "py1")
    show.log.wait("^takes longer than 1.0 s", "py1", count=2)


@pytest.mark.one_setting
@pytest.mark.parametrize("how, told", [
    ("time.sleep(60)", r"^TimeoutError: interrupted"), ("sum(range(10 ** 13))", r"^  File .*, line \d+ in clean$")])
def test_a_cleanup_handler_that_hangs_does_not_keep_the_show(play, how, told):
    show = play(f"""
        import time
        import midimonster
        def clean():
            {how}
        midimonster.cleanup_handler(clean)
    """, [], options=LIMITS)
    begin = time.monotonic()
    show.stop()
    assert time.monotonic() - begin < 30
    show.log.wait(r"^takes longer than 1.0 s \(option stop-timeout\): interrupted", "py1", "warning")
    show.log.wait(told, "py1")


@pytest.mark.one_setting
@pytest.mark.parametrize("limits, hang", [
    ("handler-timeout = 60s", "def sleep(value): wait()"),
    ("handler-timeout = 0", "midimonster.interval(wait, 10)\ndef sleep(value): pass"),
])
def test_who_stops_a_script_that_hangs_reads_which_limit_ended_it(play, limits, hang):
    show = play("import time, midimonster\ndef wait():\n\tprint('hangs')\n\ttime.sleep(600)\n" + hang,
                ["wire./sleep > py1.script.sleep"], options=f"stop-timeout = 1s\n{limits}")
    show.set("/sleep", 1)
    show.printed("^hangs")
    show.stop()
    show.log.wait(r"^takes longer than 1.0 s \(option stop-timeout\): interrupted", "py1", "warning")
    show.log.wait(r"^TimeoutError: interrupted: it took longer than 1.0 s \(option stop-timeout\)", "py1")


def test_a_crash_says_where(play):
    show = play("""
        import ctypes
        def crash(value):
            ctypes.string_at(0)
    """, ["wire./crash > py1.script.crash"])
    show.set("/crash", 1)
    show.log.wait("^worker ended: killed by SIGSEGV", "py1")
    lines = show.log.messages("py1")
    assert "Fatal Python error: Segmentation fault" in lines
    assert any(re.fullmatch(rf'  File "{show.folder}/script.py", line \d+ in crash', line) for line in lines)


def test_a_black_hole_does_not_outlast_the_limit(play):
    """A connection under way in the broker is also given up. The hole is a server that accepts no connection."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        port = server.getsockname()[1]
        show = play(f"""
            import socket
            def go(value):
                socket.create_connection(("127.0.0.1", {port}))
        """, ["wire./go > py1.script.go"], options=f"{LIMITS}\nconnect = tcp:127.0.0.1:{port}")
        show.set("/go", 1)
        show.log.wait(INTERRUPTED, "py1")
        show.log.wait("^TimeoutError: interrupted", "py1")
        assert not show.log.matching("^worker ended", "py1")
