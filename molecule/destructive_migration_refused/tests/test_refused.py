# SPDX-License-Identifier: GPL-3.0-or-later
"""What the code that users are on would not survive is refused, waits, and is applied when it hurts nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


def revisions(outcome: dict[str, Any]) -> list[str]:
    return [step["status"]["revision"] for step in outcome["steps"]]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert set(outcome["load"]["by_slot"]) == {"blue", "green"}


def test_the_database_goes_where_every_slot_survives_it(outcome: dict[str, Any]) -> None:
    assert revisions(outcome) == ["0001", "0001", "0002", "0002", "0002", "0002", "0003", "0003", "0004", "0004"]


def test_the_refusal_names_the_revision_the_statement_and_why(outcome: dict[str, Any]) -> None:
    refused = outcome["steps"][0]
    assert refused["status"]["live"] == outcome["before"]["live"]
    for part in ("Revision 0003 is `contract`", "DROP COLUMN created_at", "does not have it", "Nothing was migrated"):
        assert part in " ".join(refused["output"].split()), part


def test_the_plan_says_it_before(outcome: dict[str, Any]) -> None:
    assert "TO BE REFUSED" in outcome["steps"][1]["output"]


def test_what_waits_is_said(outcome: dict[str, Any]) -> None:
    assert "0003: contract (its SQL), waits until no slot runs older code" in outcome["steps"][2]["output"]


def test_contract_is_refused_while_older_code_stands_by(outcome: dict[str, Any]) -> None:
    assert "0.9.0" in outcome["steps"][3]["output"] and "playbooks/decommission.yml" in outcome["steps"][3]["output"]


def test_contract_in_check_mode_says_what_waits_and_applies_nothing(outcome: dict[str, Any]) -> None:
    shown = outcome["steps"][5]
    assert "0003: contract (its SQL), waits" in shown["output"]
    assert not re.search("changed=[1-9]", shown["output"])


def test_contract_a_second_time_has_nothing_to_apply(outcome: dict[str, Any]) -> None:
    again = outcome["steps"][7]["output"]
    assert "Nothing waits" in again


def test_going_back_from_1_2_0_leaves_users_on_1_1_0(outcome: dict[str, Any], record: dict[str, Any]) -> None:
    assert (record["outcome"], record["from_version"]) == ("rolled_back", "1.1.0")
    assert set(outcome["steps"][9]["status"]["live"].values()) == set(outcome["steps"][2]["status"]["live"].values())
