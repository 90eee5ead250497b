# SPDX-License-Identifier: Apache-2.0
"""Ways to hurt a running process at one exact place: a death or an error at the n-th system call of a thread, or a failed allocation."""

import mmap
import os
import re
import struct
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

# What each call may answer instead of doing its work (brk is not among them: it has no errors, and glibc knows that).
# Every call may also be the last.
ERRORS = {
    "openat": ("EIO", "EMFILE", "ENOSPC"), "write": ("EIO", "ENOSPC", "EINTR"), "pwrite64": ("EIO", "ENOSPC", "EINTR"),
    "read": ("EIO", "EINTR"), "pread64": ("EIO",), "fdatasync": ("EIO", "ENOSPC"), "fsync": ("EIO", "ENOSPC"), "ftruncate": ("EIO",),
    "fallocate": ("ENOSPC", "EINTR"), "unlink": ("EIO",), "unlinkat": ("EIO",), "newfstatat": ("EIO",), "mmap": ("ENOMEM",),
    "mremap": ("ENOMEM",), "accept4": ("EMFILE", "ECONNABORTED", "EINTR"), "recvfrom": ("ECONNRESET", "EINTR"),
    "recvmsg": ("ECONNRESET",), "sendto": ("ENOBUFS", "EINTR"), "sendmsg": ("ENOBUFS", "ENOMEM", "EINTR"), "writev": ("ENOMEM",), "connect": ("ECONNREFUSED",),
    "socket": ("EMFILE",), "epoll_wait": ("EINTR",), "epoll_pwait": ("EINTR",), "getrandom": ("EINTR",), "clone3": ("EAGAIN",),
    "eventfd2": ("EMFILE",), "flock": ("EINTR",),
}
NOT_SWEPT = {"futex", "restart_syscall", "rt_sigreturn", "exit", "exit_group", "sched_yield"}
CALL = re.compile(r"^(\d+) +(?:\d+\.\d+ )?([a-z_0-9]+)\(")


@dataclass(frozen=True)
class Point:
    thread: int  # its place among the threads of the process, by age; -1: whichever comes first
    call: str
    what: str    # "kill", or the name of an error
    n: int

    def __str__(self):
        return f"{self.thread}:{self.call}:{self.what}:{self.n}"

    @classmethod
    def parse(cls, text):
        thread, call, what, n = text.split(":")
        return cls(int(thread), call, what, int(n))

    @property
    def inject(self):
        how = "signal=SIGKILL" if self.what == "kill" else f"error={self.what}"
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:{how}:when={self.n}"]


def threads(pid):
    return sorted(int(t) for t in os.listdir(f"/proc/{pid}/task"))


class Strace:
    """strace on a process that runs; with a point, on the one thread that it means."""

    def __init__(self, pid, log, point=None):
        self.log = Path(log)
        self.log.unlink(missing_ok=True)
        tids = threads(pid)
        whom = ["-f", "-p", str(pid)] if point is None or point.thread < 0 else ["-p", str(tids[min(point.thread, len(tids) - 1)])]
        self.tids = tids
        self.proc = subprocess.Popen(["strace", "-o", str(self.log), *(point.inject if point else []), *whom],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        line = self.proc.stderr.readline()
        if b"attached" not in line:
            self.proc.kill()
            self.proc.communicate()
            raise OSError(f"strace: {line!r}")

    def end(self):
        """True if the point was reached."""
        self.proc.terminate()
        self.proc.communicate(timeout=30)
        return reached(self.log)

    def calls(self):
        """How often each thread made each call: {(thread, call): n}."""
        found = Counter()
        for line in self.log.read_text(errors="replace").splitlines():
            m = CALL.match(line)
            if m and m.group(2) not in NOT_SWEPT and int(m.group(1)) in self.tids:
                found[(self.tids.index(int(m.group(1))), m.group(2))] += 1
        return found


def reached(log, alive=None):
    """Whether the log of an ended strace says that the point was reached; of a process that lives, only an error may have been."""
    end = time.monotonic() + 1
    while alive is False and time.monotonic() < end and "+++" not in words(log):
        time.sleep(0.01)  # the tracer is nobody's child, and ends after what it watched
    return "(INJECTED)" in words(log) or (not alive and "SIGKILL" in words(log))


def words(log):
    return log.read_text(errors="replace") if log.exists() else ""


def whole(log, point=None):
    """The words before a command that is to be watched, or hurt, from its first call on. The process stays ours (-D)."""
    log.unlink(missing_ok=True)
    return ["strace", "-D", "-f", "-o", str(log), *(point.inject if point else [])]


def calls_of_start(log):
    """As calls(), of a command under whole(): without the calls of the loader, which come before our first line."""
    found = Counter()
    for line in Path(log).read_text(errors="replace").splitlines():
        m = CALL.match(line)
        if m and m.group(2) not in NOT_SWEPT:
            found[(m.group(1), m.group(2))] += 1
    most = Counter()
    for (_, call), n in found.items():  # strace counts by thread, and every thread may be the one
        most[(-1, call)] = max(most[(-1, call)], n)
    return most


def points_of(calls, most, kinds):
    """Every place of every call up to `most` of one kind."""
    found = []
    for (thread, call), count in sorted(calls.items()):
        for n in range(1, min(count, most) + 1):
            if "kill" in kinds:
                found.append(Point(thread, call, "kill", n))
            if "error" in kinds:
                found += [Point(thread, call, e, n) for e in ERRORS.get(call, ())]
    return found


class Allocations:
    """The control page of libfailalloc.so: how many allocations there were, from where, and which one fails."""

    PLACES = 131072  # as in failalloc.c
    SIZE = 32 + 8 * PLACES

    def __init__(self, path):
        self.path = Path(path)
        self.path.write_bytes(bytes(self.SIZE))
        with open(self.path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), self.SIZE)

    def arm(self, n, watching=False):
        """The n-th from now on fails; 0: none. Watching: where each comes from is written down."""
        struct.pack_into("<qqqq", self.page, 0, n, 0, 0, watching)

    @property
    def places(self):
        """For each allocation that was watched, a number that is the same for the same chain of calls."""
        return struct.unpack_from(f"<{min(self.count, self.PLACES)}Q", self.page, 32)

    @property
    def count(self):
        return struct.unpack_from("<q", self.page, 8)[0]

    @property
    def failed(self):
        return struct.unpack_from("<q", self.page, 16)[0]

    def prefix(self, lib):
        return ["env", f"LD_PRELOAD={lib}", f"FAILALLOC={self.path}"]
