# SPDX-License-Identifier: BSD-2-Clause
"""SIGHUP: the new configuration is compared with the running one, and only what differs is touched."""

import os
import signal
import socket
import threading
import time

import pytest
from harness import dedent
from processes import descriptors, workers_of
from waiting import until

CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@

    [python py1]
    module = one

    [python py2]
    module = two

    [map]
    wire./a > py1.one.a
    wire./b > py2.two.b
    py1.out > wire./out1
    py2.out > wire./out2
    """
ONE = """
    import midimonster
    print("one is imported")
    midimonster.output("made", 0.75)
    def a(value):
        midimonster.output("out", value)
    def other(value):
        midimonster.output("out", -1 + 2 * value)
        midimonster.output("made", value)
    def leave():
        midimonster.output("out", 0.125)
    midimonster.cleanup_handler(leave)
    """
TWO = """
    import midimonster
    def b(value):
        midimonster.output("out", value)
    def last(value):
        midimonster.output("out", midimonster.inputvalue("two.b"))
    """
DONE = "^the new configuration is running$"


def start(play, config=CONFIG, ready=("py1", "py2"), **how):
    return play(config=config, scripts={"one.py": ONE, "two.py": TWO}, ready=ready, **how)


def change(show, old, new, config=CONFIG, done=DONE):
    text = dedent(config)
    assert dedent(old) in text
    show.write("show.cfg", text.replace(dedent(old), dedent(new)))
    return read_again(show, done)


def read_again(show, done=DONE):
    position = show.log.position
    os.kill(show.pid, signal.SIGHUP)
    return show.log.wait(done, after=position)


def workers(show):
    return show.worker("py1"), show.worker("py2")


def answer(show, path, reply, value):
    show.set(path, value)
    show.expect(reply, value)


@pytest.mark.one_setting
def test_nothing_is_touched_if_nothing_has_changed(play):
    show = start(play)
    before = workers(show)
    answer(show, "/a", "/out1", 0.5)
    sent = []
    stop = threading.Event()

    def send():
        while not stop.wait(0.001):
            sent.append((len(sent) + 1) / 65536)
            show.set("/a", sent[-1])

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(20):
        read_again(show)
    stop.set()
    sender.join()
    show.expect("/out1", *sent)
    assert workers(show) == before
    assert all(os.path.exists(f"/proc/{pid}") for pid in before)
    assert not show.log.matching("^worker ended")


@pytest.mark.one_setting
def test_a_connection_of_an_unchanged_script_stays_open(play):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        port = server.getsockname()[1]
        config = dedent(CONFIG).replace("module = one", f"module = one\nconnect = tcp:127.0.0.1:{port}")
        show = play(config=config, ready=("py1", "py2"), scripts={"two.py": TWO, "one.py": f"""
            import socket
            peer = socket.create_connection(("127.0.0.1", {port}))
            def a(value):
                peer.send(b"%.2f\\n" % value)
            """})
        peer, _ = server.accept()
        with peer:
            peer.settimeout(20)
            read_again(show)
            show.set("/a", 0.5)
            assert peer.recv(100) == b"0.50\n"


@pytest.mark.one_setting
def test_a_new_handler_of_an_unchanged_script(play):
    show = start(play)
    before = workers(show)
    change(show, "wire./a > py1.one.a", "wire./a > py1.one.other\nwire./new > py1.one.a")
    show.set("/a", 0.75)
    show.expect("/out1", 0.5)
    answer(show, "/new", "/out1", 0.25)
    change(show, "wire./a > py1.one.a", "wire./a > py1.one.missing")
    show.log.wait('channel one.missing has no handler: there is no function "missing" in "one"', "py1")
    show.set("/new", 1)  # leads nowhere now
    change(show, "", "")
    answer(show, "/a", "/out1", 1)
    assert workers(show) == before


@pytest.mark.one_setting
def test_a_channel_that_the_script_made(play):
    show = start(play)
    before = workers(show)
    change(show, "py1.out > wire./out1", "py1.out > wire./out1\npy1.made > wire./made\nwire./c > py1.one.other")
    show.set("/c", 0.5)
    show.expect("/made", 0.5)
    assert workers(show) == before


@pytest.mark.one_setting
def test_mappings_that_are_gone(play):
    show = start(play)
    change(show, "py2.out > wire./out2", "py2.out > wire./elsewhere")
    answer(show, "/b", "/elsewhere", 0.5)
    assert not show.wire.waiting("/out2")
    change(show, "", "")
    answer(show, "/b", "/out2", 0.25)


@pytest.mark.one_setting
def test_an_unchanged_script_swaps_its_sides(play):
    show = start(play)
    change(show, "py1.out > wire./out1", "py1.out < wire./out1\npy1.one.a > wire./a1")
    show.set("/out1", 0.5)
    change(show, "", "")
    answer(show, "/a", "/out1", 0.5)


def test_a_new_instance(play):
    show = start(play)
    before = workers(show)
    show.write("three.py", dedent(TWO))
    change(show, "[map]", "[python py3]\nmodule = three\n\n[map]\nwire./c > py3.three.b\npy3.out > wire./out3")
    show.log.wait(r"^running \(pid", "py3")
    answer(show, "/c", "/out3", 0.5)
    assert workers(show) == before


def test_a_removed_instance_cleans_up_and_is_heard(play):
    show = start(play)
    other, gone = show.worker("py2"), show.worker("py1")
    text = dedent(CONFIG)
    for line in ("[python py1]\nmodule = one\n", "wire./a > py1.one.a\n", "py1.out > wire./out1\n"):
        text = text.replace(line, "")
    show.write("show.cfg", text)
    read_again(show)
    show.expect("/out1", 0.125)
    until(lambda: not os.path.exists(f"/proc/{gone}"), "the worker is still there")
    answer(show, "/b", "/out2", 0.5)
    assert show.worker("py2") == other


@pytest.mark.one_setting
def test_changed_options_start_that_instance_anew_with_its_values(play):
    show = start(play)
    other, old = workers(show)
    show.set("/b", 0.375)
    show.expect("/out2", 0.375)
    position = show.log.position
    change(show, "module = two", "module = two\nhandler-timeout = 1s")
    show.log.wait(r"^running \(pid", "py2", after=position)
    change(show, "module = two\n", "module = two\nhandler-timeout = 1s\n", done=DONE)
    show.write("show.cfg", dedent(CONFIG).replace("module = two", "module = two\nhandler-timeout = 1s")
               .replace("py2.two.b", "py2.two.{b,last}").replace("wire./b", "wire./{b,last}"))
    read_again(show)
    show.set("/last", 1)
    show.expect("/out2", 0.375)
    assert show.worker("py1") == other and show.worker("py2") != old


@pytest.mark.one_setting
def test_a_default_of_all_python_instances_touches_all_of_them(play):
    show = start(play)
    before = workers(show)
    position = show.log.position
    change(show, "[python py1]", "[backend python]\nhandler-timeout = 1s\n\n[python py1]")
    for instance in ("py1", "py2"):
        show.log.wait(r"^running \(pid", instance, after=position)
    assert not set(before) & set(workers(show))


@pytest.mark.one_setting
def test_another_port(play):
    show = start(play)
    before = workers(show)
    text = CONFIG.replace("@IN@", "@IN2@")
    show.write("show.cfg", dedent(text))
    read_again(show)
    show.wire.show_port, old = show.wire2.show_port, show.wire.show_port
    until(lambda: not show.wire.receive(0), "")
    answer(show, "/a", "/out1", 0.5)
    show.wire.show_port = old
    assert workers(show) == before


@pytest.mark.one_setting
def test_events_to_an_instance_that_changes_are_not_lost(play):
    show = start(play)
    show.write("two.py", "import time, midimonster\n" + dedent(TWO) + "midimonster.cleanup_handler(lambda: time.sleep(1))\n")
    read_again(show, done=DONE)
    show.log.wait("with its changed files$", "py2")
    position = show.log.position
    show.write("show.cfg", dedent(CONFIG).replace("module = two", "module = two\nmemory = 300M"))
    os.kill(show.pid, signal.SIGHUP)
    until(lambda: show.log.matching("", after=position) or time.sleep(0.2) is None, "")
    for n in range(1, 101):
        show.set("/b", n / 128)
        answer(show, "/a", "/out1", n / 128)  # the others do not wait
    show.expect("/out2", *(n / 128 for n in range(1, 101)))


@pytest.mark.one_setting
def test_an_error_changes_nothing(play):
    show = start(play)
    before = workers(show)
    for wrong in ("module = one\nmemory = lots", "modul = one", "module = one\n[python py9]\n[map]\npy9.x > nobody.y"):
        change(show, "module = one", wrong, done="^the configuration was not changed")
        answer(show, "/a", "/out1", 0.5)
        answer(show, "/b", "/out2", 0.5)
    (show.folder / "show.cfg").unlink()
    read_again(show, done="^the configuration was not changed")
    answer(show, "/a", "/out1", 0.25)
    assert workers(show) == before


@pytest.mark.one_setting
def test_new_channels_while_the_script_is_imported(play):
    """A script numbers the channels that it makes in the meantime, and starts again."""
    show = start(play, ready=("py2",))
    show.log.wait(r"^running \(pid", "py1")
    show.write("one.py", "import time\nprint('slow')\ntime.sleep(0.5)\n" + dedent(ONE))
    position = show.log.position
    os.kill(show.worker("py1"), signal.SIGKILL)
    show.log.wait("^slow$", "py1", after=position)
    change(show, "wire./a > py1.one.a", "wire./a > py1.one.a\nwire./new > py1.one.other\npy1.made > wire./made")
    show.log.wait(r"^running \(pid", "py1", after=position)
    show.set("/new", 0.75)
    show.expect("/made", 0.75, 0.75)  # the first one from the import
    show.expect("/out1", 0.5)
    answer(show, "/a", "/out1", 0.25)


@pytest.mark.one_setting
def test_again_and_again_and_the_end_in_between(play):
    show = start(play)
    show.write("two.py", "import time, midimonster\n" + dedent(TWO) + "midimonster.cleanup_handler(lambda: time.sleep(1))\n")
    read_again(show)
    show.log.wait("with its changed files$", "py2")
    show.write("show.cfg", dedent(CONFIG).replace("module = two", "module = two\nmemory = 300M"))
    for _ in range(5):
        os.kill(show.pid, signal.SIGHUP)
    answer(show, "/a", "/out1", 0.5)
    show.stop()


@pytest.mark.one_setting
def test_an_instance_that_failed_is_started(play):
    show = start(play, dedent(CONFIG).replace("module = two", "module = two\nrestart = never"))
    position = show.log.position
    os.kill(show.worker("py2"), signal.SIGKILL)
    show.log.wait("not started again", "py2", after=position)
    other = show.worker("py1")
    read_again(show)
    show.log.wait(r"^running \(pid", "py2", after=position)
    answer(show, "/b", "/out2", 0.5)
    assert show.worker("py1") == other


@pytest.mark.one_setting
def test_a_hundred_times_leave_nothing_behind(play):
    show = start(play)
    counts = []
    for n in range(100):
        position = show.log.position
        change(show, "module = two", f"module = two\nmemory = {300 + n % 2}M")
        show.log.wait(r"^running \(pid", "py2", after=position)
        if n in (9, 99):
            until(lambda: len(workers_of(show.pid)) == 2, "workers are left")
            time.sleep(0.3)  # what has ended is freed a moment later
            counts.append(descriptors(show.pid))
    assert counts[0] == counts[1]
