# SPDX-License-Identifier: BSD-2-Clause
"""The life of the package on a machine: installed, run, upgraded over a running show, removed, purged. In this order."""

import os
import pwd
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from system import (ETC, PATIENCE, SERVICE, Osc, configure, dropped_in, is_active, journal, keeper, logged, mark, package, pid, run, show,
                    until)

SHOW = (ETC / "show.cfg", ETC / "lights.py")
FIRST = {}


def account():
    try:
        return pwd.getpwnam("firecurtain")
    except KeyError:
        return None


@pytest.fixture
def running():
    """The show as it was installed, and running."""
    for path, text in FIRST.items():
        path.write_text(text)
    run("systemctl", "reset-failed", SERVICE, check=False)
    run("systemctl", "restart", SERVICE)
    yield
    run("systemctl", "reset-failed", SERVICE, check=False)


def test_install_and_start_give_a_show_that_answers():
    assert account() is None and not ETC.exists()
    run("apt-get", "install", "-y", "--no-install-recommends", package(), env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    FIRST.update({path: path.read_text() for path in SHOW})
    begun = time.monotonic()
    run("systemctl", "start", SERVICE)
    with Osc() as osc:
        osc.answers(0.5, 0.25)
    took = time.monotonic() - begun
    assert account() and Path(f"/proc/{pid()}").stat().st_uid == account().pw_uid
    assert "receives OSC on port 8000" in journal()
    assert "2 of 2 instances are up" in show("StatusText")
    print(f"vm: from systemctl start to an answer: {took:.1f} s")
    print(f"vm: {run('systemd-analyze', 'security', '--no-pager', SERVICE).stdout.splitlines()[-1]}")
    status = run("firecurtain", "status").stdout
    assert re.search(r"lights +running", status), status


def test_root_checks_the_sandbox_beside_the_service(running):
    checked = run("firecurtain", "check", "--sandbox", ETC / "show.cfg").stdout
    assert "lights: would start" in checked and not re.search(r" (fails|not tried) ", checked), checked
    layers = dict(re.findall(r"^    (\S+(?: \S+)?) +(holds|absent) ", checked, re.M))
    assert {"namespaces", "private root", "Landlock", "system calls"} <= {name for name, how in layers.items() if how == "holds"}, checked
    if os.uname().release.startswith("6.1."):
        assert re.search(r"Landlock +holds +.*ABI 2", checked), checked
    assert "Shows can run here" in run("firecurtain", "doctor").stdout


def test_reload_takes_a_good_configuration_and_refuses_a_bad_one(running):
    before = pid()
    configure(FIRST[SHOW[0]].replace("/light1", "/light2"))
    run("systemctl", "reload", SERVICE)
    with Osc() as osc:
        osc.answers(0.5, 0.25, answer="/light2")
        configure("[nonsense\n")
        assert run("systemctl", "reload", SERVICE, check=False).returncode != 0
        osc.answers(0.25, 0.0625, answer="/light2")
    assert pid() == before and is_active()


def test_what_dies_or_hangs_is_started_again(running):
    """A broker that is killed, a keeper that is killed, and a broker that is stopped, which only the watchdog notices."""
    with dropped_in("WatchdogSec=8s"):
        run("systemctl", "restart", SERVICE)
        for find, how in ((pid, signal.SIGKILL), (keeper, signal.SIGKILL), (pid, signal.SIGSTOP)):
            before = pid()
            os.kill(find(), how)
            until(lambda: pid() not in (0, before) and is_active(), f"not started again after {how.name}")
            with Osc() as osc:
                osc.answers(0.5, 0.25)
    assert int(show("NRestarts")) >= 3


LIMITED = """
[osc desk]
bind = 127.0.0.1 8000
dest = 127.0.0.1 9000
[python lights]
module = lights
[python hog]
module = hog
memory = 96M
[python crowd]
module = crowd
threads = 8
[python burner]
module = burner
cpu = 20%
handler-timeout = 0
start-timeout = 0
[map]
desk./fader1 > lights.lights.fader
lights.level > desk./light1
"""
HOG = """
held = []
try:
    while True:
        held.append(bytearray(1 << 20))
except MemoryError:
    n = len(held)
    held = None
    print("MemoryError after", n, "MiB")
"""
CROWD = """
import threading
event, n = threading.Event(), 0
try:
    while n < 100:
        threading.Thread(target=event.wait, daemon=True).start()
        n += 1
except RuntimeError:
    pass
print("threads", n)
"""
BURNER = "while True:\n    pass\n"


def test_limits_are_cgroups_of_the_service(running):
    configure(LIMITED, hog=HOG, crowd=CROWD, burner=BURNER)
    since = mark()
    run("systemctl", "restart", "--no-block", SERVICE)
    assert int(logged(r"MemoryError after (\d+) MiB", since)[1]) < 96
    assert int(logged(r"threads (\d+)", since)[1]) == 8
    groups = {path.name.removeprefix("instance-"): path for path in Path("/sys/fs/cgroup/system.slice", SERVICE).rglob("instance-*")}
    assert {"hog", "crowd", "burner", "lights"} <= set(groups), groups
    assert int((groups["hog"] / "memory.max").read_text()) == (96 + 48) << 20
    assert int((groups["crowd"] / "pids.max").read_text()) <= 8 + 2
    quota, period = map(int, (groups["burner"] / "cpu.max").read_text().split())
    assert quota / period == pytest.approx(0.2)

    def used():
        return int(re.search(r"usage_usec (\d+)", (groups["burner"] / "cpu.stat").read_text())[1]) / 1e6, time.monotonic()

    first = used()
    with Osc() as osc:
        osc.answers(0.5, 0.25)
    time.sleep(5)
    last = used()
    share = (last[0] - first[0]) / (last[1] - first[1])
    print(f"vm: a script with cpu = 20% has used {share:.2f} of a processor")
    assert 0 < share < 0.3


# With each of these in the unit, the show runs as ever, or does not start and the journal names an option.
HARDENING = ["RestrictSUIDSGID=yes", "RestrictNamespaces=yes", "RestrictNamespaces=user mnt pid net ipc uts cgroup", "ProtectHostname=yes",
             "PrivateUsers=yes", "ProtectProc=invisible", "ProtectControlGroups=yes", "MemoryDenyWriteExecute=yes",
             "SystemCallFilter=~@mount"]


@pytest.mark.parametrize("line", HARDENING)
def test_a_line_more_in_the_unit(running, line):
    since = mark()
    with dropped_in(line, "Restart=no"):
        started = run("systemctl", "restart", SERVICE, check=False).returncode == 0
        if started:
            with Osc() as osc:
                osc.answers(0.5, 0.25)
            weaker = re.search(r"(only Landlock.*|the other layers hold|nobody delegates.*)", journal(since))
            print(f"vm: {line}: runs{', but ' + weaker[1] if weaker else ''}")
        else:
            until(lambda: show("ActiveState") == "failed", "neither runs nor fails")
            why = re.search(r"(layer \".*|cannot .*)", journal(since))
            assert why and show("ExecMainStatus") in ("69", "71"), journal(since)
            assert line.split("=")[0] + "=" in journal(since), journal(since)
            print(f"vm: {line}: does not start: {why[1][:100]}")


def test_the_clock_is_set_and_the_disk_is_full(running):
    with Osc() as osc:
        now = time.time()
        run("date", "-s", f"@{int(now + 86400)}")
        osc.answers(0.5, 0.25)
        run("date", "-s", f"@{int(now + 5)}")
        osc.answers(0.25, 0.0625)
        before, filler = pid(), Path("/var/filler")
        space = shutil.disk_usage("/var").free
        os.system(f"fallocate -l {space} {filler} || head -c {space + (64 << 20)} /dev/zero >{filler}")
        try:
            osc.answers(0.75, 0.5625)
            run("systemctl", "reload", SERVICE)
            osc.answers(0.5, 0.25)
        finally:
            filler.unlink()
        assert pid() == before and is_active()


def test_an_upgrade_leaves_a_running_show_alone(running):
    before, work = pid(), Path("/var/tmp/upgrade")
    run("dpkg-deb", "-R", package(), work)
    control = work / "DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+later", control.read_text(), flags=re.M))
    (ETC / "lights.py").write_text(FIRST[SHOW[1]] + "\n# changed here\n")
    run("dpkg-deb", "-b", work, "/var/tmp/later.deb")
    run("apt-get", "install", "-y", "/var/tmp/later.deb", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    assert "+later" in run("dpkg-query", "-W", "firecurtain").stdout
    assert pid() == before and is_active()
    assert "# changed here" in (ETC / "lights.py").read_text()
    with Osc() as osc:
        osc.answers(0.5, 0.25)


def test_removal_stops_it_and_purging_leaves_nothing(running):
    assert Path("/var/lib/firecurtain").exists()
    run("apt-get", "remove", "-y", "firecurtain")
    until(lambda: not is_active(), "still active", PATIENCE)
    assert (ETC / "show.cfg").exists() and Path("/var/lib/firecurtain").exists() and account()
    for extra in ("hog.py", "crowd.py", "burner.py"):
        (ETC / extra).unlink(missing_ok=True)
    run("apt-get", "purge", "-y", "firecurtain")
    left = [path for path in map(Path, ("/etc/firecurtain", "/var/lib/firecurtain", "/run/firecurtain", "/usr/libexec/firecurtain",
                                        "/etc/systemd/system/multi-user.target.wants/firecurtain.service")) if path.exists() or path.is_symlink()]
    assert left == [] and account() is None
    assert "firecurtain" not in run("dpkg-query", "-W", "-f", "${Package}\n").stdout.split()
