# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/figures.md names the figures that bin/bench measures, with their targets, and says met only of what is."""

from __future__ import annotations

import re

from lab.bench.figures import BY_NAME, KINDS, PARTS
from lab.settings import ROOT

EXPLAINED, MEASURED = (ROOT / "docs/figures.md").read_text().split("\n## Measured\n")
NAME = re.compile(r"`([a-z]+_[a-z_<>]+)`")
NUMBER = re.compile(r"[\d.]+")


def rows(text: str) -> list[list[str]]:
    """The rows of all tables whose first cell names a figure."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return [cells for cells in lines if NAME.match(cells[0])]


def number(cell: str) -> float | None:
    """The first number of a cell."""
    found = NUMBER.search(cell)
    return float(found[0]) if found else None


def test_every_figure_is_explained_and_no_other() -> None:
    explained = set(NAME.findall(EXPLAINED)) - {"proxy_pass"}
    parts = {f"release_{part}_seconds" for part in PARTS}
    assert explained == {kind.name for kind in KINDS} - parts | {"release_<phase>_seconds"}


def test_targets_are_those_that_are_measured_against() -> None:
    stated = {name: cells[2] for cells in rows(EXPLAINED) for name in NAME.findall(cells[0]) if len(cells) > 2}
    for name, cell in stated.items():
        target = BY_NAME[name].target if name in BY_NAME else None
        assert number(cell) == target, name
    assert sum(number(cell) is not None for cell in stated.values()) >= 8


def test_what_is_called_met_is_met() -> None:
    measured = rows(MEASURED)
    assert len(measured) >= 15
    for cells in measured:
        (name,) = NAME.findall(cells[0])
        kind, verdict = BY_NAME[name], cells[-1]
        assert number(verdict) == kind.target, name
        if kind.target is None:
            continue
        median, highest = number(cells[1]), number(cells[3])
        worst = highest if kind.target == 0 else median
        assert worst is not None
        assert ("met" if worst <= kind.target else "missed") in verdict, name
