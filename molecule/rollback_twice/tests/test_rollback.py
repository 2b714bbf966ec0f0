# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback on demand brings users back; a second one changes nothing and says so."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_users_are_back_and_nobody_noticed(outcome: dict[str, Any]) -> None:
    released, back = outcome["steps"][0]["status"], outcome["steps"][2]["status"]
    assert released["live"] != outcome["before"]["live"]
    assert back["live"] == outcome["before"]["live"]
    assert back["versions"] == outcome["before"]["versions"]


def test_the_schema_stays(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["revision"] == outcome["steps"][0]["status"]["revision"]
    assert "The database stays at revision" in outcome["steps"][2]["output"]


def test_the_record_says_that_it_was_rolled_back(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"]) == ("closed", "rolled_back")


def test_a_second_rollback_changes_nothing_and_says_so(outcome: dict[str, Any]) -> None:
    second = outcome["steps"][4]
    assert "Nothing was changed" in second["output"]
    assert "changed=0" in second["output"]
    assert second["status"] == outcome["steps"][2]["status"]
