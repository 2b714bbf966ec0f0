# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every pair of phases, against a table that was written by hand and not derived from the code's."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import transitions

# Rows: from; columns: to, in the order of the rows. x = legal, r = legal only after outcome live.
TABLE = """
opened        . x . . . . . . . . . x .
provisioning  . . x . . . . . . . . x .
provisioned   . . . x . . . . . . . x .
migrating     . . . . x . . . . . . x .
migrated      . . . . . x . . . . . x .
checking      . . . . . . x . . . . x .
checked       . . . . . . . x . . . x .
switching     . . . . . . . . x . . x .
switched      . . . . . . . . . x . x .
watching      . . . . . . . . . . x x .
watched       . . . . . . . . . . . x x
rolling_back  . . . . . . . . . . . x x
closed        . . . . . . . . . . . r .
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
NAMES = [row[0] for row in ROWS]
MARK = {(row[0], to): mark for row in ROWS for to, mark in zip(NAMES, row[1:], strict=True)}
LEGAL_OUTCOME = {"watched": "live", "rolling_back": "rolled_back"}


def test_the_table_names_every_phase() -> None:
    assert list(transitions.PHASES) == NAMES
    assert len(MARK) == 13 * 13


@pytest.mark.parametrize(("current", "wanted"), list(itertools.product(NAMES, NAMES)))
def test_every_pair(current: str, wanted: str) -> None:
    closing_with = LEGAL_OUTCOME.get(current, "live") if wanted == "closed" else None
    mark = MARK[current, wanted]
    for outcome in ("live", "rolled_back", "failed") if current == "closed" else (None,):
        legal = mark == "x" or (mark == "r" and outcome == "live")
        refusal = transitions.refusal(current, outcome, wanted, closing_with)
        assert (refusal == "") is legal, refusal


@pytest.mark.parametrize(("current", "wanted"), list(itertools.product(NAMES, NAMES)))
def test_an_adoption_may_leave_out_the_migration_and_nothing_else(current: str, wanted: str) -> None:
    closing_with = LEGAL_OUTCOME.get(current, "live") if wanted == "closed" else None
    legal = MARK[current, wanted] in "xr" or (current, wanted) == ("provisioned", "checking")
    assert (transitions.refusal(current, "live", wanted, closing_with, adoption=True) == "") is legal


@pytest.mark.parametrize(
    ("current", "outcome", "legal"),
    [
        ("watched", "live", True),
        ("watched", "rolled_back", False),
        ("watched", "failed", False),
        ("watched", None, False),
        ("rolling_back", "rolled_back", True),
        ("rolling_back", "failed", True),
        ("rolling_back", "live", False),
        ("rolling_back", "anything", False),
    ],
)
def test_outcomes(current: str, outcome: str | None, legal: bool) -> None:
    assert (transitions.refusal(current, None, "closed", outcome) == "") is legal


def test_unknown_phases_are_named() -> None:
    assert "'switchd'" in transitions.refusal("opened", None, "switchd")
    assert "'half_open'" in transitions.refusal("half_open", None, "closed", "live")


def test_a_refusal_names_what_may_follow() -> None:
    refusal = transitions.refusal("opened", None, "migrating")
    assert "expected phase provisioning or rolling_back after opened" in refusal


HAPPY = [*NAMES[:11], "closed"]


@pytest.mark.parametrize(
    ("phases", "outcome", "legal"),
    [
        (["opened"], None, True),
        (HAPPY, "live", True),
        ([*HAPPY, "rolling_back"], None, True),
        ([*HAPPY, "rolling_back", "rolling_back", "closed"], "rolled_back", True),
        (["opened", "rolling_back", "closed"], "failed", True),
        ([], None, False),
        (["provisioning"], None, False),
        (["opened", "provisioned"], None, False),
        (HAPPY, None, False),
        (HAPPY, "rolled_back", False),
        (["opened"], "failed", False),
        (["opened", "rolling_back", "closed", "rolling_back"], None, False),
    ],
)
def test_histories(phases: list[str], outcome: str | None, legal: bool) -> None:
    assert (transitions.history_refusal(phases, outcome) == "") is legal
