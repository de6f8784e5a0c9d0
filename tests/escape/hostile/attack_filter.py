# SPDX-License-Identifier: BSD-2-Clause
"""Rows 9 to 16: the kernel's own interfaces: code in it, keys, terminals, the processor, and the filter itself."""

import ctypes
import mmap
import os
import signal
import struct
import sys
import threading

from attacklib import CALLS, INSIDE, attack, expect_child, go, libc, machine_code, main, pointer, syscall  # noqa: F401 (go: a handler)

X32_GETPID = 0x40000000 + 39  # a kernel without x32 says ENOSYS: alive
EPERM, ENOSYS, KILLED = "errno EPERM", "errno ENOSYS", r"worker ended: killed by SIGSYS.*"
MEMORY = ctypes.create_string_buffer(4096)


# 9: code in the kernel

@attack(9, EPERM, CALLS, needs_root=True)
def bpf():
    os.close(syscall(321, 0, struct.pack("<IIII112x", 2, 4, 4, 1), 128))  # BPF_MAP_CREATE, an array


@attack(9, EPERM, CALLS, outside="ok|errno ENOENT|errno EOPNOTSUPP", needs_root=True)
def perf_event_open():
    attribute = struct.pack("<IIQ", 1, 128, 0) + bytes(112)  # PERF_TYPE_SOFTWARE, cpu clock
    os.close(syscall(298, attribute, 0, -1, -1, 0))


@attack(9, EPERM, CALLS, outside="ok|errno ENOSYS", needs_root=True)
def userfaultfd():
    os.close(syscall(323, 0))


# 10: keys

@attack(10, EPERM, CALLS)
def add_key():
    return syscall(248, b"user", b"firecurtain-test", b"x", 1, -2)


@attack(10, EPERM, CALLS)
def keyctl():
    return syscall(250, 0, -3, 1)  # KEYCTL_GET_KEYRING_ID of the session


@attack(10, EPERM, CALLS, outside="errno ENOKEY")
def request_key():
    syscall(249, b"user", b"firecurtain-none", 0, 0)


# 11: terminals

def _ioctl(request, fd=0):
    character = ctypes.c_char(b"x")
    syscall(16, fd, request, ctypes.addressof(character))


@attack(11, EPERM, CALLS, outside="errno ENOTTY")
def tiocsti():
    _ioctl(0x5412)


@attack(11, r"errno (EPERM|ENOSYS)", CALLS, outside="errno ENOTTY")
def tiocsti_with_high_bits():
    _ioctl(0x5412 | 1 << 32)


@attack(11, EPERM, CALLS, outside="errno ENOTTY")
def tioclinux():
    _ioctl(0x541C)


@attack(11, r"errno (EPERM|ENOSYS)", CALLS, outside="errno ENOTTY")
def tioclinux_with_high_bits():
    _ioctl(0x541C | 0xF << 32)


@attack(11, r"errno (ENOTTY|ENOSYS)", CALLS, outside="errno (ENOTTY|EPERM)")
def tiocsctty():
    _ioctl(0x540E)


# 12: the filter itself

@attack(12, EPERM, CALLS)
def seccomp_strict():
    """SECCOMP_SET_MODE_FILTER with 'allow everything'."""
    syscall(157, 38, 1, 0, 0, 0) if not INSIDE else None
    program = struct.pack("<HBBI", 6, 0, 0, 0x7FFF0000)
    syscall(317, 1, 0, struct.pack("<HxxxxxxQ", 1, pointer(program)))


@attack(12, EPERM, CALLS)
def seccomp_listener():
    syscall(157, 38, 1, 0, 0, 0) if not INSIDE else None
    program = struct.pack("<HBBI", 6, 0, 0, 0x7FFF0000)
    os.close(syscall(317, 1, 8, struct.pack("<HxxxxxxQ", 1, pointer(program))))


@attack(12, EPERM, CALLS)
def prctl_seccomp():
    syscall(157, 38, 1, 0, 0, 0) if not INSIDE else None
    program = struct.pack("<HBBI", 6, 0, 0, 0x7FFF0000)
    syscall(157, 22, 2, struct.pack("<HxxxxxxQ", 1, pointer(program)))


@attack(12, EPERM, CALLS)
def prctl_dumpable():
    syscall(157, 4, 0, 0, 0, 0)


@attack(12, r"errno (EPERM|ENOSYS)", CALLS)
def prctl_pdeathsig():
    """Makes the worker outlive the broker."""
    syscall(157, 1, 0, 0, 0, 0)


@attack(12, r"errno (EPERM|ENOSYS)", CALLS)
def prctl_subreaper():
    syscall(157, 36, 1, 0, 0, 0)


# 13: other interfaces of the processor

@attack(13, EPERM, CALLS)
def personality():
    syscall(135, 0x40000)


@attack(13, EPERM, CALLS, outside=r"ok|errno ENOSYS")
def modify_ldt():
    syscall(154, 0, MEMORY, 16)


@attack(13, ENOSYS, CALLS)
def arch_prctl():
    syscall(158, 0x1003, MEMORY)  # ARCH_GET_FS; setting it would crash the control


@attack(13, ENOSYS, CALLS, outside="errno (EINVAL|EPERM|ENODEV)|ok")
def arch_prctl_cpuid():
    syscall(158, 0x1012, 1)


# 14 to 16: around the filter

HOOKED = (ctypes.c_long * 2)()  # what the refused call said, and who made it


HOOK_BYTES = 12
replaced = []  # the address of send(), and its first bytes


@attack(14, r"ok hooked", CALLS, outside="ok hooked", control=None)
def hook_send():
    """The worker program was there before the filter, and sends its reports with the C library's send(), which is
    rewritten: it makes pidfd_open() first. So does the report of this handler; the next attack looks."""
    code = (b"\x57\x56\x52\x51"  # push rdi, rsi, rdx, rcx
            b"\xbf" + struct.pack("<I", os.getpid()) + b"\x31\xf6\xb8" + struct.pack("<I", 434) + b"\x0f\x05"
            b"\x49\xb8" + struct.pack("<Q", ctypes.addressof(HOOKED)) + b"\x49\x89\x00"  # mov r8, &HOOKED; mov [r8], rax
            b"\xb8\xba\0\0\0\x0f\x05"  # gettid
            b"\x49\xb8" + struct.pack("<Q", ctypes.addressof(HOOKED) + 8) + b"\x49\x89\x00"
            b"\x59\x5a\x5e\x5f\x49\x89\xca\x45\x31\xc0\x45\x31\xc9"  # pop; mov r10, rcx; xor r8d, r8d; xor r9d, r9d
            b"\xb8\x2c\0\0\0\x0f\x05\xc3")  # sendto; ret
    hook = ctypes.cast(machine_code(code), ctypes.c_void_p).value
    function = ctypes.cast(libc.send, ctypes.c_void_p).value
    syscall(10, function & ~4095, 8192, 7)
    replaced[:] = [function, ctypes.string_at(function, HOOK_BYTES)]
    ctypes.memmove(function, b"\x48\xb8" + struct.pack("<Q", hook) + b"\xff\xe0", HOOK_BYTES)  # mov rax, hook; jmp rax
    return "hooked"


@attack(14, EPERM, CALLS)
def by_the_worker_itself():
    if not INSIDE:  # the control has no worker around it
        import socket
        hook_send()
        ends = socket.socketpair()
        ends[0].send(b"x")
    ctypes.memmove(*replaced, HOOK_BYTES)
    assert HOOKED[1] == threading.get_native_id(), "the worker did not run into the hook"
    if HOOKED[0] < 0:
        raise OSError(-HOOKED[0], "pidfd_open")
    return HOOKED[0]


@attack(15, EPERM, CALLS)
def shellcode():
    """ptrace(TRACEME) by its own syscall instruction."""
    result = machine_code(b"\xb8\x65\0\0\0\x31\xff\x31\xf6\x31\xd2\x4d\x31\xd2\x0f\x05\xc3")()
    if result < 0:
        raise OSError(-result, "ptrace")
    return result


@attack(15, EPERM, CALLS)
def shellcode_in_a_written_then_executable_page():
    page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    page.write(b"\xb8\x65\0\0\0\x31\xff\x31\xf6\x31\xd2\x4d\x31\xd2\x0f\x05\xc3")
    at = ctypes.addressof(ctypes.c_char.from_buffer(page))
    syscall(10, at, 4096, 5)
    result = ctypes.CFUNCTYPE(ctypes.c_long)(at)()
    if result < 0:
        raise OSError(-result, "ptrace")
    return result


@attack(16, KILLED, CALLS, outside=r"ok|errno ENOSYS")
def sigsys_handled():
    signal.signal(signal.SIGSYS, lambda *_: None)
    libc.signal(signal.SIGSYS, machine_code(b"\xc3"))
    return syscall(X32_GETPID) > 0


@attack(16, KILLED, CALLS, outside=r"ok|errno ENOSYS")
def sigsys_blocked_and_ignored():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGSYS})
    signal.signal(signal.SIGSYS, signal.SIG_IGN)
    return syscall(X32_GETPID) > 0


@attack(16, EPERM, CALLS)
def sigsys_handled_then_fork():
    signal.signal(signal.SIGSYS, lambda *_: None)
    return expect_child(os.fork())


if __name__ == "__main__":
    sys.exit(main())
