# SPDX-License-Identifier: GPL-3.0-or-later
"""A migration that the live version does not survive, with users waiting and none lost; and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://lb"]
STATE = "/var/lib/bluegreen/samokoder"
DOWNTIME = re.compile(r"Downtime of the (release|rollback): ([0-9.]+) s of at most 60 s, requests held\.")


def revisions(outcome: dict[str, Any]) -> list[str]:
    return [step["status"]["revision"] for step in outcome["steps"]]


def told(outcome: dict[str, Any], step: int) -> dict[str, float]:
    """The downtime that a step told of, by what it was of."""
    text = " ".join(outcome["steps"][step]["output"].split())
    return {what: float(seconds) for what, seconds in DOWNTIME.findall(text)}


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_is_lost(outcome: dict[str, Any]) -> None:
    assert set(outcome["load"]["by_slot"]) == {"blue", "green"}


def test_the_database_goes_there_and_back(outcome: dict[str, Any]) -> None:
    assert revisions(outcome) == ["0004", "0002", "0002", "0002", "0002", "0002"]


def test_the_downtime_is_measured_and_short(outcome: dict[str, Any]) -> None:
    assert 0 < told(outcome, 0)["release"] < 30
    assert told(outcome, 1).keys() == {"release", "rollback"} and told(outcome, 1)["rollback"] < 30
    assert told(outcome, 2).keys() == {"release", "rollback"} and told(outcome, 2)["rollback"] < 30


def test_what_the_live_version_survives_costs_none(outcome: dict[str, Any], record: dict[str, Any]) -> None:
    assert told(outcome, 4) == {}
    assert (record["outcome"], record["rollback_class"], record["downtime"]) == ("live", "switch", None)
    assert [step["revision"] for step in record["migration"]["postponed"]] == ["0003"]


def test_every_proxy_has_it_in_its_records(host: Host) -> None:
    names = sorted(host.file(f"{STATE}/records").listdir())
    assert len([name for name in names if "-1.2.0-" in name]) == 3
    found = host.check_output(f"cat {STATE}/records/*-1.2.0-*.json")
    assert found.count('"behind_closed_door"') == 2 and found.count('"what": "rollback"') == 3
    assert found.count('"revision_after": "0002"') == 2, "with the switch back they learn that the schema is back"


def test_a_release_that_did_not_get_everybody_out_migrated_nothing(outcome: dict[str, Any]) -> None:
    assert "expected nobody connected to samokoder-" in " ".join(outcome["steps"][3]["output"].split())
    assert told(outcome, 3).keys() == {"rollback"}, "for as long as it took to find out"


def test_the_door_is_open(flag: Callable[[], list[str]]) -> None:
    assert "door.open" in flag() and "door.closed" not in flag()
