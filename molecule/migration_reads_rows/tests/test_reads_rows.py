# SPDX-License-Identifier: GPL-3.0-or-later
"""A revision that nobody has marked and whose SQL nobody can write down is released by what it was seen to do."""

from __future__ import annotations

import re
from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


def words(step: dict[str, Any]) -> str:
    return " ".join(step["output"].split())


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert set(outcome["load"]["by_slot"]) == {"blue", "green"}


def test_only_what_was_seen_is_applied(outcome: dict[str, Any]) -> None:
    assert [step["status"]["revision"] for step in outcome["steps"]] == ["0001", "0001", "0010", "0010"]


def test_plan_says_that_the_release_will_look(outcome: dict[str, Any]) -> None:
    assert "to be decided in the release, by what is seen on a copy of the database" in words(outcome["steps"][0])


def test_without_a_copy_the_release_stops_and_asks_for_a_mark(outcome: dict[str, Any]) -> None:
    refused = words(outcome["steps"][1])
    for part in ("Revision 0010: expected a mark", "not seen running on a copy", "at most 1 MiB to copy", "mark it"):
        assert part in refused, part
    assert outcome["steps"][1]["status"]["live"] == outcome["before"]["live"]


def test_plan_says_that_it_was_seen_and_how_long_it_took(outcome: dict[str, Any], record: dict[str, Any]) -> None:
    assert re.search(r"0010: data \(seen running on a copy, \d+\.\d s\)", words(outcome["steps"][2]))
    step = record["migration"]["steps"][1]
    assert (step["revision"], step["phase"], step["by"], step["tables"]) == ("0010", "data", "copy", ["projects"])
    assert record["outcome"] == "live"


def test_nothing_of_it_is_left_and_nothing_of_users_is_printed(outcome: dict[str, Any]) -> None:
    assert "bluegreen_lint_samokoder" not in outcome["steps"][3]["output"]
    assert not [step for step in outcome["steps"] if "Project number" in step["output"]]
