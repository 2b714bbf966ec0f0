# SPDX-License-Identifier: GPL-3.0-or-later
"""A migration that fails: users stay where they are, the candidate goes, and the run says so."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["live"] == outcome["before"]["live"]
    assert set(outcome["load"]["by_slot"]) == set(outcome["before"]["live"].values())


def test_the_candidate_is_gone_and_the_live_slot_is_not(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["versions"] == outcome["before"]["versions"]


def test_the_database_is_where_it_was(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["revision"] == outcome["before"]["revision"]


def test_the_run_says_what_failed_what_was_done_and_what_is_next(outcome: dict[str, Any]) -> None:
    output = outcome["steps"][0]["output"]
    for part in ("failed while migrating", "Users are on", "Next: mend the cause"):
        assert part in output


def test_the_record_is_closed_as_failed(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"], record["traffic_moved"]) == ("closed", "failed", False)


def test_the_lock_is_free(host: Host) -> None:
    assert not host.file("/var/lib/bluegreen/samokoder/lock.json").exists
