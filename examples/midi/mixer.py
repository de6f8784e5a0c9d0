"""Seven faders under a master; all lights keep their levels when the controller is unplugged."""

import midimonster

levels = {}
grand = 1.0


def send(n):
    midimonster.output(f"light{n}", levels[n] * grand)


def fader(value):
    """A fader of the controller: fader1 to fader7."""
    n = int(midimonster.current().removeprefix("fader"))
    levels[n] = value
    send(n)


def master(value):
    global grand
    grand = value
    midimonster.output("lamp", 1 if value > 0 else 0)
    for n in levels:
        send(n)


def alive(value):
    print("the faders are", "there" if value else "not there")
