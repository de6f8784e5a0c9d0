# SPDX-License-Identifier: BSD-2-Clause
"""Several users in one house: each runs only their own instances, with their own uid where root starts the broker."""

import errno
import os
import re
import shutil
import signal
import socket
import threading
from pathlib import Path

import pytest
from harness import IS_ASAN, root_only, user_only, without_user_namespaces
from house import GRANTS, REFUSED, SCRIPT, SHOW, UIDS, House
from processes import children, descendants, settled_spares, status, surviving
from waiting import until

KILL, NET_BIND_SERVICE = 1 << 5, 1 << 10


@pytest.fixture
def house(play, identity, stage):
    return House(play, identity, stage)


def test_each_user_plays_with_a_zygote_of_her_own(house):
    show = house.start()
    house.answers(1, 0.25)
    house.answers(2, 0.5)
    settled_spares(show, zygotes=len(UIDS))
    zygotes = [status(pid)["Uid"].split()[0] for pid in children(show.pid) if status(pid)["Name"].strip() == "fc-zygote"]
    assert len(zygotes) == 3
    for user in UIDS:
        assert {*status(house.worker(user))["Uid"].split()} == {str(house.uid(user))}
        assert str(house.uid(user)) in zygotes


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel does not share processors out among sessions")
def test_all_that_is_hers_is_one_session_which_has_less_of_the_processors_as_root(house):
    def group(pid):
        return Path(f"/proc/{pid}/autogroup").read_text().split(" nice ")

    house.write("alice", "show.cfg", "[python py1]\nmodule = script\n[python py2]\nmodule = script\n")
    house.options["alice"] = ""
    show = house.play(config=house.config() + "[python py]\nmodule = script\n", scripts={"script.py": SCRIPT},
                      ready=["alice/py1", "alice/py2", "bob/py1", "py"])
    hers, also_hers, his, of_house, broker = map(group, (
        show.worker("alice/py1"), show.worker("alice/py2"), show.worker("bob/py1"), show.worker("py"), show.pid))
    assert hers == also_hers and len({hers[0], his[0], of_house[0], broker[0]}) == 4
    assert int(hers[1]) == int(his[1]) == (10 if house.identity.is_root else 0)
    assert int(of_house[1]) == 0


@root_only
def test_the_broker_cannot_read_what_it_serves_and_has_no_more_than_it_must(house):
    show = house.start()
    facts = status(show.pid)
    assert 0 not in map(int, facts["Uid"].split()) and int(facts["Uid"].split()[0]) not in UIDS.values()
    assert int(facts["CapEff"], 16) & ~(NET_BIND_SERVICE | KILL) == 0
    states = list((show.folder / "state/firecurtain").glob("*/py1"))
    assert len(states) == 2, "hers, and his"
    assert {path.stat().st_uid for path in states} == set(UIDS.values())
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in states)


def test_a_mapping_outside_of_the_grants_is_an_error_of_hers(house):
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + "py1.more > wire./out9\nwire./in9 > py1.script.g\n")
    show = house.start("bob")
    show.log.wait(r'show.cfg:6:17: error: the user "alice" may not write wire\./out9', "alice", level="error")
    show.log.wait(r"grant-output = wire\./out9", "alice", level="error")
    show.log.wait(r'show.cfg:7:6: error: the user "alice" may not read wire\./in9', "alice", level="error")
    show.log.wait("none of the user's instances runs", "alice")
    house.answers(2, 0.5)
    assert not show.log.matching("^running", "alice/py1")
    assert not show.log.matching("error", "-", level="error")


@pytest.mark.one_setting
@pytest.mark.parametrize("mapping,message", [
    ("bob/py1.out > py1.script.f", 'unknown instance "bob/py1"'),
    ("wire./in1 > wire./out1", "one side of a user's mapping must be an instance of that user"),
    ("bob.out > py1.script.f", 'unknown instance "bob"'),
])
def test_nobody_elses_instances_can_be_named(house, mapping, message):
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + mapping + "\n")
    house.start("bob").log.wait(re.escape(message), "alice", level="error")
    house.answers(2, 0.5)


@pytest.mark.parametrize("text,message", [
    ("[osc own]\nbind = 127.0.0.1 1\n", "only the administrator may use the backend osc"),
    ("[python a]\ninsecure-network = host\n", "users may not set insecure-network"),
    ("[python a]\nconnect = tcp:10.1.0.1:80\n", r'may not use "connect = tcp:10\.1\.0\.1:80"'),
    ("[python a]\nconnect = tcp:10.0.0.0/7:80\n", "may not use"),
    ("[python a]\nlisten = udp:*:9000\n", r'may not use "listen = udp:\*:9000"'),
    ("[python a]\nread = /etc\n", 'may not use "read = /etc"'),
    ("[python a]\nqueue = 1000000\n", "may have at most queue = 65536"),
    ("[python a]\nmemory = 300M\n[python b]\nmemory = 300M\n", "have memory = 629145600 in total, but may have only 536870912"),
    ("[python a]\nmemory = 500M\n[python b]\n", "leaves memory = 12582912 for this instance"),
    ("[python a]\nrate = 2000\n", "have rate = 2000 in total, but may have only 1000"),
    ("[python a]\nstate = 1G\n", "in total, but may have only"),
    ("[python a]\n[python b]\n[loopback c]\n", "may have at most 2 instances"),
    ("[loopback l]\n[map]\nwire./in1 > l.x{1..30}\n", "use more than 20 of the user's own channels"),
    ("[user carol]\nshow = x\n", 'there is no backend "user"'),
    ("[include ../etc/x.cfg]\n", "cannot read"),
])
@pytest.mark.one_setting
def test_what_is_beyond_her_quota_or_not_for_users(house, text, message):
    house.options["alice"] += "memory = 512M\nrate = 1000\ninstances = 2\nchannels = 20\nallow-connect = tcp:10.0.0.0/16:80\n"
    house.write("alice", "show.cfg", text)
    line = house.start("bob").log.wait(message, "alice", level="error")
    assert re.search(r"show\.cfg:\d+:\d+: error: ", line.message)


@pytest.mark.skipif(IS_ASAN, reason="a sanitizer's shadow memory counts as data")
def test_what_is_within_her_quota(house):
    house.options["alice"] += ("memory = 512M\ninstances = 2\nallow-connect = tcp:10.0.0.0/16:80-90\nallow-listen = udp:*:*\n"
                               "allow-read = /usr/share\n")
    house.write("alice", "show.cfg", "[python py1]\nmodule = script\nmemory = 400M\nconnect = tcp:10.0.3.0/24:80-82\n"
                                     "read = /usr/share/zoneinfo\nlisten = udp:127.0.0.1:0\n[python py2]\nmodule = script\n")
    house.write("alice", "script.py", "import os\nprint('zones', len(os.listdir('/usr/share')))\n")
    show = house.start("alice", "bob")
    show.log.wait("^running", "alice/py2")
    limit = int(re.search(r"Max data size\s+(\d+)", open(f"/proc/{show.worker('alice/py2')}/limits").read())[1])
    assert limit < 200 << 20, "what the other leaves"


@pytest.mark.one_setting
@pytest.mark.parametrize("break_it,message", [
    (lambda house, path: path.unlink(), "cannot read"),
    (lambda house, path: path.write_text("[python"), 'has no closing "]"'),
    (lambda house, path: (path.unlink(), os.mkfifo(path)), "cannot read"),
    (lambda house, path: path.write_text("; \n" * (600 << 10)), "cannot read .*File too large"),
    (lambda house, path: path.write_text("[include show.cfg]"), "a file cannot include itself"),
], ids=["missing", "broken", "pipe", "large", "cycle"])
def test_a_broken_show_of_hers_leaves_the_house_running(house, break_it, message):
    path = house.folders["alice"] / "show.cfg"
    break_it(house, path)
    show = house.start("bob")
    show.log.wait(message, "alice", level="error")
    house.answers(2, 0.5)
    path.unlink(missing_ok=True)
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1"))
    house.read_again()
    show.log.wait("^running", "alice/py1")
    house.answers(1, 0.5)


@root_only
def test_her_files_are_opened_with_her_rights_only(house):
    secret = house.write("bob", "secret.cfg", "[loopback stolen]\n")
    secret.chmod(0o644)  # only his folder protects it
    house.folders["alice"].joinpath("link.cfg").symlink_to(secret)
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + "[include link.cfg]\n")
    show = house.start("bob")
    show.log.wait('cannot read ".*link.cfg": Permission denied', "alice", level="error")
    position = house.read_again()  # now the keeper opens it
    show.log.wait('cannot read ".*link.cfg": Permission denied', "alice", level="error", after=position)
    secret.parent.chmod(0o755)
    house.read_again()
    show.log.wait("^running", "alice/py1")


@root_only
def test_a_folder_that_she_replaces_by_a_link_shows_her_nothing_new(house):
    scripts = house.folders["alice"] / "sub"
    scripts.mkdir()
    house.own("alice", scripts, 0o700)
    house.write("alice", "sub/part.cfg", "[python py1]\nmodule = script\n")
    house.write("alice", "sub/script.py", "import midimonster, os\ndef f(value):\n\tos.abort()\n")
    house.write("alice", "show.cfg", "[include sub/part.cfg]\n[map]\nwire./in1 > py1.script.f\n")
    house.folders["bob"].joinpath("open").mkdir(mode=0o755)  # others could read it if the folder around it were open
    show = house.start()
    shutil.rmtree(scripts)
    scripts.symlink_to(house.folders["bob"] / "open")
    show.set("/in1", 0.5)
    show.log.wait("Permission denied", "alice/py1")
    house.answers(2, 0.5)


def test_a_change_of_hers_does_not_touch_him(house):
    show = house.start()
    before = house.worker("bob")
    sent, stop = [], threading.Event()

    def send():
        while not stop.wait(0.001):
            sent.append((len(sent) + 1) / 65536)
            show.set("/in2", sent[-1])

    sender = threading.Thread(target=send)
    sender.start()
    for i in range(5):
        house.write("alice", "show.cfg", SHOW.replace("{n}", "1").replace("script\n", f"script\nthreads = {30 + i}\n", 1))
        house.read_again()
    house.write("alice", "show.cfg", "[python py1]\nmodule = script\n[map]\nwire./in7 > py1.script.f\n")
    position = house.read_again()
    show.log.wait("the user's show stays as it was", "alice", after=position)
    stop.set()
    sender.join()
    show.expect("/out2", *sent)
    assert house.worker("bob") == before and not show.log.matching("^worker ended", "bob/py1")
    assert len(show.log.matching("^worker ended", "alice/py1")) == 5
    house.answers(1, 0.5)


def test_a_grant_that_is_taken_away_ends_what_used_it(house):
    show = house.start()
    before = house.worker("bob")
    house.options["alice"] = "grant-input = wire./in1\n"
    house.read_again()
    show.log.wait("none of the user's instances runs", "alice")
    show.log.wait("^worker ended", "alice/py1")
    house.answers(2, 0.5)
    assert house.worker("bob") == before


@pytest.mark.one_setting
def test_the_latest_of_two_users_takes_precedence(house):
    house.write("bob", "show.cfg", SHOW.replace("/in{n}", "/in2").replace("/out{n}", "/out1"))
    show = house.start()
    for path, value in (("/in1", 0.25), ("/in2", 0.5), ("/in1", 0.75)):
        show.set(path, value)
        show.expect("/out1", value)


@pytest.mark.one_setting
def test_frozen_she_is_not_heard_and_hears_on(house):
    house.write("alice", "script.py", "import midimonster\ndef f(value):\n\tif value < 1:\n\t\tmidimonster.output('out', value)\n\tprint('heard', value)\n")
    show = house.start()
    house.answers(1, 0.25)
    house.options["alice"] += "frozen = yes\n"
    house.read_again()
    before = house.worker("alice")
    show.set("/in1", 0.5)
    show.log.wait("^heard 0.5", "alice/py1")
    show.set("/in1", 1)  # she gets it when all of the event before has been handled, her output too
    show.log.wait("^heard 1", "alice/py1")
    house.answers(2, 0.5)
    assert show.wire.waiting("/out1") == []
    house.options["alice"] = GRANTS
    house.read_again()
    house.answers(1, 0.75)
    assert house.worker("alice") == before


@pytest.mark.parametrize("rest,expected", [("zero", [0.0]), ("hold", [])])
def test_what_is_left_of_a_revoked_user(house, rest, expected):
    house.options["alice"] += f"on-revoke = {rest}\n"
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + "py1.out > wire./out2\npy1.out > wire./out3\n")
    show = house.start()
    show.set("/in1", 0.25)
    for path in ("/out1", "/out2", "/out3"):
        show.expect(path, 0.25)
    house.answers(2, 0.5)  # now /out2 is bob's
    del house.options["alice"]
    house.read_again()
    show.log.wait("^worker ended", "alice/py1")
    house.answers(2, 0.75)
    assert show.wire.waiting("/out1") == expected and show.wire.waiting("/out3") == expected
    assert show.wire.waiting("/out2") == []


def test_who_is_a_user_is_fixed_when_firecurtain_starts(house):
    show = house.start()
    house.options["alice"] += "frozen = yes\n"
    house.folders["carol"] = house.folders["alice"]
    house.options["carol"] = GRANTS
    UIDS["carol"] = 20003
    try:
        house.read_again(REFUSED)
    finally:
        del UIDS["carol"]
    show.log.wait('the user "carol" is new, or has a different show or uid; restart firecurtain for that', level="error")
    house.answers(1, 0.5)


@root_only
@pytest.mark.parametrize("uid,message", [
    ("0", "would be root"), ("nobody", "has the broker's own uid"), ("nosuchaccount", "neither the name of an account nor a number"),
    ("20002", "has the uid of another user"), (None, "needs a uid, since firecurtain is started as root"), ("99999999999", "neither the name of an account nor a number"),
    ("-1", "neither the name of an account nor a number")])
def test_uids_that_root_refuses(house, firecurtain, uid, message):
    house.options = {"bob": house.options["bob"], "alice": GRANTS + (f"uid = {uid}\n" if uid else "; uid =\n")}
    done = firecurtain("run", "show.cfg", files={"show.cfg": house.config().replace("@IN@", "1").replace("@OUT@", "1")})
    assert done.returncode == 78 and message in done.stderr, done.stderr


@user_only
def test_without_root_there_is_one_uid(house, firecurtain):
    house.options["alice"] += "uid = 1\n"
    done = firecurtain("run", "show.cfg", files={"show.cfg": house.config().replace("@IN@", "1").replace("@OUT@", "1")})
    assert done.returncode == 78 and "firecurtain must be started as root" in done.stderr, done.stderr


def test_check_finds_what_is_wrong_with_her_show(house, firecurtain):
    config = house.config().replace("@IN@", "18000").replace("@OUT@", "18001")
    assert firecurtain("check", "show.cfg", files={"show.cfg": config}).returncode == 0
    house.write("alice", "show.cfg", SHOW.replace("{n}", "9"))
    done = firecurtain("check", "show.cfg", files={"show.cfg": config})
    assert done.returncode == 0 and "2 errors in the show of the user alice" in done.stderr, done.stderr
    assert f"{house.folders['alice']}/show.cfg:4:6: error: " in done.stderr


@root_only
def test_check_reads_her_scripts_with_her_rights(house, firecurtain):
    config = house.config().replace("@IN@", "18000").replace("@OUT@", "18001")
    secret = house.write("bob", "secret.py", "def f(value): pass\n")
    secret.chmod(0o644)
    script = house.folders["alice"] / "script.py"
    script.unlink()
    script.symlink_to(secret)
    done = firecurtain("check", "show.cfg", files={"show.cfg": config})
    assert re.search('the module "script" of the instance "alice/py1" is in .*, but may not be read', done.stderr), done.stderr
    secret.parent.chmod(0o755)
    done = firecurtain("check", "show.cfg", files={"show.cfg": config})  # it may be read now, but not by a script
    assert done.stderr.count(": warning: ") == 1 and f"it is a link to {secret}, which is not in the folder" in done.stderr, done.stderr
    script.unlink()
    script.write_text("def f(value): pass\n")
    house.own("alice", script, 0o600)
    assert not firecurtain("check", "show.cfg", files={"show.cfg": config}).stderr
    script.unlink()
    os.mkfifo(script)
    house.own("alice", script, 0o600)
    assert firecurtain("check", "show.cfg", files={"show.cfg": config}).returncode == 0


@user_only
def test_without_a_curtain_there_are_no_users(house, firecurtain):
    config = house.config().replace("@IN@", "18000").replace("@OUT@", "18001")
    done = firecurtain("run", "show.cfg", "--insecure-no-sandbox", files={"show.cfg": config})
    assert done.returncode == 77 and "nothing would separate the users" in done.stderr


@user_only
def test_users_where_the_kernel_refuses_user_namespaces(house):
    show = house.start(launcher=without_user_namespaces(house.identity.uid))
    show.log.wait("refuses unprivileged user namespaces")
    house.answers(1, 0.25)
    house.answers(2, 0.5)


def test_her_script_is_loaded_again_when_it_changes(house):
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1").replace("script\n", "script\nreload = on\n", 1))
    show = house.start()
    house.answers(1, 0.5)
    house.write("alice", "script.py", "import midimonster\ndef f(value):\n\tmidimonster.output('out', value / 2)\n")
    show.log.wait("^running", "alice/py1", count=2)
    show.set("/in1", 0.5)
    show.expect("/out1", 0.25)


def test_her_private_folder_is_bounded(house):
    house.options["alice"] += "state = 1M\n"
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1").replace("script\n", "script\nrestart = never\n", 1))
    house.write("alice", "script.py", """
        import os
        def f(value):
            os.makedirs("deep/er", mode=0o700, exist_ok=True)
            for i in range(20):
                with open(f"deep/er/{i}", "wb") as file:
                    file.write(bytes(100000))
        """)
    show = house.start()
    show.set("/in1", 0.5)
    show.log.wait("its private folder .* has more than 1 MiB ", "alice/py1")
    house.answers(2, 0.5)


def test_her_connections_are_bounded(house):
    house.options["alice"] += "connections = 3\nallow-connect = *:*\nallow-listen = udp:*:*\n"
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1").replace("script\n", "script\nconnect = *:*\nlisten = udp:*:*\n", 1))
    house.write("alice", "script.py", """
        import os, socket, time
        kept = []
        def f(value):
            target = ("127.0.0.1", int(open("/show/port").read()))
            for kind in ("tcp", "tcp", "udp", "tcp", "udp"):
                try:
                    if kind == "tcp":
                        kept.append(socket.create_connection(target))
                    else:
                        kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                        kept[-1].bind(("127.0.0.1", 0))
                    print("got", kind, len(kept))
                except OSError as error:
                    print("refused", kind, error.errno)
            hidden = [os.dup(one.fileno()) for one in kept[:1]]
            kept.pop(0).close()
            time.sleep(0.05)
            try:
                socket.create_connection(target)
                print("a hidden one is not counted")
            except OSError as error:
                print("still", error.errno)
            os.close(hidden[0])
            time.sleep(0.05)
            kept.append(socket.create_connection(target))
            print("again")
        """)
    with socket.create_server(("127.0.0.1", 0)) as server:
        house.write("alice", "port", str(server.getsockname()[1]))
        show = house.start()
        show.set("/in1", 0.5)
        show.log.wait("^again|Traceback", "alice/py1")
    assert show.log.messages("alice/py1", "^(got|refused (tcp|udp)|a hidden|still|again)") == [
        "got tcp 1", "got tcp 2", "got udp 3", f"refused tcp {errno.EMFILE}", f"refused udp {errno.EMFILE}", f"still {errno.EMFILE}", "again"]
    show.log.wait("option connections", "alice/py1")


def test_nobodys_workers_outlive_a_killed_broker(house):
    for user in UIDS:
        house.write(user, "script.py", "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                                       "def f(value):\n\tprint('busy')\n\twhile True: pass\n")
    show = house.start()
    show.set("/in1", 0.5)
    show.log.wait("busy", "alice/py1")
    family = descendants(show.pid)
    assert len(family) >= 6
    os.kill(show.pid, signal.SIGKILL)
    until(lambda: not surviving(family), lambda: f"still there: {surviving(family)}", timeout=5)
    show.kill()
