# SPDX-License-Identifier: GPL-3.0-or-later
"""A database is taken back when somebody agrees to what is lost; that is kept, and put back into a later release."""

from __future__ import annotations

import re
from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


def words(outcome: dict[str, Any], number: int) -> str:
    return " ".join(outcome["steps"][number]["output"].split())


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert set(outcome["load"]["by_slot"]) == {"blue", "green"}


def test_where_the_database_was(outcome: dict[str, Any]) -> None:
    revisions = [step["status"]["revision"] for step in outcome["steps"]]
    assert revisions == ["0002"] * 5 + ["0001"] * 3 + ["0002"] * 4


def test_users_are_back_at_once_and_the_rollback_says_what_would_be_lost(outcome: dict[str, Any]) -> None:
    assert outcome["steps"][2]["status"]["live"] == outcome["before"]["live"]
    said = words(outcome, 2)
    assert "NOT BROUGHT BACK: the schema: Expected to lose nothing by going from revision 0002 to 0001" in said
    assert re.search(r"[0-9]+ rows with values in tags, archived_at of public\.projects", said)


def test_a_second_rollback_does_not_say_that_all_is_well(outcome: dict[str, Any]) -> None:
    assert "Run playbooks/downgrade.yml for the database" in words(outcome, 3)


def test_downgrade_needs_the_token_and_keeps_what_it_loses(outcome: dict[str, Any]) -> None:
    assert "rollback_accept_data_loss=0002..0001/public.projects.archived_at,public.projects.tags/" in words(outcome, 4)
    assert re.search(r"kept in db1:/var/backups/bluegreen/samokoder/[0-9TZ]+-values\.zip", words(outcome, 5))


def test_nothing_is_left_to_take_back(outcome: dict[str, Any]) -> None:
    assert "has left it there" in words(outcome, 6)


def test_values_wait_for_their_columns(outcome: dict[str, Any]) -> None:
    assert "tags of public.projects is not there" in words(outcome, 7).replace("archived_at, ", "").replace(
        "tags, archived_at", "tags"
    )


def test_values_are_put_back_once(outcome: dict[str, Any]) -> None:
    said = re.search(r"public\.projects: ([0-9,]+) of ([0-9,]+) rows put back", words(outcome, 9))
    assert said and said[1] == said[2]
    assert re.search(r"public\.projects: 0 of [0-9,]+ rows put back", words(outcome, 11))
