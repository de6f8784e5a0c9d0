#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The table of docs/attacks.md, made from what the hostile scripts declare: `table.py` prints it, `table.py --write`
updates the page."""

import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs/attacks.md"
BEGIN, END = "<!-- made by tests/escape/table.py -->", "<!-- end -->"
MODULES = "attack_files attack_filter attack_gate attack_kernel attack_links attack_network attack_resources attack_sockets".split()


class Row:
    def __init__(self, attack, happens, layers=""):
        self.attack, self.happens = attack, happens
        self.layers = layers.split(", ") if layers else []  # of what is tested beside the attacks


PART = {1: "Kernel", 17: "Files, memory and messages", 29: "Network", 37: "Resources", 53: "Console", 58: "Clients and senders"}
ROWS = {
    1: Row("system calls of i386 and x32", "the worker is killed (SIGSYS)"),
    2: Row("`io_uring`", "EPERM"),
    3: Row("new namespaces: `clone`, `clone3`, `unshare`, `setns`", "EPERM; `clone3` ENOSYS, so that threads still start"),
    4: Row("`fork`, `vfork`, `subprocess`, `os.system`", "EPERM"),
    5: Row("`execve`, a program in memory or of its own", "EPERM, ENOSYS"),
    6: Row("`ptrace`, memory and descriptors of others", "EPERM, ENOSYS"),
    7: Row("signals to every process, the parent, a group", "EPERM, ENOSYS"),
    8: Row("`mount`, `chroot`, `pivot_root` and their successors", "EPERM"),
    9: Row("`bpf`, `perf_event_open`, `userfaultfd`", "EPERM"),
    10: Row("kernel keys", "EPERM"),
    11: Row("typing into the operator's terminal", "EPERM, ENOSYS, ENOTTY"),
    12: Row("a filter of its own, hiding, outliving the broker", "EPERM, ENOSYS"),
    13: Row("`personality`, `modify_ldt`, `arch_prctl`", "EPERM, ENOSYS"),
    14: Row("a refused call by the worker program, which was there before the filter", "EPERM"),
    15: Row("machine code in a mapping of its own", "EPERM"),
    16: Row("handling, blocking or ignoring SIGSYS", "the worker is killed anyway"),
    17: Row("others' files, scripts, folders", "absent (ENOENT); EACCES in the fallback"),
    18: Row("links, FIFOs, devices, sockets left for the broker", "EPERM, ENOSYS"),
    19: Row("`/proc`, `/sys`, `/dev/kmsg`", "absent (ENOENT); EACCES in the fallback"),
    20: Row("inherited descriptors; garbage into each of them", "there are none but its own; the worker ends", "descriptors"),
    21: Row("secrets in the environment", "it is empty"),
    22: Row("shared memory, queues, semaphores, shared folders", "EPERM, ENOSYS; its own `/tmp` and `/state` only"),
    23: Row("locks, leases, notifications, time stamps as a channel", "refused, or answered and not done"),
    24: Row("VSOCK, NETLINK, PACKET, ALG, BLUETOOTH sockets", "EAFNOSUPPORT"),
    25: Row("unix sockets by path or abstract name, descriptors in messages", "EAFNOSUPPORT, EOPNOTSUPP, EPERM"),
    26: Row("posing as another instance on the link", "a link has no name", "link"),
    27: Row("changing the library, scripts, modes, the root; a library of its own",
            "EROFS, EACCES, EPERM; in the fallback its own library is loaded, and can do no more than its script"),
    28: Row("garbage, wrong order, floods on the link", "the worker ends with the reason in the log, or is held up"),
    29: Row("denied hosts and ports; the address changed between check and use", "EACCES; nothing that is denied is reached"),
    30: Row("other ways to write an address; a second connect", "EACCES; each is judged for itself"),
    31: Row("other protocols, fast open, source routes, raw sockets", "EACCES, EOPNOTSUPP, EPERM, ENOSYS"),
    32: Row("a connection that never succeeds, its mode changed in the meantime", "the caller waits, nobody else"),
    33: Row("signals, death, other descriptors during a connect", "nothing is left behind or wrongly placed"),
    34: Row("a flood of connections", "EAGAIN at 50 a second"),
    35: Row("a name that resolves differently later", "the address that it had at the start is reached", "network gate"),
    36: Row("servers without permission", "EACCES"),
    37: Row("endless loops, also native ones that keep the interpreter", "`TimeoutError`, or the worker is killed", "watchdog"),
    38: Row("memory until it fails, in eight instances at once", "ENOMEM in each at its own limit"),
    39: Row("threads and descriptors until it fails", "fails at its own limit; in the fallback threads at the limit of memory"),
    40: Row("floods of output, endless lines, terminal escapes", "cut, counted, escaped"),
    41: Row("large, sparse, deep, many files", "EFBIG, or the worker ends"),
    42: Row("its own crash, exit, stop", "started again; stopping itself has no effect, in the fallback its own instance waits"),
    43: Row("a crash loop", "one start a second, no zombies", "broker"),
    44: Row("core dumps, also piped ones", "none", "limits"),
    45: Row("floods of outputs, intervals, sockets, channels; strange names", "accepted, or an exception at a limit"),
    46: Row("telling whether the host has a network", "the same answers on a host with and on one without",
            "system calls, network gate"),
    47: Row("being the host's root", "no process below the broker is, whoever starts the broker", "identity"),
    48: Row("lies in the memory that tells how far the worker is", "its last values are lost; nobody else notices"),
    49: Row("locking its own memory while it makes calls for which somebody has to read it",
            "the worker ends; others have their turns"),
    50: Row("memory that is no longer writable, page tables, a sparse terabyte",
            "ENOMEM, or the worker ends, at `memory` and an allowance", "limits, broker"),
    51: Row("blocks of the private folder that no write is seen for", "ENODEV, EOPNOTSUPP, ENOSYS; with deleted files that stay open the worker ends"),
    52: Row("multicast groups and interfaces of the host, on sockets that may send", "EACCES"),
    53: Row("requests from pages of others: foreign `Host`, `Origin`, type; no preflight succeeds", "403, 421, 400, 405", "desk"),
    54: Row("paths that lead elsewhere, huge heads and bodies, malformed requests", "404, 413, 400, or the connection ends", "desk"),
    55: Row("a byte a second, 1,000 connections, many of one browser, a page that does not read",
            "closed after ten seconds, or gives way; others go on and get in, and so does the show", "desk"),
    56: Row("guessed, used or revoked tokens; more than a role may", "401, and 429 for more than 200 tokens a second from an address, or 100 in cookies; who is signed in there does not notice; refused, with a line in the audit log", "desk, broker"),
    57: Row("guessed PINs of a tablet, with and without its link", "refused; 429 after three in a second, and after five in a row none is looked at for five minutes", "desk, broker"),
    58: Row("OSC address patterns that match everything, or take long to compare", "followed a little in each turn, and dropped beyond an allowance; others' events go on", "broker"),
    59: Row("misspelt names, again and again, among thousands of long ones", "a search for the nearest one has a limit, and there are 50 a second", "broker"),
    60: Row("requests of hundreds of names", "they count as many", "desk, broker"),
    61: Row("names that are no text, from peers and devices; all places of a session", "question marks; four places for a host", "broker"),
}


def attacks():
    """Returns all attacks that the hostile scripts declare, with replacements for modules that exist only in workers."""
    sys.path.insert(0, str(HERE / "hostile"))
    for name in ("places", "ports"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules.setdefault("midimonster", types.SimpleNamespace(output=lambda *_: None))
    for name in MODULES:
        __import__(name)
    from attacklib import ATTACKS
    return sorted(ATTACKS, key=lambda entry: MODULES.index(entry.function.__module__))  # whoever else imported them first


def layers(row, entries):
    """Returns 'a, b; fallback: c': what stops the attacks of a row, and what else does so without namespaces."""
    usual, fallback = (dict.fromkeys([*(entry.layers[n] for entry in entries), *ROWS[row].layers]) for n in (0, 1))
    return ", ".join(usual) + ("" if set(usual) == set(fallback) else "; fallback: " + ", ".join(fallback))


def table(entries):
    lines = ["| | attack | tries | what happens | layer |", "| --- | --- | --- | --- | --- |"]
    for number, row in ROWS.items():
        if number in PART:
            lines.append(f"| | **{PART[number]}** | | | |")
        own = [entry for entry in entries if entry.row == number]
        assert own or row.layers, f"row {number} is not tested"
        lines.append(f"| {number} | {row.attack} | {len(own) or ''} | {row.happens} | {layers(number, own)} |")
    for entry in entries:
        assert entry.row in ROWS, entry.name
        assert all(entry.layers), entry.name
    holes = {}
    for entry in entries:
        if entry.hole:
            holes.setdefault(entry.hole, []).append(entry.name)
    lines += ["", "Known to succeed in the fallback:", ""]
    lines += [f"* {', '.join(f'`{name}`' for name in names)}: {why}" for why, names in holes.items()]
    return "\n".join(lines)


def page(entries):
    """Returns the page as it should be."""
    before, rest = PAGE.read_text().split(BEGIN)
    return f"{before}{BEGIN}\n{table(entries)}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(attacks()))
    else:
        print(table(attacks()))
