# SPDX-License-Identifier: BSD-2-Clause
"""run --insecure-no-sandbox: scripts work unconfined, nobody uses it by accident, and no worker can claim it."""

import copy
import os
import re
import shutil
import subprocess

import pytest
from harness import IS_ASAN, PROGRAMS, Show, dedent, root_only, user_only, usual
from processes import children, status

OPTION = "--insecure-no-sandbox"
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]
SCRIPT = """
    import os, socket, subprocess
    import midimonster
    print("folders", os.getcwd(), os.path.dirname(os.path.abspath(__file__)), os.path.exists("/show"), os.path.exists("/state"))
    open("kept", "w").write("x")
    def handler(value):
        try:
            print("child", subprocess.run(["/bin/echo", "ran"], stdout=subprocess.PIPE, text=True).stdout.strip())
        except OSError as error:
            print("child refused", error.errno)
        try:
            print("connected", socket.create_connection(("127.0.0.1", PORT), timeout=5).getpeername()[1])
        except OSError as error:
            print("connect refused", error.errno)
        midimonster.output("out", value)
"""


@pytest.fixture
def server():
    import socket
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@user_only
def test_scripts_run_as_the_caller_and_nothing_holds_them(play, server):
    show = play(f"PORT = {server}\n" + dedent(SCRIPT), MAPS, arguments=(OPTION,), ready=("py1",))
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    show.printed("^child ran$")
    show.printed(f"^connected {server}$")
    _, cwd, folder, has_show, has_state = show.printed("^folders").split()
    assert folder == str(show.folder) and (has_show, has_state) == ("False", "False")
    assert cwd.startswith(str(show.folder / "state/firecurtain")) and cwd.endswith("/py1") and os.path.exists(cwd + "/kept")
    worker = show.worker()
    assert worker in children(show.pid)
    facts = status(worker)
    assert (facts["Seccomp"], facts["NoNewPrivs"]) == ("0", "0")
    for name in ("user", "mnt", "pid", "net"):
        assert os.stat(f"/proc/self/ns/{name}").st_ino == os.stat(f"/proc/{worker}/ns/{name}").st_ino


@user_only
def test_control_the_same_script_is_confined_without_the_option(play, server):
    show = play(f"PORT = {server}\n" + dedent(SCRIPT), MAPS)
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    show.printed("^child refused")
    show.printed("^connect refused")
    assert show.printed("^folders") == "folders /state /show True True"
    assert not show.log.matching("confines")


@user_only
def test_the_log_is_loud(play):
    show = play(config="[python py1]\nmodule = script\n[python py2]\nmodule = script\n", scripts={"script.py": ""},
                arguments=(OPTION, "--log-level", "error"), ready=())
    show.log.wait("NOTHING confines the scripts.*connect and listen are not enforced", "-", "error")
    for instance in ("py1", "py2"):
        line = show.log.wait("nothing confines this script", instance, "error").message
        assert str(show.folder) in line and "/show" in line


@user_only
@pytest.mark.skipif(IS_ASAN, reason="a sanitizer's shadow memory counts as data")
def test_the_limits_of_the_options_stay(play):
    show = play("""
        import resource
        print("limits", resource.getrlimit(resource.RLIMIT_DATA)[1], resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    """, options="memory = 128M\nfiles = 20", arguments=(OPTION,))
    assert show.printed("^limits") == f"limits {128 << 20} 36"


@user_only
def test_a_managed_socket_works(play):
    """pidfd_getfd, without a namespace around the worker."""
    show = play("""
        import socket
        import midimonster
        left, right = socket.socketpair()
        def readable(sock):
            print("got", sock.recv(10))
        midimonster.manage(readable, left)
        def handler(value):
            right.send(b"x")
            midimonster.output("out", value)
    """, MAPS, arguments=(OPTION,))
    show.set("/in", 0.5)
    show.printed("^got b'x'$")


def files():
    return {"show.cfg": "[python py1]\nmodule = script\n", "script.py": "print('it ran')\n"}


@root_only
def test_root_is_refused_and_told_what_to_do(firecurtain):
    result = firecurtain("run", OPTION, "show.cfg", files=files())
    assert result.returncode == 77 and "refused" in result.stderr and "runuser" in result.stderr, result.stderr
    assert "it ran" not in result.stderr


@root_only
def test_root_of_a_user_namespace_is_refused(firecurtain):
    result = firecurtain("run", OPTION, "show.cfg", files=files(), launcher=("unshare", "--user", "--map-root-user"))
    assert result.returncode == 77 and "as root" in result.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to install a program setuid, or with capabilities")
@pytest.mark.skipif(IS_ASAN, reason="the leak sanitizer cannot look at a privileged program's end")
@user_only
@pytest.mark.parametrize("privilege", ["setuid", "setgid", "capabilities", "ambient"])
def test_a_privileged_program_or_caller_is_refused(stage, identity, privilege):
    folder = stage.folder(identity)
    program = folder / "firecurtain"
    shutil.copy2(stage.firecurtain, program)
    launcher = []
    if privilege == "setuid":
        os.chown(program, 54321, 54321)
        program.chmod(0o4755)
    elif privilege == "setgid":
        os.chown(program, 0, 54321)
        program.chmod(0o2755)
    elif privilege == "capabilities":
        # version 2, effective: CAP_NET_ADMIN; as setcap would write it
        os.setxattr(program, "security.capability", bytes.fromhex("0100000200100000" + "00" * 12))
    else:
        launcher = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--inh-caps=+net_admin",
                    "--ambient-caps=+net_admin", "--"]
    command = launcher or identity.command([])
    result = subprocess.run([*command, program, "run", OPTION, "show.cfg"], cwd=folder, text=True, timeout=20,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert result.returncode == 77, result.stderr
    assert ("capabilities; drop them" if privilege == "ambient" else "installed setuid") in result.stderr


def test_the_option_belongs_to_run(firecurtain):
    assert firecurtain("check", OPTION, "show.cfg", files=files()).returncode == 64


# A hostile program in the worker's place: it says that it has no filter.

CLAIMANT = r"""#!/usr/bin/python3 -I
import ctypes, os, socket, struct
broker = socket.socket(fileno=3)
request, ancillary, _, _ = broker.recvmsg(1 << 17, 4096)
descriptors = struct.unpack(f"{len(ancillary[0][2]) // 4}i", ancillary[0][2])
worker = ctypes.CDLL(None).syscall(56, 0x8000, 0, 0, 0, 0)    # clone(CLONE_PARENT): the broker's child, as a worker is
if worker:
    broker.send(struct.pack("iII", worker, 0, 0))
    broker.recv(1 << 17)                                      # the next request, which nobody serves, or the end
    os._exit(0)
link = socket.socket(fileno=descriptors[2])
link.setblocking(True)
link.send(b"\x0a\x02\x08\x05")                            # hello, version 5
link.send(b"\x12\x0b\x08" + b"\xff" * 9 + b"\x01")        # locked, notify_fd = -1
link.send(b"\x22\x00")                                    # ready
os.write(2, b"<6>claimed\n")
while link.recv(1 << 17)[:1] not in (b"", b"\x22"):        # stop, or the end
    pass
link.send(b"\x2a\x00")                                    # stopped
"""


@pytest.fixture
def claimant_show(stage, identity):
    """Starts a show whose worker program is the claimant."""
    folder = stage.folder(identity)
    for program, part in PROGRAMS.items():
        path = folder / "bin" / part
        path.parent.mkdir(parents=True, exist_ok=True)
        if program == "worker":
            path.write_text(CLAIMANT)
        else:
            shutil.copy2(stage.firecurtain.parents[1] / part, path)
        path.chmod(0o755)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    other = copy.copy(stage)
    other.firecurtain = folder / "bin/broker/firecurtain"
    shows = []

    def start(*arguments):
        shows.append(Show(other, identity, usual([]), {"script.py": ""}, arguments=arguments))
        return shows[-1]
    yield start
    for show in shows:
        show.kill()


def test_a_worker_that_claims_to_need_no_filter_is_ended(claimant_show):
    show = claimant_show()
    show.log.wait("broke the protocol and is killed: it reports that it has no system call filter", "py1", "error")
    show.log.wait("worker ended: killed by SIGKILL", "py1")
    assert not show.log.matching("^running", "py1")


@user_only
def test_control_the_same_worker_runs_with_the_option(claimant_show):
    show = claimant_show(OPTION)
    show.log.wait("^running", "py1")
    assert re.search("NOTHING confines", str(show.log))
