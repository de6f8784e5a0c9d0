# SPDX-License-Identifier: BSD-2-Clause
"""What each role may do through the control socket, and that misuse costs the show nothing."""

import contextlib
import grp
import os
import pwd
import stat
import threading
import time

import control
import pytest
from control import Client
from harness import root_only, user_only
from waiting import until

ECHO = "import midimonster\ndef handler(value):\n\tmidimonster.output('out', value)\n"
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]
STRANGER, OBSERVER = 23456, 23457


def config(section):
    return f"""
        [control]
        {section}
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = script
        [map]
        wire./in > py1.script.handler
        py1.out > wire./out
    """


@pytest.fixture
def public(play, stage, identity):
    """A show whose runtime folder others can reach; public(section) is the show, and the folder in `how`."""

    def start(section=None):
        folder = stage.folder(identity)
        how = {"config": config(section), "scripts": {"script.py": ECHO}} if section else {"script": ECHO, "maps": MAPS}
        return play(**how, env={"RUNTIME_DIRECTORY": str(folder)}), {"folder": folder}

    return start


def resident(pid):
    return next(int(line.split()[1]) << 10 for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))


def plays(show, rounds=20):
    """Every message is answered."""
    for n in range(rounds):
        show.set("/in", n / rounds)
        show.expect("/out", n / rounds)


def test_the_socket_is_where_and_as_it_should_be_and_goes_with_the_show(play, identity):
    show = play(ECHO, MAPS)
    folder = control.runtime(show)
    assert stat.S_IMODE(os.stat(folder / "control").st_mode) == 0o666
    assert stat.S_IMODE(os.stat(folder).st_mode) == (0o755 if identity.is_root else 0o700)
    show.stop()
    assert not (folder / "control").exists()


def test_a_killed_broker_leaves_no_socket_either(play):
    show = play(ECHO, MAPS)
    socket = control.runtime(show) / "control"
    show.process.kill()
    show.process.wait()
    until(lambda: not socket.exists(), "the keeper has not removed it")
    show.close()


def test_a_socket_that_was_left_behind_is_replaced(play, stage, identity):
    import socket
    folder = stage.folder(identity)
    runtime = folder / "run/firecurtain"
    runtime.mkdir(parents=True)
    for path in (runtime.parent, runtime):
        path.chmod(0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(runtime / "control"))
    for path in (runtime.parent, runtime, runtime / "control"):
        identity.own(path)
    show = play(ECHO, MAPS, env={"XDG_RUNTIME_DIR": str(runtime.parent)})
    assert control.status(show, folder=runtime)["py1"]["state"] == "running"


@root_only
def test_observers_see_and_do_nothing_else(public):
    show, where = public("observers = *")
    assert control.status(show, uid=OBSERVER, **where)["py1"]["state"] == "running"
    done = control.run(show, "emit", "wire./in", 0.5, uid=OBSERVER, check=77, **where)
    assert "administrator" in done.stderr
    until(lambda: control.audits(show, f"uid={OBSERVER} .* verb=emit .*outcome=refused"), "no line in the audit log")
    control.run(show, "emit", "wire./in", 0.5, check=0, **where)
    show.expect("/out", 0.5)
    assert control.audits(show, "uid=0 .*verb=emit subject=wire./in outcome=done")


@root_only
def test_administrators_by_name(public):
    show, where = public("administrators = daemon")
    control.run(show, "emit", "wire./in", 0.25, uid=pwd.getpwnam("daemon").pw_uid, check=0, **where)
    show.expect("/out", 0.25)
    control.run(show, "status", uid=OBSERVER, check=77, **where)


@root_only
def test_administrators_by_their_first_group(public):
    group = grp.getgrnam("staff").gr_gid  # no user has that name
    show, where = public("administrators = daemon, staff\nobservers = *")
    control.run(show, "emit", "wire./in", 0.25, uid=group, check=0, **where)
    show.expect("/out", 0.25)
    assert control.audits(show, f"uid={group} .*role=administrator")


@root_only
def test_roles_of_the_command_line(play, stage, identity):
    folder = stage.folder(identity)
    show = play(ECHO, MAPS, env={"RUNTIME_DIRECTORY": str(folder)}, arguments=["-b", "control.observers=*"])
    assert control.status(show, uid=OBSERVER, folder=folder)["py1"]["state"] == "running"


@root_only
def test_strangers_and_the_workers_account_learn_nothing(public):
    for (show, where), uid in ((public(), STRANGER), (public("observers = *"), pwd.getpwnam("nobody").pw_uid)):
        done = control.run(show, "status", uid=uid, check=77, **where)
        assert done.stdout == "" and f"uid {uid}" in done.stderr
        show.log.wait(f"refused 1 connections, the last one from uid {uid}: it has no role", level="warning")


@user_only
def test_the_brokers_own_user_is_an_administrator(play, identity):
    show = play(ECHO, MAPS)
    control.run(show, "emit", "wire./in", 0.5, check=0)
    show.expect("/out", 0.5)
    assert control.audits(show, f"uid={identity.uid} .*role=administrator verb=emit")


@pytest.mark.one_setting
def test_a_change_of_the_section_waits_for_a_new_start_and_the_log_says_so(play):
    show = play(ECHO, MAPS)
    text = show.config.read_text()
    control.run(show, "reload", check=0)
    assert not show.log.matching("section .control. has changed")
    show.write("show.cfg", "[control]\nobservers = *\n" + text)
    control.run(show, "reload", check=0)
    show.log.wait("section .control. has changed", level="warning")


@pytest.mark.one_setting
@pytest.mark.parametrize("section, message", [
    ("observers = nobody-of-that-name", 'no user or group "nobody-of-that-name"'),
    ("administrators = *", 'only observers can be "*"'),
    ("observer = *", 'did you mean "observers"'),
    ("observers =", "expected names"),
])
def test_mistakes_in_the_section_are_errors_with_a_place(firecurtain, section, message):
    done = firecurtain("check", "show.cfg", files={"show.cfg": f"[control]\n{section}\n"})
    assert done.returncode == 78 and "show.cfg:2:" in done.stderr
    assert message in done.stderr


@pytest.mark.one_setting
def test_requests_are_checked(play):
    show = play(ECHO, MAPS)
    with Client(show) as client:
        for how, expected in (
                ({"verb": "status", "version": 2}, control.UNSUPPORTED),
                ({"verb": 99}, control.UNSUPPORTED),
                ({"verb": "emit"}, control.INVALID),
                ({"verb": "emit", "names": ["wire./in"], "value": 1.5}, control.INVALID),
                ({"verb": "emit", "names": ["wire"], "value": 0.5}, control.INVALID),
                ({"verb": "emit", "names": ["wire./is"], "value": 0.5}, control.UNKNOWN_NAME),
                ({"verb": "status", "names": ["py2"]}, control.UNKNOWN_NAME),
                ({"verb": "status", "from_": 1 << 60}, control.DONE)):
            names = how.pop("names", [])
            reply = client.ask(how.pop("verb"), *names, id=7, **how)
            assert control.outcome(reply) == expected and reply[2] == [7], reply
        for malformed in (b"\xff" * 10, control.request("status", "a\x1b[2J"), control.request("emit", "wire./in", value=float("nan")),
                          control.request("status", *["a"] * 1000), b"\x22\xff\xff\xff\xff\x0f"):
            client.raw(client.framed(malformed))
        assert control.outcome(client.ask("status")) == control.DONE
    show.log.wait("malformed request")


# Hostile clients. All of them are the broker's own user, or root: clients without a role do not get as far.


@contextlib.contextmanager
def bounded(show, megabytes):
    plays(show)
    before = resident(show.pid)
    yield
    plays(show)
    grown = resident(show.pid) - before
    assert grown < megabytes << 20, f"{grown >> 20} MiB more"
    assert control.status(show)["py1"]["state"] == "running"


@pytest.mark.one_setting
def test_garbage_and_halves_of_a_greeting(play):
    show = play(ECHO, MAPS)
    with bounded(show, 4):
        for data in (b"GET / HTTP/1.1\r\n\r\n" * 100, os.urandom(4096), control.GREETING[:32], control.GREETING,
                     control.GREETING + b"\x04\xff" + bytes(255), b""):
            with Client(show, handshake=False) as client:
                with contextlib.suppress(ConnectionError):
                    client.raw(data)
                assert client.is_over(), f"after {data[:20]}"


def test_oversized_frames_and_messages_of_many_parts_end_the_connection(play):
    show = play(ECHO, MAPS)
    with bounded(show, 8):
        for data in (Client.framed(bytes(65537)), bytes([2]) + (1 << 62).to_bytes(8, "big"), b"\x01\x01a" * 1000 + b"\x00\x01a",
                     bytes([4, 5]) + b"\x04PING"):
            with Client(show) as client:
                with contextlib.suppress(ConnectionError):
                    client.raw(data)
                assert client.is_over(), f"after {data[:20]}"
        show.log.wait("refused .* connections, the last one from uid .*: a message in parts|too large|no client needs", level="warning")


def test_a_thousand_connections(play):
    show = play(ECHO, MAPS)
    with bounded(show, 16):
        with contextlib.ExitStack() as stack:
            for _ in range(1000):
                with contextlib.suppress(OSError):
                    stack.enter_context(Client(show, handshake=False))
            plays(show)
            show.log.wait("too many connections", level="warning")
        until(lambda: control.run(show, "status").returncode == 0, "their places are not free again")


def test_ten_thousand_requests_a_second_that_nobody_reads_the_answers_of(play):
    show = play(ECHO, MAPS)
    over = threading.Event()

    def flood():
        with Client(show) as client:
            client.socket.settimeout(0.2)
            packet = client.framed(control.request("status", usage=True)) * 100
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    client.raw(packet)

    threads = [threading.Thread(target=flood) for _ in range(4)]
    with bounded(show, 16):
        for thread in threads:
            thread.start()
        with Client(show) as client:
            until(lambda: control.outcome(client.ask("status")) == control.BUSY, "all of it reaches the broker")
            plays(show, 200)
            begin, done = time.monotonic(), 0
            for _ in range(2000):
                done += control.outcome(client.ask("status")) == control.DONE
            assert done <= 50 + 500 * (time.monotonic() - begin), "of one uid"
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.one_setting
def test_who_reads_gets_every_answer(play):
    """Some were dropped, since libzmq had not noticed yet that the earlier ones were read."""
    show = play(ECHO, MAPS)
    with Client(show) as client:
        for _ in range(10000):
            assert control.outcome(client.ask("status")) in (control.DONE, control.BUSY)


@pytest.mark.one_setting
def test_watchers_that_never_read_miss_values_and_are_told(play):
    script = """
        import midimonster
        for n in range(500):
            midimonster.output(f"c{n}", 0.0)
        turn = 0
        def blink():
            global turn
            turn += 1
            for n in range(500):
                midimonster.output(f"c{n}", turn % 100 / 100)
        midimonster.interval(blink, 5)
        def handler(value):
            midimonster.output('out', value)
    """
    show = play(script, MAPS)
    with bounded(show, 24), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(show)) for _ in range(20)]
        for client in clients:
            client.send("watch", "*", follow=True)
            client.send("logs", follow=True)
        time.sleep(3)
        plays(show, 100)
        missed, deadline = 0, time.monotonic() + 10
        while not missed:
            assert time.monotonic() < deadline
            missed = clients[0].reply().get(6, [0])[0]
    plays(show)


@pytest.mark.one_setting
def test_watchers_have_places_and_give_them_back(play):
    show = play(ECHO, MAPS)
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(Client(show))
        for _ in range(32):
            assert control.outcome(client.ask("watch", "*", follow=True)) == control.DONE
        assert control.outcome(client.ask("watch", "*", follow=True)) == control.FAILED
        assert control.outcome(client.ask("watch", *["*"] * 65, follow=True)) == control.INVALID

    def again():
        with Client(show) as client:
            return control.outcome(client.ask("watch", "*", follow=True)) == control.DONE

    until(again, "the places are not free again")
    plays(show)


def test_a_script_does_not_get_there(play, stage, identity):
    script = """
        import os, socket
        where = os.environ["CONTROL"]
        for path in (where + "/control", "\\0" + where + "/control"):
            try:
                with socket.socket(socket.AF_UNIX) as each:
                    each.connect(path)
                print("connected")
            except OSError as error:
                print("refused", repr(path), error)
    """
    folder = stage.folder(identity)
    show = play(script, options=f"env = CONTROL={folder}", env={"RUNTIME_DIRECTORY": str(folder)})
    show.log.wait("^refused", "py1", count=2)
    assert not show.log.matching("^connected")
    assert control.status(show, folder=folder)["py1"]["state"] == "running"
