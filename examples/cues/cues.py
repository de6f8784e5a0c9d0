"""Plays a list of cues. Nothing here waits: an interval looks 25 times a second what is due, so STOP always works."""

import midimonster

# Of each cue its steps: seconds after GO, the light, its level, and how many seconds the fade takes.
CUES = [
    [(0, "front", 0.8, 1)],
    [(0, "front", 0.2, 1), (0.5, "back", 1, 0.5), (1.5, "back", 0.4, 1)],
    [(0, "front", 0, 2), (0, "back", 0, 2)],
]
STEP_MS = 40

cue = 0     # how many were played
steps = []  # those to come: when, in ms, the light, its level, and the ms of the fade
fades = {}  # of each light that is moving: since when, from and to which level, and for how many ms


def go(value):
    """The next cue; after the last one, the first. A button is 1 while it is held, and then 0."""
    global cue
    if value:
        now = midimonster.timestamp()
        steps.extend((now + 1000 * after, light, level, 1000 * fade) for after, light, level, fade in CUES[cue % len(CUES)])
        cue += 1
        midimonster.output("cue", (cue - 1) % len(CUES) / (len(CUES) - 1))
        midimonster.interval(step, STEP_MS)


def stop(value):
    """The lights stay as they are; what was to come does not come."""
    if value:
        steps.clear()
        fades.clear()


def step():
    now = midimonster.timestamp()
    for due in [each for each in steps if each[0] <= now]:
        steps.remove(due)
        begin, light, level, fade = due
        fades[light] = begin, midimonster.outputvalue(light), level, fade
    for light, (begin, start, level, fade) in list(fades.items()):
        share = min((now - begin) / fade, 1) if fade else 1
        midimonster.output(light, start + (level - start) * share)
        if share == 1:
            del fades[light]
    if not steps and not fades:
        midimonster.interval(step, 0)  # until the next GO
