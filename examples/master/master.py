"""A master fader over 24 channels of a console; when the console is gone, the stage goes dark in a second."""

import midimonster

CHANNELS = 24
STEP_MS = 40

levels = [0.0] * CHANNELS
grand = 1.0


def put_out():
    for n, value in enumerate(levels):
        midimonster.output(f"out{n + 1}", value * grand)


def level(value):
    """A channel of the console: in1 to in24."""
    levels[int(midimonster.current().removeprefix("in")) - 1] = value
    put_out()


def fader(value):
    global grand
    grand = value
    put_out()


def fade():
    levels[:] = [max(0.0, value - STEP_MS / 1000) for value in levels]
    put_out()


def console(alive):
    """Whether the console sends: alive is 1 or 0."""
    midimonster.interval(fade, 0 if alive else STEP_MS)
