"""Answers a fader with its mirror image."""

import midimonster


def fader(value):
    print(f"fader at {value:.2f}")
    midimonster.output("answer", 1 - value)
