# SPDX-License-Identifier: Apache-2.0
"""Saves, renames and deletes under a death or an error at each of their system calls."""

import json
import os
import shutil
import subprocess

import pytest
import requests

from kernelsocket import Agent
from test_contents import put_nb, temporary

# The calls that work on files: what a save, its checkpoint and a rename are made of.
CALLS = ["openat", "openat2", "write", "fsync", "fchmod", "fchown", "renameat", "renameat2", "unlinkat", "flock", "mkdirat",
         "newfstatat", "fstat", "ftruncate", "pwrite64", "pread64", "read", "close", "getdents64", "fallocate", "mmap", "readlink",
         "memfd_create", "faccessat2"]
ERRORS = ["ENOSPC", "EIO", "EINTR"]
FAILING = ["openat", "write", "fsync", "fchmod", "fchown", "renameat", "renameat2", "flock", "mkdirat", "unlinkat"]


class Injected:
    """strace on a running agent: one call of one kind is killed or fails."""

    def __init__(self, agent, call, what, n):
        self.log = agent.root.parent / "strace.log"
        self.proc = subprocess.Popen(
            ["strace", "-f", "-o", str(self.log), "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={n}", "-p",
             str(agent.proc.pid)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        line = self.proc.stderr.readline()
        assert b"attached" in line, line

    def end(self):
        """True if the call was reached."""
        self.proc.terminate()
        self.proc.communicate(timeout=30)
        text = self.log.read_text(errors="replace")
        return "(INJECTED)" in text or "SIGKILL" in text


def sweep(tmp_path, act, check, calls, faults, n_max=40):
    """act(agent) once for each call of each kind; check() after each; returns how many points there were."""
    points, a = 0, Agent(tmp_path / "root").start()
    try:
        for call, what in ((c, w) for c in calls for w in faults):
            for n in range(1, n_max):
                prepare(a)
                s = Injected(a, call, what, n)
                status = None
                try:
                    status = act(a)
                except requests.ConnectionError:
                    a.proc.wait(30)
                reached = s.end()
                check(a, status, f"{what} at {call} number {n}: {status}")
                if a.proc.poll() is not None:
                    a.http.close()
                    a = Agent(tmp_path / "root").start()
                check_after(a)
                points += reached
                if not reached:
                    break
    finally:
        a.stop()
    return points


OLD = {"nbformat": 4, "nbformat_minor": 4, "metadata": {"version": "old"}, "cells": []}
NEW = {"nbformat": 4, "nbformat_minor": 4, "metadata": {"version": "new", "pad": "p" * 200_000}, "cells": []}


def prepare(a):
    subprocess.run(["rm", "-rf", "n.ipynb", "m.ipynb", ".ipynb_checkpoints"], cwd=a.root, check=True)
    put_nb(a, "n.ipynb", OLD, 201)


def check_after(a):
    """The next save works, and takes away what the dead one left."""
    for name in ("n.ipynb", "m.ipynb"):
        if (a.root / name).exists():
            put_nb(a, name, NEW, 200)
            assert json.loads((a.root / name).read_text())["metadata"]["version"] == "new"
            a.call("POST", f"api/contents/{name}/checkpoints", 201)
    assert not temporary(a.root) and not temporary(a.root / ".ipynb_checkpoints")


def save(a):
    return put_nb(a, "n.ipynb", NEW).status_code


def saved(a, status, where):
    nb = json.loads((a.root / "n.ipynb").read_text())
    assert nb["metadata"]["version"] in ("old", "new"), where
    assert nb == (OLD if nb["metadata"]["version"] == "old" else NEW), where
    if status == 200:
        assert nb == NEW, where
    cp = json.loads((a.root / ".ipynb_checkpoints" / "n-checkpoint.ipynb").read_text())
    assert cp == OLD, where


def rename(a):
    return a.call("PATCH", "api/contents/n.ipynb", json={"path": "m.ipynb"}).status_code


def renamed(a, status, where):
    there = [n for n in ("n.ipynb", "m.ipynb") if (a.root / n).exists()]
    assert len(there) == 1 and json.loads((a.root / there[0]).read_text()) == OLD, where
    if status == 200:
        assert there == ["m.ipynb"], where


STRACE = pytest.mark.skipif(not shutil.which("strace") or os.geteuid() != 0, reason="needs strace and root")


@STRACE
def test_a_death_at_any_call_of_a_save_leaves_a_whole_file(tmp_path):
    points = sweep(tmp_path, save, saved, CALLS, ["signal=SIGKILL"])
    print(f"{points} points of death")
    assert points > 25


@STRACE
def test_a_death_at_any_call_of_a_rename_leaves_one_file(tmp_path):
    points = sweep(tmp_path, rename, renamed, ["openat2", "renameat", "renameat2", "mkdirat", "close", "unlinkat"],
                   ["signal=SIGKILL"])
    print(f"{points} points of death")
    assert points > 5


@STRACE
def test_an_error_at_any_call_of_a_save_leaves_a_whole_file(tmp_path):
    points = sweep(tmp_path, save, saved, FAILING, [f"error={e}" for e in ERRORS])
    print(f"{points} errors")
    assert points > 20


@STRACE
def test_what_was_made_moved_or_deleted_outlives_a_power_cut(tmp_path):
    """The folders are written out before the answer says that it was done, and so is a new file."""
    a, log = Agent(tmp_path / "root").start(), tmp_path / "calls.log"
    acts = [("POST", "api/contents/", {"type": "notebook"}, 2), ("POST", "api/contents/", {"copy_from": "Untitled.ipynb"}, 2),
            ("PUT", "api/contents/folder", {"type": "directory"}, 1), ("PUT", "api/contents/folder/x", {"type": "directory"}, 1),
            ("PATCH", "api/contents/Untitled.ipynb", {"path": "folder/n.ipynb"}, 2), ("POST", "api/contents/", {"copy_from": "folder"}, 1),
            ("DELETE", "api/contents/folder", None, 2), ("POST", "api/carrel/restore", {"path": "folder"}, 1)]
    try:
        for method, path, body, least in acts:
            s = subprocess.Popen(["strace", "-o", str(log), "-e", "trace=fsync", "-p", str(a.proc.pid)], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            assert b"attached" in s.stderr.readline()
            status = a.call(method, path, json=body).status_code
            s.terminate()
            s.communicate(timeout=30)
            assert status in (200, 201, 204) and log.read_text().count("fsync(") >= least, (method, path, status, log.read_text())
    finally:
        assert a.stop() == 0
