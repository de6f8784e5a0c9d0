# SPDX-License-Identifier: BSD-2-Clause
"""A launcher that has the kernel refuse system calls to what it starts, as containers, hardened units and older kernels do."""

import errno
import json
import sys

PROGRAM = """
import ctypes, json, os, sys
lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
lib.seccomp_init.restype = ctypes.c_void_p
class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("mask", ctypes.c_uint64), ("value", ctypes.c_uint64)]
MASKED_EQ = 7
context = ctypes.c_void_p(lib.seccomp_init(ctypes.c_uint32(0x7fff0000)))
for name, error, compare in json.loads(sys.argv[1]):
    number = lib.seccomp_syscall_resolve_name(name.encode())
    if number < 0:
        continue
    compares = (Compare * 1)(Compare(compare[0], MASKED_EQ, compare[1], compare[2])) if compare else None
    if lib.seccomp_rule_add_array(context, ctypes.c_uint32(0x00050000 | error), number, int(bool(compare)), compares) != 0:
        sys.exit("no rule for " + name)
if lib.seccomp_load(context) != 0:
    sys.exit("no filter")
os.execv(sys.argv[2], sys.argv[2:])
"""


def refusing(names, error=errno.EPERM, more=()):
    """All calls of these names fail with this error; `more` has (name, error, (argument, mask, value)): only those calls do."""
    rules = [(name, error, None) for name in names] + list(more)
    return (sys.executable, "-c", PROGRAM, json.dumps(rules))
