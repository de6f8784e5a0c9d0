# SPDX-License-Identifier: BSD-2-Clause
"""Ends a script as Python ends a program: exit functions, then what objects do at their end, then what is in buffers.

The interpreter itself is not finalised: that would write to every page that the workers share.
"""

import _io
import atexit
import gc
import sys
import types


def _name(each):
    try:
        return each.name
    except Exception:  # of a detached file not even that can be asked
        return type(each).__name__


def _attempt(function, each):
    try:
        function(each)
    except BaseException as error:  # TimeoutError and SystemExit included: the next one has its turn
        print(f"at the end of the script, {_name(each)!r}: {type(error).__name__}: {error}", file=sys.stderr)


def _flush_one(file):
    try:
        is_open = not file.closed
    except ValueError:  # detached
        return
    if is_open:
        file.flush()


def _flush(files, *kinds):
    for each in files:
        if issubclass(type(each), kinds):
            _attempt(_flush_one, each)


def _finalizer(kind):
    """What Python code does at the end of such an object: that of a file that writes more than a buffer, for example."""
    for base in kind.__mro__:
        function = base.__dict__.get("__del__")
        if isinstance(function, types.FunctionType):
            return function
    if issubclass(kind, _io._IOBase) and kind.__module__ != "_io":
        return kind.close
    return None


def _look():
    """The files that the script has, and (function, object) of what else is to be done; there may be millions of objects."""
    kinds, files, finals = {}, [], []
    for each in gc.get_objects():  # without those that were there before the script
        kind = type(each)
        if id(kind) not in kinds:
            kinds[id(kind)] = issubclass(kind, _io._IOBase), _finalizer(kind)
        is_file, function = kinds[id(kind)]
        if is_file:
            files.append(each)
        if function:
            finals.append((function, each))
    return files, finals


def finish():
    atexit._run_exitfuncs()
    files, finals = _look()
    _flush(files, _io.TextIOWrapper)
    _flush(files, _io.BufferedWriter, _io.BufferedRandom, _io.BufferedRWPair)
    for function, each in reversed(finals):
        _attempt(function, each)
    _flush(files, _io.BufferedWriter, _io.BufferedRandom)
