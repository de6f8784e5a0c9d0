"""A sine wave over 24 dimmers, 25 times a second."""

import math

import midimonster

DIMMERS = 24
STEP_MS = 40

phase = 0.0
turns_per_second = 0.25
brightness = 1.0


def speed(value):
    """Fader 0…1: from standing still to two turns a second."""
    global turns_per_second
    turns_per_second = 2 * value


def level(value):
    """Fader 0…1: how bright the crest is."""
    global brightness
    brightness = value


def step():
    global phase
    phase = (phase + turns_per_second * STEP_MS / 1000) % 1
    for n in range(DIMMERS):
        height = 0.5 + 0.5 * math.sin(2 * math.pi * (phase + n / DIMMERS))
        midimonster.output(f"dimmer{n + 1}", brightness * height)


midimonster.interval(step, STEP_MS)
