# SPDX-License-Identifier: Apache-2.0
"""The store's disk loses its power, is full, breaks; bits turn over. disk.py has more of each."""

import os

import pytest

import disk
from rig import has

ROOT_ONLY = pytest.mark.skipif(not has("mkfs.ext4"), reason="needs root: mounts small file systems")


@ROOT_ONLY
def test_a_power_cut_loses_nothing_that_was_answered(tmp_path, seed, figures):
    figures(disk.cuts(tmp_path, seed, int(os.environ.get("CARREL_CUTS", "20"))))


@ROOT_ONLY
def test_a_full_disk(tmp_path, seed, figures):
    figures(disk.full(tmp_path, seed, 3))


@ROOT_ONLY
def test_a_disk_that_becomes_read_only(tmp_path, seed, figures):
    figures(disk.read_only(tmp_path, seed, 2))


def test_bits_that_turn_over_in_the_store_are_noticed(tmp_path, seed, figures):
    figures(disk.flips(tmp_path, seed, int(os.environ.get("CARREL_FLIPS", "60")), starts=6))
