"""Several users in one house: each runs what is hers, with her own uid where root starts the broker, and nothing else."""

import ctypes
import errno
import json
import os
import re
import shutil
import signal
import socket
import threading
from pathlib import Path

import pytest
from harness import IS_ASAN, dedent, root_only, user_only, without_user_namespaces
from processes import children, descendants, settled_spares, status, surviving
from waiting import until

UIDS = {"alice": 20001, "bob": 20002}
KILL, NET_BIND_SERVICE = 1 << 5, 1 << 10
DONE = "^the new configuration is running$"
REFUSED = "^the configuration was not changed"
GRANTS = "grant-input = wire./in{1..4}\ngrant-output = wire./out{1..4}\n"
SCRIPT = """
    import midimonster
    def f(value):
        midimonster.output("out", value)
    """
SHOW = "[python py1]\nmodule = script\n[map]\nwire./in{n} > py1.script.f\npy1.out > wire./out{n}\n"


class House:
    """The administrator's configuration, and the folders (0700) of alice, whose channels are in1 and out1, and of bob."""

    def __init__(self, play, identity, stage):
        self.play, self.identity, self.stage = play, identity, stage
        self.folders, self.options, self.show = {}, {}, None
        for number, user in enumerate(UIDS, 1):
            self.folders[user] = stage.folder(identity)
            self.options[user] = GRANTS
            self.write(user, "show.cfg", SHOW.replace("{n}", str(number)))
            self.write(user, "script.py", SCRIPT)
            self.own(user, self.folders[user], 0o700)

    def uid(self, user):
        return UIDS[user] if self.identity.is_root else self.identity.uid

    def own(self, user, path, mode):
        os.chown(path, self.uid(user), self.uid(user))
        path.chmod(mode)

    def write(self, user, name, text):
        path = self.folders[user] / name
        path.write_text(dedent(text))
        self.own(user, path, 0o600)
        return path

    def config(self):
        return "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n" + self.users()

    def users(self):
        text = ""
        for user, options in self.options.items():
            uid = f"uid = {UIDS[user]}\n" if self.identity.is_root and "uid =" not in options else ""
            text += f"[user {user}]\nshow = {self.folders[user]}/show.cfg\n{uid}{options}"
        return text

    def start(self, *ready, **how):
        self.show = self.play(config=self.config(), ready=[f"{user}/py1" for user in ready or UIDS], **how)
        return self.show

    def read_again(self, done=DONE):
        position = self.show.log.position
        self.show.write("show.cfg", self.config())
        os.kill(self.show.pid, signal.SIGHUP)
        self.show.log.wait(done, after=position)
        return position

    def worker(self, user):
        return self.show.worker(f"{user}/py1")

    def answers(self, number, value):
        self.show.set(f"/in{number}", value)
        self.show.expect(f"/out{number}", value)


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
    states = {path.name: path for path in (show.folder / "state/firecurtain").iterdir()}
    assert len(states) == 2, "hers, and his"
    owners = {(path / "py1").stat().st_uid for path in states.values()}
    assert owners == set(UIDS.values())
    for path in states.values():
        assert (path / "py1").stat().st_mode & 0o777 == 0o700
    links = {path.stat().st_uid: path.stat().st_mode & 0o777 for path in (show.folder / "run/firecurtain").rglob("link-*")}
    assert {links[uid] for uid in UIDS.values()} == {0o700}


def test_a_mapping_outside_of_the_grants_is_an_error_of_hers(house):
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + "py1.more > wire./out9\nwire./in9 > py1.script.g\n")
    show = house.start("bob")
    show.log.wait(r'show.cfg:6:17: error: the user "alice" may not write wire\./out9', "alice", level="error")
    show.log.wait(r"grant-output = wire\./out9", "alice", level="error")
    show.log.wait(r'show.cfg:7:6: error: the user "alice" may not read wire\./in9', "alice", level="error")
    show.log.wait("nothing of hers runs", "alice")
    house.answers(2, 0.5)
    assert not show.log.matching("^running", "alice/py1")
    assert not show.log.matching("error", "-", level="error")


@pytest.mark.parametrize("mapping,message", [
    ("bob/py1.out > py1.script.f", 'unknown instance "bob/py1"'),
    ("wire./in1 > wire./out1", "one side of a user's mapping is an instance of her own"),
    ("bob.out > py1.script.f", 'unknown instance "bob"'),
])
def test_nobody_elses_instances_can_be_named(house, mapping, message):
    house.write("alice", "show.cfg", SHOW.replace("{n}", "1") + mapping + "\n")
    house.start("bob").log.wait(re.escape(message), "alice", level="error")
    house.answers(2, 0.5)


@pytest.mark.parametrize("text,message", [
    ("[osc own]\nbind = 127.0.0.1 1\n", "the backend osc is the administrator's"),
    ("[python a]\ninsecure-network = host\n", "insecure-network is not for users"),
    ("[python a]\nconnect = tcp:10.1.0.1:80\n", r'may not use "connect = tcp:10\.1\.0\.1:80"'),
    ("[python a]\nconnect = tcp:10.0.0.0/7:80\n", "may not use"),
    ("[python a]\nlisten = udp:*:9000\n", r'may not use "listen = udp:\*:9000"'),
    ("[python a]\nread = /etc\n", 'may not use "read = /etc"'),
    ("[python a]\nqueue = 1000000\n", "has queue = 65536 at most"),
    ("[python a]\nmemory = 300M\n[python b]\nmemory = 300M\n", "have memory = 629145600, and all of them may have 536870912"),
    ("[python a]\nmemory = 500M\n[python b]\n", "leaves memory = 12582912 for this instance"),
    ("[python a]\nrate = 2000\n", "have rate = 2000, and all of them may have 1000"),
    ("[python a]\nstate = 1G\n", "and all of them may have"),
    ("[python a]\n[python b]\n[loopback c]\n", "may have 2 instances"),
    ("[loopback l]\n[map]\nwire./in1 > l.x{1..30}\n", r"have more than 20 channels of her own"),
    ("[user carol]\nshow = x\n", 'there is no backend "user"'),
    ("[include ../etc/x.cfg]\n", "cannot read"),
])
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
    position = house.read_again()  # now it is the keeper who opens it
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
    house.folders["bob"].joinpath("open").mkdir(mode=0o755)  # others could read it, but for the folder around it
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
    show.log.wait("her show stays as it was", "alice", after=position)
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
    show.log.wait("nothing of hers runs", "alice")
    show.log.wait("^worker ended", "alice/py1")
    house.answers(2, 0.5)
    assert house.worker("bob") == before


def test_the_latest_of_two_users_takes_precedence(house):
    house.write("bob", "show.cfg", SHOW.replace("/in{n}", "/in2").replace("/out{n}", "/out1"))
    show = house.start()
    for path, value in (("/in1", 0.25), ("/in2", 0.5), ("/in1", 0.75)):
        show.set(path, value)
        show.expect("/out1", value)


def test_frozen_she_is_not_heard_and_hears_on(house):
    house.write("alice", "script.py", "import midimonster\ndef f(value):\n\tmidimonster.output('out', value)\n\tprint('heard', value)\n")
    show = house.start()
    house.answers(1, 0.25)
    house.options["alice"] += "frozen = yes\n"
    house.read_again()
    before = house.worker("alice")
    show.set("/in1", 0.5)
    show.log.wait("^heard 0.5", "alice/py1")
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
    house.answers(2, 0.5)  # now /out2 is his
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
    show.log.wait('the user "carol" is new, or has another show or uid: start firecurtain anew', level="error")
    house.answers(1, 0.5)


@root_only
@pytest.mark.parametrize("uid,message", [
    ("0", "would be root"), ("nobody", "has the uid of the broker itself"), ("nosuchaccount", "no account's name"),
    ("20002", "has the uid of another user"), (None, "needs a uid of her own"), ("99999999999", "no account's name"),
    ("-1", "no account's name")])
def test_uids_that_root_refuses(house, firecurtain, uid, message):
    house.options = {"bob": house.options["bob"], "alice": GRANTS + (f"uid = {uid}\n" if uid else "; uid =\n")}
    done = firecurtain("run", "show.cfg", files={"show.cfg": house.config().replace("@IN@", "1").replace("@OUT@", "1")})
    assert done.returncode == 78 and message in done.stderr, done.stderr


@user_only
def test_without_root_there_is_one_uid(house, firecurtain):
    house.options["alice"] += "uid = 1\n"
    done = firecurtain("run", "show.cfg", files={"show.cfg": house.config().replace("@IN@", "1").replace("@OUT@", "1")})
    assert done.returncode == 78 and "has to be started as root for that" in done.stderr, done.stderr


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
    assert 'the module "script" of the instance "alice/py1" is not in' in done.stderr, done.stderr
    secret.parent.chmod(0o755)
    assert not firecurtain("check", "show.cfg", files={"show.cfg": config}).stderr
    script.unlink()
    os.mkfifo(script)
    house.own("alice", script, 0o600)
    assert firecurtain("check", "show.cfg", files={"show.cfg": config}).returncode == 0


@user_only
def test_without_a_curtain_there_are_no_users(house, firecurtain):
    config = house.config().replace("@IN@", "18000").replace("@OUT@", "18001")
    done = firecurtain("run", "show.cfg", "--insecure-no-sandbox", files={"show.cfg": config})
    assert done.returncode == 77 and "nothing would stand between the users" in done.stderr


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
    show.log.wait("its private folder .* has over 1048576 bytes", "alice/py1")
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
                    print("got", kind)
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
        "got tcp", "got tcp", "got udp", f"refused tcp {errno.EMFILE}", f"refused udp {errno.EMFILE}", f"still {errno.EMFILE}", "again"]
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


# Between two users: what a hostile script of hers tries on him, and what her processes could do without their curtain.

ATTACK = """
    import ctypes, json, os, signal
    libc = ctypes.CDLL(None, use_errno=True)
    def reads(path):
        os.listdir(path)
    def signals(pid):
        os.kill(pid, 0)
    def traces(pid):
        if libc.ptrace(16, pid, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    def f(value):
        for kind, target in json.load(open("/show/targets.json")):
            try:
                globals()[kind](target)
                print("tried", kind, target, "done")
            except OSError as error:
                print("tried", kind, target, type(error).__name__)
        print("all tried")
    """


def targets(house):
    """Of his: the folder of his scripts, his private folder, his link folder, his worker."""
    pid = house.worker("bob")
    state = [path / "py1" for path in (house.show.folder / "state/firecurtain").iterdir()]
    links = sorted((house.show.folder / "run/firecurtain").rglob("link-*-2"))
    return [("reads", str(path)) for path in [house.folders["bob"], *state, *links]] + [("signals", pid), ("traces", pid)]


def test_a_hostile_script_gets_at_nothing_of_another_users(house):
    house.write("alice", "script.py", ATTACK)
    house.write("alice", "targets.json", "[]")
    show = house.start()
    tried = targets(house)
    house.write("alice", "targets.json", json.dumps(tried))
    show.set("/in1", 0.5)
    show.log.wait("all tried", "alice/py1")
    said = show.log.messages("alice/py1", "^tried")
    assert len(said) == len(tried) and not [line for line in said if line.endswith("done")], said
    house.answers(2, 0.5)


def outcome(uid, kind, target):
    """What a process with this uid, and without any curtain, gets from the same attempt: 0 or an errno."""
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            if kind == "reads":
                os.listdir(target)
            elif kind == "signals":
                os.kill(target, 0)
            else:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.ptrace(0x4206, target, 0, 0) < 0:  # PTRACE_SEIZE: stops nobody
                    raise OSError(ctypes.get_errno(), "ptrace")
        except OSError as error:
            code = error.errno
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@root_only
def test_even_without_her_curtain_she_would_be_another_user(house):
    house.start()
    (house.show.folder / "state").chmod(0o755)  # the tests' own fence around it
    mine = [target for target in targets(house) if "state" not in str(target[1]) or os.stat(target[1]).st_uid == UIDS["bob"]]
    assert len(mine) == 5
    for kind, target in mine:
        # the link folder is below one that only root can walk through
        allowed = 0 if kind in ("reads", "signals") and "link-" not in str(target) else None
        assert outcome(UIDS["alice"], kind, target) in (errno.EACCES, errno.EPERM), (kind, target)
        if allowed is not None:
            assert outcome(UIDS["bob"], kind, target) == allowed, (kind, target)


def connects(uid, folder_fd, name):
    """What a process with this uid gets that tries to connect to a worker's endpoint: 0 or an errno. Somebody else has
    opened the folder for it, so that the closed one above is not in its way."""
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            with socket.socket(socket.AF_UNIX) as each:
                each.connect(f"/proc/self/fd/{folder_fd}/{name}")
        except OSError as error:
            code = error.errno
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@root_only
def test_nobody_else_reaches_the_endpoint_of_his_worker(house):
    """It is there only until the worker has come: his zygote is stopped, so that none comes."""
    show = house.start()
    zygote, = (pid for pid in children(show.pid)
               if status(pid)["Name"].strip() == "fc-zygote" and int(status(pid)["Uid"].split()[0]) == UIDS["bob"])
    spares = [pid for pid in children(show.pid) if pid != house.worker("bob") and int(status(pid)["Uid"].split()[0]) == UIDS["bob"]]
    folder, = (show.folder / "run/firecurtain").rglob("link-*-2")
    for pid in spares:
        os.kill(pid, signal.SIGSTOP)
    position = show.log.position
    os.kill(house.worker("bob"), signal.SIGKILL)
    until(lambda: list(folder.iterdir()), "there is no endpoint")
    name, = (path.name for path in folder.iterdir())
    folder_fd = os.open(folder, os.O_PATH)
    try:
        assert connects(UIDS["alice"], folder_fd, name) == errno.EACCES
        assert connects(UIDS["bob"], folder_fd, name) == 0
    finally:
        os.close(folder_fd)
        for pid in spares:
            os.kill(pid, signal.SIGCONT)
    assert zygote in spares
    show.log.wait("^running", "bob/py1", after=position)
    house.answers(1, 0.5)
    house.answers(2, 0.5)
