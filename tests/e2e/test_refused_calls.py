# SPDX-License-Identifier: BSD-2-Clause
"""System calls that older kernels, containers and hardened services refuse: the show runs without them, or says what to change."""

import errno
import os

import pytest
from harness import USER_ID, Identity, Show, root_only, user_only
from refusing import refusing
from test_service import Manager

ECHO = """
import midimonster, os
def handler(value): midimonster.output('out', value)
open('kept', 'a').write('x')
print('sees', sorted(os.listdir('/show')), os.listdir('/state'))
"""
ECHO_MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]
NOEXEC = 8  # MFD_NOEXEC_SEAL
# Linux before 5.6 or 5.9 lacks these; systemd's RestrictSUIDSGID= and RestrictNamespaces= refuse the first two, as they cannot see
# their arguments.
REPLACED = ["openat2", "clone3", "close_range"]
LANDLOCK = ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]

OLD = refusing([*REPLACED, *LANDLOCK], errno.ENOSYS, [("memfd_create", errno.EINVAL, (1, NOEXEC, NOEXEC))])
HARDENED = refusing([*REPLACED, *LANDLOCK], errno.EPERM, [("memfd_create", errno.EACCES, (1, NOEXEC, 0))])


@pytest.mark.parametrize("launcher", [OLD, HARDENED], ids=["ENOSYS", "EPERM"])
def test_a_show_runs_without_what_can_be_replaced(play, firecurtain, launcher):
    """With all layers but Landlock, which is missing as it is on a kernel without it."""
    show = play(ECHO, ECHO_MAPS, launcher=launcher)
    show.set("/in", 0.25)
    show.expect("/out", 0.25)
    assert "'script.py'" in show.printed("^sees") and "'kept'" in show.printed("^sees")
    show.log.wait("this kernel has no Landlock", level="warning")
    assert not show.log.matching("user namespaces", level="warning"), show.log
    assert not show.log.matching(level="error"), show.log
    checked = firecurtain("check", "--sandbox", show.config, launcher=launcher)
    assert checked.returncode == 0 and "would start" in checked.stdout, checked.stdout + checked.stderr


def test_a_subfolder_is_watched_without_openat2(play):
    """But not where a symbolic link leads: nothing but openat2() says whether that stays within the folder."""
    scripts = {"script.py": "import sub.part\nprint('value', sub.part.VALUE)\n", "sub/part.py": "VALUE = 1\n", "sub/__init__.py": ""}
    config = "[osc wire]\nbind = 127.0.0.1 @IN@\n[python py1]\nmodule = script\nreload = on\n"
    show = play(config=config, scripts=scripts, launcher=refusing(["openat2"], errno.ENOSYS))
    show.printed("^value 1$")
    show.write("sub/part.py", "VALUE = 22\n")
    show.printed("^value 22$")


@pytest.mark.parametrize("calls, error, words", [
    (["pidfd_getfd"], errno.EPERM, r"cannot be watched: Operation not permitted; something refuses pidfd_getfd\(\).*seccomp profile"),
    (["pidfd_getfd"], errno.ENOSYS, r"cannot be watched: Function not implemented; something refuses pidfd_getfd\(\)"),
    (["open_tree"], errno.ENOSYS, 'layer "private root": .*a system call filter may refuse it: .*RestrictNamespaces='),
    (["sethostname"], errno.EPERM, 'layer "identity": sethostname: .*ProtectHostname='),
])
@user_only
def test_what_cannot_be_replaced_names_the_option(play, calls, error, words):
    show = play("print('it ran')\n", launcher=refusing(calls, error), ready=())
    show.log.wait(words, "py1", level="error")
    assert not show.log.matching("^it ran"), show.log


@user_only
def test_a_service_none_of_whose_scripts_can_be_confined_is_not_ready(play, stage):
    """Regression: READY=1 was sent although no script could start, and the service looked sound."""
    manager = Manager(str(stage.path / "notify-refused"))
    show = play("print('it ran')\n", launcher=refusing(["sethostname"]), env={"NOTIFY_SOCKET": manager.name}, ready=())
    show.log.wait("no script of this show can be confined here", level="error")
    show.stop(status=os.EX_UNAVAILABLE)
    assert manager.wait("STOPPING") and not any("READY" in said for _, _, said in manager.said)
    manager.socket.close()


@root_only
def test_root_checks_beside_a_service_of_another_account(play, firecurtain, stage):
    """Regression: `check --sandbox` by root failed in the runtime folder of the service, and then in its state folder."""
    show = Show(stage, Identity(USER_ID), "[python py1]\nmodule = script\n", {"script.py": ""})
    try:
        show.ready(["py1"])
        env = {"XDG_RUNTIME_DIR": str(show.folder / "run"), "XDG_STATE_HOME": str(show.folder / "state")}
        before = sorted(show.folder.rglob("*"))
        result = firecurtain("check", "--sandbox", show.config, env=env)
        assert result.returncode == 0 and "would start" in result.stdout, result.stdout + result.stderr
        assert sorted(show.folder.rglob("*")) == before, "a check leaves nothing there"
        show.stop()
    finally:
        if not show.over:
            show.kill()
