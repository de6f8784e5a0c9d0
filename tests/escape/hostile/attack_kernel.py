# SPDX-License-Identifier: BSD-2-Clause
"""Rows 1 to 8: the kernel's own interfaces: processes, namespaces, the root. Numbers are those of x86_64."""

import ctypes
import mmap
import os
import signal
import struct
import subprocess
import sys
import threading

from attacklib import go  # noqa: F401 (a handler)
from attacklib import CALLS, INSIDE, attack, expect_child, libc, machine_code, main, pointer, pristine, syscall

EPERM, ENOSYS, KILLED = "errno EPERM", "errno ENOSYS", r"worker ended: killed by SIGSYS.*"
MEMORY = ctypes.create_string_buffer(4096)
CLONE_NEW = {"ns": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
             "pid": 0x20000000, "net": 0x40000000}


def words(*values):
    return struct.pack(f"<{len(values)}Q", *values)


# 1: other instruction sets. eax = 20 is getpid there.

@attack(1, KILLED, CALLS)
def i386_getpid():
    run = machine_code(b"\xb8\x14\0\0\0\xcd\x80\xc3")  # mov eax, 20; int 0x80; ret
    assert run() > 0


@attack(1, KILLED, CALLS, outside=r"ok|errno ENOSYS")  # a kernel without x32 says ENOSYS: alive
def x32_getpid():
    return syscall(0x40000000 + 39) > 0


@attack(1, KILLED, CALLS)
def i386_from_a_thread():
    run, got = machine_code(b"\xb8\x14\0\0\0\xcd\x80\xc3"), []
    thread = threading.Thread(target=lambda: got.append(run()))
    thread.start()
    thread.join()
    assert got[0] > 0


# 2: io_uring

@attack(2, EPERM, CALLS)
def io_uring_setup():
    os.close(syscall(425, 4, MEMORY))


@attack(2, EPERM, CALLS, outside="errno EBADF")  # past the filter, the descriptor is looked at
def io_uring_enter():
    syscall(426, 900, 0, 0, 0, 0, 0)


@attack(2, EPERM, CALLS, outside="errno EBADF")
def io_uring_register():
    syscall(427, 900, 0, 0, 0)


def _ring(opcode, flags, fd, address, length, offset):
    """One submission through a ring; the completion's result."""
    parameters = bytearray(120)
    ring = syscall(425, 4, (ctypes.c_char * 120).from_buffer(parameters))
    off = struct.unpack_from("<10I", parameters, 40)  # sq_off: head tail mask entries flags dropped array
    cq = struct.unpack_from("<10I", parameters, 80)
    rings = mmap.mmap(ring, 4096, offset=0)
    entries = mmap.mmap(ring, 4096, offset=0x10000000)
    struct.pack_into("<BBHiQQII", entries, 0, opcode, flags, 0, fd, offset, address, length, 0)
    struct.pack_into("<I", rings, off[6], 0)
    struct.pack_into("<I", rings, off[1], 1)
    syscall(426, ring, 1, 1, 1, 0, 0)
    result = struct.unpack_from("<Qi", rings, cq[5])[1]
    if result < 0:
        raise OSError(-result, "in the ring")
    return result


@attack(2, EPERM, CALLS)
def io_uring_socket():
    return _ring(45, 0, 1, 0, 0, 1)  # IORING_OP_SOCKET: AF_UNIX, SOCK_STREAM


@attack(2, EPERM, CALLS)
def io_uring_openat():
    path = ctypes.create_string_buffer(b"/etc/passwd")
    return _ring(18, 0, -100, pointer(path), 0, 0)


# 3: namespaces

def _clone_new(flag):
    return expect_child(syscall(56, flag | signal.SIGCHLD, 0, 0, 0, 0))


@attack(3, EPERM, CALLS)
def clone_new_user():
    return _clone_new(CLONE_NEW["user"])


@attack(3, EPERM, CALLS)
def clone_new_user_with_high_bits():
    """The kernel ignores the upper half of clone()'s flags; a filter that compares 32 bits is fooled the other way."""
    return _clone_new(CLONE_NEW["user"] | 1 << 40)


@attack(3, EPERM, CALLS, needs_root=True)
def clone_new_all():
    return _clone_new(sum(CLONE_NEW.values()))


@attack(3, ENOSYS, CALLS)
def clone3_new_user():
    arguments = words(CLONE_NEW["user"], 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    return expect_child(syscall(435, arguments, len(arguments)))


@attack(3, ENOSYS, CALLS)
def clone3_a_process():
    arguments = words(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    return expect_child(syscall(435, arguments, len(arguments)))


@attack(3, EPERM, CALLS)
def unshare_user():
    syscall(272, CLONE_NEW["user"])


@attack(3, EPERM, CALLS, needs_root=True)
def unshare_net_and_mount():
    syscall(272, CLONE_NEW["net"] | CLONE_NEW["ns"])


@attack(3, "errno ENOENT|" + EPERM, CALLS, needs_root=True)
def setns_by_proc():
    with open("/proc/self/ns/net") as file:
        syscall(308, file.fileno(), 0)


@attack(3, EPERM, CALLS, outside="errno EBADF")
def setns():
    syscall(308, 900, 0)


@attack(3, "ok started", CALLS, outside="ok started")
def threads_still_start():
    done = []
    thread = threading.Thread(target=lambda: done.append("started"))
    thread.start()
    thread.join(10)
    return done[0]


# 4: processes

@attack(4, EPERM, CALLS)
def os_fork():
    return expect_child(pristine("posix").fork())


@attack(4, EPERM, CALLS)
def raw_fork():
    return expect_child(syscall(57))


@attack(4, EPERM, CALLS)
def raw_clone_as_fork():
    return expect_child(syscall(56, signal.SIGCHLD, 0, 0, 0, 0))


@attack(4, EPERM, CALLS)
def raw_clone_vfork():
    """CLONE_VM | CLONE_VFORK, as posix_spawn() does."""
    code = machine_code(bytes.fromhex(
        "b838000000"  # mov eax, 56
        "bf11410000"  # mov edi, 0x4111: VM | VFORK | SIGCHLD
        "31f6" "31d2" "4d31d2" "4d31c0"  # without a stack: the child runs on ours while we wait
        "0f05"  # syscall
        "4885c0" "750b"  # parent or error: return
        "b83c000000" "31ff" "0f05" "0f0b"  # exit(0)
        "c3"))
    result = code()
    if result < 0:
        raise OSError(-result, "clone")
    return os.waitpid(result, 0)[1]


@attack(4, EPERM, CALLS)
def subprocess_run():
    subprocess._fork_exec = pristine("_posixsubprocess").fork_exec
    return subprocess.run(["/bin/true"], check=True).returncode


@attack(4, r"raised AssertionError (-1|32512)", CALLS)
def os_system():
    status = pristine("posix").system("true")
    assert status == 0, status


@attack(4, EPERM, CALLS)
def posix_spawn():
    return expect_child(pristine("posix").posix_spawn("/bin/true", ["true"], {}))


@attack(4, r"raised (AttributeError|OSError|PermissionError|BlockingIOError).*|" + EPERM, CALLS)
def multiprocessing_process():
    import multiprocessing
    os.fork = pristine("posix").fork
    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join()
    return process.exitcode


# 5: programs. Outside, the process would be replaced and its output lost: the control is a program that does not exist.

@attack(5, EPERM, CALLS, outside="errno ENOENT")
def execve():
    pristine("posix").execv("/nowhere/program", ["program"])


@attack(5, EPERM, CALLS, outside="errno ENOENT")
def raw_execve():
    syscall(59, b"/nowhere/program", words(0), words(0))


@attack(5, ENOSYS, CALLS, outside="errno EACCES|errno ENOEXEC")
def memfd_then_execveat():
    fd = syscall(319, b"program", 0)
    os.write(fd, b"no program")
    os.fchmod(fd, 0o700)
    syscall(322, fd, b"", words(0), words(0), 0x1000)


@attack(5, EPERM, CALLS, outside="errno ENOENT|errno EACCES|errno ENOEXEC")
def execveat_on_a_file_of_its_own():
    with open("program", "wb") as file:
        file.write(b"no program")
    os.chmod("program", 0o700)
    with open("program", "rb") as file:
        syscall(322, file.fileno(), b"", words(0), words(0), 0x1000)


# 6: other processes' memory and descriptors

@attack(6, EPERM, CALLS)
def ptrace_traceme():
    syscall(101, 0, 0, 0, 0)


@attack(6, EPERM, CALLS, outside="ok|errno EPERM|errno ESRCH", control="ptrace_traceme")
def ptrace_every_pid():
    syscall(101, 0x4206, os.getppid(), 0, 0)  # PTRACE_SEIZE


@attack(6, EPERM, CALLS, control="process_vm_readv_itself")
def process_vm_readv_others():
    """Any pid: the parent's, siblings', the broker's on the host."""
    for pid in (2, 3, 17, os.getppid() or 4):
        local = words(pointer(MEMORY), 8)
        syscall(310, pid, local, 1, words(pointer(MEMORY), 8), 1, 0)


@attack(6, EPERM, CALLS)
def process_vm_readv_itself():
    syscall(310, os.getpid(), words(pointer(MEMORY), 8), 1, words(pointer(MEMORY), 8), 1, 0)


@attack(6, EPERM, CALLS)
def process_vm_writev():
    syscall(311, os.getpid(), words(pointer(MEMORY), 8), 1, words(pointer(MEMORY), 8), 1, 0)


@attack(6, EPERM, CALLS)
def pidfd_open():
    os.close(syscall(434, os.getpid(), 0))


@attack(6, EPERM, CALLS, outside="errno EBADF")
def pidfd_getfd():
    os.close(syscall(438, 900, 0, 0))


HAS_PEERPIDFD = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2])) >= (6, 5)


@attack(6, "errno EPERM", CALLS, outside="ok" if HAS_PEERPIDFD else "errno EBADF")
def pidfd_of_the_links_peer():
    """SO_PEERPIDFD on a unix socket may refer to the broker; the result must be useless."""
    import socket
    left, right = socket.socketpair()
    try:
        pidfd = struct.unpack("i", left.getsockopt(socket.SOL_SOCKET, 77, 4))[0]
    except OSError:
        pidfd = 900
    syscall(424, pidfd, 0, 0, 0)  # pidfd_send_signal


@attack(6, ENOSYS, CALLS, outside="ok|errno EPERM")
def kcmp():
    syscall(312, os.getpid(), os.getpid(), 0, 0, 0)


# 7: signals

@attack(7, EPERM, CALLS, control="kill_itself_with_nothing")
def kill_everybody():
    os.kill(-1, 0)


@attack(7, "ok None", CALLS)
def kill_itself_with_nothing():
    os.kill(os.getpid(), 0)


@attack(7, EPERM, CALLS)
def kill_the_group():
    os.kill(0, 0)


@attack(7, EPERM, CALLS)
def kill_the_parent():
    os.kill(os.getppid() or 2, 0)


@attack(7, EPERM, CALLS)
def kill_with_high_bits():
    """kill() takes an int: to the kernel 1 << 32 | 1 is 1, and to the filter it must be, too."""
    syscall(62, 1 << 32 | os.getpid(), 0)


@attack(7, EPERM, CALLS)
def tkill():
    syscall(200, threading.get_native_id(), 0)


@attack(7, EPERM, CALLS, control="tgkill_itself")
def tgkill_another():
    syscall(234, 2, 2, 0)


@attack(7, "ok 0", CALLS)
def tgkill_itself():
    return syscall(234, os.getpid(), threading.get_native_id(), 0)


@attack(7, ENOSYS, CALLS, outside="ok|errno EPERM")
def rt_sigqueueinfo():
    syscall(129, os.getpid(), 0, struct.pack("<iii116x", 0, 0, -1))


@attack(7, ENOSYS, CALLS)
def fcntl_setown():
    """SIGIO to any process."""
    import fcntl
    reading, _ = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETOWN, os.getpid())


# 8: the root

@attack(8, EPERM, CALLS)
def mount_tmpfs():
    syscall(165, b"none", os.getcwd().encode(), b"tmpfs", 0, 0)


@attack(8, EPERM, CALLS)
def mount_remount_root():
    syscall(165, b"none", b"/", b"", 0x1020 | 0x40000, 0)  # MS_REMOUNT | MS_BIND | MS_PRIVATE…: any answer but EPERM
    return "mounted"


@attack(8, EPERM, CALLS, outside="ok|errno EINVAL")
def umount():
    syscall(166, os.getcwd().encode(), 0)


@attack(8, EPERM, CALLS, outside="ok|errno EINVAL")  # EINVAL: mounts of another user namespace lie below
def open_tree():
    os.close(syscall(428, -100, b"/", 1))


@attack(8, EPERM, CALLS, outside="errno E(BADF|INVAL|NOENT)")
def move_mount():
    syscall(429, 900, b"", 900, b"", 4)


@attack(8, EPERM, CALLS)
def fsopen():
    os.close(syscall(430, b"tmpfs", 0))


@attack(8, EPERM, CALLS, outside="ok|errno EBADF")
def mount_setattr():
    syscall(442, 900, b"", 0x1000, bytes(32), 32)


@attack(8, EPERM, CALLS)
def chroot():
    os.chroot(".")


@attack(8, EPERM, CALLS)
def raw_chroot():
    syscall(161, b".")


@attack(8, EPERM, CALLS, outside="errno E(INVAL|BUSY)")
def pivot_root():
    syscall(155, b".", b".")


@attack(8, EPERM, CALLS, outside="errno E(OPNOTSUPP|OVERFLOW|INVAL)|ok")
def name_to_handle_at():
    syscall(303, -100, b"/", bytes(256), bytes(8), 0)


if __name__ == "__main__":
    sys.exit(main())
