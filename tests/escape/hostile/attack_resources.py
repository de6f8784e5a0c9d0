# SPDX-License-Identifier: BSD-2-Clause
"""Rows 37 to 45: taking more than a fair share. The instances have memory = 128M, threads = 16 and files = 32."""

import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
import threading
import time

from attacklib import BROKER, CALLS, FILES, GATE, INSIDE, LIMITS, NAMESPACES, attack, check, go, libc, main, say, syscall  # noqa: F401 (go: a handler)

MIB = 1 << 20
BOMB = 320 * MIB  # much more than the option allows, and little enough for a control


def _fill(kind):
    """Maps and touches memory until that fails. Returns the number of MiB."""
    libc.mmap.restype = ctypes.c_void_p
    got, kept, step = 0, [], 8 * MIB
    while got < BOMB:
        at = libc.mmap(None, ctypes.c_size_t(step), 3, kind, -1, ctypes.c_long(0))
        if at == ctypes.c_void_p(-1).value:
            break
        for page in range(at, at + step, 4096):
            ctypes.c_char.from_address(page).value = b"x"
        kept.append(at)
        got += step
    for at in kept:
        libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(step))
    if got < BOMB:
        raise OSError(12, f"after {got >> 20} MiB")
    return f"{got >> 20} MiB"


# 38: memory

@attack(38, r"raised MemoryError.*", LIMITS)
def python_memory():
    kept = []
    while sum(map(len, kept)) < BOMB:
        kept.append(b"x" * (8 * MIB))
    return len(kept)


@attack(38, "errno ENOMEM", LIMITS)
def private_mappings():
    return _fill(0x22)


@attack(38, "errno ENOMEM|worker ended.*", CALLS)
def shared_mappings():
    """MAP_SHARED | MAP_ANONYMOUS: what mmap.mmap(-1, n) does; RLIMIT_DATA does not count it."""
    return _fill(0x21)


@attack(38, "errno ENOMEM|worker ended.*", CALLS)
def stack_mappings():
    """MAP_GROWSDOWN: counts as stack, and each is below RLIMIT_STACK."""
    return _fill(0x122)


@attack(38, (r"errno (ENOMEM|ENOSPC|EFBIG)|worker ended.*|raised MemoryError.*", "errno EACCES"), FILES, outside="ok")
def memory_of_tmp():
    """/tmp is memory too."""
    path = f"/tmp/fc-bomb-{os.getpid()}"
    with open(path, "wb", buffering=0) as file:
        try:
            for _ in range(BOMB // 8 // MIB):
                written = file.write(bytes(8 * MIB))
                if written < 8 * MIB:
                    raise OSError(28, "short write")
        finally:
            os.unlink(path)
    return "written"


# 50: memory that RLIMIT_DATA does not count

def _hold(seconds=40):
    """Keeps what there is until somebody notices, which takes at most four seconds on a machine that has time."""
    time.sleep(seconds if INSIDE else 0)


def _map(size, protection, flags, at=None):
    libc.mmap.restype = ctypes.c_void_p
    got = libc.mmap(ctypes.c_void_p(at), ctypes.c_size_t(size), protection, flags, -1, ctypes.c_long(0))
    if got == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    return got


def _relabel(limit):
    """Fills memory and makes it read-only, 32 MiB at a time. Returns the number of MiB."""
    got, step = 0, 32 * MIB
    try:
        while got < limit:
            at = _map(step, 3, 0x22)
            ctypes.memset(at, 1, step)
            check(libc.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(step), 1), "mprotect")
            got += step
    except OSError as error:
        if error.errno != 12:
            raise
    say(f"relabelled {got // MIB} MiB")
    return f"{got // MIB} MiB"


AT_THE_LIMIT = r"worker ended: memory limit \(option memory\): killed.*"


@attack(50, AT_THE_LIMIT, BROKER, outside="ok 256 MiB")
def relabelled_memory():
    """There are no more addresses than `memory` and an allowance, and the watch does not let the pages stay."""
    got = _relabel(1024 * MIB if INSIDE else 256 * MIB)
    _hold()
    return got


@attack(50, "ok 64 MiB", LIMITS, outside="ok 64 MiB")
def relabelled_memory_within_the_limit():
    got = _relabel(64 * MIB)
    _hold(4)
    return got


@attack(50, "errno ENOMEM", LIMITS, outside="ok 500")
def sparse_terabyte():
    """Reads from every second MiB: no page is written, but each takes a page table."""
    at = _map(1 << 40, 1, 0x4022)
    for n in range(500):
        ctypes.c_char.from_address(at + n * 2 * MIB).value
    libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(1 << 40))
    return n + 1


@attack(50, AT_THE_LIMIT, BROKER, outside="ok 1000")
def page_tables():
    """Pages far from each other: three page tables for each, and hardly an address."""
    for n in range(30000 if INSIDE else 1000):
        at = _map(4096, 1, 0x4032, (1 << 42) + n * (1 << 30))
        ctypes.c_char.from_address(at).value
    _hold()
    return n + 1


# 39: threads

@attack(39, ("ok [12][0-9] threads, then fails", "ok [3-6][0-9] threads, then fails"), LIMITS, outside="ok 100 threads", control=True)
def threads_until_it_fails():
    stop, made = threading.Event(), []
    try:
        while len(made) < 100:
            thread = threading.Thread(target=stop.wait, daemon=True)
            thread.start()
            made.append(thread)
        return f"{len(made)} threads"
    except RuntimeError:
        return f"{len(made)} threads, then fails"
    finally:
        stop.set()
        for thread in made:
            thread.join()


@attack(39, r"ok (2[0-9]|3[0-9]|4[0-9]) files, then EMFILE", LIMITS, outside="ok 200 files")
def descriptors_until_it_fails():
    made = []
    try:
        while len(made) < 200:
            made.append(os.dup(1))
        return f"{len(made)} files"
    except OSError as error:
        return f"{len(made)} files, then {'EMFILE' if error.errno == 24 else error}"
    finally:
        for fd in made:
            os.close(fd)


@attack(39, r"raised (ValueError|PermissionError).*|errno E(NOSYS|PERM)", CALLS, outside="ok None")
def raise_the_limits():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# 41: files

@attack(41, r"errno EFBIG|worker ended: killed by SIGXFSZ.*", LIMITS, outside=r"ok 1125899906842624|errno EFBIG|ok \d+")
def sparse_file():
    with open("sparse", "wb") as file:
        size = 1 << 50 if INSIDE else 1 << 40
        os.ftruncate(file.fileno(), size)
    found = os.stat("sparse").st_size
    os.unlink("sparse")
    return found


@attack(41, r"errno EFBIG|worker ended: killed by SIGXFSZ.*", LIMITS, outside="ok written")
def large_file():
    with open("large", "wb", buffering=0) as file:
        for _ in range(80):
            file.write(bytes(MIB))
    os.unlink("large")
    return "written"


@attack(41, r"ok depth \d+|worker ended: .*", BROKER, outside="ok depth 1000")
def deep_tree():
    """The attack itself removes them."""
    here, depth = os.getcwd(), 0
    try:
        while depth < 1000:
            os.mkdir("d")
            os.chdir("d")
            depth += 1
    except OSError:
        pass
    for _ in range(depth):
        os.chdir("..")
        os.rmdir("d")
    os.chdir(here)
    return f"depth {depth}"


@attack(41, r"worker ended: killed by SIGKILL.*", BROKER, outside="ok 3000")
def many_files():
    for n in range(3000):
        open(f"many{n}", "w").close()
    time.sleep(4 if INSIDE else 0)
    return n + 1


@attack(41, r"worker ended: killed by SIGKILL.*", BROKER, outside="ok 24")
def many_bytes():
    for n in range(24):
        with open(f"bytes{n}", "wb") as file:
            file.write(bytes(MIB))
    time.sleep(4 if INSIDE else 0)
    return n + 1


@attack(41, "ok named", BROKER, outside="ok named")
def names_with_bad_bytes():
    for name in (b"\xff\xfe", b"new\nline", b"\x1b[2J", b"x" * 255, b" ", b"-rf", "\u202e".encode()):
        with open(b"bad" + name[:252], "w"):
            pass
    return "named"


# 51: blocks past the count

def _open_large(name, size):
    fd = os.open(name, os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, size)
    return fd


def _map_file(fd, size, protection):
    """The kernel's mmap(), not the C library's."""
    return syscall(9, 0, size, protection, 1, fd, 0)


@attack(51, "errno ENODEV", CALLS)
def sparse_files_through_shared_mappings():
    """Nothing notices when a page is written that way."""
    for n in range(3):
        fd = _open_large(f"shared{n}", 8 * MIB)
        at = _map_file(fd, 8 * MIB, 3)
        ctypes.memset(at, 1, 8 * MIB)
        os.unlink(f"shared{n}")


@attack(51, "errno ENODEV", CALLS)
def shared_mapping_made_writable():
    """mprotect() after a mapping that may only be read."""
    fd = _open_large("shared", 8 * MIB)
    os.unlink("shared")
    at = _map_file(fd, 8 * MIB, 1)
    check(libc.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(8 * MIB), 3), "mprotect")
    ctypes.memset(at, 1, 8 * MIB)


@attack(51, "errno ENODEV", CALLS)
def validated_shared_mapping():
    """MAP_SHARED_VALIDATE"""
    fd = _open_large("shared", MIB)
    os.unlink("shared")
    return syscall(9, 0, MIB, 3, 3, fd, 0) > 0


@attack(51, ("errno E(OPNOTSUPP|NOSYS)", "errno E(OPNOTSUPP|NOSYS)"), CALLS)
def file_without_a_name():
    """O_TMPFILE: no folder has it"""
    os.write(os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600), b"x")


@attack(51, "errno ENOSYS", CALLS, outside="ok|errno EOPNOTSUPP")
def allocated_without_writing():
    fd = _open_large("allocated", 0)
    os.unlink("allocated")
    os.posix_fallocate(fd, 0, MIB)


def _replace(name):
    open("empty", "w").close()
    os.rename("empty", name)


def _delete(how, size, n, kept):
    """Writes files, makes them nameless, and keeps them open."""
    for k in range(n):
        file = open(f"gone{k}", "wb", buffering=0)
        how(f"gone{k}")
        for _ in range(size):
            file.write(bytes(MIB))
        kept.append(file)
    time.sleep(20 if INSIDE and n > 1 else 2)
    return n


@attack(51, "worker ended: deleted files .*", GATE, outside="ok 4")
def many_deleted_files():
    return _delete(os.unlink, 6, 4, [])


@attack(51, "worker ended: deleted files .*", GATE, outside="ok 4")
def many_replaced_files():
    return _delete(_replace, 6, 4, [])


@attack(51, "ok 1", GATE, outside="ok 1")
def many_bytes_of_one_deleted_file():
    return _delete(os.unlink, 6, 1, [])


def _keep_by_a_page(fd):
    """A page is enough to keep the whole file; Python's own mmap would keep the descriptor."""
    address = syscall(9, 0, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE, fd, 0)
    assert address > 0, address
    return address


def _delete_mapped(how, map_first):
    """Writes files, and keeps them by nothing but mappings."""
    for k in range(4):
        with open(f"mapped{k}", "wb+", buffering=0) as file:
            for _ in range(6):
                file.write(bytes(MIB))
            if not map_first:
                how(f"mapped{k}")
            _keep_by_a_page(file.fileno())
        if map_first:
            how(f"mapped{k}")
    time.sleep(20 if INSIDE else 0)
    return 4


@attack(51, "worker ended: deleted files .*", GATE, outside="ok 4")
def deleted_files_that_are_mapped():
    return _delete_mapped(os.unlink, True)


@attack(51, "worker ended: deleted files .*", GATE, outside="ok 4")
def replaced_files_that_are_mapped():
    return _delete_mapped(_replace, True)


@attack(51, "worker ended: deleted files .*", GATE, outside="ok 4")
def files_that_are_mapped_after_their_end():
    return _delete_mapped(os.unlink, False)


@attack(51, "worker ended: deleted files .*", GATE, outside="ok")
def deleted_file_behind_many_mappings():
    """Lower addresses are listed first, and given out last."""
    with open("hidden", "wb+", buffering=0) as file:
        file.write(bytes(MIB))
        _keep_by_a_page(file.fileno())
    many = syscall(9, 0, 40000 * 4096, mmap.PROT_READ, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    for k in range(0, 40000, 2):
        syscall(10, many + k * 4096, 4096, mmap.PROT_READ | mmap.PROT_WRITE)
    os.unlink("hidden")
    time.sleep(20 if INSIDE else 0)


# 42: its own end

@attack(42, r"worker ended: killed by SIGSEGV.*", BROKER, outside="killed by SIGSEGV")
def segfault():
    ctypes.string_at(8)


@attack(42, r"worker ended: exit status 5.*", BROKER, control=None)
def exit_at_once():
    os._exit(5)


@attack(42, r"worker ended: exit status 6.*", BROKER, control=None)
def exit_raw():
    syscall(231, 6)


@attack(42, r"worker ended: killed by SIG(ABRT|SEGV).*", BROKER, outside="killed by SIGABRT")
def abort():
    os.abort()


@attack(42, ("ok not stopped", "stopped"), NAMESPACES, control=None)
def stop_itself():
    """The first process of a namespace cannot stop itself; another can, and is then like one in an endless loop."""
    os.kill(os.getpid(), signal.SIGSTOP)
    return "not stopped"


@attack(42, r"worker ended: killed by SIG(ILL|SEGV|TRAP|BUS).*", BROKER, outside="killed by SIG(ILL|SEGV|TRAP|BUS)")
def illegal_instruction():
    from attacklib import machine_code
    machine_code(b"\x0f\x0b")()


@attack(42, r"worker ended: .*", BROKER, outside="killed by SIGSEGV")
def stack_overflow():
    """Native recursion without end."""
    from attacklib import machine_code
    machine_code(b"\xe8\xfb\xff\xff\xff")()


# 40 and 45: talk

@attack(40, "ok printed", BROKER, outside="ok printed")
def print_flood():
    """64 MiB here; 1 GB would take time from others."""
    line = b"flood " + b"x" * 1017 + b"\n"
    fd = 1 if INSIDE else os.open("/dev/null", os.O_WRONLY)
    for _ in range(64):
        data = line * 1024
        while data:
            data = data[os.write(fd, data):]
    time.sleep(1.2)  # what follows in the log would also be left out
    return "printed"


@attack(40, "ok printed", BROKER, outside="ok printed")
def line_without_end():
    fd = 1 if INSIDE else os.open("/dev/null", os.O_WRONLY)
    for _ in range(16):
        data = b"endless" * (MIB // 7)
        while data:
            data = data[os.write(fd, data):]
    os.write(fd, b"\n")
    return "printed"


@attack(40, r"raised ValueError x+.*", BROKER, outside="raised ValueError")
def large_exception():
    raise ValueError("x" * 10 * MIB)


@attack(40, "ok printed", BROKER, outside="ok printed")
def terminal_escapes():
    os.write(1, b"escape \x1b]0;owned\x07\x1b[2J\r\x9b31m\x00\xff\n2026-11-22T15:45:16.806 error good forged\n")
    return "printed"


@attack(45, r"ok 200000", BROKER, control=None)
def outputs():
    import midimonster
    for n in range(200000):
        midimonster.output("out", n % 100 / 100)
    return 200000


@attack(45, r"raised \w+Error.*", BROKER, control=None)
def timers():
    import midimonster
    for n in range(100000):
        midimonster.interval(lambda n=n: None, 100000 + n)
    return "all"


@attack(45, r"raised \w+.*|errno (EMFILE|ENOSPC).*", BROKER, control=None)
def registered_sockets():
    import midimonster
    kept = []
    while len(kept) < 4000:
        pair = socket.socketpair()
        kept.append(pair)
        for one in pair:
            midimonster.manage(lambda s: None, one)
    return len(kept)


@attack(45, r"ok none", BROKER, control=None)
def new_channels_too_late():
    """A warning for each name, and no channel."""
    import midimonster
    for n in range(5000):
        midimonster.output(f"late{n}", 0.5)
    time.sleep(1.2)  # their warnings use up what may be logged
    return "none" if not [name for name in midimonster.channels() if name.startswith("late")] else "made"


@attack(45, r"(ok None|raised \w*Error.*)", BROKER, control=None)
def channel_names():
    import midimonster
    for name in ("x" * MIB, "a\nb", "a\0b", "\ud800", ""):
        try:
            midimonster.output(name, 0.5)
        except (ValueError, TypeError, UnicodeError):
            pass


if __name__ == "__main__":
    sys.exit(main())
