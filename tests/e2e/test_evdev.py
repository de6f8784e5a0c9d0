# SPDX-License-Identifier: BSD-2-Clause
"""evdev without a device: what `check` says of configurations, and how a show goes on while there is none.

Devices themselves are tests/vm/test_evdev.py.
"""

import os
import re

import control
import pytest
from processes import named
from waiting import until

OSC = "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n"

# What configurations of MIDIMonster do with evdev.
SHIPPED = {
    "a gamepad to Art-Net": "[backend artnet]\nbind = 0.0.0.0 6454\nnet = 0\n[evdev xbox]\ndevice = /dev/input/event14\n"
        "[artnet out]\nuni = 0\ndest = 255.255.255.255\n[map]\nxbox.EV_ABS.ABS_X > out.1+2\nxbox.EV_ABS.ABS_BRAKE > out.8\n"
        "xbox.EV_ABS.ABS_GAS > out.23\nxbox.EV_KEY.BTN_NORTH > out.5\nxbox.EV_KEY.BTN_EAST > out.6\nxbox.EV_KEY.BTN_SOUTH > out.7\n",
    "a joystick": "[evdev controller]\naxis.ABS_X = 34300 0 65536 255 4095\naxis.ABS_Y = 34300 0 65536 255 4095\nrelaxis.REL_X = 65535\n"
        "output = MIDIMonster\n[loopback lc]\n[map]\nlc.cc0 > controller.EV_ABS.ABS_X\nlc.cc1 > controller.EV_ABS.ABS_Y\n"
        "lc.note0 > controller.EV_KEY.BTN_A\nlc.note1 > controller.EV_KEY.BTN_B\n",
    "a mouse": "[evdev mouse]\noutput = MIDI Mouse\nrelaxis.REL_X = 255\nrelaxis.REL_Y = 255\n[loopback launch]\n[map]\n"
        "launch.cc0 > mouse.EV_REL.REL_X\nlaunch.cc1 > mouse.EV_REL.REL_Y\nlaunch.note0 > mouse.EV_KEY.BTN_LEFT\n",
    "everything else": "[backend evdev]\ndetect = on\n[evdev pad]\ninput = Xbox Wireless\nexclusive = 1\nid = 0x1 0x2 0x3\noutput = Pad\n"
        "axis.ABS_X = 0 -128 127 0 0 1\nrelaxis.REL_X = -1024 512\n[loopback near]\n[map]\npad.EV_ABS.ABS_X <> near.x\npad.EV_REL.REL_X > near.y\n"
        "pad.EV_KEY.30 > near.z\npad.alive > near.alive\n",
}

# (options, channel, direction, what is said)
REFUSED = [
    ("device = /dev/input/event0", "EV_KEY.KEY_SPCE", "source", 'error: "KEY_SPCE" is not a code of EV_KEY; did you mean "KEY_SPACE"?'),
    ("device = /dev/input/event0", "EV_BTN.BTN_LEFT", "source", 'error: "EV_BTN" is not a type of events'),
    ("device = /dev/input/event0", "KEY_A", "source", 'error: "KEY_A" is not a channel: those are a type and a code'),
    ("device = event0", "EV_KEY.KEY_A", "source", "error: expected the path of a device.* write input = event0"),
    ("device = /dev/input/event0\ninput = X", "EV_KEY.KEY_A", "source", "error: device and input name one device each"),
    ("output = X", "EV_ABS.ABS_X", "target", r"error: an absolute axis that is set needs its range: axis.ABS_X = VALUE MIN MAX"),
    ("output = X\naxis.ABS_X = 5 9 3", "EV_ABS.ABS_X", "target", "error: the minimum 9 is not below the maximum 3"),
    ("output = X\naxis.ABS_KAT = 0 0 9", "EV_KEY.KEY_A", "target", 'error: "ABS_KAT" is not a code of EV_ABS; did you mean "ABS_'),
    ("output = X\naxes.ABS_X = 0 0 9", "EV_KEY.KEY_A", "target", 'error: the backend evdev has no option "axes.ABS_X"'),
    ("output = X", "alive", "target", "error: the channel alive cannot be set"),
    ("device = /dev/input/event0", "EV_KEY.KEY_A", "target", "warning: nothing can be set on .*the instance makes no device"),
    ("output = X", "EV_KEY.KEY_A", "source", "warning: nothing comes from .*the instance reads no device"),
    ("exclusive = 1", "EV_KEY.KEY_A", "source", "warning: it reads no device and makes none"),
]


@pytest.mark.one_setting
def test_configurations(firecurtain):
    for name, text in SHIPPED.items():
        result = firecurtain("check", "show.cfg", files={"show.cfg": text})
        assert result.returncode == 0 and "warning" not in result.stderr, f"{name}: {result.stderr}"
    for options, channel, direction, told in REFUSED:
        route = f"in.{channel} > near.a" if direction == "source" else f"near.a > in.{channel}"
        result = firecurtain("check", "show.cfg", files={"show.cfg": f"[loopback near]\n[evdev in]\n{options}\n[map]\n{route}\n"})
        assert re.search(told, result.stderr), f"{options}, {channel}: {result.stderr}"
        assert result.returncode == (78 if "error" in told else 0), result.stderr


def test_it_is_said_once_that_there_is_no_device(play):
    """Neither the device that is read nor, where there is no uinput, one that is made; the others go on."""
    show = play(config=OSC + "[evdev pedal]\ndevice = /dev/shm/no-such-pedal\n[evdev maker]\noutput = A maker\n[loopback near]\n[map]\n"
                "wire./a > near.a\nnear.a > wire./a\npedal.EV_KEY.KEY_A > wire./key\npedal.alive > wire./alive\nwire./b > maker.EV_KEY.KEY_B\n", ready=())
    show.log.wait('^the device "/dev/shm/no-such-pedal" is not there; waiting for it$', "pedal", "warning")
    until(lambda: 0 in show.wire.waiting("/alive"), "it is no channel")
    if os.path.exists("/dev/uinput"):
        pytest.skip("this machine has uinput: what is said without it is not seen")
    show.log.wait("cannot start: there is no /dev/uinput: the module is not loaded .modprobe uinput.; trying again until it can", "maker", "error")
    told = control.wait_for(show, "maker", "down")
    assert told["detail"] == "there is no /dev/uinput: the module is not loaded (modprobe uinput)"
    assert control.wait_for(show, "pedal", "down")["detail"] == 'waiting for "/dev/shm/no-such-pedal"'
    # a driver that could not open it is confined for good: another one looks whether it is there now
    before = told["pid"]
    until(lambda: control.status(show)["maker"].get("pid") not in (None, before), "nobody looks again")
    for n in range(1, 50):
        show.set("/a", n / 64)
        show.expect("/a", n / 64)
    control.wait_for(show, "maker", "down")
    for name in ("maker", "pedal"):
        assert len(show.log.matching("cannot start|is not there", name)) == 1, "once"
    assert not show.log.matching("driver ended"), "that is no failure of the driver"
    assert len(show.log.matching("driver running", "maker")) == 1
    assert len(named(show.pid, "fc-driver")) <= 2
