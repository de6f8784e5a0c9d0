# SPDX-License-Identifier: BSD-2-Clause
"""Refuses new processes by name, where Python knows the name. What makes the system calls itself meets the filter."""

import _posixsubprocess
import errno
import os
import sys


def _refuse(reason, name=None):
    print(f"<4>{reason}{': ' if name else ''}{name or ''}", file=sys.stderr)
    raise PermissionError(errno.EPERM, reason, name)


def _program(arguments):
    """The program's name; for a shell, what it is to run. Within a worker, sys.executable is empty."""
    words = [os.fsdecode(word) for word in arguments]
    return words[2] if words[1:2] == ["-c"] and len(words) > 2 else words[0] if words and words[0] else "python"


def _refuse_program(name):
    _refuse("a script cannot start programs", name)


def _refuse_process(*arguments):
    _refuse("a script cannot start processes; threads work, also multiprocessing.pool.ThreadPool")


def _fork_exec(arguments, *rest):
    if any("multiprocessing." in os.fsdecode(word) for word in arguments):  # its helpers, such as for SharedMemory
        _refuse_process()
    _refuse_program(_program(arguments))


def _system(command):
    _refuse_program(os.fsdecode(command))


def _exec(path, arguments, *rest, **how):
    _refuse_program(os.fsdecode(path))


def _spawn(mode, file, arguments, environment, function):
    _refuse_program(os.fsdecode(file))


def processes():
    _posixsubprocess.fork_exec = _fork_exec
    os.fork = os.forkpty = _refuse_process
    os.system = _system
    os.execv = os.execve = os.posix_spawn = os.posix_spawnp = _exec
    os._execvpe = _exec
    os._spawnvef = _spawn
