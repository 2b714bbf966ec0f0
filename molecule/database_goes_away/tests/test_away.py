# SPDX-License-Identifier: GPL-3.0-or-later
"""While the database is away nobody can be served, but nobody is moved for it, and nothing that was written is lost."""

from __future__ import annotations

from typing import Any

import pytest

# Every second step brings the database back.
BEFORE, PROVISION, MIGRATE, CHECK, SWITCH, WATCH, AFTER = range(1, 14, 2)


def words(outcome: dict[str, Any], step: int) -> str:
    return " ".join(outcome["steps"][step]["output"].split())


def test_nothing_that_users_were_told_is_lost(outcome: dict[str, Any]) -> None:
    assert outcome["load"]["acked"] > 100 and outcome["load"]["failed"] > 0, "the database was never away"
    assert outcome["writes"]["rc"] == 0, outcome["writes"]["output"]


def test_before_a_release_it_is_refused_and_nothing_is_touched(outcome: dict[str, Any]) -> None:
    said = words(outcome, BEFORE)
    assert "app1 gets no good answer of the database" in said and "Nothing was touched." in said
    assert "TASK [Take the estate back]" not in said and outcome["steps"][BEFORE]["status"] == outcome["before"]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (PROVISION, "failed while provisioning"),
        (MIGRATE, "The connection to the database was lost"),
        (CHECK, "failed while checking"),
        (SWITCH, "failed while"),
        (WATCH, "failed while watching on lb"),
    ],
)
def test_users_are_left_or_brought_back_to_where_they_were(outcome: dict[str, Any], step: int, told: str) -> None:
    assert told in words(outcome, step)
    assert outcome["steps"][step]["status"]["live"] == outcome["before"]["live"]


def test_the_next_release_goes_through(outcome: dict[str, Any]) -> None:
    assert outcome["steps"][AFTER]["status"]["live"] != outcome["before"]["live"]
    assert set(outcome["steps"][AFTER]["status"]["versions"].values()) >= {"1.0.0"}
