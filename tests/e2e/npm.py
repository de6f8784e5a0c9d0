# SPDX-License-Identifier: BSD-2-Clause
"""Packages of npm as further judges, on machines that have Node.js: installed once, run as programs of tests/npm.

After a change of package.json there: `npm install --package-lock-only --omit-lockfile-registry-resolved` in that folder.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from waiting import PATIENCE, until

SOURCES = Path(__file__).resolve().parents[1] / "npm"
INSTALL = ["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--fetch-retries=2", "--fetch-retry-mintimeout=1000",
           "--fetch-retry-maxtimeout=5000"]
SECONDS = 300
# What npm calls a registry that cannot be reached, or trusted, or that does not have the packages.
UNREACHABLE = r"npm (?:ERR!|error) (?:code )?((?:DEPTH_ZERO_)?SELF_SIGNED_\w+|UNABLE_TO_\w+|CERT_\w+|E(?:NOTFOUND|AI_AGAIN|CONN\w+|TIMEDOUT|NETUNREACH|HOSTUNREACH|RR_SOCKET_TIMEOUT|40[134]|5\d\d))"
FORGOTTEN = 600  # seconds after which the registry is asked again


class Unreachable(Exception):
    """The packages cannot be had; nobody is to blame for that."""


def cache():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firecurtain-npm"


def installed(folder, *options):
    """Returns a folder in `folder` with `node_modules`, the packages in package-lock.json; installs them if need be, once for all processes."""
    locked = (SOURCES / "package-lock.json").read_bytes()
    made, failed = folder / hashlib.sha256(locked).hexdigest()[:16], folder / "failed"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists():
            return made
        if failed.exists() and time.time() - failed.stat().st_mtime < FORGOTTEN:
            raise Unreachable(failed.read_text())
        shutil.rmtree(folder / "new", ignore_errors=True)
        (folder / "new").mkdir()
        try:
            install(folder / "new", *options)
        except Unreachable as why:
            failed.write_text(str(why))
            raise
        (folder / "new").rename(made)
    return made


def install(folder, *options):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCES / name, folder)
    try:
        done = subprocess.run([*INSTALL, f"--prefix={folder}", *options], cwd=folder, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        raise Unreachable(f"npm has not got its packages within {SECONDS} s") from None
    if found := re.search(UNREACHABLE, done.stdout):
        raise Unreachable(f"npm cannot get its packages: {found[1]}")
    assert done.returncode == 0, f"npm fails:\n{done.stdout}"


def packages():
    """Returns the folder with `node_modules`, or skips the test."""
    if missing := [name for name in ("node", "npm") if not shutil.which(name)]:
        pytest.skip(f"needs {' and '.join(missing)}")
    try:
        return installed(cache())
    except Unreachable as why:
        pytest.skip(str(why))


def laid_out(folder):
    """Makes a folder with the programs of tests/npm and their packages, which everybody can read."""
    source = packages() / "node_modules"
    folder.mkdir()
    for program in SOURCES.glob("*.js"):
        shutil.copy(program, folder)
    if os.getuid() == 0:  # the programs run as somebody else, who may not reach the cache
        shutil.copytree(source, folder / "node_modules")
    else:
        (folder / "node_modules").symlink_to(source)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    return folder


class Judge:
    """A program of tests/npm. It takes what it is told, and says what it hears, as lines of JSON: a word and what belongs to it."""

    def __init__(self, folder, name, *arguments, launcher=()):
        if not launcher and os.getuid() == 0:
            launcher = ("setpriv", "--reuid=nobody", "--clear-groups")
        self.heard, self.log = [], []
        self.process = subprocess.Popen([*launcher, "node", str(folder / f"{name}.js"), *map(str, arguments)], cwd="/", text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith("["):
                self.heard.append(json.loads(line))
            else:
                self.log.append(line)

    def tell(self, *words):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def all(self, word):
        """Returns what it has said with this word, oldest first."""
        return [rest for first, *rest in list(self.heard) if first == word]

    def wait(self, word, is_wanted=lambda *rest: True):
        """Waits until the last thing that it has said with this word is what is wanted."""
        until(lambda: (said := self.all(word)) and is_wanted(*said[-1]),
              lambda: f"not {word} as wanted: {self.heard[-5:]}\n{''.join(self.log)}")

    def close(self):
        self.process.stdin.close()  # which ends it
        try:
            assert self.process.wait(PATIENCE) == 0, "".join(self.log)
        finally:
            self.process.kill()
            self.thread.join()
            self.process.stdout.close()
