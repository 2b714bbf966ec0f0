# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that was out of reach of a rollback and restarts before anybody reconciled follows the other proxy."""

from __future__ import annotations

from typing import Any

testinfra_hosts = ["ansible://lb"]


def test_it_served_the_slot_that_was_left_until_it_restarted(outcome: dict[str, Any]) -> None:
    released = outcome["steps"][0]["status"]["live"]
    assert outcome["steps"][2]["status"]["live"] == {**outcome["before"]["live"], "lb2": released["lb2"]}


def test_restarted_it_serves_what_the_others_serve(outcome: dict[str, Any]) -> None:
    assert outcome["steps"][3]["status"]["live"] == outcome["before"]["live"]


def test_reconcile_ends_the_rest(outcome: dict[str, Any], record: dict[str, Any]) -> None:
    assert "was not ended" in outcome["steps"][5]["output"]
    assert (record["phase"], record["outcome"]) == ("closed", "rolled_back")
    assert outcome["after"]["versions"] == outcome["before"]["versions"]


def test_only_requests_to_the_proxy_that_restarted_failed_and_no_write_is_lost(outcome: dict[str, Any]) -> None:
    load = outcome["load"]
    assert 0 < load["failed"] < load["sent"] / 4, load
    assert outcome["writes"]["rc"] == 0, outcome["writes"]["output"]
