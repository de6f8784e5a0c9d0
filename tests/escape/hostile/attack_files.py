# SPDX-License-Identifier: BSD-2-Clause
"""Rows 17 to 27 except 26 and the garbage of 20: files, descriptors, memory and messages shared with others. `places`
names what is looked for, inside and outside; a control writes to copies that the test made."""

import ctypes
import fcntl
import mmap
import os
import socket
import stat
import struct
import sys

import places
from attacklib import CALLS, DESCRIPTORS, FILES, INSIDE, STAMPS, attack, go, libc, main, syscall  # noqa: F401 (go: a handler)
import attack_sockets  # noqa: F401 (rows 24 and 25)

ABSENT, REFUSED = ("errno ENOENT", "errno EACCES"), r"errno E(PERM|NOSYS|ROFS|ACCES)"
NAMED = "Landlock does not cover stat(): names, sizes and dates of all files can be asked for"
READ_ONLY = r"errno E(ROFS|ACCES|PERM|NOSYS)"


def read(path):
    with open(path, "rb") as file:
        return len(file.read(100))


def raw_open(path, flags=0):
    """openat(), and openat2(), which filters tend to forget."""
    path = os.fsencode(path)
    try:
        os.close(syscall(437, -100, path, struct.pack("<QQQ", flags, 0, 0), 24))
    except OSError as error:
        if error.errno not in (2, 13, 38):
            raise
    fd = syscall(257, -100, path, flags, 0)
    os.close(fd)


# 17: files of others

@attack(17, ABSENT, FILES)
def etc_passwd():
    return read("/etc/passwd")


@attack(17, ABSENT, FILES)
def etc_passwd_raw():
    raw_open("/etc/passwd")


@attack(17, ABSENT, FILES, needs_root=True)
def etc_shadow():
    return read("/etc/shadow")


@attack(17, ABSENT, FILES)
def etc_passwd_from_below():
    """Out of every folder, by ".."."""
    here = os.getcwd()
    for folder in ("/show", "/state", "/tmp", "/usr/lib", "/dev", "/"):
        try:
            os.chdir(folder if INSIDE else "/tmp")
            return read("../" * 20 + "etc/passwd")
        except FileNotFoundError:
            pass
        finally:
            os.chdir(here)
    raise FileNotFoundError(2, "nowhere")


@attack(17, ABSENT, FILES)
def another_users_file():
    return read(places.SECRET)


@attack(17, "errno ENOENT", FILES, hole=NAMED)
def size_of_another_users_file():
    return os.stat(places.SECRET).st_size


@attack(17, ABSENT, FILES)
def another_instances_script():
    return read(places.OTHER_SCRIPT)


@attack(17, ABSENT, FILES)
def another_instances_state():
    return os.listdir(places.OTHER_STATE)


@attack(17, ("errno ENOENT", r"ok .*'places.py'.*"), FILES)  # without a private root it is where the script is
def its_own_place_on_the_host():
    return os.listdir(places.SHOW)


@attack(17, r"errno E(NOENT|PERM|NOSYS)", CALLS, outside="ok")
def by_an_absolute_symbolic_link():
    path = f"link-{os.getpid()}"
    os.symlink("/etc/passwd", path)
    try:
        return read(path)
    finally:
        os.unlink(path)


# 18: traps left for the broker

@attack(18, REFUSED, CALLS)
def leave_a_symbolic_link():
    os.symlink("/etc/shadow", "left-link")


@attack(18, REFUSED, CALLS)
def leave_a_hard_link():
    with open("left-file", "w"):
        os.link("left-file", "left-hard-link")


@attack(18, REFUSED, CALLS)
def leave_a_fifo():
    os.mkfifo("left-fifo")


@attack(18, REFUSED, CALLS)
def leave_a_fifo_raw():
    syscall(133, b"left-fifo-raw", stat.S_IFIFO | 0o600, 0)


@attack(18, REFUSED, CALLS, needs_root=True)
def leave_a_device():
    os.mknod("left-device", stat.S_IFCHR | 0o666, os.makedev(1, 3))


@attack(18, REFUSED, CALLS)
def leave_a_socket_file():
    os.mknod("left-socket", stat.S_IFSOCK | 0o600)


# 19: /proc and /sys

@attack(19, ABSENT, FILES)
def proc_self_mem():
    raw_open("/proc/self/mem")


@attack(19, ABSENT, FILES)
def proc_environ():
    return read(f"/proc/{os.getppid() or 1}/environ")


@attack(19, ABSENT, FILES)
def proc_net_tcp():
    return read("/proc/net/tcp")


@attack(19, ABSENT, FILES)
def proc_list():
    return len(os.listdir("/proc"))


@attack(19, ABSENT, FILES)
def sys_list():
    return len(os.listdir("/sys"))


@attack(19, "errno ENOENT", FILES, hole=NAMED)
def interfaces_by_name():
    """Finds out which network interfaces this machine has."""
    return os.stat("/sys/class/net/lo").st_mode


@attack(19, ABSENT, FILES, needs_root=True)
def dev_kmsg():
    raw_open("/dev/kmsg")


# 20 and 21: what the process starts with

@attack(20, r"ok (?!.*(file|folder|stream|block))(?!.*seqpacket.*seqpacket)0 \S+, 1 pipe, 2 pipe(, \d+ (other|seqpacket|socket-\w+))*", DESCRIPTORS, outside="ok .*3 folder.*")
def descriptors():
    """Returns the kind of every descriptor below 1024. The control holds a folder."""
    if not INSIDE:
        os.dup2(os.open("/", os.O_RDONLY), 3)
    found = []
    for fd in range(1024):
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue
        kind = "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "pipe" if stat.S_ISFIFO(mode) else \
            "block" if stat.S_ISBLK(mode) else "device" if stat.S_ISCHR(mode) else "other"
        if stat.S_ISSOCK(mode):
            peek = socket.socket(fileno=os.dup(fd))
            kind = {socket.SOCK_STREAM: "stream", socket.SOCK_SEQPACKET: "seqpacket"}.get(peek.type, f"socket-{peek.type}")
            peek.close()
        found.append(f"{fd} {kind}")
    return ", ".join(found)


@attack(20, "ok nothing", DESCRIPTORS, outside="ok .*passwd.*")
def a_folder_to_walk_from():
    """openat() relative to each descriptor."""
    if not INSIDE:
        os.dup2(os.open("/", os.O_RDONLY), 3)
    reached = []
    for fd in range(1024):
        for name in (b"etc/passwd", b"../etc/passwd", b"../../../../../../etc/passwd"):
            try:
                os.close(syscall(257, fd, name, 0, 0))
                reached.append(f"{fd} {name.decode()}")
            except OSError:
                pass
    return reached or "nothing"


@attack(21, "ok nothing", DESCRIPTORS, outside="ok .*FC_SECRET.*")
def environment():
    """os.environ, and the environment of the C library."""
    found = [key for key in os.environ if key not in ("LC_CTYPE", "HOME")]
    environ = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
    at = 0
    while environ and environ[at]:
        found.append(environ[at].decode().split("=")[0])
        at += 1
    return [key for key in found if key not in ("LC_CTYPE", "HOME")] or "nothing"


# 22: memory and queues

@attack(22, REFUSED, CALLS)
def shmget():
    syscall(31, syscall(29, 0, 4096, 0o1600), 0, 0)


@attack(22, REFUSED, CALLS)
def msgget():
    syscall(71, syscall(68, 0, 0o1600), 0, 0)


@attack(22, REFUSED, CALLS)
def semget():
    syscall(66, syscall(64, 0, 1, 0o1600), 0, 0)


@attack(22, REFUSED, CALLS)
def mq_open():
    syscall(240, f"fc-{os.getpid()}".encode(), os.O_CREAT | os.O_RDWR, 0o600, 0)
    syscall(241, f"fc-{os.getpid()}".encode())


@attack(22, REFUSED, CALLS)
def memfd():
    os.close(syscall(319, b"x", 0))


@attack(22, ("ok None", "errno EACCES"), FILES)
def write_shared():
    """Leaves something for `read_shared` of another instance."""
    with open(places.SHM + "/fc-shared", "w") as file:
        file.write("hello")


@attack(22, "errno ENOENT", FILES, control=None)  # the test's control runs the two in a row
def read_shared():
    return read(places.SHM + "/fc-shared")


@attack(22, "ok None", FILES)
def write_state():
    with open("fc-shared-state", "w") as file:
        file.write("hello")


@attack(22, "errno ENOENT", FILES, control=None)
def read_state():
    return read("fc-shared-state")


@attack(22, "errno ENOENT", FILES, control=None)
def read_tmp():
    return read("/tmp/fc-shared")


# 23: locks, leases, time stamps

def _locked(function):
    for path in (places.FILE, os.__file__ if INSIDE else places.FILE):
        with open(path) as file:
            function(file)


# Calls that lock a file seem to succeed but are not made: test_files.py looks from outside.

HELD = []


@attack(23, "ok None", CALLS)
def flock():
    """Held until the end."""
    for path in (places.FILE, os.__file__ if INSIDE else places.FILE):
        HELD.append(open(path))
        fcntl.flock(HELD[-1], fcntl.LOCK_SH | fcntl.LOCK_NB)


@attack(23, REFUSED, CALLS)
def ask_for_posix_locks():
    """No instance learns of another one's: the kernel is not asked. The C library's function finds none."""
    lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
    _locked(lambda file: syscall(72, file.fileno(), fcntl.F_GETLK, ctypes.create_string_buffer(lock)))


@attack(23, "ok None", CALLS, control=None)
def write_lock_on_a_shared_file():
    _locked(lambda file: fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB))


@attack(23, r"ok .*", CALLS, control=None)  # for another instance to find
def hold_device_locks():
    HELD.append(open("/dev/null", "r+b", buffering=0))
    fcntl.lockf(HELD[-1], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 4711)
    return "locked"


@attack(23, "ok nothing to see|" + REFUSED, CALLS, control=None)
def read_device_locks():
    with open("/dev/null", "r+b", buffering=0) as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 4711)
        except BlockingIOError:
            return "another instance's lock"
    return "nothing to see"


@attack(23, "ok None", CALLS)
def open_file_lock():
    lock = struct.pack("hhlli4x", fcntl.F_RDLCK, 0, 0, 0, 0)
    _locked(lambda file: fcntl.fcntl(file, 37, lock))


@attack(23, REFUSED, CALLS)
def lease():
    _locked(lambda file: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK))


@attack(23, REFUSED, CALLS)
def directory_notification():
    fd = os.open(os.path.dirname(places.FILE), os.O_RDONLY)
    fcntl.fcntl(fd, fcntl.F_NOTIFY, 0x80000000 | 4)


@attack(23, REFUSED, CALLS)
def inotify():
    fd = syscall(294, 0)
    syscall(254, fd, places.FILE.encode(), 2)


@attack(23, REFUSED, STAMPS)
def time_stamp_of_a_shared_device():
    """Anyone could set it to the present and anyone could see it: a few bits a second between instances, and to the
    host."""
    for path in ("/dev/null", "/dev/urandom"):
        os.utime(path)


@attack(23, REFUSED, STAMPS)
def time_stamp_of_a_shared_file():
    os.utime(places.FILE)


@attack(23, r"errno E(PERM|NOSYS|NODATA|OPNOTSUPP|ROFS)", CALLS, outside="ok|errno E(OPNOTSUPP|PERM)")
def extended_attribute():
    open("left-attribute", "w").close()
    syscall(188, b"left-attribute", b"user.x", b"y", 1, 0)


@attack(23, "errno ENOSYS", CALLS)
def wake_another_instance():
    """A futex in a library that all instances map belongs to the file: anyone may be waiting on it."""
    return syscall(202, ctypes.cast(libc.getpid, ctypes.c_void_p).value, 1, 1, 0, 0, 0)  # FUTEX_WAKE, not private


# 27: what it runs on

def _with_it_open(path, change):
    fd = os.open(path, os.O_RDONLY)
    try:
        change(fd)
    finally:
        os.close(fd)


def _change_mode(of, how):
    """It may be answered without being done."""
    before = os.stat(of).st_mode
    how(of, 0o707)
    if os.stat(of).st_mode == before:
        raise OSError(1, "answered, not done")


def _everything_to(path):
    """Tries every way to change a file or its folder. Returns the first that works."""
    folder, tried = os.path.dirname(path), set()
    for name, change in (
            ("open", lambda: open(path, "ab").close()), ("raw", lambda: raw_open(path, os.O_RDWR)),
            ("truncate", lambda: os.truncate(path, 0)), ("chmod", lambda: _change_mode(path, os.chmod)),
            ("utime", lambda: os.utime(path)), ("emptied", lambda: os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))),
            ("fchmod", lambda: _with_it_open(path, lambda fd: _change_mode(fd, os.fchmod))),
            ("futime", lambda: _with_it_open(path, os.utime)), ("unlink", lambda: os.unlink(path)),
            ("rename", lambda: os.rename(path, folder + "/renamed")), ("mkdir", lambda: os.mkdir(folder + "/made")),
            ("create", lambda: open(folder + "/planted.py", "w").close()),
            ("cache", lambda: os.mkdir(folder + "/__pycache__2")), ("chown", lambda: os.chown(path, -1, os.getgid()))):
        try:
            change()
        except OSError as error:
            tried.add(error.errno)
        else:
            return name
    assert tried <= {1, 13, 30, 38}, tried
    raise OSError(30, "all of them")


@attack(27, READ_ONLY, FILES)
def change_the_standard_library():
    return _everything_to(places.LIBRARY)


@attack(27, ("errno ENOENT", "errno EPERM"), STAMPS)
def open_a_folder_of_the_user_to_all():
    """The worker's user is the owner, and Landlock does not restrict modes."""
    _change_mode(places.FOLDER, os.chmod)


@attack(27, READ_ONLY, FILES)
def change_the_script():
    return _everything_to(places.SCRIPT)


@attack(27, READ_ONLY, FILES)
def change_the_names():
    return _everything_to(places.HOSTS)


@attack(27, READ_ONLY, FILES)
def change_the_root():
    os.mkdir(places.ROOT + "/planted")


@attack(27, r"ok unchanged", FILES, outside="ok changed")
def change_the_library_in_memory():
    """A private mapping is the worker's own; a shared writable one is refused."""
    fd = os.open(places.LIBRARY2, os.O_RDWR if not INSIDE else os.O_RDONLY)
    try:
        page = mmap.mmap(fd, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    except PermissionError:
        return "unchanged"
    page[0:1] = b"#"
    return "changed"


@attack(27, (r"errno E(ACCES|PERM)", "ok None"), STAMPS)
def execute_what_it_wrote():
    """A shared library in its own folder. Like any code in a mapping it can only make the calls of the list."""
    with open("left.so", "wb") as file:
        file.write(open(places.LIBC, "rb").read())
    with open("left.so", "rb") as file:
        mmap.mmap(file.fileno(), 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC).close()


if __name__ == "__main__":
    sys.exit(main())
