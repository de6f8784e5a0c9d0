# SPDX-License-Identifier: BSD-2-Clause
"""Self-confinement: what attackers can do who have taken over the broker or a gate; without it, as the control."""

import contextlib
import errno
import os
import shutil
import socket
import subprocess

import pytest
from harness import BUILT, IS_ASAN, environment

REFUSED = {errno.EPERM, errno.EACCES, errno.ENOSYS}
CONFIG = "[python py1]\nmodule = script\n"

# What an ordinary user may not do anyway: there is no control for it.
ROOTS = {"read_shadow", "packet", "raw", "mount", "umount", "open_tree", "root_again", "unshare"}


@pytest.fixture(scope="module")
def program(stage):
    """Where it finds the worker, as the broker does."""
    if os.getuid() != 0:
        return BUILT.parents[1] / "tests/broker_attack"
    path = stage.firecurtain.parent / "broker_attack"
    shutil.copy2(BUILT.parents[1] / "tests/broker_attack", path)
    path.chmod(0o755)
    return path


@pytest.fixture
def attempt(program, stage, identity):
    """Runs the attempts, with self-confinement "closed" or without it "open": {name: errno, 0 for a success}."""
    with contextlib.ExitStack() as stack:
        def run(confinement):
            folder, elsewhere, hers = stage.folder(identity), stage.folder(identity), stage.folder(identity)
            for path in (folder / "show.cfg", folder / "script.py", *(folder / f"victim{n}" for n in (1, 2, 3))):
                path.write_text(CONFIG if path.suffix == ".cfg" else "")
                identity.own(path)
            (folder / "show.cfg").write_text(f"{CONFIG}[user alice]\nshow = {hers}/alice.cfg\n" + "uid = 20001\n" * identity.is_root)
            (hers / "alice.cfg").write_text(CONFIG)
            secret = elsewhere / "secret"
            secret.write_text("secret")
            secret.chmod(0o600)
            identity.own(secret)
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(elsewhere / "socket"))
            listener.listen()
            os.chmod(elsewhere / "socket", 0o777)
            victim = subprocess.Popen(identity.command(["/bin/sleep", "600"]), stdin=subprocess.DEVNULL)
            stack.callback(victim.wait)
            stack.callback(victim.kill)
            done = subprocess.run(
                identity.command([program, confinement, folder / "show.cfg", secret, victim.pid, elsewhere / "socket"]),
                env=environment(elsewhere), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, timeout=60)
            assert victim.poll() is None, "the victim was killed"
            if confinement == "closed":
                assert secret.read_text() == "secret"
                assert not {path.name for path in folder.iterdir()} - {"show.cfg", "script.py", "victim1", "victim2", "victim3"}
            found = {name: int(error) for name, error in (line.split() for line in done.stdout.splitlines())}
            assert "execve" in found, f"it did not come to its end:\n{done.stdout}\n{done.stderr}"
            return found
        yield run


@pytest.mark.skipif(IS_ASAN, reason="for the leak sanitizer, threads and ptrace are left open")
def test_whoever_takes_the_broker_over_gets_no_further(attempt, identity):
    control, found = attempt("open"), attempt("closed")
    assert set(control) == set(found)
    for name, error in found.items():
        why = f"{name}: {errno.errorcode.get(error, error)}, open: {errno.errorcode.get(control[name], control[name])}"
        if name.startswith("works:"):
            assert (control[name], error) == (0, 0), why
        elif name.startswith("always:"):  # the keeper and the zygote never trust a broker
            assert {control[name], error} <= {errno.EPERM, errno.EACCES}, why
        elif control[name] == errno.ENOPROTOOPT:  # which this kernel does not have
            continue
        else:
            assert error in REFUSED, why
            if identity.is_root or name not in ROOTS:
                assert control[name] == 0, f"no control for {why}"


# A gate

OWN_ONLY = {"write_secret", "raw", "netlink", "root_again"}  # whether the control succeeds depends on the account and the kernel


@pytest.fixture
def gate_program(stage):
    built = BUILT.parents[1] / "tests/gate_attack"
    if os.getuid() != 0:
        return built
    path = stage.firecurtain.parent / "gate_attack"
    shutil.copy2(built, path)
    path.chmod(0o755)
    return path


def test_whoever_takes_a_gate_over_gets_no_further(gate_program, stage, identity):
    secret = stage.folder(identity) / "secret"
    secret.write_text("secret")
    identity.own(secret)
    uid = 20001 if identity.is_root else identity.uid
    victim = subprocess.Popen(identity.command(["/bin/sleep", "600"]), stdin=subprocess.DEVNULL)

    def attempt(confinement):
        done = subprocess.run(identity.command([gate_program, confinement, uid, secret, victim.pid]), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        found = {name: int(error) for name, error in (line.split() for line in done.stdout.splitlines())}
        assert "execve" in found, f"it did not come to its end:\n{done.stdout}\n{done.stderr}"
        return found
    try:
        control, found = attempt("open"), attempt("closed")
    finally:
        victim.kill()
        victim.wait()
    assert set(control) == set(found)
    for name, error in found.items():
        why = f"{name}: {errno.errorcode.get(error, error)}, open: {errno.errorcode.get(control[name], control[name])}"
        if name.startswith("works:"):
            assert (control[name], error) == (0, 0), why
            continue
        assert error in REFUSED, why
        assert control[name] == 0 or name in OWN_ONLY, f"no control for {why}"
