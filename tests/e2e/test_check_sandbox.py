# SPDX-License-Identifier: BSD-2-Clause
"""firecurtain check --sandbox: what holds on this kernel, found by trying, and what the options allow."""

import re

import pytest
from harness import IS_ASAN, root_only, without_user_namespaces

LAYERS = ["namespaces", "identity", "limits", "private root", "capabilities", "Landlock", "system calls"]
SCRIPT = "print('it ran')\ndef f(value): pass\n"


def show(*options, more=""):
    text = "\n".join(["[loopback l]", "[python py1]", "module = script", *options, more, "[map]", "l.a > py1.script.f"])
    return {"show.cfg": text + "\n", "script.py": SCRIPT}


def report(result):
    """{instance: ({layer: (outcome, text)}, {option: words}, headline)}"""
    found = {}
    for part in re.split(r"^(?=\S+: would )", result.stdout, flags=re.M)[1:]:
        layers, options = part.split("\n  options\n")
        rows = re.findall(r"^    (\S+(?: \S+)?) +(holds|absent|fails|not tried) +(.*)$", layers, re.M)
        found[part.split(":")[0]] = ({name: (outcome, text) for name, outcome, text in rows},
                                     dict(re.findall(r"^    (\S.*?) {2,}(\S.*)$", options, re.M)), part.splitlines()[0])
    return found


def landlock_abi():
    import ctypes
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)


def test_all_layers_hold_and_no_script_runs(firecurtain, identity):
    result = firecurtain("check", "--sandbox", "show.cfg", files=show())
    assert result.returncode == 0, result.stdout + result.stderr
    layers, _, headline = report(result)["py1"]
    assert list(layers) == [*LAYERS, "cgroup"] and headline == "py1: would start"
    assert {layers[name][0] for name in LAYERS} == {"holds"}, result.stdout
    assert "net" in layers["namespaces"][1]
    assert f"ABI {landlock_abi()}" in layers["Landlock"][1]
    assert re.search(rf"uid {identity.uid} .*outside" if identity.uid else r"uid [1-9]\d* .*outside", layers["identity"][1])
    if not IS_ASAN:
        assert "512 MiB of memory" in layers["limits"][1]
    assert "it ran" not in result.stdout + result.stderr and result.stderr == ""


def test_without_user_namespaces_it_says_why_and_what_holds_alone(firecurtain, identity):
    result = firecurtain("check", "--sandbox", "show.cfg", files=show(), launcher=without_user_namespaces(identity.uid or 1))
    assert result.returncode == 0, result.stdout + result.stderr
    layers, _, _ = report(result)["py1"]
    assert {name for name, (outcome, _) in layers.items() if outcome == "absent"} - {"cgroup"} == {"namespaces", "private root"}
    assert {name for name, (outcome, _) in layers.items() if outcome == "holds"} - {"cgroup"} == set(LAYERS) - {"namespaces", "private root"}
    assert re.search(r"refused by this kernel \(.*sysctl user\.max_user_namespaces = 0\); only Landlock, the system call "
                     "filter and the limits hold", layers["namespaces"][1])


def test_drivers_are_tried_too(firecurtain, identity):
    """Each layer by a driver that confines itself and starts nothing; and what its options open."""
    files = {"show.cfg": "[loopback-driver alone]\n[mqtt engine]\nhost = 10.0.0.5:1884\nclientid = x\n[evdev pedal]\ninput = Pedal\n"
             "output = Mine\n[loopback l]\n[map]\nl.a > alone.a\nl.b > engine.b\npedal.EV_KEY.KEY_A > l.c\n"}
    result = firecurtain("check", "--sandbox", "show.cfg", files=files)
    assert result.returncode == 0, result.stdout + result.stderr
    found = report(result)
    assert list(found) == ["alone", "engine", "pedal"]
    for name, (layers, _, headline) in found.items():
        assert headline == f"{name}: would start" and list(layers) == LAYERS and {outcome for outcome, _ in layers.values()} == {"holds"}, layers
        assert re.search(rf"uid {identity.uid}\b" if identity.uid else r"uid [1-9]\d* ", layers["identity"][1])
    assert found["alone"][1] == {"nothing": "no file, no device, no network"}
    assert found["engine"][1] == {"host 10.0.0.5": "may open TCP connections to 10.0.0.5, port 1884"}
    assert set(found["pedal"][1]) == {"group input", "device /dev/input", "device /dev/uinput"}
    assert "gate" in found["engine"][0]["system calls"][1] and "gate" not in found["pedal"][0]["system calls"][1]

    result = firecurtain("check", "--sandbox", "show.cfg", files=files, launcher=without_user_namespaces(identity.uid or 1))
    assert result.returncode == 0, result.stdout + result.stderr
    for layers, _, _ in report(result).values():
        assert {name for name, (outcome, _) in layers.items() if outcome == "absent"} == {"namespaces", "private root"}


@pytest.mark.parametrize("option, words", [
    ("connect = tcp:10.0.0.5:80", "may open TCP connections to 10.0.0.5, port 80"),
    ("connect = udp:10.0.0.0/8:5000-5010", "may send UDP datagrams to 10.0.0.0/8, ports 5000-5010"),
    ("connect = [fe80::1]/64:*", "may open TCP connections and send UDP datagrams to [fe80::1]/64, any port"),
    ("connect = localhost:80", r"may open TCP connections and send UDP datagrams to localhost.*, port 80"),
    ("connect = *:53", "may open TCP connections and send UDP datagrams to any address, port 53"),
    ("listen = tcp:127.0.0.1:9000", "may accept TCP connections on 127.0.0.1, port 9000"),
    ("listen = *:9000", "may accept TCP connections and receive UDP datagrams on any address, port 9000"),
    ("read = /usr/share", "may read this, in its usual place"), ("env = TZ=Europe/Berlin", "sees this variable"),
    ("memory = 256M", "256 MiB of private memory"), ("threads = 7", "7 threads"), ("files = 99", "99 files and sockets"),
    ("state = 2G", "2 GiB in its private folder"), ("state-files = 77", "77 files"), ("log-rate = 5", "5 lines a second"),
    ("insecure-network = host", "may talk to everything"),
])
@pytest.mark.one_setting
def test_an_option_is_said_in_words(firecurtain, option, words):
    result = firecurtain("check", "--sandbox", "show.cfg", files=show(option))
    assert result.returncode == 0, result.stdout + result.stderr
    layers, options, _ = report(result)["py1"]
    assert re.match(words if ".*" in words else re.escape(words), options[option]), options
    assert layers["namespaces"][0] == "holds" and ("host's network" in layers["namespaces"][1]) == (option == "insecure-network = host")
    if option == "files = 99":
        assert "115 descriptors" in layers["limits"][1]  # and the worker's own


@pytest.mark.one_setting
def test_each_instance_has_its_own_part(firecurtain):
    result = firecurtain("check", "--sandbox", "show.cfg", files=show(more="[python py2]\nmodule = script\nthreads = 9"))
    assert result.returncode == 0
    found = report(result)
    assert list(found) == ["py1", "py2"] and "10 threads" in found["py2"][0]["limits"][1]


@root_only
def test_a_layer_that_cannot_be_set_up_is_named_and_is_the_exit_status(firecurtain):
    """On a machine without /dev/urandom."""
    launcher = ("unshare", "--mount", "sh", "-c",
                'mount -t tmpfs none /mnt && touch /mnt/null && mount --bind /dev/null /mnt/null && '
                'mount --rbind /mnt /dev && exec "$@"', "sh")
    result = firecurtain("check", "--sandbox", "show.cfg", files=show(), launcher=launcher)
    assert result.returncode == 71, result.stdout + result.stderr
    layers, _, headline = report(result)["py1"]
    assert headline.startswith("py1: would NOT start: ")
    assert layers["private root"][0] == "fails" and "/dev/urandom" in layers["private root"][1]
    assert [layers[name][0] for name in LAYERS] == ["holds"] * 3 + ["fails"] + ["not tried"] * 3


@pytest.mark.one_setting
def test_a_configuration_with_errors_is_not_tried(firecurtain):
    result = firecurtain("check", "--sandbox", "show.cfg", files=show("threads = many"))
    assert result.returncode == 78 and "would start" not in result.stdout


@pytest.mark.one_setting
def test_the_option_belongs_to_check(firecurtain):
    result = firecurtain("run", "--sandbox", "show.cfg", files=show())
    assert result.returncode == 64 and "firecurtain check" in result.stderr
