# SPDX-License-Identifier: BSD-2-Clause
"""A terminal in which a command of the program runs: what is on its screen, keys, and resizing."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import control
import pyte
from harness import environment
from waiting import PATIENCE


class Terminal:
    """The command, from control.command(), on a screen of so many columns and lines."""

    def __init__(self, show, *arguments, columns=80, lines=24, env=(), **how):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.descriptor, theirs = pty.openpty()
        self._set_size(columns, lines)
        self.process = subprocess.Popen(control.command(show, *arguments, **how), stdin=theirs, stdout=theirs, stderr=theirs,
                                        env={**environment(show.folder), "TERM": "xterm-256color", **dict(env)})
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.kill()
        self.process.wait()
        os.close(self.descriptor)

    def _set_size(self, columns, lines):
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns, lines):
        """As a terminal emulator does when its window changes."""
        self._set_size(columns, lines)
        self.screen.resize(lines, columns)
        self.process.send_signal(signal.SIGWINCH)

    def type(self, keys):
        os.write(self.descriptor, keys.encode())

    @property
    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def read(self, timeout):
        """Takes what the command writes. False if there is nothing, or it has ended."""
        if not select.select([self.descriptor], [], [], max(0, timeout))[0]:
            return False
        try:
            self.stream.feed(os.read(self.descriptor, 65536))
        except OSError:  # EIO: nobody has the other end any more
            return False
        return True

    def wait(self, condition):
        """Waits until the lines on the screen meet a condition, and returns them."""
        deadline = time.monotonic() + PATIENCE
        while not condition(self.lines):
            assert self.read(deadline - time.monotonic()), "\n".join(self.lines)
        return self.lines

    def read_to_the_end(self):
        while self.read(PATIENCE):
            pass
        return self.lines

    def colour(self, text):
        """The colour of a text's first character, where it is first on the screen."""
        for y, line in enumerate(self.screen.display):
            if text in line:
                return self.screen.buffer[y][line.index(text)].fg
        raise AssertionError(f"{text} is not on the screen:\n" + "\n".join(self.lines))
