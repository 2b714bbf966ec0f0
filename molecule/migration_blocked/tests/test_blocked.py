# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader holds the table: users are not made to wait behind the migration, and the run says who is in its way."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["load"]["p99"] < 3, "a lock timeout of 2 s was to let them through"


def test_the_first_says_who_was_in_its_way_and_migrated_nothing(outcome: dict[str, Any]) -> None:
    first = outcome["steps"][0]
    assert "a long report" in first["output"] and "server process" in first["output"]
    assert first["status"]["revision"] == outcome["before"]["revision"]
    assert first["status"]["live"] == outcome["before"]["live"]


def test_the_second_gets_through(outcome: dict[str, Any], record: dict[str, Any]) -> None:
    assert outcome["after"]["revision"] == "0002" != outcome["before"]["revision"]
    assert (record["outcome"], record["rollback_class"]) == ("live", "switch")
