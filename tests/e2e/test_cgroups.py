# SPDX-License-Identifier: BSD-2-Clause
"""Limits by cgroup v2: each show starts in a group that was made for it and delegated to it.

Where the controllers belong to cgroup v1, the tests take cpu and pids from there while they run, but only if
FIRECURTAIN_TEST_CGROUPS=remount allows it."""

import contextlib
import fcntl
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from harness import USER_ID, Identity, without_user_namespaces
from waiting import until

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root to delegate a cgroup")
TAKEN = ("cpu", "pids")


def mounts():
    """(mount point, file system, its options), later mounts last."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ")
        kind, _, options = after.split(" ", 2)
        yield Path(before.split()[4]), kind, options


def words(path):
    return path.read_text().split()


def top():
    return next((point for point, kind, _ in mounts() if kind == "cgroup2"), None)


@contextlib.contextmanager
def taken_from_v1(root):
    """Takes cpu and pids out of their v1 hierarchies, which are restored in any case."""
    hierarchies = [(point, options.split(",")[-1]) for point, kind, options in mounts()
                   if kind == "cgroup" and options.split(",")[-1] in TAKEN]
    try:
        if all(subprocess.run(["umount", point], check=False, stderr=subprocess.DEVNULL).returncode == 0
               for point, _ in hierarchies):
            with contextlib.suppress(AssertionError):
                until(lambda: set(TAKEN) <= set(words(root / "cgroup.controllers")), "", timeout=5)
        yield
    finally:
        for point, name in hierarchies:
            def mounted():
                if subprocess.run(["mount", "-t", "cgroup", "-o", name, "cgroup", point], check=False,
                                  stderr=subprocess.DEVNULL).returncode == 0:
                    return True
                time.sleep(0.1)
                return False
            if (point, "cgroup") not in [mount[:2] for mount in mounts()]:
                until(mounted, f"{point} cannot be mounted again", timeout=30)


@pytest.fixture(scope="module")
def controllers():
    """(the root of cgroup v2, its controllers)"""
    root = top()
    if not root:
        pytest.skip("no cgroup v2 is mounted")
    with open("/tmp/firecurtain-test-cgroups.lock", "w") as lock, contextlib.ExitStack() as stack:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not set(TAKEN) & set(words(root / "cgroup.controllers")):
            if os.environ.get("FIRECURTAIN_TEST_CGROUPS") != "remount":
                pytest.skip("cgroup v1 has the controllers; FIRECURTAIN_TEST_CGROUPS=remount takes cpu and pids for a while")
            stack.enter_context(taken_from_v1(root))
        if not set(TAKEN) <= set(words(root / "cgroup.controllers")):
            pytest.skip("cgroup v1 does not give up cpu and pids: something uses them")
        yield root, set(words(root / "cgroup.controllers")) & {*TAKEN, "memory"}


class Delegated(Identity):
    """Starts everything in a group of its own."""

    def __init__(self, uid, group):
        super().__init__(uid)
        self.group = group

    def command(self, arguments):
        return ["sh", "-c", f'echo $$ >{self.group}/cgroup.procs && exec "$@"', "sh", *super().command(arguments)]


def remove(group):
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(folder)


@pytest.fixture
def group(controllers, request):
    """A cgroup with controllers for its children, which belongs to root."""
    root, names = controllers
    path = root / f"fc-test-{os.getpid()}-{time.monotonic_ns()}"
    path.mkdir()
    before = words(root / "cgroup.subtree_control")
    for name in names:
        (root / "cgroup.subtree_control").write_text(f"+{name}")
    yield path
    with contextlib.suppress(AssertionError):
        until(lambda: not words(path / "cgroup.procs"), "")
    remove(path)
    assert not path.exists(), [str(folder) for folder in path.rglob("*/")]
    for name in names - set(before):
        with contextlib.suppress(OSError):  # another user's by now
            (root / "cgroup.subtree_control").write_text(f"-{name}")


def delegate(group, uid):
    for name in (".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
        os.chown(group / name, uid, uid)


@pytest.fixture(params=["root", "user"])
def identity(request, group):
    uid = 0 if request.param == "root" else USER_ID
    delegate(group, uid)
    return Delegated(uid, group)


def tree(group):
    found = list(group.glob("firecurtain-*"))
    assert len(found) == 1, found
    return found[0]


def pids(folder):
    return [int(pid) for pid in words(folder / "cgroup.procs")]


def names(folder):
    return {Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids(folder)}


def test_each_worker_is_in_a_group_with_its_limits(play, identity, group, controllers):
    show = play(config="[backend python]\ncpu = 50%\n[python py1]\nmodule = script\nmemory = 100M\n"
                       "[python py2]\nmodule = script\ncpu = 150%\nthreads = 9\n",
                scripts={"script.py": ""}, ready=("py1", "py2"))
    own = tree(group)
    assert own.name == f"firecurtain-{show.pid}"
    assert pids(group) == pids(own) == pids(own / "workers") == []
    # what is trusted is not held back by the limits of scripts, which know no group but their own
    assert show.pid in pids(own / "broker") and {"fc-keeper", "fc-gate"} <= names(own / "broker")
    assert not {"fc-zygote", "fc-spare", "fc-worker"} & names(own / "broker")
    assert {"fc-zygote"} <= names(own / "workers/zygote") <= {"fc-zygote", "fc-spare"}
    for name, tasks, cpu in (("py1", "65", "50000 100000"), ("py2", "10", "150000 100000")):
        folder = own / f"workers/instance-{name}"
        assert pids(folder) == [show.worker(name)]
        assert (folder / "pids.max").read_text().strip() == tasks
        assert (folder / "cpu.max").read_text().strip() == cpu
        if "memory" in controllers[1]:
            assert (folder / "memory.swap.max").read_text().strip() == "0"
            assert (folder / "memory.oom.group").read_text().strip() == "1"
            assert int((folder / "memory.max").read_text()) == ((100 if name == "py1" else 512) + 48) << 20
    for limit in ("pids.max", "cpu.max", "cgroup.subtree_control"):  # of the zygote's uid, only moving is
        assert (own / "workers/instance-py1" / limit).stat().st_uid == identity.uid
    show.stop()
    assert not list(group.glob("*/")), "the tree is gone"
    assert words(group / "cgroup.subtree_control") == []


def test_a_worker_that_starts_again_is_in_its_group_again(play, group):
    show = play("import os\ndef handler(value): os._exit(3)\n", ["wire./in > py1.script.handler"], options="cpu = 50%")
    first, position = show.worker(), show.log.position
    show.set("/in", 0.5)
    show.wait_restart(after=position)
    folder = tree(group) / "workers/instance-py1"
    assert show.worker() != first and pids(folder) == [show.worker()]
    assert (folder / "cpu.max").read_text().strip() == "50000 100000"


BURN = """
    import time
    import midimonster
    def handler(value):
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            pass
        midimonster.output("out", value)
"""


@pytest.mark.parametrize("option, throttled", [("cpu = 20%", True), ("", False)])
def test_processor_time_has_a_limit(play, group, option, throttled):
    show = play(BURN, ["wire./in > py1.script.handler", "py1.out > wire./out"], options=option)
    stat = tree(group) / "workers/instance-py1/cpu.stat"

    def read():
        return {key: int(value) for key, value in (line.split() for line in stat.read_text().splitlines())}
    before, begin = read(), time.monotonic()
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    after, wall_us = read(), (time.monotonic() - begin) * 1e6
    assert (after["nr_throttled"] > before["nr_throttled"]) == throttled
    share = (after["usage_usec"] - before["usage_usec"]) / wall_us
    assert share < 0.3 if throttled else share > 0, share


THREADS = """
    import threading, time
    count = 0
    try:
        while count < 30:
            threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
            count += 1
    except RuntimeError:
        pass
    print("threads", count)
"""


def test_without_user_namespaces_threads_have_a_limit_by_the_group_alone(play, identity, group):
    show = play(THREADS, options="threads = 5\ncpu = 50%", launcher=without_user_namespaces(identity.uid or 1))
    assert show.printed("^threads") == "threads 5"
    assert pids(tree(group) / "workers/instance-py1") == [show.worker()]


def test_control_in_a_group_that_is_not_delegated_they_have_none(play, identity, group):
    with kept_busy(group):
        show = play(THREADS, options="threads = 5", launcher=without_user_namespaces(identity.uid or 1))
        assert show.printed("^threads") == "threads 30"


@contextlib.contextmanager
def kept_busy(group):
    """Puts another process into the group, which then cannot have controllers for its children."""
    with subprocess.Popen(["sh", "-c", f"echo $$ >{group}/cgroup.procs && exec sleep 60"]) as other:
        until(lambda: other.pid in pids(group), "the other process does not come")
        try:
            yield
        finally:
            other.kill()


def test_a_group_that_others_share_is_left_alone_and_a_limit_that_needs_it_keeps_the_instance_down(play, group):
    with kept_busy(group):
        show = play(config="[python py1]\nmodule = script\ncpu = 50%\n[python py2]\nmodule = script\n",
                    scripts={"script.py": ""}, ready=("py2",), arguments=("--log-level", "debug"))
        show.log.wait("cgroup: .* is not delegated .*it contains other processes", "-", "debug")
        show.log.wait("cpu = 50% needs a delegated cgroup.*systemd-run --user --scope -p Delegate=yes", "py1", "error")
        show.log.wait("cannot start", "py1", "error")
        assert not show.log.matching("^running", "py1")
        assert not list(group.glob("*/")) and show.pid in pids(group)
        assert words(group / "cgroup.subtree_control") == []
        show.stop()


def test_a_group_of_somebody_else_is_left_alone(play, identity, group):
    if identity.is_root:
        pytest.skip("nothing is somebody else's for root")
    delegate(group, 0)
    show = play("", arguments=("--log-level", "debug"))
    show.log.wait(r"cgroup: .* is not delegated \(Permission denied\)", "-", "debug")
    assert not list(group.glob("*/")) and show.pid in pids(group)


def test_what_a_killed_broker_left_is_removed(play, identity, group):
    with subprocess.Popen(["true"]) as gone:
        pass
    stale = group / f"firecurtain-{gone.pid}"
    for name in (".", "broker", "workers", "workers/zygote", "workers/instance-py1"):
        (stale / name).mkdir(exist_ok=True)
        os.chown(stale / name, identity.uid, identity.uid)
    play("")
    assert not stale.exists() and tree(group)


def test_check_sandbox_says_which_controllers_hold(firecurtain, group):
    files = {"show.cfg": "[python py1]\nmodule = script\ncpu = 20%\n", "script.py": ""}
    result = firecurtain("check", "--sandbox", "show.cfg", files=files)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(rf"^    cgroup +holds +(memory, )?pids, cpu in {group}/firecurtain-\d+$", result.stdout, re.M)
    assert re.search(r"^    cpu = 20% +20 % of one core$", result.stdout, re.M)
    with kept_busy(group):
        result = firecurtain("check", "--sandbox", "show.cfg", files=files)
        assert result.returncode == 71 and "py1: would NOT start" in result.stdout
        assert "cpu = 20% needs a delegated cgroup" in result.stdout
    assert not list(group.glob("*/"))


