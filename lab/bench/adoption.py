# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of an adoption under load and of its undo: users are on the plain estate, on the slot, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.bench.figures import Figure, figure
from lab.bench.progress import say, timed
from lab.bench.release import lost, play, under_load
from lab.profiles import INSTALLED
from lab.settings import Settings

_ADOPT = ["playbooks/adopt.yml", "-i", "inventories/lab"]
_UNDO = [*_ADOPT, "-e", "adopt_undo=true"]


@dataclass(frozen=True)
class Way:
    """An adoption or its undo. `load` and `writes` are what bin/lab load and verify-writes printed last."""

    load: dict[str, Any]
    writes: dict[str, Any]
    seconds: float


Round = tuple[Way, Way]


def _way(settings: Settings, words: Sequence[str]) -> Way:
    (began, ended), load, writes = under_load(lambda: play(words, settings.state / "bench-adoption.log"))
    return Way(load, writes, ended - began)


def rounds(settings: Settings, count: int, done: list[Round]) -> None:
    """So many adoptions, each undone; fills `done` as they end. The lab is reset afterwards."""
    for number in range(1, count + 1):
        timed(["bin/lab", "plain", INSTALLED.name])
        one = _way(settings, _ADOPT), _way(settings, _UNDO)
        done.append(one)
        for what, way in zip(("adoption", "undo"), one, strict=True):
            say(
                f"{what} {number}/{count}: {way.seconds:.1f} s, {way.load['sent']} requests, "
                f"{way.load['failed']} failed {way.load['failures'] or ''}, {lost(way.writes)} writes lost"
            )
    timed(["bin/lab", "reset"])


def figures(done: Sequence[Round]) -> list[Figure]:
    """All figures that adoptions give."""
    return [
        figure("adopt_failed_requests", [adopted.load["failed"] for adopted, _ in done]),
        figure("adopt_undo_failed_requests", [undone.load["failed"] for _, undone in done]),
        # The database is compared with the writes of the whole round: those of the adoption are among them again.
        figure("adopt_lost_writes", [lost(undone.writes) for _, undone in done]),
        figure("adopt_seconds", [adopted.seconds for adopted, _ in done]),
    ]
