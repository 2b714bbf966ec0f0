# SPDX-License-Identifier: GPL-3.0-or-later
"""The second of two revisions fails: what the first has committed stays, and every later run knows where it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://lb"]
FOLDER = "/var/lib/bluegreen/samokoder/records"


def said(outcome: dict[str, Any], step: int) -> str:
    return " ".join(outcome["steps"][step]["output"].split())


@pytest.fixture
def records(host: Host) -> list[dict[str, Any]]:
    """The records that this proxy has, in the order of the steps; the lab's own comes first."""
    texts = [host.file(f"{FOLDER}/{name}").content_string for name in host.file(FOLDER).listdir()]
    found = [json.loads(text) for text in texts]
    return sorted((one for one in found if one["version"] != "0.9.0"), key=lambda one: str(one["started_at"]))


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert set(outcome["load"]["by_slot"]) == {"blue", "green"}


def test_the_database_is_where_every_step_left_it(outcome: dict[str, Any]) -> None:
    assert [step["status"]["revision"] for step in outcome["steps"]] == ["0002", "0002", "0002", "0006", "0006"]


@pytest.mark.parametrize("step", [0, 1, 2, 4])
def test_users_are_where_they_were(outcome: dict[str, Any], step: int) -> None:
    found = outcome["steps"][step]["status"]
    assert (found["live"], found["versions"]) == (outcome["before"]["live"], outcome["before"]["versions"])


def test_the_failure_is_told_in_the_words_of_the_database_and_where_it_stopped(outcome: dict[str, Any]) -> None:
    for part in ("invalid input syntax for type integer", "The database is at revision 0002 now", "Users are on"):
        assert part in said(outcome, 0), part


def test_the_record_knows_the_revision_that_was_reached(records: list[dict[str, Any]]) -> None:
    first = records[0]
    assert (first["outcome"], first["revision_before"], first["revision_after"]) == ("failed", "0001", "0002")
    assert first["migration"].get("slow") is None


def test_a_revision_that_its_limit_has_ended_is_remembered_and_refused(
    outcome: dict[str, Any], records: list[dict[str, Any]]
) -> None:
    (slow,) = records[1]["migration"]["slow"]
    assert (slow["revision"], slow["by"], slow["limit"]) == ("0006", "migration_statement_timeout_seconds", 0.5)
    assert slow["seconds"] >= 0.5
    refused = said(outcome, 2)
    assert "0006, which migration_statement_timeout_seconds (0.5) ended after" in refused
    assert "by a job of its own" in refused and records[1]["release_id"] in refused
    assert records[2]["migration"] is None, "nothing was decided, so nothing was applied"


def test_the_mended_one_is_released(records: list[dict[str, Any]]) -> None:
    assert [step["revision"] for step in records[3]["migration"]["steps"]] == ["0006"]
    assert "switched" in [step["phase"] for step in records[3]["transitions"]]


def test_a_downgrade_that_raises_keeps_nobody_from_being_back(
    outcome: dict[str, Any], records: list[dict[str, Any]]
) -> None:
    assert "which tags users have set themselves is not known any more" in said(outcome, 4)
    assert (records[3]["outcome"], records[3]["revision_after"]) == ("rolled_back", "0006")
