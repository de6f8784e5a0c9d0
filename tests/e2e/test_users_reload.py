# SPDX-License-Identifier: BSD-2-Clause
"""Her own show, read again without the administrator."""

import os
import re
import signal
import socket
import threading

import control
import pytest
from control import BUSY, DONE
from harness import root_only, user_only
from house import SHOW, Controlled
from processes import children, named
from waiting import until


@pytest.fixture
def house(play, identity, stage):
    return Controlled(play, identity, stage)


class Stream:
    """Sends values through bob's script, each a step above the previous one: none may be missing."""

    def __init__(self, show):
        self.show, self.sent, self.over = show, [], threading.Event()
        self.thread = threading.Thread(target=self.send)

    def send(self):
        while not self.over.wait(0.001):
            self.sent.append((len(self.sent) + 1) / 65536)
            self.show.set("/in2", self.sent[-1])

    def __enter__(self):
        self.thread.start()
        until(lambda: self.sent, "nothing is sent")
        return self

    def __exit__(self, *why):
        self.over.set()
        self.thread.join()
        if why == (None, None, None):
            self.show.expect("/out2", *self.sent)


@root_only
def test_a_user_fixes_a_broken_show_and_reloads_it_without_the_administrator(house):
    house.write("alice", "show.cfg", SHOW.replace("{n}", "2") + "py1.out > wire./out1\n")
    show = house.start("bob")
    show.log.wait("none of the user's instances runs", "alice")
    his = house.worker("bob")
    with Stream(show) as stream:
        done = house.run("alice", "reload", check=78)
        assert re.search(r'show\.cfg:4:6: error: the user "alice" may not read wire\./in2', done.stderr), done.stderr
        assert "grant-input = wire./in2" in done.stderr and re.search(r"show\.cfg:5:\d+: error: .*may not write wire\./out2", done.stderr)
        house.audited("uid=20001 .*role=user verb=reload subject=alice outcome=failed")
        house.write("alice", "show.cfg", SHOW.replace("{n}", "1"))
        house.run("alice", "reload", check=0)
        house.audited("uid=20001 .*role=user verb=reload subject=alice outcome=done")
        show.log.wait("^the user's new configuration is running", "alice")
        show.log.wait("^running", "alice/py1")
        house.answers(1, 0.25)
        for threads in (30, 31):  # the worker is replaced each time
            house.write("alice", "show.cfg", SHOW.replace("{n}", "1").replace("script\n", f"script\nthreads = {threads}\n", 1))
            house.run("alice", "reload", "alice", check=0)
        n = len(stream.sent)
        until(lambda: len(stream.sent) > n + 200, "the stream has ended")
    assert house.status("bob")["bob/py1"]["pid"] == his and not show.log.matching("^worker ended", "bob/py1")
    assert len(show.log.matching("^worker ended", "alice/py1")) == 2
    assert not show.log.matching("^the new configuration is running")


@root_only
def test_her_reload_keeps_what_has_not_changed_and_her_show_if_it_has_errors(house):
    text = SHOW.replace("{n}", "1")
    house.write("alice", "show.cfg", text)
    show = house.start()
    hers = house.worker("alice")
    house.write("alice", "show.cfg", text + "py1.out > wire./shared\n")
    house.run("alice", "reload", check=0)
    show.set("/in1", 0.25)
    show.expect("/shared", 0.25)
    house.write("alice", "show.cfg", text + "[pyth")
    assert "show.cfg:6:1: error" in house.run("alice", "reload", check=78).stderr
    show.log.wait("the user's show stays as it was", "alice")
    show.set("/in1", 0.5)
    show.expect("/shared", 0.5)
    assert house.worker("alice") == hers == house.status("alice")["alice/py1"]["pid"]


@root_only
def test_her_reload_takes_nothing_from_the_administrator_or_from_him(house):
    show = house.start()
    house.write("bob", "show.cfg", "[loopback his]\n")
    house.options["alice"] += "frozen = yes\n"
    show.write("show.cfg", house.config() + "[loopback unasked]\n")
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + "[loopback hers]\n")
    house.run("alice", "reload", check=0)
    assert list(house.status(None)) == ["wire", "alice/py1", "alice/hers", "bob/py1"]
    house.answers(1, 0.5)
    house.answers(2, 0.5)
    house.run(None, "reload", "bob", check=0)
    assert list(house.status(None)) == ["wire", "alice/py1", "alice/hers", "bob/his"]
    house.run(None, "reload", check=0)
    assert list(house.status(None)) == ["wire", "unasked", "alice/py1", "alice/hers", "bob/his"]


@root_only
def test_a_reload_of_the_house_comes_after_hers_whatever_comes_of_that(house):
    """Both are asked for while the broker is stopped, so that it finds them together."""
    show = house.start()
    for n, text in enumerate(("nonsense", SHOW.replace("{n}", "1") + "[loopback hers]\n")):
        house.write("alice", "show.cfg", text)
        show.write("show.cfg", house.config() + f"[loopback unasked{n}]\n")
        os.kill(show.pid, signal.SIGSTOP)
        with house.client("alice") as hers:
            hers.send("reload")
            os.kill(show.pid, signal.SIGHUP)
            os.kill(show.pid, signal.SIGCONT)
            show.log.wait("^the new configuration is running", count=n + 1)
        assert f"unasked{n}" in house.status(None)
    assert "alice/hers" in house.status(None)


@root_only
def test_what_is_too_large_is_refused_with_one_error(house):
    show = house.start()
    house.write("alice", "show.cfg", "[loopback a]\n[map]\n" + "a.a<>a.b\n" * 32768 + "nonsense\n")
    done = house.run("alice", "reload", check=78)
    assert done.stderr.count("error") == 1 and "more than 8192 routes" in done.stderr, done.stderr
    house.write("alice", "show.cfg", "[loopback a]\n[map]\n" + "a.a<>a.b\n" * 4096)
    until(lambda: house.run("alice", "reload").returncode == 0, "as many as the quota are not taken")
    house.options["alice"] += "routes = 20000\n"
    show.write("show.cfg", house.config())
    house.run(None, "reload", check=0)
    house.write("alice", "show.cfg", "[loopback a]\n[map]\n" + "a.a<>a.b\n" * 10000)
    until(lambda: house.run("alice", "reload").returncode == 0, "a larger quota is not noticed")


@root_only
def test_nobody_reloads_anothers_show(house):
    show = house.start()
    house.write("bob", "show.cfg", "[loopback his]\n")
    for name in ("bob", "nobody-of-that-name"):
        assert "only your own show" in house.run("alice", "reload", name, check=77).stderr
    house.audited("uid=20001 .*role=user verb=reload subject=bob outcome=refused")
    assert "bob/py1" in house.status(None)
    assert 'did you mean "bob"' in house.run(None, "reload", "bop", check=66).stderr
    house.run("bob", "reload", check=0)
    assert "bob/his" in house.status(None) and "^worker ended" and house.worker("alice") == house.status("alice")["alice/py1"]["pid"]
    assert show.log.matching("^the user's new configuration is running", "bob")


@root_only
def test_her_files_are_read_with_her_rights_when_she_reloads(house):
    secret = house.write("bob", "secret.cfg", "[loopback stolen]\n")
    secret.chmod(0o644)  # only his folder protects it
    house.start()
    house.folders["alice"].joinpath("link.cfg").symlink_to(secret)
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + "[include link.cfg]\n")
    done = house.run("alice", "reload", check=78)
    assert 'link.cfg": Permission denied' in done.stderr and "stolen" not in done.stderr
    secret.parent.chmod(0o755)
    house.run("alice", "reload", check=0)
    assert "alice/stolen" in house.status("alice")


@root_only
def test_who_reloads_all_the_time_waits_and_the_others_do_not(house):
    house.start()
    with house.client("alice") as hers, house.client("bob") as his:
        outcomes = [control.outcome(hers.ask("reload")) for _ in range(10)]
        assert outcomes[0] == DONE and outcomes.count(BUSY) == 9
        until(lambda: control.outcome(his.ask("reload")) == DONE, "he has to wait for her", timeout=0.4)
    until(lambda: house.run("alice", "reload").returncode == 0, "she does not get her turn again")


@user_only
def test_without_root_there_is_one_uid_and_it_is_the_administrators(house):
    show = house.start()
    assert set(house.status(None)) == {"wire", "alice/py1", "bob/py1"}
    hers, his = house.worker("alice"), house.worker("bob")
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1").replace("script\n", "script\nthreads = 30\n", 1))
    house.write("bob", "show.cfg", "[loopback his]\n")
    house.run(None, "reload", "alice", check=0)
    show.log.wait("^running", "alice/py1", count=2)
    assert house.worker("alice") != hers and house.status(None)["bob/py1"]["pid"] == his
    house.write("alice", "show.cfg", SHOW.replace("{n}", "7"))
    assert "may not read wire./in7" in house.run(None, "reload", "alice", check=78).stderr
    house.answers(1, 0.5)
    house.answers(2, 0.5)


@root_only
def test_names_that_take_long_to_look_up_keep_nobody_waiting(house, stage, identity):
    """The name server never answers, and she asks for it again and again: each request is answered at once, and one process
    at most looks the name up."""
    house.options["alice"] += "allow-connect = tcp:fc-slow.test:80\n"
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1").replace("script\n", "script\nconnect = tcp:fc-slow.test:80\n", 1))
    settings = stage.folder(identity) / "resolv.conf"
    settings.write_text("nameserver 127.9.9.9\noptions timeout:1 attempts:1\n")
    settings.chmod(0o644)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.9.9.9", 53))
        show = house.start("bob", launcher=("unshare", "--mount", "sh", "-c", f"mount --bind {settings} /etc/resolv.conf && "
                                            'exec setpriv --pdeathsig=KILL -- "$@"', "sh"))
        show.log.wait('the name "fc-slow.test" cannot be resolved', "alice/py1")
        with house.client("alice") as hers:
            failures = len(show.log.matching("cannot be resolved", "alice/py1"))
            for n in range(100):
                # beyond so many in a second she is told to wait, as with any request
                assert control.outcome(hers.ask("start", "alice/py1")) in ([DONE, BUSY] if n else [DONE])
                house.answers(2, (n + 1) / 128)
                assert len([each for pid in children(show.pid) for each in named(pid, "fc-lookup")]) <= 1
            assert house.status("alice")["alice/py1"]["state"] in ("starting", "down")
            show.log.wait("cannot be resolved", "alice/py1", count=failures + 1)
        house.run(None, "stop", "alice/py1", check=0)
        house.answers(2, 0.5)
