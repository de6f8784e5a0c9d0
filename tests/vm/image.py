# SPDX-License-Identifier: BSD-2-Clause
"""The virtual machine's disk: a Debian of the host's release from the host's apt sources, its kernel, and an initramfs.

All of it is kept in a folder named after what it is made of, so it is made again only when that changes.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

# What a server has, what the programs need, and what the tests do.
PACKAGES = """systemd-sysv udev kmod dbus apt-utils libpam-systemd
    libpython3.11 libzmq5 libprotobuf-c1 libseccomp2 liblo7 libncursesw6 libevdev2 libmosquitto1 libcjson1 zlib1g
    libmicrohttpd12 libqrencode4 libasound2 alsa-utils
    python3 python3-evdev python3-pytest python3-pytest-xdist liblo-tools iproute2 procps util-linux linux-libc-dev""".split()
# The drivers of the disk are modules, and so is its file system; busybox loads them.
EARLY = """virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk crc16 crc32c_generic libcrc32c
    mbcache jbd2 ext4""".split()
# Drivers of devices that the machine does not have are most of the modules.
LEFT_OUT = ["drivers/gpu", "drivers/net", "drivers/media", "drivers/infiniband", "drivers/scsi", "drivers/staging", "drivers/iio",
            "drivers/hwmon", "drivers/usb", "drivers/mtd", "drivers/edac", "drivers/thunderbolt", "net/wireless", "sound/soc",
            "sound/pci", "fs/ocfs2", "fs/xfs", "fs/btrfs", "fs/ceph", "fs/nfs", "fs/smb"]
SIZE = "2G"

INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /sys /dev /root
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in virtio_pci virtio_blk crc32c_generic ext4; do $b modprobe $module; done
$b mount -t ext4 /dev/vda /root && exec $b switch_root /root /sbin/init
$b poweroff -f
"""

UNIT = """[Unit]
Description=the tests of firecurtain
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'mount -o ro /dev/vdb /payload && exec sh /payload/tests/vm/guest'
ExecStopPost=/bin/systemctl poweroff --force
StandardOutput=journal+console
StandardError=journal+console
TimeoutStartSec=infinity
"""


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def quietly(*command, **how):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-4000:]}")


class Image:
    """What a machine boots from. `prepare()` makes what is not there yet."""

    def __init__(self, cache):
        release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
        self.codename = release["VERSION_CODENAME"].strip('"')
        depends = output("apt-cache", "depends", "linux-image-amd64").split()
        self.kernel = next(word for word in depends if word.startswith("linux-image-"))
        if self.kernel == "linux-image-amd64":
            self.kernel = [word for word in depends if word.startswith("linux-image-")][1]
        version = output("apt-cache", "policy", self.kernel).split("Candidate:")[1].split()[0]
        recipe = f"{Path(__file__).read_text()} {self.codename} {self.kernel} {version}"
        self.folder = Path(cache) / hashlib.sha256(recipe.encode()).hexdigest()[:16]
        self.cache = Path(cache)

    disk = property(lambda self: self.folder / "root.img")
    initramfs = property(lambda self: self.folder / "initramfs")
    vmlinuz = property(lambda self: self.folder / "vmlinuz")

    def mirror(self):
        """The host's own source of this release."""
        listed = output("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", "Identifier: Packages")
        return next(line.split()[0] for line in listed.splitlines() if line.split()[1:] == [self.codename, "main"])

    def prepare(self):
        """Whether it had to be made."""
        if self.disk.exists() and self.initramfs.exists() and self.vmlinuz.exists():
            return False
        shutil.rmtree(self.cache, ignore_errors=True)  # nobody boots an older one again
        scratch = self.folder / "scratch"
        scratch.mkdir(parents=True)
        self._unpack_kernel(scratch)
        self._make_root(scratch / "root", scratch / "kernel")
        self._make_initramfs(scratch / "initramfs", scratch / "kernel")
        made = self.folder / "root.img.new"
        quietly("mke2fs", "-q", "-t", "ext4", "-d", scratch / "root", made, SIZE)
        shutil.rmtree(scratch)
        made.rename(self.disk)
        return True

    def _unpack_kernel(self, scratch):
        quietly("apt-get", "download", self.kernel, cwd=scratch)
        package, = scratch.glob("linux-image-*.deb")
        quietly("dpkg", "-x", package, scratch / "kernel")
        package.unlink()
        kernel, = (scratch / "kernel/boot").glob("vmlinuz-*")
        shutil.copy(kernel, self.vmlinuz)
        self.release = kernel.name.removeprefix("vmlinuz-")

    def _modules(self, kernel):
        return kernel / "lib/modules" / self.release

    def _make_root(self, root, kernel):
        quietly("debootstrap", "--variant=minbase", "--include=" + ",".join(PACKAGES), self.codename, root, self.mirror())
        for part in LEFT_OUT:
            shutil.rmtree(self._modules(kernel) / "kernel" / part, ignore_errors=True)
        shutil.copytree(self._modules(kernel), root / "lib/modules" / self.release, symlinks=True)
        quietly("depmod", "-b", root, self.release)
        shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
        (root / "var/cache/apt/archives/partial").mkdir(parents=True)
        (root / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 1\n")
        (root / "etc/hostname").write_text("stage\n")
        (root / "etc/hosts").write_text("127.0.0.1 localhost stage\n::1 localhost\n")
        (root / "payload").mkdir()
        (root / "etc/systemd/system/firecurtain-tests.service").write_text(UNIT)
        wanted = root / "etc/systemd/system/multi-user.target.wants"
        wanted.mkdir(exist_ok=True)
        (wanted / "firecurtain-tests.service").symlink_to("../firecurtain-tests.service")
        # nothing that the tests do not need runs beside them
        for unit in ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer"):
            (root / "etc/systemd/system" / unit).symlink_to("/dev/null")

    def _make_initramfs(self, tree, kernel):
        modules = tree / "lib/modules" / self.release
        (tree / "bin").mkdir(parents=True)
        modules.mkdir(parents=True)
        shutil.copy("/bin/busybox", tree / "bin/busybox")
        for name in EARLY:
            for module in self._modules(kernel).rglob(f"{name}.ko*"):
                place = modules / module.relative_to(self._modules(kernel))
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(module, place)
        for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            shutil.copy(self._modules(kernel) / name, modules / name)
        quietly("depmod", "-b", tree, self.release)
        (tree / "init").write_text(INIT)
        (tree / "init").chmod(0o755)
        names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
        packed = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=tree, input=names.encode(), check=True,
                                stdout=subprocess.PIPE).stdout
        self.initramfs.write_bytes(gzip.compress(packed, 1))


def default_cache():
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "firecurtain-vm"


if __name__ == "__main__":
    image = Image(default_cache())
    print(image.folder, "made" if image.prepare() else "kept", file=sys.stderr)
