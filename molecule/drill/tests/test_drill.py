# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill releases a bad build, measures how it is taken back, and leaves the estate as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://lb"]


def test_it_is_refused_where_nobody_rehearses(outcome: dict[str, Any]) -> None:
    assert "Nothing was touched" in " ".join(outcome["steps"][0]["output"].split())
    assert outcome["steps"][0]["status"] == outcome["before"]


@pytest.mark.parametrize("step", [1, 2])
def test_the_estate_is_as_it_was(outcome: dict[str, Any], step: int) -> None:
    found = outcome["steps"][step]["status"]
    assert (found["live"], found["versions"]) == (outcome["before"]["live"], outcome["before"]["versions"])


def test_the_times_and_the_trend_are_said(outcome: dict[str, Any]) -> None:
    assert "Drill of 1.0.0: passed." in outcome["steps"][1]["output"]
    assert "Of the last 2: 2 passed" in " ".join(outcome["steps"][2]["output"].split())


def test_a_build_that_goes_live_fails_the_drill(outcome: dict[str, Any]) -> None:
    assert "it went live" in " ".join(outcome["steps"][4]["output"].split())
    assert outcome["after"]["live"] == outcome["before"]["live"]


def test_a_slot_that_does_not_pass_is_said_by_the_rollback_that_led_to_it(outcome: dict[str, Any]) -> None:
    said = " ".join(outcome["steps"][6]["output"].split())
    assert "lb1: the slot that users are back on does not pass" in said
    assert "Users are back on blue. Left for you" in said


def test_every_proxy_keeps_the_trend(host: Host) -> None:
    lines = host.file("/var/lib/bluegreen/samokoder/drills.jsonl").content_string.splitlines()
    assert [json.loads(line)["passed"] for line in lines] == [True, True, False]
    assert all(json.loads(line)["exposure_seconds"] > 0 for line in lines[:2])
