# SPDX-License-Identifier: GPL-3.0-or-later
"""Which figures there are, their statistics, and how they are printed. Nothing here measures anything."""

from __future__ import annotations

import difflib
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.errors import LabError

PARTS = ("preflight", "provision", "migrate", "check", "switch", "watch", "close")


@dataclass(frozen=True)
class Kind:
    """What one figure is.

    Attributes:
        group: figures of one group come out of the same rounds.
        target: the most it may be, or None where none is set; 0 holds for every round, others for the median.
        text: what is measured, for people.
    """

    name: str
    unit: str
    group: str
    text: str
    target: float | None = None


def _parts() -> list[Kind]:
    return [Kind(f"release_{part}_seconds", "s", "release", f"of the whole run, phase {part}") for part in PARTS]


KINDS: tuple[Kind, ...] = (
    Kind("release_failed_requests", "requests", "release", "resets and answers other than 2xx while a release runs", 0),
    Kind("release_lost_writes", "writes", "release", "acknowledged writes not in the database exactly once", 0),
    Kind("release_seconds", "s", "release", "ansible-playbook from start to end, without the watch", 45),
    Kind("release_alone_seconds", "s", "alone", "the same, with nobody on the lab", 45),
    *_parts(),
    Kind("switch_seconds", "s", "release", "from the start of the switch to the last answer of the old slot"),
    Kind("lab_reset_seconds", "s", "release", "bin/lab reset, after a release", 15),
    Kind("release_slow_boot_failed_requests", "requests", "slow_boot", "the same, the candidate boots 15 s late", 0),
    Kind("release_slow_boot_lost_writes", "writes", "slow_boot", "the same, the candidate boots 15 s late", 0),
    Kind("rollback_failed_requests", "requests", "rollback", "as above, while playbooks/rollback.yml runs", 0),
    Kind("rollback_lost_writes", "writes", "rollback", "acknowledged writes not in the database exactly once", 0),
    Kind(
        "rollback_left_seconds",
        "s",
        "rollback",
        "from pressing return to the last answer of the slot that users left; baseline: the bare rename over ssh",
        2,
    ),
    Kind("rollback_left_one_seconds", "s", "rollback_one", "the same, with one proxy and one application host", 2),
    Kind("rollback_left_many_seconds", "s", "rollback_many", "the same, with 20 proxies and few users", 6),
    Kind("rollback_seconds", "s", "rollback", "ansible-playbook playbooks/rollback.yml from start to end", 30),
    Kind(
        "rollback_busy_failed_requests",
        "requests",
        "rollback_busy",
        "the same at 500 requests/s beside 20 users of slow answers and 20 of WebSockets",
        0,
    ),
    Kind("rollback_busy_lost_writes", "writes", "rollback_busy", "of the same rounds", 0),
    Kind("rollback_busy_cut_websockets", "cuts", "rollback_busy", "of the same rounds: 20 are open"),
    Kind("adopt_failed_requests", "requests", "adopt", "as above, while a running application is adopted", 0),
    Kind("adopt_undo_failed_requests", "requests", "adopt", "as above, while the adoption is undone", 0),
    Kind("adopt_lost_writes", "writes", "adopt", "acknowledged writes not in the database exactly once, of both", 0),
    Kind("adopt_seconds", "s", "adopt", "ansible-playbook playbooks/adopt.yml from start to end"),
    Kind(
        "migration_wait_seconds",
        "s",
        "migration",
        "the longest that any query waited while a release migrated a table that a reader held for 30 s",
        2.25,
    ),
    Kind("cycle_failed_writes", "writes", "cycle", "a release, its rollback and its downgrade at 200 writes/s", 0),
    Kind("cycle_lost_writes", "writes", "cycle", "of the same rounds, acknowledged and not in the database", 0),
    Kind("cycle_doubled_writes", "writes", "cycle", "of the same rounds, in the database more than once", 0),
    Kind("migration_decision_seconds", "s", "decision", "what a release applies, of 200 revisions", 1),
    Kind("backup_gigabyte_seconds", "s", "backup", "playbooks/backup.yml on a database of 1 GB, proof included"),
    Kind("backup_gigabyte_disk", "MiB", "backup", "the most disk that the dump and its proof took"),
    Kind("lab_up_warm_seconds", "s", "lab_up_warm", "bin/lab up of a lab that is up"),
    Kind("lab_up_cold_seconds", "s", "lab_up_cold", "bin/lab up with every image to build (only when named)", 300),
    Kind("nginx_routing_cpu", "us/request", "nginx", "proxy's CPU time; baseline: the same site without the routing"),
    Kind("nginx_site_cpu", "us/request", "nginx", "proxy's CPU time; baseline: a bare proxy_pass, no log, no headers"),
    Kind("nginx_routing_stats", "stats/request", "nginx", "stat calls; baseline: the same site without the routing", 3),
)
BY_NAME = {kind.name: kind for kind in KINDS}
GROUPS = tuple(dict.fromkeys(kind.group for kind in KINDS))
ONLY_WHEN_NAMED = frozenset({"lab_up_cold"})


@dataclass(frozen=True)
class Figure:
    """One measured figure. `raw` and `raw_baseline` hold one number a round."""

    kind: Kind
    raw: Sequence[float]
    raw_baseline: Sequence[float] = ()

    @property
    def median(self) -> float:
        """Median of all rounds."""
        return statistics.median(self.raw)

    @property
    def baseline(self) -> float | None:
        """Median of what it is compared with, or None where there is nothing."""
        return statistics.median(self.raw_baseline) if self.raw_baseline else None

    @property
    def ratio(self) -> float | None:
        """Median of the rounds' own ratios: rounds are interleaved, so what disturbs one disturbs its baseline too."""
        pairs = list(zip(self.raw, self.raw_baseline, strict=False))
        if not pairs or any(baseline == 0 for _, baseline in pairs):
            return None
        return statistics.median(value / baseline for value, baseline in pairs)

    @property
    def met(self) -> bool | None:
        """Whether the target holds; None where there is none. One failed request in one round is one too many."""
        if self.kind.target is None:
            return None
        return (max(self.raw) if self.kind.target == 0 else self.median) <= self.kind.target

    def document(self) -> dict[str, object]:
        """The figure as it is printed."""
        return {
            "name": self.kind.name,
            "unit": self.kind.unit,
            "median": _rounded(self.median),
            "n": len(self.raw),
            "raw": [_rounded(value) for value in self.raw],
            "baseline": None if self.baseline is None else _rounded(self.baseline),
            "ratio": None if self.ratio is None else _rounded(self.ratio),
        }


def _rounded(value: float) -> float:
    """Whole numbers as such, others to a thousandth."""
    return int(value) if float(value).is_integer() else round(value, 3)


def choose(names: Sequence[str]) -> list[Kind]:
    """The figures asked for, or all that are measured without being named.

    Raises:
        LabError: there is no figure of that name.
    """
    for name in names:
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, 1)
            raise LabError("a figure that bin/bench --list names", name, f"bin/bench {near[0] if near else '--list'}")
    if names:
        return [kind for kind in KINDS if kind.name in names]
    return [kind for kind in KINDS if kind.group not in ONLY_WHEN_NAMED]


def figure(name: str, raw: Iterable[float], baseline: Iterable[float] = ()) -> Figure:
    """A figure of the list, from one number a round."""
    return Figure(BY_NAME[name], tuple(raw), tuple(baseline))


def lines(figures: Sequence[Figure]) -> str:
    """One JSON object a line."""
    return "\n".join(json.dumps(one.document()) for one in figures)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{_rounded(value):g}" if value == int(value) else f"{value:.2f}"


def table(figures: Sequence[Figure]) -> str:
    """The figures for people, aligned."""
    rows = [("figure", "median", "lowest", "highest", "unit", "n", "target", "", "baseline", "ratio")]
    for one in figures:
        verdict = {None: "", True: "met", False: "MISSED"}[one.met]
        target = "" if one.kind.target is None else f"<= {_cell(one.kind.target)}"
        spread = (_cell(one.median), _cell(min(one.raw)), _cell(max(one.raw)))
        tail = (verdict, _cell(one.baseline), _cell(one.ratio))
        rows.append((one.kind.name, *spread, one.kind.unit, str(len(one.raw)), target, *tail))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
