# SPDX-License-Identifier: BSD-2-Clause
"""What the host sees of a confined worker, and what a script achieves when it tries to get out."""

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest
from harness import IS_ASAN, without_user_namespaces
from processes import children, settled_spares, status

NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")
NET_BIND_SERVICE = 1 << 10

THREADED = """
    import threading, time
    import midimonster
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    def handler(value):
        midimonster.output("out", value)
"""
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]


def tasks(pid):
    return [int(task) for task in os.listdir(f"/proc/{pid}/task")]


def test_every_thread_of_a_worker_is_filtered_and_powerless(play):
    show = play(THREADED, MAPS)
    worker = show.worker()
    assert len(tasks(worker)) == 2, "the script's, and its second one"
    for task in tasks(worker):
        facts = status(worker, task)
        assert facts["NoNewPrivs"] == "1", task
        assert facts["Seccomp"] == "2", task
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(facts[capabilities], 16) == 0, (task, capabilities)


def test_a_worker_at_rest_has_one_thread_and_few_descriptors(play):
    """Besides what the script opens: the outputs, the link, and what its threads wake each other with."""
    show = play("""
        import midimonster
        midimonster.interval(lambda: midimonster.output("out", 1), 3600000)
        def handler(value):
            midimonster.output("out", value)
    """, MAPS)
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    worker = show.worker()
    assert tasks(worker) == [worker]
    for process in [worker, *(pid for pid in settled_spares(show))]:
        assert len(tasks(process)) == 1, status(process)["Name"]
    try:
        names = {entry: os.readlink(f"/proc/{worker}/fd/{entry}") for entry in os.listdir(f"/proc/{worker}/fd")}
    except PermissionError:
        return  # only root may look
    kinds = [re.sub(r":.*", "", name) for number, name in names.items() if int(number) > 2]
    assert sorted(kinds) == ["anon_inode", "socket"], names
    mapped = Path(f"/proc/{worker}/maps").read_text()
    assert len(re.findall(r" rw-s .*/memfd:progress", mapped)) == 1 and " rwxp " not in mapped


def test_the_worker_program_needs_no_libzmq(stage):
    needed = subprocess.run(["ldd", stage.firecurtain.parents[1] / "worker/firecurtain-worker"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    assert "libpython3" in needed and "zmq" not in needed


def test_no_process_but_the_keeper_is_the_hosts_root(play):
    show = play(THREADED, MAPS)
    settled_spares(show)
    below = children(show.pid)
    assert show.worker() in below, "a worker is the broker's own child"
    names = {pid: status(pid)["Name"].strip() for pid in below}
    assert sorted(set(names.values()) - {"fc-spare"}) == ["fc-desk", "fc-keeper", "fc-worker", "fc-zygote"]
    for pid in [show.pid, *(pid for pid in below if names[pid] != "fc-keeper")]:
        facts = status(pid)
        for kind in ("Uid", "Gid"):
            assert 0 not in map(int, facts[kind].split()), (pid, kind)
        if names.get(pid) != "fc-spare":  # it has all of them in its own namespace, and runs no script yet
            assert int(facts["CapEff"], 16) & ~NET_BIND_SERVICE == 0, pid


def test_a_worker_shares_no_namespace_with_the_broker_or_a_sibling(play):
    show = play(config="[python py1]\nmodule = script\n[python py2]\nmodule = script\n", scripts={"script.py": ""},
                ready=("py1", "py2"))
    pids = ["self", show.worker("py1"), show.worker("py2")]  # the broker has ours, which only root can see
    for name in NAMESPACES:
        assert len({os.stat(f"/proc/{pid}/ns/{name}").st_ino for pid in pids}) == 3, name


def test_a_worker_is_one_user_in_a_process_group_of_its_own(play, identity):
    show = play(THREADED, MAPS)
    worker = show.worker()
    (inner, outer, size), = (map(int, line.split()) for line in Path(f"/proc/{worker}/uid_map").read_text().splitlines())
    assert (inner, size) == (1000, 1) and outer not in (0, None)
    assert os.getpgid(worker) == worker
    assert os.getsid(worker) not in (worker, os.getsid(show.pid)), "it is the zygote's"
    assert os.readlink(f"/proc/{worker}/ns/uts") != os.readlink("/proc/self/ns/uts")


def test_network_host_gives_the_network_and_nothing_else(play):
    show = play(THREADED, MAPS, options="insecure-network = host")
    for name in NAMESPACES:
        # the broker has ours, which only root can see
        same = os.stat(f"/proc/self/ns/{name}").st_ino == os.stat(f"/proc/{show.worker()}/ns/{name}").st_ino
        assert same == (name == "net"), name
    assert status(show.worker())["Seccomp"] == "2"
    show.log.wait("(?i)network", level="warning")


@pytest.mark.skipif(IS_ASAN, reason="a sanitizer's shadow memory counts as data")
def test_limits(play):
    show = play(THREADED, MAPS)
    limits = {name: (soft, hard) for name, soft, hard in
              re.findall(r"^(Max .*?)  +(\S+) +(\S+)", Path(f"/proc/{show.worker()}/limits").read_text(), re.M)}
    assert limits["Max core file size"] == ("1", "1")  # 0 would not hold for a piped core_pattern
    for name in ("Max processes", "Max open files", "Max data size", "Max file size"):
        assert limits[name][1] != "unlimited", name
    assert int(limits["Max open files"][1]) <= 4096


@pytest.mark.skipif(os.getuid() != 0, reason="the broker's descriptors are for root to see")
def test_a_worker_has_no_descriptor_of_the_broker(play):
    show = play(THREADED, MAPS)
    show.set("/in", 0.5)
    show.expect("/out", 0.5)

    def open_by(pid):
        found = {}
        for entry in os.listdir(f"/proc/{pid}/fd"):
            try:
                found[int(entry)] = os.readlink(f"/proc/{pid}/fd/{entry}")
            except FileNotFoundError:
                pass
        return found

    theirs, ours = open_by(show.worker()), open_by(show.pid)
    shared = {name for number, name in theirs.items() if number > 2 and ":[" in name and "anon_inode" not in name
              } & set(ours.values())
    assert not shared, (theirs, ours)
    assert not [name for name in theirs.values() if str(show.folder) in name], theirs


def test_secrets_in_the_environment_stay_with_the_broker(play):
    show = play("""
        import os
        print("environment", sorted(os.environ))
    """, env={"SECRET_TOKEN": "do not tell"})
    listed = show.printed("^environment")
    assert "SECRET" not in listed and "HOME" not in listed or "'HOME'" in listed
    environ = Path(f"/proc/{show.worker()}/environ").read_bytes() if os.getuid() == 0 else b""
    assert b"do not tell" not in environ


# From inside. Each attempt also runs outside the sandbox, where it must succeed: a refusal for another reason (a typing
# error, a missing file) proves nothing.

ATTEMPTS = {
    "read /etc/shadow": 'open("/etc/shadow").read()',
    "read /etc/passwd": 'open("/etc/passwd").read()',
    "list /proc": 'assert os.listdir("/proc/self/fd")',
    "list the host's /tmp": 'assert os.listdir("/tmp")',
    "list /dev": 'assert "null" in os.listdir("/dev") and open("/dev/kmsg")',
    "fork": "os.fork() or os._exit(0)",
    "vfork by subprocess": 'subprocess.run(["/bin/true"], check=True)',
    "os.system": 'assert os.system("true") == 0',
    "exec": 'os.posix_spawn("/bin/true", ["true"], {})',
    "kill the parent": "os.kill(os.getppid(), 0); assert os.getppid() > 0",
    "mount": 'check(libc.mount(b"none", os.getcwd().encode(), b"tmpfs", 0, None))',
    "unshare": "check(libc.unshare(0x10000000))",
    "ptrace": "check(libc.ptrace(0, 0, 0, 0))",
    "chroot": 'os.chroot(".")',
    "personality": "check(libc.personality(0x0040000))",
    "write beside the script": 'open(os.path.join(os.path.dirname(__file__), "planted"), "w")',
    "change the library": "os.utime(os.path.dirname(os.__file__))",
    "tcp": 'socket.create_connection(("127.0.0.1", PORT), timeout=5)',
    "udp": 'socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", PORT))',
    "abstract unix socket": 'socket.socket(socket.AF_UNIX).bind("\\0fc-escape-" + os.urandom(4).hex())',
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "keyring": 'check(libc.syscall(248, b"user", b"x", b"y", 1, -2))',
    "nice": "os.setpriority(os.PRIO_PROCESS, 0, -1)",
    "set the host's name": 'socket.sethostname(socket.gethostname())',
}

ATTEMPT = """
import ctypes, os, socket, subprocess
PORT = @OUT@
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
"""


def control(code, port, folder):
    """Makes the attempt outside the sandbox, in a mount namespace for its mounts. Returns 'succeeded' or the error."""
    script = folder / "control.py"
    script.write_text(ATTEMPT.replace("@OUT@", str(port)) + code + "\nprint('succeeded')\n")
    done = subprocess.run(["unshare", "--mount", "/usr/bin/python3", str(script)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=20)
    return done.stdout.strip().splitlines()[-1]


def test_attempts_to_get_out_are_refused(play):
    """One show and one instance make all attempts in order; the log shows if an attempt ends the worker."""
    functions = "".join(f"def attempt{n}():\n    {code}\n" for n, code in enumerate(ATTEMPTS.values()))
    show = play(ATTEMPT + functions + """
import midimonster
def attempt(value):
    number = round(value * 1000)
    try:
        globals()["attempt%d" % number]()
        print("attempt", number, "succeeded")
    except BaseException as error:
        print("attempt", number, "refused:", type(error).__name__, error)
    midimonster.output("done", value)
""", ["wire./attempt > py1.script.attempt", "py1.done > wire./done"], sync=True)
    broker = show.pid
    outcomes = {}
    for number, name in enumerate(ATTEMPTS):
        position = show.log.position
        show.set("/attempt", number / 1000)
        line = show.log.wait(rf"^attempt {number} |^worker ended", "py1", after=position)
        if "ended" in line.message:
            show.wait_restart(after=position)
        outcomes[name] = line.message
    assert not {name: outcome for name, outcome in outcomes.items() if "succeeded" in outcome}
    assert not {name: outcome for name, outcome in outcomes.items() if re.search("NameError|SyntaxError|Assertion", outcome)
                and name not in ("list /dev", "list the host's /tmp", "kill the parent", "os.system")}
    show.sync()
    assert show.pid == broker and show.process.poll() is None


@pytest.mark.skipif(os.getuid() != 0, reason="needs root: most of it is refused to others anyway")
def test_outside_the_sandbox_the_same_attempts_succeed(tmp_path):
    refused = {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name, code in ATTEMPTS.items():
            outcome = control(code, server.getsockname()[1], tmp_path)
            if outcome != "succeeded":
                refused[name] = outcome
    assert not refused


def test_without_user_namespaces_the_other_layers_hold_and_the_log_says_so(play, identity):
    show = play("""
        import os
        import midimonster
        def attempt(name, function):
            try:
                function()
                print(name, "succeeded")
            except OSError as error:
                print(name, "refused")
        attempt("passwd", lambda: open("/etc/passwd"))
        attempt("root", lambda: os.listdir("/"))
        attempt("fork", os.fork)
        attempt("kill", lambda: os.kill(os.getppid(), 0))
        attempt("planted", lambda: open(__file__ + ".planted", "w"))
        attempt("state", lambda: open("file", "w"))
        def handler(value):
            midimonster.output("out", value)
    """, MAPS, launcher=without_user_namespaces(identity.uid or 1))
    show.log.wait("(?i)namespaces.*Landlock", "-", "warning")
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    assert show.log.messages("py1", "succeeded|refused$") == [
        "passwd refused", "root refused", "fork refused", "kill refused", "planted refused", "state succeeded"]
    for task in tasks(show.worker()):
        facts = status(show.worker(), task)
        assert (facts["NoNewPrivs"], facts["Seccomp"], int(facts["CapEff"], 16)) == ("1", "2", 0)


def test_five_attempts_at_import_are_refused(play):
    """Five attempts, all refused without ending the script; the log names the instance each time."""
    show = play("""
        import ctypes, os, subprocess
        def attempt(name, function):
            try:
                print(name, "SUCCEEDED", function())
            except BaseException as error:
                print(name, "failed", type(error).__name__)
        def mount():
            if ctypes.CDLL(None).mount(b"none", b"/tmp", b"tmpfs", 0, None) != 0:
                raise OSError
        attempt("shadow", lambda: open("/etc/shadow"))
        attempt("fork", os.fork)
        attempt("run", lambda: subprocess.run(["/bin/true"]))
        attempt("kill", lambda: os.kill(os.getppid(), 9))
        attempt("mount", mount)
        print("end of attempts")
    """, ready=(), sync=True)
    show.log.wait("^end of attempts$|^worker ended", "py1")
    assert not show.log.matching("SUCCEEDED|worker ended"), show.log
    assert {line.message.split()[0] for line in show.log.matching(" failed ", "py1")} == {
        "shadow", "fork", "run", "kill", "mount"}


def test_the_script_directory_is_readable_at_show_and_the_working_directory_is_writable(play):
    show = play("""
        import os
        print("directory", os.getcwd(), sorted(os.listdir("/show")))
        with open("file", "w") as file:
            file.write("kept")
        os.mkdir("sub")
        os.rename("file", "sub/file")
        print("content", open("/state/sub/file").read())
        print("root", sorted(os.listdir("/")))
        for path in ("/show/planted", "/planted", "/usr/planted"):
            try:
                open(path, "w")
            except OSError as error:
                print("refused", path, error.errno)
    """, sync=True)
    show.sync()
    said = show.log.messages("py1")
    assert [line for line in said if line.startswith("directory /state ") and "'script.py'" in line], said
    assert "content kept" in said
    assert len([line for line in said if line.startswith("refused")]) == 3
    root = next(line for line in said if line.startswith("root"))
    for absent in ("home", "root", "boot", "work", "srv", "var"):
        assert f"'{absent}'" not in root


def test_ordinary_python_works_in_the_sandbox(play):
    show = play("""
        import asyncio, collections, ctypes, datetime, hashlib, json, logging, math, os, pathlib, queue, random, re, \\
            socket, statistics, struct, tempfile, threading, time, uuid, zlib
        assert json.loads(json.dumps({"a": [1, 2.5, None]})) == {"a": [1, 2.5, None]}
        assert hashlib.sha256(b"x").hexdigest().startswith("2d711642")
        assert uuid.uuid4() != uuid.uuid4() and os.urandom(4) and random.random() < 1
        with tempfile.TemporaryDirectory() as directory:
            pathlib.Path(directory, "x").write_text("y")
        async def pause():
            await asyncio.sleep(0.001)
            return 5
        assert asyncio.run(pause()) == 5
        datetime.datetime.now().astimezone()
        time.sleep(0.001)
        results = queue.Queue()
        threading.Thread(target=lambda: results.put(zlib.compress(b"x" * 1000))).start()
        assert results.get(timeout=5)
        left, right = socket.socketpair()
        left.send(b"x")
        assert right.recv(1) == b"x"
        logging.warning("by logging")
        print("all works")
    """)
    show.printed("^all works$")
    show.log.wait("by logging", "py1")
