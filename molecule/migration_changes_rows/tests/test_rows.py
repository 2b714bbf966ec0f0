# SPDX-License-Identifier: GPL-3.0-or-later
"""A migration that changes rows unseen: users stay where they are, and the run names table, column and rows."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["live"] == outcome["before"]["live"]
    assert set(outcome["load"]["by_slot"]) == set(outcome["before"]["live"].values())


def test_the_candidate_is_gone_and_the_schema_stays(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["versions"] == outcome["before"]["versions"]
    assert (outcome["before"]["revision"], outcome["after"]["revision"]) == ("0001", "0002")


def test_the_run_names_table_column_and_rows(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][0]["output"].split())
    assert "failed while migrating" in output
    assert "were changed by the migration, in email, such as (id=100), (id=101), (id=102)" in output
    assert "table public.projects: 12" in output, "what is equal is shown as well"


def test_the_record_has_the_figures(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"], record["revision_after"]) == ("closed", "failed", "0002")
    proof = record["migration"]["proof"]
    tables = {one["table"]: one for one in proof["tables"]}
    profiles = tables["public.profiles"]
    assert (proof["state"], profiles["changed"], profiles["gone"]) == ("failed", 3, 0)
    assert tables["public.projects"]["sampled"] and tables["public.projects"]["changed"] == 0


def test_nothing_of_the_look_is_left(outcome: dict[str, Any]) -> None:
    assert outcome["steps"][1]["output"].strip().endswith(">>")
