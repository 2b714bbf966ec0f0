# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases and rollbacks across a migration, with its downgrade, under users who do nothing but write."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.bench.figures import Figure, figure
from lab.bench.progress import say, timed
from lab.bench.release import play, release, under_load
from lab.errors import LabError
from lab.process import last_lines
from lab.settings import ROOT, Settings

WRITERS = ("--rate", "200", "--post-share", "1")


@dataclass(frozen=True)
class Cycle:
    """What a release, its rollback and its downgrade showed; of `bin/lab load` and `verify-writes`."""

    load: dict[str, Any]
    writes: dict[str, Any]


def _there_and_back(settings: Settings) -> tuple[float, float]:
    began, _ = release(settings)
    _, ended = play(["playbooks/rollback.yml", "-i", "inventories/lab"], settings.state / "bench-rollback.log")
    down = subprocess.run(
        [sys.executable, "-m", "lab.downgrade"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if down.returncode:
        raise LabError("a downgrade", last_lines(down.stdout + down.stderr, 25), "read the message above")
    return began, ended


def rounds(settings: Settings, count: int, done: list[Cycle]) -> None:
    """So many, one after the other, each on the database that the one before has left; fills `done` as they end."""
    timed(["bin/lab", "reset"])
    for number in range(1, count + 1):
        _, load, writes = under_load(lambda: _there_and_back(settings), WRITERS)
        done.append(Cycle(load, writes))
        say(
            f"release and rollback {number}/{count}: {load['acked']} writes acknowledged, {load['failed']} failed "
            f"{load['failures'] or ''}, {writes['missing']} lost, {writes['duplicated']} doubled"
        )
    timed(["bin/lab", "reset"])


def figures(done: Sequence[Cycle]) -> list[Figure]:
    """All figures that they give."""
    return [
        figure("cycle_failed_writes", (one.load["failed"] for one in done)),
        figure("cycle_lost_writes", (one.writes["missing"] for one in done)),
        figure("cycle_doubled_writes", (one.writes["duplicated"] for one in done)),
    ]
