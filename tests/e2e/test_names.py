# SPDX-License-Identifier: BSD-2-Clause
"""Names are looked up beside the show: a name server that is silent delays nobody but those that asked it.

The name server is the test: a UDP socket on an address of loopback of its own, to which the broker's own resolv.conf
leads, in a mount namespace. It is silent, and answers what it was asked when it is told to.
"""

import errno
import itertools
import os
import signal
import socket
import struct
import threading

import pytest
from control import run, status, wait_for
from house import House
from pressure import answer_all
from processes import children, descendants, named
from serving import serving
from waiting import PATIENCE, until

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="the name server needs port 53")

ADDRESSES = itertools.count(os.getpid() % 60000 * 4)
AT_ONCE = 8  # LOOKUP_AT_ONCE of broker/os/lookup.h
CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [loopback l]
    [map]
    wire./in > l.x
    l.x > wire./out
    """
DESK = """
    [osc desk{n}]
    destination = desk{n}.fc-silent.test @OUT2@
    [map]
    wire./in{n} > desk{n}./out{n}
    """


class Resolver:
    """Answers with 127.0.0.1, once it speaks; until then it only collects what it is asked."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = self.bind()
        self.settings = folder / "resolv.conf"
        self.settings.write_text(f"nameserver {self.address}\n")
        self.asked, self.waiting, self.speaks, self.lock = [], [], False, threading.Lock()

    def bind(self):
        """Takes an address that nobody has, such as a test that runs beside this one."""
        while True:
            number = next(ADDRESSES)
            address = f"127.77.{number >> 8 & 255}.{number & 255 or 1}"
            try:
                self.socket.bind((address, 53))
                return address
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise

    def take(self, sock):
        question, peer = sock.recvfrom(512)
        name, at = [], 12
        while question[at]:
            name.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        with self.lock:
            self.asked.append(".".join(name))
            self.waiting.append((question, at + 5, peer))
            if self.speaks:
                self.answer()

    def answer(self):
        for question, end, peer in self.waiting:
            is_ipv4 = question[end - 4:end - 2] == b"\0\1"
            head = question[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, is_ipv4, 0, 0)
            body = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if is_ipv4 else b""
            self.socket.sendto(head + question[12:end] + body, peer)
        self.waiting.clear()

    def speak(self):
        with self.lock:
            self.speaks = True
            self.answer()

    def launcher(self, identity):
        user = [] if identity.is_root else ["--user", f"--map-user={identity.uid}", f"--map-group={identity.uid}", "--keep-caps"]
        return ("unshare", *user, "--mount", "sh", "-c", f"mount --bind {self.settings} /etc/resolv.conf && "
                'exec setpriv --inh-caps=-all --ambient-caps=-all --pdeathsig=KILL -- "$@"', "sh")


@pytest.fixture
def resolver(stage, identity):
    made = Resolver(stage.folder(identity))
    with serving(made.socket, made.take):
        yield made


def lookups(show):
    """The processes that look names up."""
    return [each for pid in children(show.pid) for each in named(pid, "fc-lookup")]


def answers(show, value):
    show.set("/in", value)
    show.expect("/out", value)


def desks(numbers):
    return CONFIG + "".join(DESK.replace("{n}", str(n)) for n in numbers)


@pytest.mark.one_setting
def test_others_go_on_and_the_instance_is_starting(play, identity, resolver):
    show = play(config=desks([1]), ready=(), launcher=resolver.launcher(identity))
    until(lambda: resolver.asked, "nobody asked")
    answer_all(show)
    desk = status(show)["desk1"]
    assert desk["state"] == "starting" and desk["detail"] == "looking up desk1.fc-silent.test"
    assert status(show, "wire")["wire"]["state"] == "running"
    assert "already starting" in run(show, "start", "desk1", check=0).stdout + run(show, "start", "desk1").stderr
    show.set("/in1", 0.25)
    answers(show, 0.5)
    resolver.speak()
    wait_for(show, "desk1", "running")
    show.wire2.expect("/out1", 0.25)  # it waited
    until(lambda: not lookups(show), "a process of a lookup is left")
    assert not show.log.matching(level="error")


@pytest.mark.one_setting
def test_a_second_show_starts_while_the_first_waits(play, identity, resolver):
    """SIGHUP brings an instance with a name, then one more and a script; the script does not wait."""
    first = CONFIG + "[python py0]\nmodule = script\n"
    other = "[python py1]\nmodule = script\n[map]\nwire./script > py1.script.f\npy1.out > wire./scripted\n"
    script = "import midimonster\ndef f(value):\n\tmidimonster.output('out', value)\n"
    show = play(config=first, scripts={"script.py": script}, ready=["py0"], launcher=resolver.launcher(identity))
    for n in (1, 2):
        show.write("show.cfg", desks(range(1, n + 1)) + "[python py0]\nmodule = script\n" + (other if n == 2 else ""))
        position = show.log.position
        os.kill(show.pid, signal.SIGHUP)
        show.log.wait("^the new configuration is running", after=position)
        until(lambda: f"desk{n}.fc-silent.test" in resolver.asked, "nobody asked")
        answers(show, n / 8)
    show.log.wait("^running", "py1")
    show.set("/script", 0.5)
    show.expect("/scripted", 0.5)
    assert {status(show)[f"desk{n}"]["state"] for n in (1, 2)} == {"starting"}
    show.write("show.cfg", CONFIG)
    os.kill(show.pid, signal.SIGHUP)
    until(lambda: not lookups(show), "what nobody waits for is looked up")
    answers(show, 0.75)


@pytest.mark.one_setting
def test_stop_and_the_end_wait_for_no_name(play, identity, resolver):
    show = play(config=desks([1]), ready=(), launcher=resolver.launcher(identity))
    until(lambda: lookups(show), "nothing is looked up")
    run(show, "stop", "desk1", check=0)
    assert status(show)["desk1"]["state"] == "stopped"
    until(lambda: not lookups(show), "what nobody waits for is looked up")
    run(show, "start", "desk1", check=0)
    until(lambda: lookups(show), "nothing is looked up")
    assert status(show)["desk1"]["state"] == "starting"
    show.stop()
    assert not resolver.speaks


@pytest.mark.one_setting
def test_so_many_names_at_once(play, identity, resolver):
    show = play(config=desks(range(1, 3 * AT_ONCE)), ready=(), launcher=resolver.launcher(identity))
    until(lambda: len(lookups(show)) == AT_ONCE, "they are not looked up at once")
    answer_all(show)
    assert len(lookups(show)) <= AT_ONCE
    resolver.speak()
    for n in range(1, 3 * AT_ONCE):
        wait_for(show, f"desk{n}", "running")


@pytest.mark.one_setting
def test_a_silent_name_server_is_asked_again_later(play, identity, resolver):
    resolver.settings.write_text(resolver.settings.read_text() + "options timeout:1 attempts:1\n")
    show = play(config=desks([1]), ready=(), launcher=resolver.launcher(identity))
    show.log.wait('^cannot start: the name "desk1.fc-silent.test" cannot be resolved: no name server answers; .*trying again in 1 s$', "desk1", level="error")
    answers(show, 0.5)
    resolver.speak()
    wait_for(show, "desk1", "running")


def test_a_user_waits_alone(play, identity, stage, resolver):
    """Alice's scripts may connect to more names than are looked up at once. Bob, who starts after her, and the house do not
    notice."""
    house = House(play, identity, stage)
    names = [f"n{n}.fc-silent.test" for n in range(2 * AT_ONCE)]
    house.options["alice"] += "allow-connect = tcp:*:80\n"
    house.write("alice", "show.cfg", "[python py1]\nmodule = script\n" + "".join(f"connect = tcp:{name}:80\n" for name in names))
    house.write("bob", "show.cfg", "[python py1]\nmodule = script\nconnect = tcp:bob.fc-silent.test:80\n"
                                   "[python py2]\nmodule = script\n[map]\nwire./in2 > py2.script.f\npy2.out > wire./out2\n")
    house.options["bob"] += "allow-connect = tcp:*:80\n"
    house.show = show = play(config=house.config(), ready=["bob/py2"], launcher=resolver.launcher(identity))
    house.answers(2, 0.5)
    until(lambda: "bob.fc-silent.test" in resolver.asked, "his name is not looked up")
    assert not show.log.matching("^running", "alice/py1")
    for _ in range(3):
        house.read_again()
    house.answers(2, 0.25)
    resolver.speak()
    show.log.wait("^running", "alice/py1")
    show.log.wait("^running", "bob/py1")
    assert set(names) <= set(resolver.asked)


def test_a_keeper_leaves_no_lookup_behind(play, identity, resolver):
    show = play(config=desks(range(1, 4)), ready=(), launcher=resolver.launcher(identity))
    until(lambda: len(lookups(show)) == 3, "nothing is looked up")
    family = descendants(show.pid)
    assert len(family) >= 5
    show.kill()
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in family), "a process is left", PATIENCE)
