# SPDX-License-Identifier: BSD-2-Clause
"""Shared by the hostile scripts. They run in two places: as modules of a show, where the handler `go` runs one attack
per event; and outside the sandbox as `python3 attack_x.py NAME…`, each attack in its own process: the control."""

import ctypes
import errno
import fcntl
import importlib.util
import os
import re
import signal
import sys
from pathlib import Path

try:
    import midimonster  # noqa: F401
    INSIDE = True
except ImportError:
    INSIDE = False

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
NAMES = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}
ATTACKS = []
BY_NAME = {}


# The layers that stop attacks, as docs/sandbox.md calls them. A pair here, or of expected outcomes, is: in the usual
# settings, and in the fallback, where there are no namespaces and so no private root.
CALLS, LIMITS, DESCRIPTORS, CAPABILITIES = "system calls", "limits", "descriptors", "capabilities"
GATE, LINK, BROKER, NAMESPACES = "network gate", "link", "broker", ("namespaces", "broker")
FILES, STAMPS = ("private root", "Landlock"), ("private root", "system calls")


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def put_in_place(fd, number):
    """Does what dup2() does, without it."""
    try:
        os.close(number)
    except OSError:
        pass
    if fcntl.fcntl(fd, fcntl.F_DUPFD, number) != number:
        raise RuntimeError(f"another thread took {number}")


class Attack:
    def __init__(self, row, inside, layer, outside, needs_root, control, hole, function):
        self.row, self.inside, self.outside = row, inside, outside
        self.layers = pair(layer)
        self.hole = hole  # why it succeeds in the fallback
        self.needs_root = needs_root  # the control does
        self.control = control  # of what runs outside: this, or another name's function, or None
        self.function = function
        self.name = function.__name__

    def expected(self, fallback):
        """Returns the pattern of the outcome in this setting."""
        return pair(self.inside)[fallback]

    def run(self):
        return outcome(self.function)


def outcome(function):
    """Returns the outcome in one line: 'ok RESULT', 'errno NAME', 'raised TYPE TEXT'."""
    try:
        return f"ok {function()}"
    except OSError as error:
        if error.errno is None or type(error).__name__ in ("gaierror", "herror"):
            return f"raised {type(error).__name__} {error}"
        return "errno " + NAMES.get(error.errno, str(error.errno))
    except BaseException as error:
        return f"raised {type(error).__name__} {error}"


def attack(row, inside, layer, outside=r"ok\b", needs_root=False, control=True, hole=None):
    """`inside` and `outside` are patterns for the whole outcome, which inside may be 'worker ended: …'; `inside` and
    `layer` may be pairs (see above)."""
    def add(function):
        entry = Attack(row, inside, layer, outside, needs_root, control, hole, function)
        ATTACKS.append(entry)
        BY_NAME[entry.name] = entry
        return function
    return add


def check(result, what=""):
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number, *arguments):
    """Makes a system call by its number; integers are passed as 64 bits, bytes and ctypes objects as pointers."""
    given = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    ctypes.set_errno(0)
    return check(libc.syscall(ctypes.c_long(number), *given), f"call {number}")


def pristine(name):
    """Makes a built-in module anew: a worker's own Python code has replaced functions of the one that scripts import."""
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pointer(thing):
    return ctypes.cast(thing, ctypes.c_void_p).value


EXECUTABLE = 7  # PROT_READ | PROT_WRITE | PROT_EXEC


def machine_code(code, *kinds):
    """Makes a function of machine code in an anonymous mapping."""
    libc.mmap.restype = ctypes.c_void_p
    at = libc.mmap(None, ctypes.c_size_t(4096), EXECUTABLE, 0x22, -1, ctypes.c_long(0))
    if at == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    ctypes.memmove(at, code, len(code))
    return ctypes.CFUNCTYPE(ctypes.c_long, *kinds)(at)


def expect_child(pid):
    """Waits for a child that must end well, for attacks that managed to make one."""
    if pid == 0:
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def say(text):
    """Prints one line at once."""
    os.write(1, (text.replace("\n", "\\n")[:1800] + "\n").encode())


def go(value):
    """The handler: attack number round(value * 1000)."""
    entry = ATTACKS[round(value * 1000)]
    say(f"attack {entry.name}: {entry.run()}")


def main():
    """The control: each named attack in a forked process, with its outcome on stdout."""
    for name in sys.argv[1:]:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.alarm(int(float(os.environ.get("FIRECURTAIN_PATIENCE", 20))))
            os.write(writing, BY_NAME[name].run().replace("\n", "\\n")[:1800].encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            outcome = pipe.read()
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status):
            outcome = f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
        print(f"attack {name}: {outcome}", flush=True)


def numbers():
    """Returns the numbers of system calls by name, from the kernel's header."""
    text = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read_text()
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", text)}
