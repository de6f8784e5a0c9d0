# SPDX-License-Identifier: BSD-2-Clause
"""The systemd units: what systemd's own tools say about them, and the broker under the restrictions of the system unit.

There is no systemd here to start it, so the test makes the same mounts, capabilities and filter by hand.
"""

import os
import shutil
import subprocess

import pytest
from harness import BUILT, TOP, USER_ID, root_only
from refusing import refusing

UNITS = BUILT.parent / "systemd"
ANALYZE = shutil.which("systemd-analyze")
needs_analyze = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is not installed (apt-get install systemd)")


def options(unit="firecurtain.service"):
    lines = (UNITS / unit).read_text().splitlines()
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and not line.startswith("#")]


def option(name):
    return [value for key, value in options() if key == name][-1]


# ProtectSystem=strict, ProtectHome, PrivateTmp (but /tmp, where the tests' files are), PrivateDevices,
# ProtectKernelTunables, ProtectKernelModules; %s: what stays writable.
MOUNTS = """
set -e
mount --make-rprivate /
for folder in %s; do mount --bind $folder $folder; done
mount -o remount,bind,ro /
for folder in /home /root /usr/lib/modules /var/tmp; do
    [ ! -d $folder ] || mount -t tmpfs -o ro,mode=0,nosuid,nodev,noexec none $folder
done
mount -t tmpfs -o mode=755,nosuid,noexec none /mnt
for node in null zero full random urandom tty; do touch /mnt/$node; mount --bind /dev/$node /mnt/$node; done
mount -n --move /mnt /dev
mount -n --bind /proc/sys /proc/sys && mount -n -o remount,bind,ro,nosuid,nodev,noexec /proc/sys
exec setpriv --reuid=%d --regid=%d --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"
"""

def filtered_calls():
    """The system calls in the groups that the unit takes away."""
    groups = option("SystemCallFilter").removeprefix("~").split()
    listed = subprocess.run([ANALYZE, "syscall-filter", *groups], check=True, text=True, stdout=subprocess.PIPE).stdout
    return sorted({line.strip() for line in listed.splitlines() if line[:1] == " " and line.strip()[:1] not in "#@"})


@pytest.mark.rules
@needs_analyze
@pytest.mark.parametrize("name", ["firecurtain.service", "firecurtain-user.service"])
def test_systemd_finds_nothing_wrong(name, tmp_path):
    # nothing is installed there yet
    text = (UNITS / name).read_text()
    program = next(value for key, value in options(name) if key == "ExecStart").split()[0]
    (tmp_path / name).write_text(text.replace(program, str(BUILT)))
    manager = "--user" if "user" in name else "--system"
    done = subprocess.run([ANALYZE, "verify", manager, "--man=no", "--recursive-errors=no", tmp_path / name], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}, timeout=60)
    assert done.returncode == 0 and name not in done.stdout, done.stdout


@pytest.mark.rules
@needs_analyze
def test_the_exposure_does_not_grow():
    done = subprocess.run([ANALYZE, "security", "--offline=true", "--threshold=35", UNITS / "firecurtain.service"],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == 0, done.stdout


# With what these do to system calls, or hide, no worker can start, or not all works; docs/service.md has the reasons.
IMPOSSIBLE = {"RestrictSUIDSGID", "RestrictNamespaces", "ProtectHostname", "ProtectProc", "ProcSubset",
              "ProtectControlGroups", "PrivateUsers", "MemoryDenyWriteExecute"}
# What the keeper, a zygote and a starting worker need.
NEEDED = {"openat2", "clone3", "unshare", "mount", "umount2", "pivot_root", "sethostname", "seccomp", "prctl",
          "pidfd_open", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}


@pytest.mark.rules
@pytest.mark.parametrize("name", ["firecurtain.service", "firecurtain-user.service"])
def test_no_option_under_which_no_script_starts(name):
    """Regression: under RestrictSUIDSGID, systemd 252 answers openat2 with ENOSYS, and no worker got its files."""
    assert not IMPOSSIBLE & {key for key, _ in options(name)}


@pytest.mark.rules
@needs_analyze
def test_the_filter_takes_away_nothing_that_is_needed():
    assert option("SystemCallFilter").startswith("~"), "a list of what is refused"
    assert not NEEDED & set(filtered_calls())


@pytest.mark.rules
def test_the_documentation_names_the_options_that_must_stay_out():
    page = (TOP / "docs/service.md").read_text()
    assert not [name for name in sorted(IMPOSSIBLE) if f"`{name}=`" not in page]


@needs_analyze
@root_only
def test_all_layers_hold_within_the_unit(play, stage, identity):
    calls = filtered_calls()
    assert "clock_settime" in calls and "swapon" in calls
    runtime, state = stage.folder(identity), stage.folder(identity)
    for folder in (runtime, state):
        os.chown(folder, USER_ID, USER_ID)
        folder.chmod(0o700)
    mounts = MOUNTS % (f"{runtime} {state}", USER_ID, USER_ID)
    show = play("""
        import ctypes, midimonster, os, socket
        twice = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: 2 * n)
        open("kept", "w").write("x")
        print("uid", os.getuid(), "host", socket.gethostname(), "twice", twice(21), "dev", sorted(os.listdir("/dev")))
        def handler(value): midimonster.output('out', value)
    """, ["wire./in > py1.script.handler", "py1.out > wire./out"],
                env={"RUNTIME_DIRECTORY": str(runtime), "STATE_DIRECTORY": str(state)},
                launcher=("unshare", "--mount", "sh", "-c", mounts, "sh", *refusing(calls)))
    show.set("/in", 0.25)
    show.expect("/out", 0.25)
    show.printed("^uid 1000 host .* twice 42 dev .*null")
    assert not show.log.matching(level=("warning", "error"), instance="-"), show.log
    assert [path.name for path in state.rglob("kept")] == ["kept"]
