# SPDX-License-Identifier: BSD-2-Clause
"""The Debian packages have what meson installs, and need what dev installs to build."""

import json
import os
import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
DEBIAN = TOP / "broker/debian"
BUILD = Path(os.environ.get("FIRECURTAIN_BIN", TOP / "build/broker/firecurtain")).resolve().parents[1]
# Every Debian machine that builds packages has these.
ESSENTIAL = {"gcc", "libc6-dev", "ninja-build"}


def test_packages_are_built_from_what_dev_installs():
    listed = set(re.search(r"^build_packages='([^']*)'", (TOP / "dev").read_text(), re.M)[1].split())
    needed = re.search(r"^Build-Depends: (.*(?:\n .*)*)", (DEBIAN / "control").read_text(), re.M)[1]
    assert listed - ESSENTIAL <= set(re.findall(r"[a-z0-9][a-z0-9.+-]+", needed))


def test_every_program_that_is_installed_is_built_for_the_package():
    found = set()
    for path in (TOP / "broker/meson.build", TOP / "worker/meson.build"):
        for name, how in re.findall(r"^executable\('([^']+)'(.*?)\)$", path.read_text(), re.M | re.S):
            if "install: true" in how:
                found.add(f"{path.parent.name}/{name}")
    drivers = re.search(r"^drivers = \[\n(.*?)^\]", (TOP / "broker/meson.build").read_text(), re.M | re.S)[1]
    drivers = set(re.findall(r"^  \['([^']+)'", drivers, re.M))
    assert {"loopback", "mqtt"} <= drivers
    listed = re.search(r"^DRIVERS = (.*)$", (DEBIAN / "rules").read_text(), re.M)[1].split()
    assert drivers == set(listed)
    packed = {line for path in DEBIAN.glob("*.install") for line in path.read_text().split()}
    assert {f"usr/libexec/firecurtain/firecurtain-driver-{name}" for name in drivers} <= packed
    rules = re.search(r"^PROGRAMS = (.*)$", (DEBIAN / "rules").read_text(), re.M)[1]
    rules = re.sub(r"\$\(addprefix (\S+),(.*?)\)", lambda each: " ".join(each[1] + word for word in each[2].split()), rules)
    assert len(found) >= 4 and found <= set(rules.split())


@pytest.mark.skipif(not (BUILD / "meson-info/intro-installed.json").exists(), reason="needs a build")
def test_every_file_that_is_installed_is_in_a_package():
    """As it lies in debian/tmp: below /usr, and units of the system where debhelper looks for them."""
    installed = json.loads((BUILD / "meson-info/intro-installed.json").read_text()).values()
    options = json.loads((BUILD / "meson-info/intro-buildoptions.json").read_text())
    prefix = next(option["value"] for option in options if option["name"] == "prefix") + "/"
    packed = {line.split()[0] for path in DEBIAN.glob("*.install") for line in path.read_text().splitlines()}
    places = {re.sub(r"python3\.\d+", "python3", path.removeprefix(prefix)) for path in installed}
    places = {path if path.startswith("lib/systemd/system/") else "usr/" + path for path in places}
    left = {path for path in places if not any(path == line or path.startswith(line + "/") for line in packed)}
    assert len(places) > 20 and not left, left
