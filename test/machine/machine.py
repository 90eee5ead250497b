#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""machine.py [--keep DIR]: Carrel installed on a whole Debian 12 of its own: its kernel, its systemd, cgroup version 2 alone.

What containers of a test host can't show: the service beside sessions that run, limits on version 2, a cut of the power. Makes a root
with what `tools/deps` names and `tools/install` puts there, boots it under QEMU (emulated: KVM is not asked for; some minutes) without a
network, and reads what inside.py says on its console. Needs root, `make`, the default image in CARREL_IMAGES, and the packages
mmdebstrap and qemu-system-x86.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
IMAGES = Path(os.environ.get("CARREL_IMAGES", ROOT / "build/images"))
LIBRARIES = ["libsqlite3-0", "libsodium23", "libseccomp2", "libcurl4", "libssl3", "zlib1g", "libjansson4"]
SYSTEM = ["systemd", "systemd-sysv", "dbus", "udev", "kmod", "procps", "linux-image-amd64", "initramfs-tools"]
UNIT = """[Unit]
After=carrel.service
[Service]
ExecStart=/usr/bin/python3 /usr/local/lib/machine-test.py
[Install]
WantedBy=multi-user.target
"""
LIMIT = 1500  # s for both starts


def runtime_packages():
    found = re.search(r'^run="([^"]*)"', (ROOT / "tools/deps").read_text(), re.M)
    return found[1].split()


def make_root(root):
    packages = ",".join(SYSTEM + LIBRARIES + runtime_packages())
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", f"--include={packages}", "bookworm", str(root)], check=True)
    (root / "etc/fstab").write_text("/dev/vda / ext4 errors=remount-ro 0 1\n")
    (root / "etc/hostname").write_text("machine\n")


def install(root):
    subprocess.run([str(ROOT / "tools/install"), str(root), "/usr/local"], check=True, stdout=subprocess.DEVNULL)
    state = root / "var/lib/carrel"
    state.mkdir(mode=0o711, parents=True, exist_ok=True)
    if not (state / "images").exists():
        subprocess.run(["cp", "-a", str(IMAGES), str(state / "images")], check=True)
    shutil.copy(HERE / "inside.py", root / "usr/local/lib/machine-test.py")
    units = root / "etc/systemd/system"
    (units / "machine-test.service").write_text(UNIT)
    wants = units / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    for unit, where in (("machine-test", "/etc"), ("carrel", "/lib")):
        (wants / f"{unit}.service").unlink(missing_ok=True)
        (wants / f"{unit}.service").symlink_to(f"{where}/systemd/system/{unit}.service")


def make_disk(root, disk):
    with open(disk, "wb") as f:
        f.truncate(12 << 30)
    subprocess.run(["mkfs.ext4", "-q", "-d", str(root), str(disk)], check=True)


def newest(root, pattern):
    return str(sorted((root / "boot").glob(pattern))[-1])


def boot(root, disk, console):
    return subprocess.Popen([
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3072", "-display", "none", "-nic", "none",
        "-monitor", "none", "-serial", f"file:{console}", "-kernel", newest(root, "vmlinuz-*"), "-initrd", newest(root, "initrd.img-*"),
        "-append", "root=/dev/vda rw console=ttyS0 mitigations=off panic=-1",
        "-drive", f"file={disk},format=raw,if=virtio,cache=unsafe",
    ], stdin=subprocess.DEVNULL)


def follow(machine, console):
    """Prints what the machine says, until it ends. True: nothing failed, and both starts came to their end."""
    end, seen, done, passed, failed = time.monotonic() + LIMIT, 0, 0, 0, 0
    while True:
        over = machine.poll() is not None or time.monotonic() > end
        said = re.findall(r"machine-test: (.*?)\r?\n", console.read_text(errors="replace") if console.exists() else "")
        for line in said[seen:]:
            print(line, flush=True)
            done += line.startswith("done")  # the kernel may add to the line
            passed += line.startswith("ok ")
            failed += line.startswith("FAILED ")
        seen = len(said)
        if over:
            break
        time.sleep(1)
    print(f"total: {passed} points hold, {failed} don't, {done} of 2 starts came to their end")
    return failed == 0 and done == 2


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--keep", type=Path, help="a folder for root, disk and console; a root that is there is used again")
    args = a.parse_args()
    for tool in ("mmdebstrap", "qemu-system-x86_64"):
        if not shutil.which(tool):
            sys.exit(f"machine: {tool} is missing: apt-get install mmdebstrap qemu-system-x86")
    folder = args.keep or Path(tempfile.mkdtemp(prefix="carrel-machine-", dir="/var/tmp"))
    folder.mkdir(parents=True, exist_ok=True)
    root, disk, console = folder / "root", folder / "disk", folder / "console"
    machine = None
    try:
        if not root.exists():
            make_root(root)
        install(root)
        make_disk(root, disk)
        console.unlink(missing_ok=True)
        machine = boot(root, disk, console)
        good = follow(machine, console)
    finally:
        if machine and machine.poll() is None:
            machine.kill()
            machine.wait()
        if not args.keep:
            shutil.rmtree(folder)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
