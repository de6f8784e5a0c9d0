# SPDX-License-Identifier: BSD-2-Clause
"""Processes as the host sees them: a show's family, and what /proc says of each."""

import contextlib
import os
from pathlib import Path

from waiting import until

SPARES = 2  # SPAWN_SPARES of proto/spawn_request.h


def status(pid, task=None):
    """/proc/PID/status as a dictionary."""
    path = f"/proc/{pid}/task/{task}/status" if task else f"/proc/{pid}/status"
    return dict(line.split(":\t", 1) for line in Path(path).read_text().splitlines() if ":\t" in line)


HAS_CHILDREN = os.path.exists("/proc/thread-self/children")


def _stat(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def children(pid):
    """Those of all its threads: as the kernel lists them, or where it has no such list, found in all of /proc."""
    if not HAS_CHILDREN:
        return [int(each) for each in os.listdir("/proc") if each.isdigit() and _parent(each) == pid]
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as file:
                found += map(int, file.read().split())
    return found


def _parent(pid):
    with contextlib.suppress(OSError):
        return int(_stat(pid)[1])
    return None


def descendants(pid):
    """Returns all descendants of a process, with their start times, since a pid may be used again."""
    family, todo = {}, [pid]
    while todo:
        for child in children(todo.pop()):
            with contextlib.suppress(OSError):
                family[child] = _stat(child)[19]
                todo.append(child)
    return family


def private_folder(show, instance="py1"):
    """Of an instance of the house."""
    (path,) = (show.folder / "state/firecurtain").glob(f"*/{instance}")
    return path


def workers_of(pid):
    """Returns the running workers of a broker, which also has a keeper, a zygote, and perhaps spares."""
    return named(pid, "fc-worker")


def named(pid, name):
    """Returns the children of a process with a certain name."""
    found = []
    for child in children(pid):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{child}/comm").read_text() == name + "\n":
                found.append(child)
    return found


def settled_spares(show, zygotes=1):
    """Waits until the zygotes of a show with workers have all their spares; there are none with cgroups."""
    worker = workers_of(show.pid)[0]
    in_cgroup = Path(f"/proc/{worker}/cgroup").read_text() != Path("/proc/self/cgroup").read_text()
    expected = 0 if in_cgroup else SPARES * zygotes
    until(lambda: len(named(show.pid, "fc-spare")) == expected, f"there are not {expected} spares")
    return named(show.pid, "fc-spare")


def descriptors(pid):
    """Counts the descriptors of a process; None where only root may look, as into a broker."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return None


def surviving(family):
    alive = []
    for pid, start in family.items():
        with contextlib.suppress(OSError):
            if _stat(pid)[19] == start:
                alive.append(pid)
    return alive
