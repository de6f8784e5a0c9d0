# SPDX-License-Identifier: BSD-2-Clause
"""Row 49: threads that hold their own process's memory lock, while others make calls for which somebody reads its memory.
`calls_while_the_memory_is_locked` is the attack; `locks_without_calls` does the same and makes no call."""

import ctypes
import mmap
import os
import socket
import statistics
import sys
import threading
import time

from attacklib import INSIDE, attack, check, go, libc, main, say  # noqa: F401 (go: a handler)

BYTES = 300 << 20
LOCKERS, CALLERS = 8, 8
SECONDS = 30  # until an attack that is not ended gives up
blocks = []  # in use by threads
READING, WRITING = mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE


def start(number, function, *arguments):
    """Starts threads that wait for the event, the first of the arguments, since a new one could hardly start later."""
    threads = [threading.Thread(target=function, args=arguments, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    return threads


def lock_memory(begin):
    """Changes the rights of a large block all the time, in threads that wait for the event `begin`."""
    if not blocks:  # a worker that goes on has no memory for another one
        blocks.append(mmap.mmap(-1, BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    at = ctypes.addressof(ctypes.c_char.from_buffer(blocks[0]))
    address, size = ctypes.c_void_p(at), ctypes.c_size_t(BYTES)
    ctypes.memset(at, 1, BYTES)

    def toggle(begin):
        begin.wait()
        while begin.is_set():
            check(libc.mprotect(address, size, READING))
            check(libc.mprotect(address, size, WRITING))

    return start(LOCKERS, toggle, begin)


def call(begin, counted):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        begin.wait()
        while begin.is_set():
            try:
                client.sendto(b"x", ("127.0.0.1", 9))  # refused, after the address was read
            except OSError:
                pass
            counted.append(None)


def read_from_outside():
    """The control: how long another process waits for a few bytes of this one, as a gate does. Ratio of means: it
    waits now and then, and long."""
    here, begin = ctypes.create_string_buffer(16), threading.Event()
    lock_memory(begin)
    reading, writing = os.pipe()
    if os.fork() == 0:
        taken = [measure(os.getppid(), ctypes.addressof(here), 0.5)]
        os.write(writing, b"q")
        time.sleep(0.2)
        taken.append(measure(os.getppid(), ctypes.addressof(here), 2))
        os.write(writing, str(taken[1] / taken[0]).encode())
        os._exit(0)
    os.read(reading, 1)
    begin.set()
    ratio = float(os.read(reading, 100))
    begin.clear()
    os.wait()
    return ratio


def measure(pid, address, seconds):
    taken, deadline = [], time.monotonic() + seconds
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        while time.monotonic() < deadline:
            began = time.monotonic()
            os.pread(memory.fileno(), 16, address)
            taken.append(time.monotonic() - began)
    return statistics.mean(taken)


@attack(49, r"worker ended: its threads kept its gate waiting for [\d.]+ s: killed.*", "gate", outside="ok True")
def calls_while_the_memory_is_locked():
    if not INSIDE:
        return any(read_from_outside() > 5 for _ in range(3))
    begin, counted = threading.Event(), []
    lock_memory(begin)
    start(CALLERS, call, begin, counted)
    say("locking and calling")
    begin.set()
    deadline, told = time.monotonic() + SECONDS, 0
    while time.monotonic() < deadline:
        time.sleep(0.02)
        if len(counted) != told:
            told = len(counted)
            say(f"made {told} calls")
    begin.clear()
    return f"{told} calls"


@attack(49, "ok locked", "gate", control=None)
def locks_without_calls():
    begin = threading.Event()
    threads = lock_memory(begin)
    say("locking")
    begin.set()
    time.sleep(3)
    begin.clear()
    for thread in threads:
        thread.join()
    return "locked"


if __name__ == "__main__":
    sys.exit(main())
