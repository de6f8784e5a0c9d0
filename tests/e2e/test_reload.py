# SPDX-License-Identifier: BSD-2-Clause
"""Hot reload (`reload = on`): a changed script replaces the running one, or fails and only the log shows it."""

import os
import signal
import socket
import time

import pytest
from harness import dedent
from processes import descriptors, workers_of
from waiting import one_in_time, until
from wire import free_tcp_port

MAPS = ["wire./{a,b} > py1.script.{a,b}", "py1.out > wire./out", "py1.bye > wire./bye"]
SCRIPT = """
    import midimonster
    def a(value):
        midimonster.output("out", value)
    def b(value):
        midimonster.output("out", midimonster.inputvalue("script.a"))
"""
LIVE = r"^running \(pid \d+\) with its changed files$"
KEPT = "^its changed files were rejected"


def script(body="value", top=""):
    """Returns a version of the script: what `a` puts out, and further code."""
    return dedent(SCRIPT).replace('"out", value', f'"out", {body}') + dedent(top)


def save(show, name, text):
    """Writes into the file, as some editors do."""
    (show.folder / name).write_text(text)


def save_and_wait(show, text, line=LIVE, name="script.py"):
    position = show.log.position
    save(show, name, text)
    return show.log.wait(line, "py1", after=position)


def answer(show, value, expected=None, path="/a"):
    show.set(path, value)
    show.expect("/out", value if expected is None else expected)


def start(play, text=None, options="", **how):
    return play(text or SCRIPT, MAPS, options=f"reload = on\n{options}", **how)


def test_a_saved_file_goes_live_with_the_values_of_before(play):
    show = start(play)
    answer(show, 0.25)
    old = show.worker()
    save_and_wait(show, script("1 - value", top="print('found', midimonster.outputvalue('out'))"))
    show.printed("^found 0.25$")
    assert show.worker() != old
    answer(show, 0.5, expected=0.25, path="/b")
    answer(show, 0.2, expected=0.8)
    until(lambda: not os.path.exists(f"/proc/{old}"), "the old worker is still there")


@pytest.mark.one_setting
def test_without_the_option_nothing_happens_until_the_configuration_is_read_again(play):
    show = play(SCRIPT, MAPS)
    pid = show.worker()
    save(show, "script.py", script("1 - value"))
    time.sleep(0.5)
    answer(show, 0.2)
    assert show.worker() == pid
    position = show.log.position
    os.kill(show.pid, signal.SIGHUP)
    show.log.wait(LIVE, "py1", after=position)
    answer(show, 0.2, expected=0.8)


@pytest.mark.one_setting
@pytest.mark.parametrize("text, said", [
    (script("value +"), "^SyntaxError"),
    (script("value", top="nonsense\n"), "^NameError"),
    (script("value", top="raise SystemExit(0)\n"), KEPT),
    (script("value", top="import ctypes\nctypes.string_at(0)\n"), "Segmentation fault|SIGSEGV"),
    (script("value", top="import missing\n"), "^ModuleNotFoundError"),
    (script("value").replace("def a(", "def aa("), 'there is no function "a"'),
    ("", 'there is no function "a"'),
], ids=["syntax", "exception", "exit", "crash", "import", "handler", "empty"])
def test_a_typo_changes_nothing_but_the_log(play, text, said):
    show = start(play)
    answer(show, 0.5)
    pid, position = show.worker(), show.log.position
    save_and_wait(show, text, line=KEPT)
    show.log.wait(said, "py1", after=position)
    assert show.worker() == pid
    answer(show, 0.25)
    save_and_wait(show, script("1 - value"))
    answer(show, 0.25, expected=0.75)


@pytest.mark.one_setting
def test_a_missing_handler_is_no_reason_if_it_was_missing_before(play):
    show = play(SCRIPT, [*MAPS, "wire./c > py1.script.c"], options="reload = on")
    save_and_wait(show, script("1 - value"))
    answer(show, 0.25, expected=0.75)


@pytest.mark.one_setting
def test_the_corrected_file_is_live_within_100_ms_of_its_import(play):
    show = start(play)

    def correct(n):
        save_and_wait(show, script("value +"), line=KEPT)
        live = save_and_wait(show, script("1 - value", top=f"print('imported', {n})"))
        return live.arrived - show.log.wait(f"^imported {n}$", "py1").arrived

    one_in_time(correct, 0, 0.1)


def test_modules_that_it_imported(play):
    show = start(play, script("value * helper.FACTOR", top="import helper, package.part"), scripts={
        "helper.py": "FACTOR = 1", "package/__init__.py": "", "package/part.py": ""})
    answer(show, 0.5)
    save_and_wait(show, "FACTOR = 0.5", name="helper.py")
    answer(show, 0.5, expected=0.25)
    save_and_wait(show, "import helper\nhelper.FACTOR = 0.125", name="package/part.py")
    answer(show, 0.5, expected=0.0625)


def test_a_module_that_a_handler_imported_later(play):
    show = start(play, script("__import__('later').FACTOR * value"), scripts={"later.py": "FACTOR = 1"})
    answer(show, 0.5)
    save_and_wait(show, "FACTOR = 0.5", name="later.py")
    answer(show, 0.5, expected=0.25)


@pytest.mark.one_setting
def test_other_files_do_not_matter(play):
    show = start(play, scripts={"other.py": "", "notes.txt": ""})
    pid = show.worker()
    save(show, "other.py", "nonsense")
    save(show, "notes.txt", "more")
    time.sleep(0.5)
    assert show.worker() == pid
    assert not show.log.matching("changed")


@pytest.mark.one_setting
def test_an_editor_that_renames(play):
    show = start(play)
    for n in range(5):
        position = show.log.position
        save(show, ".script.py.swp", "")
        save(show, "script.py.new", script(f"value / {n + 1}"))
        (show.folder / "script.py").rename(show.folder / "script.py~")
        (show.folder / "script.py.new").rename(show.folder / "script.py")
        show.log.wait(LIVE, "py1", after=position)
        answer(show, 0.5, expected=0.5 / (n + 1))
    assert not show.log.matching(KEPT)


@pytest.mark.one_setting
def test_an_editor_that_writes_in_several_steps(play):
    show = start(play)
    text = script("1 - value")
    position = show.log.position
    with open(show.folder / "script.py", "w", buffering=1) as file:
        for line in text.splitlines(keepends=True):
            file.write(line)
            file.flush()
            time.sleep(0.1)
    show.log.wait(LIVE, "py1", after=position)
    assert not show.log.matching(KEPT)
    answer(show, 0.25, expected=0.75)


@pytest.mark.one_setting
def test_a_half_written_file_is_only_a_line_in_the_log(play):
    show = start(play)
    text = script("1 - value")
    save_and_wait(show, text[:text.index("def b")], line=KEPT)
    answer(show, 0.25)
    save_and_wait(show, text)
    answer(show, 0.25, expected=0.75)


def test_a_file_that_is_gone_and_comes_back(play):
    show = start(play)
    path = show.folder / "script.py"
    position = show.log.position
    path.unlink()
    time.sleep(0.2)
    path.write_text(script("1 - value"))
    show.log.wait(LIVE, "py1", after=position)
    assert not show.log.matching(KEPT)
    position = show.log.position
    path.unlink()
    show.log.wait(KEPT, "py1", after=position)
    answer(show, 0.25, expected=0.75)


def test_a_package_that_is_replaced_as_a_whole(play):
    show = start(play, script("package.FACTOR * value", top="import package"), scripts={"package/__init__.py": "FACTOR = 1"})
    answer(show, 0.5)
    for n in range(2, 5):
        position = show.log.position
        show.write(f"new{n}/__init__.py", f"FACTOR = 1 / {n}")
        (show.folder / "package").rename(show.folder / f"old{n}")
        (show.folder / f"new{n}").rename(show.folder / "package")
        show.log.wait(LIVE, "py1", after=position)
        answer(show, 0.5, expected=0.5 / n)
    save_and_wait(show, "FACTOR = 0.125", name="package/__init__.py")
    answer(show, 0.5, expected=0.0625)


@pytest.mark.one_setting
def test_every_event_is_handled_once_and_in_order(play):
    show = start(play)
    sent = 0

    def send():
        """As many a second as the show can take, of which the socket has room for a hundred."""
        nonlocal sent
        while show.wire.receive(0):
            pass
        if sent - len(show.wire.inbox) < 100:
            sent += 1
            show.set("/a", sent / 65536)

    for version in range(10):
        save(show, "script.py", script("value", top=f"VERSION = {version}"))
        until(lambda: send() or len(show.log.matching(LIVE)) > version, "the new version is not live", pause=0.0005)
    for n in range(1, sent + 1):
        show.expect("/out", n / 65536)
    assert not show.wire.waiting("/out")


@pytest.mark.one_setting
def test_a_handler_is_never_cut_off(play):
    show = start(play, script("value", top="""
        import time
        def b(value):
            print("begins")
            time.sleep(1)
            midimonster.output("out", value)
        """))
    position = show.log.position
    show.set("/b", 0.5)
    show.printed("^begins$")
    save(show, "script.py", script("1 - value"))
    show.set("/a", 0.25)
    show.expect("/out", 0.5, 0.75)
    show.log.wait(LIVE, "py1", after=position)


@pytest.mark.one_setting
def test_intervals_are_the_new_scripts_own(play):
    first = script("value", top="midimonster.interval(lambda: print('first', midimonster.timestamp()), 20)")
    show = start(play, first)
    show.printed("^first ", count=3)
    save_and_wait(show, script("value", top="midimonster.interval(lambda: print('second', midimonster.timestamp()), 20)"))
    show.printed("^second ", count=2)
    position = show.log.position
    show.printed("^second ", count=10, after=position)
    assert not show.log.matching("^first ", after=position)


@pytest.mark.one_setting
def test_what_an_import_puts_out_waits_for_the_swap(play):
    show = start(play)
    show.set("/a", 0.5)
    show.expect("/out", 0.5)
    save_and_wait(show, script("value", top="midimonster.output('out', 0.1)"))
    show.expect("/out", 0.1)
    save_and_wait(show, script("value", top="midimonster.output('out', 0.2)\nnonsense\n"), line=KEPT)
    answer(show, 0.3, expected=0.5, path="/b")  # and not 0.2: the failed version put out nothing


@pytest.mark.one_setting
def test_the_old_script_cleans_up_and_leaves_the_stage_to_the_new_one(play):
    cleanup = """
        def leave():
            midimonster.output("out", 0)
            midimonster.output("bye", 1)
            print("has left")
        midimonster.cleanup_handler(leave)
        """
    show = start(play, script("value", top=cleanup))
    answer(show, 0.5)
    for n in range(2):  # the last output is not part of what the script drives, not even the second time
        save_and_wait(show, script("value", top=cleanup + f"VERSION = {n}"))
        show.printed("^has left$", count=n + 1)
        show.expect("/bye", 1)
    assert not show.wire.waiting("/out")
    answer(show, 0.25)


@pytest.mark.one_setting
def test_a_cleanup_that_hangs_is_ended_and_keeps_nobody_waiting(play):
    show = start(play, script("value", top="""
        import time
        def leave():
            while True:
                try:
                    time.sleep(100)
                except BaseException:
                    pass
        midimonster.cleanup_handler(leave)
        """), options="stop-timeout = 500ms")
    old = show.worker()
    save_and_wait(show, script("1 - value"))
    answer(show, 0.25, expected=0.75)
    save_and_wait(show, script("value / 2"))
    answer(show, 0.25, expected=0.125)
    show.log.wait("^the replaced worker ended: did not return", "py1")
    until(lambda: not os.path.exists(f"/proc/{old}"), "the old worker is still there")


@pytest.mark.one_setting
def test_an_import_that_hangs(play):
    show = start(play, options="start-timeout = 300ms")
    save_and_wait(show, script("value", top="import time\ntime.sleep(100)"), line=KEPT)
    show.log.wait("^TimeoutError", "py1")
    answer(show, 0.5)


@pytest.mark.one_setting
def test_the_newest_of_several_versions(play):
    show = start(play)
    save_and_wait(show, script("value / 2", top="import time\nprint('slow')\ntime.sleep(2)"), line="^slow$")
    answer(show, 0.5)
    save_and_wait(show, script("value / 4"))
    answer(show, 0.5, expected=0.125)


@pytest.mark.one_setting
def test_the_running_one_dies_while_the_new_one_is_imported(play):
    show = start(play)
    old = show.worker()
    position = show.log.position
    save_and_wait(show, script("1 - value", top="import time\nprint('slow')\ntime.sleep(0.5)"), line="^slow$")
    os.kill(old, signal.SIGKILL)
    show.log.wait("takes over$", "py1", after=position)
    answer(show, 0.25, expected=0.75)
    show.log.wait(r"^running \(pid", "py1", after=position)
    assert len(show.log.matching(r"^running \(pid", "py1", after=position)) == 1


@pytest.mark.one_setting
def test_a_script_that_never_loaded_gets_its_chance_at_once(play):
    show = play("nonsense", MAPS, options="reload = on\nrestart = never", ready=())
    show.log.wait("not started again", "py1")
    save_and_wait(show, script("1 - value"), line=r"^running \(pid")
    answer(show, 0.25, expected=0.75)


@pytest.mark.one_setting
def test_the_missing_module_is_made(play):
    show = start(play)
    save_and_wait(show, script("helper.FACTOR * value", top="import helper"), line=KEPT)
    save_and_wait(show, "FACTOR = 0.5", name="helper.py")
    answer(show, 0.5, expected=0.25)


def test_an_end_while_everything_is_under_way(play):
    show = start(play)
    save_and_wait(show, script("value", top="import time\nprint('slow')\ntime.sleep(3)"), line="^slow$")
    show.stop()


@pytest.mark.one_setting
def test_neighbours_are_not_touched(play):
    config = """
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [backend python]
        reload = on
        [python py1]
        module = one
        [python py2]
        module = two
        [map]
        wire./a > py1.one.a
        py1.out > wire./out
        """
    show = play(config=config, scripts={"one.py": "def a(value): print('old')\n", "two.py": ""}, ready=("py1", "py2"))
    other = show.worker("py2")
    save_and_wait(show, "def a(value): print('new')\n", name="one.py")
    show.set("/a", 1)
    show.printed("^new$")
    assert show.worker("py2") == other and os.path.exists(f"/proc/{other}")


@pytest.mark.one_setting
def test_a_hundred_reloads_leave_nothing_behind(play):
    show = start(play)
    counts = []
    for n in range(100):
        save_and_wait(show, script("value", top=f"VERSION = {n}"))
        if n in (9, 99):
            until(lambda: len(workers_of(show.pid)) == 1, "workers are left")
            time.sleep(0.3)  # the replaced one is freed a moment later
            counts.append(descriptors(show.pid))
    assert counts[0] == counts[1]
    answer(show, 0.5)


def server(kind, extra=""):
    """Returns a script that answers on a port with its version."""
    return dedent(f"""
        import midimonster, socket
        VERSION = 0
        server = socket.socket(socket.AF_INET, socket.SOCK_{kind})
        server.bind(("127.0.0.1", PORT))
        def datagram(where):
            request, peer = where.recvfrom(100)
            where.sendto(b"%d %s" % (VERSION, request), peer)
        def connection(where):
            peer, _ = where.accept()
            peer.send(b"%d" % VERSION)
            peer.close()
        if "{kind}" == "STREAM":
            server.listen()
        midimonster.manage(connection if "{kind}" == "STREAM" else datagram, server)
        def a(value): pass
        def b(value): pass
        """) + extra


@pytest.mark.parametrize("kind", ["DGRAM", "STREAM"])
def test_a_port_passes_to_the_next_version_and_nothing_that_arrives_is_lost(play, kind):
    port = free_tcp_port()
    text = server(kind).replace("PORT", str(port))
    show = start(play, text, options=f"listen = 127.0.0.1:{port}\nconnect = udp:127.0.0.1:*")
    versions = []

    def ask(n):
        with socket.socket(socket.AF_INET, getattr(socket, f"SOCK_{kind}")) as client:
            client.settimeout(20)
            client.connect(("127.0.0.1", port))
            if kind == "DGRAM":
                client.send(b"%d" % n)
            answer = client.recv(100).split()
            assert kind == "STREAM" or answer[1] == b"%d" % n
            versions.append(int(answer[0]))

    for version in range(1, 6):
        ask(0)
        position = show.log.position
        save(show, "script.py", text.replace("VERSION = 0", f"VERSION = {version}"))
        n = 0
        while not show.log.matching(LIVE, "py1", after=position):
            ask(n := n + 1)
        ask(n)
    assert versions == sorted(versions) and versions[-1] == 5


@pytest.mark.one_setting
def test_a_port_of_another_script_is_not_borrowed(play):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        show = start(play, options=f"listen = udp:127.0.0.1:{port}")
        save_and_wait(show, server("DGRAM").replace("PORT", str(port)), line=KEPT)
        show.log.wait("^OSError.*Address already in use", "py1")
