# SPDX-License-Identifier: BSD-2-Clause
"""Every system call by its number, with arguments that do no harm if the kernel gets it: -1 (a bad descriptor, address,
pid), then zeros. Results are printed as 'sweep: KEY=ERRNO …', 0 for success and 'blocked' for one that did not
return."""

import ctypes
import os
import sys
import threading
import time

from attacklib import INSIDE, libc, machine_code, say

LAST = 470
# Ends the thread or process, or returns to nowhere; the caller names what else outside must not be tried. The kernel lets
# uretprobe and uprobe past every filter (Linux 6.14, 6.18), and sends SIGILL unless its own trampoline made the call.
UNFILTERED = (335, 336)
SKIPPED = dict.fromkeys((15, 60, 231, *UNFILTERED))  # rt_sigreturn, exit, exit_group
FCNTL, IOCTL, PRCTL, SOCKET = 72, 16, 157, 41
TERMINAL = range(0x5401, 0x5470)


def cases(skipped):
    """(key, number, arguments)"""
    for number in range(LAST + 1):
        if number not in skipped:
            yield f"{number}", number, (-1, 0, 0, 0, 0, 0)
    for number in (471, 511, 512, 600, 1000, 1 << 20, 0x3FFFFFFF):
        yield f"{number}", number, (-1, 0, 0, 0, 0, 0)
    if INSIDE:
        for command in (*range(45), *range(1024, 1045), 1 << 31):
            yield f"{FCNTL}:1:{command}", FCNTL, (-1, command, 0, 0, 0, 0)
        for request in (*TERMINAL, 0x8901, 0x8905, 0x8912, 0xB701, 1 << 32 | 0x5412, 1 << 32 | 0x5421, 0xC0101234):
            yield f"{IOCTL}:1:{request}", IOCTL, (-1, request, 0, 0, 0, 0)
        for option in (*range(80), 0x59616D61, 0x53564D41):
            yield f"{PRCTL}:0:{option}", PRCTL, (option, 0, 0, 0, 0, 0)
        for family in range(50):
            yield f"{SOCKET}:0:{family}", SOCKET, (family, 77, 0, 0, 0, 0)


def sweep(skipped):
    todo, results, begun = iter(list(cases(skipped))), [], [None, 0.0]
    lock = threading.Lock()

    def run(mine):
        for key, number, arguments in todo:
            with lock:
                if begun[1] and mine != current[0]:
                    return
                begun[:] = [key, time.monotonic()]
            ctypes.set_errno(0)
            result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
            error = ctypes.get_errno() if result == -1 else 0
            if mine == current[0]:
                results.append(f"{key}={error}")
        done.set()

    current, done = [0], threading.Event()
    while not done.is_set():
        threading.Thread(target=run, args=(current[0],), daemon=True).start()
        while not done.wait(0.05):
            if begun[1] and time.monotonic() - begun[1] > 2:
                with lock:
                    results.append(f"{begun[0]}=blocked")
                    current[0] += 1
                    begun[1] = 0.0
                break
    os.umask(0o22)
    for at in range(0, len(results), 60):
        say("sweep: " + " ".join(results[at : at + 60]))
    say("sweep done")


def go(value):
    if value < 0.5:
        sweep(SKIPPED)
        return
    kind, number = KILLING[round(value * 1000) - 500]
    say(f"calls {kind} {number:#x}")
    if kind == "x86_64":
        say(f"errno {libc.syscall(ctypes.c_long(number)) and ctypes.get_errno()}")
        return
    if kind == "x32":
        libc.syscall(ctypes.c_long(0x40000000 | number), *(ctypes.c_long(0),) * 6)
    else:
        machine_code(b"\x53\x31\xdb\x31\xc9\xb8" + number.to_bytes(4, "little") + b"\xcd\x80\x5b\xc3")()
    say("survived")


# read, getpid, fork, ptrace, execve; x32 has numbers of its own from 512
KILLING = [("x32", number) for number in (0, 39, 57, 101, 512, 520)] + [("i386", number) for number in (2, 3, 20, 26, 102)]
KILLING += [("x86_64", number) for number in UNFILTERED]

if __name__ == "__main__":
    sweep({int(number): "" for number in sys.argv[1:]})
