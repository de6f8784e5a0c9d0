# SPDX-License-Identifier: BSD-2-Clause
"""Ends a script as Python ends a program: exit functions, then what objects do at their end, then what is in buffers.

The interpreter itself is not finalised: that would write to every page that the workers share.
"""

import _io
import atexit
import gc
import sys
import types


def _attempt(function, what):
    try:
        function()
    except BaseException as error:  # TimeoutError and SystemExit included: the next one has its turn
        print(f"at the end of the script, {what!r}: {type(error).__name__}: {error}", file=sys.stderr)


def _flush(objects, *kinds):
    for each in objects:
        if issubclass(type(each), kinds) and not each.closed:
            _attempt(each.flush, getattr(each, "name", type(each).__name__))


def _finalizer(kind):
    """What Python code does at the end of such an object: that of a file that writes more than a buffer, for example."""
    for base in kind.__mro__:
        function = base.__dict__.get("__del__")
        if isinstance(function, types.FunctionType):
            return function
    if issubclass(kind, _io._IOBase) and kind.__module__ != "_io":
        return kind.close
    return None


def finish():
    atexit._run_exitfuncs()
    objects = gc.get_objects()  # without those that were there before the script
    _flush(objects, _io.TextIOWrapper)
    _flush(objects, _io.BufferedWriter, _io.BufferedRandom, _io.BufferedRWPair)
    for each in reversed(objects):
        function = _finalizer(type(each))
        if function:
            _attempt(types.MethodType(function, each), type(each).__name__)
    _flush(objects, _io.BufferedWriter, _io.BufferedRandom)
