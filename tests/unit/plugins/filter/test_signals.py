# SPDX-License-Identifier: GPL-3.0-or-later
"""Which slot is judged, and what the record learns of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.bluegreen.release.plugins.filter.signals import signals_facts, signals_relative, signals_slot

RESULT = {
    "verdict": "p0", "sentence": "P0: it is.", "slot": "green", "seconds": 3.0, "extended": False, "signals": [],
    "queries": {}, "samples": [], "readings": [["much"]], "measured": {},
}  # fmt: skip


def views(**slots: str) -> dict[str, Any]:
    return {host: {"nginx_switchover_view": {"probe": slot}} for host, slot in slots.items()}


def test_the_slot_that_is_named_comes_before_the_releases_and_that_before_the_users() -> None:
    hostvars = views(lb1="blue")
    assert signals_slot(["lb1"], hostvars, "green", {"candidate": "blue"}) == "green"
    assert signals_slot(["lb1"], hostvars, "", {"candidate": "green"}) == "green"
    assert signals_slot(["lb1"], hostvars, "", {}) == "blue"


@pytest.mark.parametrize(
    ("hostvars", "found"),
    [
        (views(lb1="blue", lb2="green"), "lb1: blue, lb2: green"),
        (views(lb1="unknown", lb2="unknown"), "lb1: unknown"),
        ({"lb1": {}, "lb2": {}}, "lb1: unreachable"),
    ],
)
def test_proxies_that_do_not_agree_are_named(hostvars: dict[str, Any], found: str) -> None:
    with pytest.raises(AnsibleFilterError, match=found):
        signals_slot(["lb1", "lb2"], hostvars, "", {})


def test_one_proxy_that_is_gone_hides_nothing() -> None:
    assert signals_slot(["lb1", "lb2"], {"lb1": {}, **views(lb2="green")}, "", {}) == "green"


def test_the_record_learns_a_verdict_once_and_without_every_reading() -> None:
    standby = {"name": "standby", "verdict": "p1", "reason": "red"}
    found = signals_facts({"verdicts": [standby], "rollback_class": "freeze"}, {"verdicts": []}, RESULT)
    assert found["rollback_class"] == "freeze"
    assert [one["name"] for one in found["verdicts"]] == ["standby", "golden_signals"]
    entry = found["verdicts"][1]
    assert (entry["verdict"], entry["reason"]) == ("p0", "P0: it is.") and "readings" not in entry
    assert signals_facts({}, {"verdicts": [entry]}, RESULT) == {}


@pytest.mark.parametrize("result", [{}, {"skipped": True}])
def test_where_nothing_was_judged_nothing_is_learned(result: dict[str, Any]) -> None:
    assert signals_facts({}, {"verdicts": []}, result) == {}


def test_a_relative_bound_is_seen() -> None:
    assert signals_relative([{"name": "a"}, {"name": "b", "p1_baseline": 2}])
    assert not signals_relative([{"name": "a", "p1": 2}])
