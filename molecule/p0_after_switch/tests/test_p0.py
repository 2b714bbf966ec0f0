# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody is needed to take users back from a version that fails, and nobody is taken back from one that does not."""

from __future__ import annotations

import re
from typing import Any

BAD, GOOD, WATCHED, WATCHED_BAD = 0, 2, 3, 5


def words(outcome: dict[str, Any], step: int) -> str:
    return " ".join(outcome["steps"][step]["output"].split())


def test_the_same_run_takes_users_back_and_says_by_which_signal(outcome: dict[str, Any]) -> None:
    said = words(outcome, BAD)
    assert re.search(r"P0: error_rate of green, [^:]+: [^;]+, above the bound of 5 %", said), said
    assert "failed while watching" in said and "would not have proved P0" in said
    assert outcome["steps"][BAD]["status"]["live"] == outcome["before"]["live"]


def test_a_line_is_shown_with_every_sample(outcome: dict[str, Any]) -> None:
    lines = re.findall(r"\d+:\d\d left, sample \d+, (\w+) so far: ", outcome["steps"][BAD]["output"])
    assert lines[0] == "insufficient" and lines[-1] == "p0" and lines.count("p0") == 1, lines


def test_a_good_version_is_proved_to_be_good(outcome: dict[str, Any]) -> None:
    assert "insufficient so far" in words(outcome, GOOD) and "pass so far" in words(outcome, GOOD)
    assert outcome["steps"][GOOD]["status"]["live"] != outcome["before"]["live"]


def test_on_demand_the_verdict_is_the_same_and_nothing_changes(outcome: dict[str, Any]) -> None:
    assert "Passed: all 9 voting signals of green are within the norm" in words(outcome, WATCHED)
    assert "P0: error_rate of green" in words(outcome, WATCHED_BAD)
    live = outcome["steps"][GOOD]["status"]["live"]
    assert outcome["steps"][WATCHED_BAD]["status"]["live"] == live


def test_few_users_met_the_bad_version(outcome: dict[str, Any]) -> None:
    assert set(outcome["load"]["failures"]) == {"status 500"}, outcome["load"]["failures"]
    assert outcome["writes"]["rc"] == 0, outcome["writes"]["output"]
