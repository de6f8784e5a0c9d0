# SPDX-License-Identifier: BSD-2-Clause
"""What users may do through the control socket: everything with their own instances, nothing with others."""

import json
import os
import pwd
import re
import subprocess

import control
import pytest
from control import DONE, REFUSED, Client
from harness import root_only
from house import HERS, SPEAKING, SHOW, UIDS, Controlled
from test_command_line import on_a_terminal
from waiting import PATIENCE

STRANGER = 23458

@pytest.fixture
def house(play, identity, stage):
    return Controlled(play, identity, stage)


@root_only
def test_status_shows_her_instances_only(house):
    house.start()
    assert list(house.status(None)) == ["wire", "alice/py1", "bob/py1"]
    assert list(house.status("alice")) == ["alice/py1"] and list(house.status("bob")) == ["bob/py1"]
    assert house.status("alice", "alice/py1")["alice/py1"]["pid"] == house.worker("alice")
    assert "did you mean" not in house.is_hidden("alice", "status", "bob/py1")
    assert "did you mean" not in house.run("alice", "status", "bob/py2", check=66).stderr
    assert 'did you mean "bob/py1"' in house.run("bob", "status", "bob/py2", check=66).stderr
    assert "no instance" in house.is_hidden("alice", "status", "wire")


@root_only
def test_pages_of_hers_say_nothing_of_how_many_there_are(house):
    loopbacks = "".join(f"[loopback l{n}]\n" for n in range(300))
    house.options["alice"] += "instances = 400\n"
    house.options["bob"] += "instances = 400\n"
    for user, number in zip(UIDS, "12"):
        house.write(user, "show.cfg", loopbacks + SHOW.replace("{n}", number))
    house.start()
    with house.client("bob") as client:
        seen, start = [], 0
        while True:
            reply = client.ask("status", from_=start)
            seen += [control.fields(each)[1][0].decode() for each in reply[7]]
            if 5 not in reply:
                break
            assert reply[5] == [len(seen)]
            start = reply[5][0]
    assert len(seen) == 301 and all(name.startswith("bob/") for name in seen)


@root_only
def test_top_shows_her_instances_only(house):
    house.start()
    with on_a_terminal(house.show, "top", uid=UIDS["alice"], folder=house.runtime) as (process, keys, wait):
        wait(b"1 instance")
        wait(b"alice/py1")
        os.write(keys, b"q")
        assert process.wait(PATIENCE) == 0
    with on_a_terminal(house.show, "top", folder=house.runtime) as (_, keys, wait):
        wait(b"3 instances")
        wait(b"bob/py1")


@root_only
def test_emit_into_her_own_channels_only(house):
    show = house.start()
    house.run("alice", "emit", "alice/py1.out", 0.25, check=0)
    show.expect("/out1", 0.25)
    house.audited(f"uid={UIDS['alice']} .*role=user verb=emit subject=alice/py1.out outcome=done")
    house.is_hidden("alice", "emit", "bob/py1.out", 0.5)
    house.is_hidden("alice", "emit", "wire./in2", 0.5)
    assert "not yours" in house.run("alice", "emit", "wire./in1", 0.5, check=77).stderr, "granted, but the house's"
    house.audited("uid=20001 .*verb=emit subject=wire./in1 outcome=refused")
    house.run("bob", "emit", "bob/py1.out", 0.75, check=0)
    show.expect("/out2", 0.75)
    assert show.wire.waiting("/out1") == show.wire.waiting("/out2") == []


@root_only
def test_logs_are_hers_only(house):
    show = house.start()
    for user, other in (("alice", "bob"), ("bob", "alice")):
        lines = house.run(user, "logs", check=0).stdout
        assert f"this is {user}" in lines and other not in lines
        assert {line.split()[2] for line in lines.splitlines()} == {f"{user}/py1"}
        assert f"this is {user}" in house.run(user, "logs", f"{user}/py1", check=0).stdout
    for name in ("bob/py1", "bob"):
        house.is_hidden("alice", "logs", name)
    assert house.run("alice", "logs", "-", check=66).stdout == ""
    assert "audit" in house.run(None, "logs", "-", check=0).stdout
    with house.following("alice", "logs", "-f") as process:
        while "this is alice" not in process.stdout.readline():
            pass
        for value in (0.25, 0.5):
            show.set("/in2", value)
            show.log.wait(f"heard {value}", "bob/py1")
            show.set("/in1", value)
            while "heard" not in (line := process.stdout.readline()):
                assert " alice/py1 " in line
            assert line.endswith(f"info alice/py1 heard {value}\n")


@root_only
def test_pages_of_her_log_say_nothing_of_the_others(house):
    for user in UIDS:
        house.write(user, "script.py", SPEAKING + """
    import time
    for i in range(150):
        print('line', i)
        time.sleep(0.012)  # a user's rate of lines
    """)
    show = house.start()
    show.log.wait("line 149", "bob/py1")
    with house.client("bob") as client:
        for names in ([], ["bob/py1"]):
            first = client.ask("logs", *names, lines=1000)
            assert first[5] == [len(first[9]) + 1], "where hers go on, not everybody's"
            texts = [control.fields(line)[4][0] for line in first[9] + client.ask("logs", *names, from_=first[5][0])[9]]
            at = texts.index(b"line 0")
            assert texts[at:at + 150] == [b"line %d" % i for i in range(150)]


@root_only
def test_start_stop_and_restart_her_own_instances_only(house):
    show = house.start()
    his = house.worker("bob")
    for verb in ("stop", "start", "restart"):
        house.is_hidden("alice", verb, "bob/py1")
        house.is_hidden("alice", verb, "wire")
        house.run("alice", verb, "alice/py1", check=0)
        house.audited(f"uid={UIDS['alice']} .*role=user verb={verb} subject=alice/py1 outcome=done")
    assert house.status("alice")["alice/py1"]["restarts"] == 0
    assert house.status(None)["bob/py1"]["pid"] == his and house.status(None)["wire"]["state"] == "running"
    control.wait_for(show, "alice/py1", "running", folder=house.runtime)
    house.answers(1, 0.5)
    house.run("bob", "restart", "bob/py1", check=0)
    assert house.status(None)["bob/py1"]["pid"] != his


@root_only
def test_watch_shows_her_channels_and_those_that_she_was_granted(house):
    show = house.start()
    everything = {"wire./in1", "wire./out1", "wire./in2", "wire./out2", "alice/py1.script.f", "alice/py1.out", "bob/py1.script.f", "bob/py1.out"}
    for user, own in (("alice", "1"), ("bob", "2"), (None, "12")):
        with house.client(user) if user else Client(show, folder=house.runtime) as client:
            assert control.outcome(client.ask("watch", "*", follow=True, id=7)) == DONE
            for n in ("2", "1"):
                house.answers(int(n), 0.25 + int(n) / 64 + len(own) / 256 + (user == "bob") / 512)
            seen, last = set(), f"wire./out{own[0]}"
            while last not in seen:
                seen |= {control.fields(each)[1][0].decode() for each in client.reply().get(10, [])}
        if user:
            assert seen == {f"wire./in{own}", f"wire./out{own}", f"{user}/py1.script.f", f"{user}/py1.out"}
        else:
            assert seen == everything


@root_only
def test_channels_and_their_values_are_hers_and_those_that_she_was_granted(house):
    house.start()
    house.answers(1, 0.25)
    house.answers(2, 0.5)

    def values(user, *arguments):
        return {each["channel"]: each["value"] for each in json.loads(house.run(user, *arguments, "--json", check=0).stdout)}

    for user, n in (("alice", 1), ("bob", 2)):
        hers = {f"{user}/py1.script.f": n / 4, f"{user}/py1.out": n / 4}
        granted = {f"wire./in{n}": n / 4, f"wire./out{n}": n / 4}
        assert values(user, "get", "*") == hers | granted
        assert values(user, "channels", f"{user}/py1") == hers and values(user, "channels", "wire") == granted
        assert values(user, "get", f"wire./in{n}", f"*/py1.out") == {f"wire./in{n}": n / 4, f"{user}/py1.out": n / 4}
    assert len(values(None, "get", "*")) == 8 and len(values(None, "channels", "wire")) == 4
    for name in ("bob/py1", "bob/py1.out", "wire./in2"):
        house.is_hidden("alice", "channels", name)
        assert house.run("alice", "get", name, check=66).stdout == ""
    assert house.run("alice", "get", "wire./in2*", check=66).stdout == ""
    house.read_again()  # and who has no grant in it any more does not see that there is a wire
    house.options["alice"] = ""
    house.write("alice", "show.cfg", "[python py1]\nmodule = script\n[map]\n")
    house.read_again()
    assert house.run("alice", "channels", "wire", check=66).stderr == house.run("alice", "channels", "wirr", check=66).stderr.replace("wirr", "wire")


@root_only
def test_routes_are_her_mappings_only(house):
    house.write("bob", "show.cfg", SHOW.replace("{n}", "2") + "py1.more > wire./shared\n")
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + "py1.more > wire./shared\n")
    house.start()
    hers = ["wire./in1 > alice/py1.script.f", "alice/py1.out > wire./out1", "alice/py1.more > wire./shared"]
    assert sorted(house.run("alice", "routes", check=0).stdout.splitlines()) == sorted(hers)
    assert len(house.run(None, "routes", check=0).stdout.splitlines()) == 6
    assert house.run("alice", "routes", "wire./shared", check=0).stdout == hers[2] + "\n"
    assert house.run("alice", "routes", "alice/py1.out", check=0).stdout == hers[1] + "\n"
    for name in ("bob/py1.out", "wire./in2", "wire./out2"):
        house.is_hidden("alice", "routes", name)
    assert house.run(None, "routes", "bob/py1.out", check=0).stdout == "bob/py1.out > wire./out2\n"


@root_only
def test_an_observer_who_is_a_user_sees_all_and_changes_her_own(house):
    house.head = "[control]\nobservers = *\n"
    show = house.start()
    assert list(house.status("alice")) == ["wire", "alice/py1", "bob/py1"]
    assert "this is bob" in house.run("alice", "logs", check=0).stdout
    assert "not yours" in house.run("alice", "restart", "bob/py1", check=77).stderr
    assert "not yours" in house.run("alice", "emit", "bob/py1.out", 0.5, check=77).stderr
    house.audited("uid=20001 .*role=observer verb=restart subject=bob/py1 outcome=refused")
    house.run("alice", "emit", "alice/py1.out", 0.25, check=0)
    show.expect("/out1", 0.25)
    house.run("alice", "reload", check=0)
    house.run("alice", "reload", "bob", check=77)
    stranger = control.run(show, "restart", "alice/py1", uid=STRANGER, folder=house.runtime, check=77)
    assert "requires the role operator" in stranger.stderr


@root_only
def test_an_administrator_who_is_a_user_may_do_everything(house, monkeypatch):
    daemon = pwd.getpwnam("daemon").pw_uid
    monkeypatch.setitem(UIDS, "alice", daemon)
    for path in (house.folders["alice"], *house.folders["alice"].iterdir()):
        os.chown(path, daemon, daemon)
    house.head = "[control]\nadministrators = daemon\n"
    show = house.start()
    house.run("alice", "emit", "bob/py1.out", 0.5, check=0)
    show.expect("/out2", 0.5)
    house.run("alice", "reload", check=0)
    show.log.wait("^the new configuration is running")
    house.run("alice", "freeze", "bob", check=0)
    house.run("bob", "unfreeze", "bob", check=77)
    beside = ["nsenter", "-t", str(house.worker("alice")), "-p", "--"]
    command = [*beside, *control.command(show, "unfreeze", "bob", uid=daemon, folder=house.runtime)]
    assert subprocess.run(command, timeout=PATIENCE, stderr=subprocess.DEVNULL).returncode == 77, "but her workers may not"


@root_only
def test_who_is_neither_has_nothing_to_say(house):
    show = house.start()
    done = control.run(show, "status", uid=STRANGER, folder=house.runtime, check=77)
    assert done.stdout == ""
    show.log.wait(f"refused 1 connections, the last one from uid {STRANGER}: it has no role", level="warning")


@root_only
def test_once_revoked_she_has_no_role_and_hears_no_more(house):
    show = house.start()
    with house.following("alice", "logs", "-f") as process, house.client("alice") as client:
        while "this is alice" not in process.stdout.readline():
            pass
        assert control.outcome(client.ask("status")) == DONE
        del house.options["alice"]
        house.read_again()
        assert "no longer a user" in process.stdout.read() and process.wait(PATIENCE) == 77
        assert control.outcome(client.ask("status")) == REFUSED
    house.run("alice", "status", check=77)
    house.audited("uid=20001 .*role=nobody verb=status .*outcome=refused")
    house.options["alice"] = HERS["alice"]
    house.read_again()
    show.log.wait("^running", "alice/py1", count=2)
    assert list(house.status("alice")) == ["alice/py1"]


# A worker has the uid of its user, but is not that user.


@root_only
def test_a_process_beside_her_worker_is_not_her(house):
    """Only in the worker's process namespace, with the file system, network and system calls of any process."""
    house.head = "[control]\nobservers = *\n"  # which does not help it either
    show = house.start()
    beside = ["nsenter", "-t", str(house.worker("alice")), "-p", "--"]
    for launcher in (beside, ["unshare", "--pid", "--fork", "--"]):
        command = [*launcher, *control.command(show, "status", uid=UIDS["alice"], folder=house.runtime)]
        done = subprocess.run(command, text=True, timeout=PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 77 and done.stdout == "", done
    house.audited("uid=20001 .*role=nobody verb=status .*outcome=refused")
    assert "alice/py1" in house.status("alice")


@root_only
def test_her_script_does_not_get_to_the_socket(house):
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1").replace("script\n", f"script\nenv = CONTROL={house.runtime}\n", 1))
    house.write("alice", "script.py", """
        import os, socket
        def f(value):
            for path in (os.environ["CONTROL"] + "/control", "/control", "\\0" + os.environ["CONTROL"] + "/control"):
                try:
                    with socket.socket(socket.AF_UNIX) as each:
                        each.connect(path)
                    print("connected")
                except OSError as error:
                    print("refused", error)
        """)
    show = house.start()
    show.set("/in1", 0.5)
    show.log.wait("^refused", "alice/py1", count=3)
    assert not show.log.matching("^connected") and list(house.status("alice")) == ["alice/py1"]


# The administrator stops the output of a user.


def test_frozen_at_run_time_she_is_not_heard_until_she_is_unfrozen(house):
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + "[loopback hers]\n[map]\nwire./in1 > hers.x\nhers.x > wire./shared\n")
    show = house.start()
    house.answers(1, 0.25)
    show.expect("/shared", 0.25)
    house.run(None, "freeze", "alice", check=0)
    house.audited("verb=freeze subject=alice outcome=done")
    before = house.worker("alice")
    house.answers_unheard("alice", 1, 0.5)
    house.answers(2, 0.5)
    found = house.status(None)
    assert found["alice/py1"]["frozen"] and found["alice/hers"]["frozen"] and not found["bob/py1"]["frozen"] and not found["wire"]["frozen"]
    assert "running, frozen" in house.run(None, "status", "alice/py1", check=0).stdout
    house.read_again()  # which says nothing of it
    house.run(None, "reload", "alice", check=0)
    house.run(None, "emit", "alice/py1.out", 0.75, check=0)
    house.run(None, "restart", "alice/hers", check=0)
    house.answers(2, 0.75)
    assert show.wire.waiting("/out1") == show.wire.waiting("/shared") == []
    assert "already frozen" in house.run(None, "freeze", "alice", check=0).stderr
    house.run(None, "unfreeze", "alice", check=0)
    house.answers(1, 1.0)
    assert house.worker("alice") == before and not house.status(None)["alice/py1"]["frozen"]


def test_frozen_by_the_configuration_she_stays_so(house):
    show = house.start()
    house.options["alice"] += "frozen = yes\n"
    house.read_again()
    assert "frozen = yes" in house.run(None, "unfreeze", "alice", check=70).stderr
    assert house.status(None)["alice/py1"]["frozen"]
    house.run(None, "freeze", "alice", check=0)
    house.options["alice"] = HERS["alice"]
    house.read_again()
    house.answers_unheard("alice", 1, 0.5)
    house.answers(2, 0.5)
    assert show.wire.waiting("/out1") == [], "the other one holds"
    house.run(None, "unfreeze", "alice", check=0)
    house.answers(1, 0.25)
    assert 'did you mean "bob"' in house.run(None, "freeze", "bop", check=66).stderr


@root_only
def test_an_observer_does_not_freeze(house):
    house.head = "[control]\nobservers = *\n"
    house.start()
    house.run(None, "freeze", "alice", check=0)
    for user, verb, name in (("alice", "unfreeze", "alice"), ("alice", "freeze", "bob"), ("alice", "freeze", "nobody-of-that-name"),
                             ("bob", "unfreeze", "alice")):
        assert "requires the role operator" in house.run(user, verb, name, check=77).stderr
        house.audited(f"uid={UIDS[user]} .*verb={verb} subject={name} outcome=refused")
    assert house.status("bob")["alice/py1"]["frozen"] and not house.status("bob")["bob/py1"]["frozen"]
    house.run("alice", "stop", "alice/py1", check=0)  # which ends nothing but her instances
    house.run("alice", "start", "alice/py1", check=0)
    house.answers(2, 0.5)


@root_only
def test_only_an_administrator_records(house):
    """A recording contains what all users do."""
    folder = house.stage.folder(house.identity)
    folder.chmod(0o777)
    house.head = "[control]\nobservers = *\n"
    house.start()
    assert "requires the role administrator" in house.run("alice", "record", folder / "hers.rec", check=77).stderr
    house.audited(f"uid={UIDS['alice']} .*verb=record subject=- outcome=refused")
    assert not (folder / "hers.rec").exists()


# The last writer of a channel.


def test_status_shows_who_wrote_a_channel_last(house):
    """Two users write one channel: the latest takes precedence."""
    for user, n in zip(UIDS, "12"):
        house.write(user, "show.cfg", SHOW.replace("{n}", n) + "py1.out > wire./shared\n")
    house.head = "[loopback own]\n"
    show = house.start()

    def writers(user=None, *names):
        listed = json.loads(house.run(user, "status", "--channels", "--json", *names, check=0).stdout)
        return {each["channel"]: each["user"] for each in listed}

    assert writers() == {}
    for number, user, value in ((1, "alice", 0.25), (2, "bob", 0.5), (1, "alice", 0.75)):
        house.answers(number, value)
        show.expect("/shared", value)
        assert writers()["wire./shared"] == user
    everything = {"wire./out1": "alice", "wire./out2": "bob", "wire./shared": "alice"}
    assert writers() == writers(None, "wire") == everything and writers(None, "own") == {}
    assert re.search(r"^CHANNEL +LAST WRITTEN BY\nwire./out1 +alice\n", house.run(None, "status", "--channels", check=0).stdout)
    assert house.run(None, "status", "--channels", "wirr", check=66).stdout == ""
    house.read_again()
    assert writers() == everything
    if house.identity.is_root:
        assert writers("alice") == {"wire./out1": "alice", "wire./shared": "alice"}
        assert writers("bob") == {"wire./out2": "bob", "wire./shared": None}
        house.is_hidden("alice", "status", "bob/py1", "--channels")
    house.run(None, "freeze", "alice", check=0)
    house.answers(2, 0.625)
    show.expect("/shared", 0.625)
    house.answers_unheard("alice", 1, 0.875)
    house.run(None, "reload", "alice", check=0)
    assert writers()["wire./shared"] == "bob", "what she puts out now is not written"


@pytest.mark.one_setting
def test_the_house_writes_too_and_what_is_no_longer_shared_is_not_listed(house):
    house.head = "[loopback own]\n[map]\nown.x > wire./out1\n"
    show = house.start()
    house.answers(1, 0.25)
    assert "alice" in house.run(None, "status", "--channels", check=0).stdout
    house.run(None, "emit", "own.x", 0.5, check=0)
    show.expect("/out1", 0.5)
    assert json.loads(house.run(None, "status", "--channels", "--json", check=0).stdout) == [{"channel": "wire./out1", "user": None}]
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1").replace("py1.out > wire./out1\n", ""))
    house.run(None, "reload", "alice", check=0)
    assert json.loads(house.run(None, "status", "--channels", "--json", check=0).stdout) == []


@pytest.mark.one_setting
def test_many_channels_come_in_pages(house):
    house.options["alice"] += "grant-output = wire./many{1..1000}\n"
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + "py1.out > wire./many{1..1000}\n")
    show = house.start()
    house.answers(1, 0.5)
    show.expect("/many1000", 0.5)
    listed = json.loads(house.run(None, "status", "--channels", "--json", check=0).stdout)
    assert [each["channel"] for each in listed] == ["wire./out1", *(f"wire./many{n}" for n in range(1, 1001))]
