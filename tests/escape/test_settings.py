# SPDX-License-Identifier: BSD-2-Clause
"""The three settings, and what holds in all of them."""

import os
import subprocess

import pytest
from harness import Show, looks_into_the_broker
from processes import children, descendants, status
from theatre import HOSTILE, PLAIN_PYTHON

OBSERVER = {name: (HOSTILE / name).read_text() for name in ("attacklib.py", "observe.py")}
BIND = 1 << 10  # CAP_NET_BIND_SERVICE, the broker's
SOME = 15  # differences between the two hosts that the control must notice
NETWORKS = {"none": "", "some": "ip link set lo up && ip addr add 192.168.1.1/16 dev lo && ip route add default dev lo &&"}
LAUNCH = 'mount -t sysfs none /sys && {network} exec setpriv --inh-caps=-all --ambient-caps=-all --pdeathsig=KILL -- "$@"'


def namespace(pid, name):
    return os.stat(f"/proc/{pid}/ns/{name}").st_ino


def may_make_user_namespaces(identity):
    command = identity.command([*identity.fence, "unshare", "--user", "true"])
    return subprocess.run(command, stderr=subprocess.DEVNULL, timeout=20).returncode == 0


@pytest.fixture
def show(stage, identity):
    """One instance without network, one with all of the host's."""
    config = "[python py1]\nmodule = nothing\n[python py2]\nmodule = nothing\ninsecure-network = host\n"
    made = Show(stage, identity, config, {"nothing.py": ""})
    try:
        yield made.ready(["py1", "py2"])
        made.stop()
    finally:
        if not made.over:
            made.kill()


@looks_into_the_broker
def test_it_is_the_setting_that_it_says(show, identity):
    shared = {name for name in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")
              if namespace(show.pid, name) == namespace(show.worker("py1"), name)}
    warned = show.log.matching("(?i)user namespaces.*only Landlock", "-", "warning")
    if identity.fallback:
        assert len(shared) == 7 and warned
    else:
        assert not shared and not warned
    assert may_make_user_namespaces(identity) != identity.fallback
    # uids of the host; root's broker runs as the workers' account, its keeper as root
    assert (int(status(show.pid)["Uid"].split()[0]) == identity.uid) != identity.is_root


def test_no_worker_is_the_hosts_root(show, identity):
    below = {pid: status(pid)["Name"] for pid in descendants(show.pid)}
    below = {pid for pid, name in below.items() if name not in ("fc-keeper", "fc-counter")}
    assert {show.worker("py1"), show.worker("py2")} <= below and len(below) >= 3, "and the zygote"
    for pid in {show.pid, *below}:
        facts = status(pid)
        for kind in ("Uid", "Gid"):
            assert 0 not in map(int, facts[kind].split()), (pid, kind)
        assert 0 not in map(int, facts["Groups"].split()) and int(facts["CapEff"], 16) & ~BIND == 0, pid
    assert len([pid for pid in children(show.pid) if status(pid)["Name"] != "fc-spare"]) == 5


def host(identity, network):
    """A launcher: this host with a new network namespace, with or without a network in it."""
    user = [] if identity.is_root else ["--user", f"--map-user={identity.uid}", f"--map-group={identity.uid}", "--keep-caps"]
    return ("unshare", *user, "--net", "--mount", "sh", "-c", LAUNCH.format(network=NETWORKS[network]), "sh")


def parse(lines):
    found = {}
    for line in lines:
        for part in line.split(" | "):
            if part.startswith("saw "):
                what, result = part.removeprefix("saw ").split(" -> ", 1)
                found[what] = result
    return found


def observed_inside(stage, identity, launcher):
    show = Show(stage, identity, "[python py1]\nmodule = observe\nlog-rate = 10000\nstart-timeout = 0\n", OBSERVER, launcher=launcher)
    try:
        show.log.wait("^observed all$", "py1")
        found = parse(show.log.messages("py1", "^saw "))
        show.stop()
    finally:
        if not show.over:
            show.kill()
    return found


def observed_outside(identity, folder, launcher):
    command = identity.command([*launcher, PLAIN_PYTHON, str(folder / "observe.py")])
    done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60)
    assert "observed all" in done.stdout, done.stdout
    return parse(done.stdout.splitlines())


def test_a_script_cannot_tell_whether_there_is_a_network(stage, identity):
    """46: an instance without network access sees the same on a host with a network and on one without."""
    some, none = (observed_inside(stage, identity, host(identity, network)) for network in ("some", "none"))
    assert len(some) > 500, "all that was asked has an answer"
    assert not {what: (some[what], none.get(what)) for what in some if some[what] != none.get(what)}
    reached = [what for what in some if what.split()[0] in ("tcp", "udp", "bind", "sendto", "sendmsg", "received", "listen")
               and not some[what].startswith(("errno ", "raised "))]
    assert not reached


def test_outside_the_same_questions_tell(stage, identity):
    folder = stage.folder(identity)
    for name, text in OBSERVER.items():
        (folder / name).write_text(text)
    some, none = (observed_outside(identity, folder, host(identity, network)) for network in ("some", "none"))
    differing = [what for what in some if some[what] != none[what]]
    assert len(differing) > SOME and {"tcp", "sendto", "ipv4", "ioctl", "file"} <= {what.split()[0] for what in differing}
