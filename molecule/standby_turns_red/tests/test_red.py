# SPDX-License-Identifier: GPL-3.0-or-later
"""A standby that stops working closes the way back at once: it is recorded, told, and nobody is moved to it."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed_and_users_stay(outcome: dict[str, Any]) -> None:
    released, refused = (outcome["steps"][number]["status"]["live"] for number in (0, 1))
    assert released == refused != outcome["before"]["live"]


def test_the_record_knows(record: dict[str, Any]) -> None:
    assert (record["outcome"], record["rollback_class"]) == ("live", "freeze")
    assert record["verdicts"][0]["name"] == "standby" and "found 500" in record["verdicts"][0]["reason"]


def test_the_release_tells(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][0]["output"].split())
    assert "GOING BACK IS CLOSED: 0.9.0 in" in output and "playbooks/rollback.yml goes back" not in output


def test_the_rollback_is_refused_and_says_what_users_would_get(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][1]["output"].split())
    assert "it does not work on what 1.0.0 writes" in output and "nobody was moved" in output
