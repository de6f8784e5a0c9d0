"""Plays four cues: each is a level of the light, which the fader scales."""

import midimonster

LEVELS = [0, 0.25, 0.7, 1]
cue = 0
dimmed = lit = 0.0  # what the fader and the switch say


def show():
    midimonster.output("cue", cue / (len(LEVELS) - 1))
    midimonster.output("light", max(LEVELS[cue] * dimmed, 0.2 * lit))


def go(value):
    global cue
    if value:
        cue = min(cue + 1, len(LEVELS) - 1)
        show()


def back(value):
    global cue
    if value:
        cue = 0
        show()


def master(value):
    global dimmed
    dimmed = value
    show()


def worklight(value):
    global lit
    lit = value
    show()
