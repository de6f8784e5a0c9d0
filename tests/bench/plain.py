# SPDX-License-Identifier: BSD-2-Clause
"""The floor of frames: the scripts of a show in one plain Python process, with a dictionary in place of the product.

    plain.py FOLDER CHANNELS FRAMES

Prints the nanoseconds of each frame.
"""

import json
import sys
import time
import types

folder, channels, frames = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
values = {}
sys.modules["midimonster"] = types.SimpleNamespace(output=values.__setitem__)
sys.path.insert(0, folder)

import sender  # noqa: E402 the show's scripts import the module above
import taker  # noqa: E402


def frame(value, handlers):
    sender.frame(value)
    for handler in handlers:
        handler(value)


def main():
    handlers = [taker.each] * (channels - 1) + [taker.last]
    samples = []
    for number in range(frames):
        value = number % 1024 / 1024
        began = time.perf_counter_ns()
        frame(value, handlers)
        samples.append(time.perf_counter_ns() - began)
    print(json.dumps(samples))


main()
