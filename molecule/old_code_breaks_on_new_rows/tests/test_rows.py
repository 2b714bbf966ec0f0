# SPDX-License-Identifier: GPL-3.0-or-later
"""Old code that cannot read new rows closes the way back at once: it is recorded, told, and nobody is moved to it."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed_and_users_stay(outcome: dict[str, Any]) -> None:
    first, lost, second, refused = (step["status"]["live"] for step in outcome["steps"])
    assert outcome["before"]["live"] != first == lost != second == refused


def test_a_session_that_ends_with_the_old_version_stops_the_release_before_anybody_is_moved(
    outcome: dict[str, Any],
) -> None:
    said = " ".join(outcome["steps"][1]["output"].split())
    assert "failed while checking on app" in said and "step 'go on' (GET /api/lost): expected status 200" in said


def test_the_record_knows_which_step_the_old_version_fails(record: dict[str, Any]) -> None:
    assert (record["outcome"], record["rollback_class"]) == ("live", "freeze")
    verdict = record["verdicts"][0]
    assert verdict["name"] == "standby" and "list shares" in verdict["reason"] and "found 500" in verdict["reason"]


def test_the_release_tells(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][2]["output"].split())
    assert "GOING BACK IS CLOSED: 1.6.0 in" in output and "playbooks/rollback.yml goes back" not in output


def test_the_release_before_was_one_to_go_back_from(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][0]["output"].split())
    assert "GOING BACK IS CLOSED" not in output and "playbooks/rollback.yml goes back" in output


def test_the_rollback_is_refused_and_says_what_users_would_get(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][3]["output"].split())
    assert "it does not work on what 1.7.0 writes" in output and "nobody was moved" in output
