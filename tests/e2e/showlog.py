# SPDX-License-Identifier: BSD-2-Clause
"""A show's log, read as it comes."""

import contextlib
import os
import re
import select
import threading
import time

from waiting import PATIENCE

LOG_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}) (error|warning|info|debug|audit) (\S+) ?(.*)")


class Line:
    """One line of the broker's log; any other text has the level 'raw'."""

    def __init__(self, text):
        self.arrived = time.monotonic()
        self.text = text
        match = LOG_LINE.fullmatch(text)
        self.time, self.level, self.instance, self.message = match.groups() if match else (None, "raw", "", text)

    def __repr__(self):
        return self.text


class Log:
    """The broker's stderr, read continuously. A search may begin `after` a position, which lets tests proceed in it."""

    def __init__(self, descriptor):
        self.lines = []
        self.changed = threading.Condition()
        self.ended = False
        self.descriptor = descriptor
        self.waken, self.wake = os.pipe()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        rest = b""
        with contextlib.ExitStack() as stack:
            for descriptor in (self.descriptor, self.waken, self.wake):
                stack.callback(os.close, descriptor)
            while True:
                readable, _, _ = select.select([self.descriptor, self.waken], [], [])
                if self.waken in readable and not self._obey(os.read(self.waken, 1)):
                    break
                if self.descriptor in readable:
                    data = os.read(self.descriptor, 65536)
                    *lines, rest = (rest + data).split(b"\n")
                    self._add(lines if data or not rest else [rest])
                    if not data:
                        break
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _obey(self, command):
        """'h': reads nothing until the next command. 'q': hangs up."""
        if command == b"h":
            command = os.read(self.waken, 1)
        return command != b"q"

    def _add(self, lines):
        with self.changed:
            self.lines += [Line(line.decode(errors="surrogateescape")) for line in lines]
            self.changed.notify_all()

    @contextlib.contextmanager
    def held(self):
        """Reads nothing in this context: the pipe fills."""
        os.write(self.wake, b"h")
        yield
        os.write(self.wake, b".")

    def hang_up(self):
        """Closes the pipe's reading end."""
        os.write(self.wake, b"q")
        self.thread.join()

    def __str__(self):
        return "\n".join(map(str, self.lines))

    @property
    def position(self):
        return len(self.lines)

    def matching(self, pattern="", instance=None, level=None, after=0):
        levels = (level,) if isinstance(level, str) else level
        return [line for line in self.lines[after:] if re.search(pattern, line.message)
                and instance in (None, line.instance) and (levels is None or line.level in levels)]

    def wait(self, pattern, instance=None, level=None, after=0, count=1, timeout=PATIENCE):
        """Waits for the count-th line that matches."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                found = self.matching(pattern, instance, level, after)
                if len(found) >= count:
                    return found[count - 1]
                if self.ended or not self.changed.wait(max(0, deadline - time.monotonic())):
                    raise AssertionError(f"no line {pattern!r} ({instance}, {level}, {len(found)} of {count}) in:\n{self}")

    def messages(self, instance, pattern="", after=0):
        return [line.message for line in self.matching(pattern, instance, after=after)]
