"""Light does not look linear, so the fader follows a curve."""

import midimonster


def fader(value):
    midimonster.output("level", value ** 2)


print("This show receives OSC on port 8000 of this machine and sends to port 9000. Try, in two terminals:")
print("  oscdump 9000")
print("  oscsend localhost 8000 /fader1 f 0.5")
print("Change lights.py and it is loaded again at once; after a change of show.cfg: firecurtain reload")
