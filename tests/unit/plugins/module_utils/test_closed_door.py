# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When going back needs the closed door, what stands in its way, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.filter.closed_door import FilterModule
from ansible_collections.bluegreen.release.plugins.module_utils import closed_door

COMMANDS = {"downgrade": ["migrate", "down"]}
LB, APP = ["lb1", "lb2"], ["app1", "app2"]


def recorded(*phases: str, **more: Any) -> dict[str, Any]:
    """A release whose migration its former version does not survive, as far as these phases."""
    return {
        "rollback_class": "behind_closed_door", "transitions": [{"phase": phase} for phase in phases],
        "revision_before": "0002", "revision_after": None, "from_slot": "blue", "to_slot": "green",
        "from_version": "1.0", "version": "2.0", "traffic_moved": "switching" in phases, "downtime": None, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("document", "behind"),
    [
        (recorded("opened", "provisioned"), False),
        (recorded("opened", "migrating"), True),
        (recorded("opened", "migrating", "migrated", revision_after="0004"), True),
        (recorded("opened", "migrating", "rolling_back", revision_after="0002"), False),
        (recorded("opened", "migrating", rollback_class="switch"), False),
        (recorded("opened", "migrating", rollback_class=None), False),
        (recorded("opened", "migrating", from_slot=None), False),
    ],
)
def test_going_back_is_behind_the_door_from_the_first_revision_on_until_the_schema_is_back(
    document: dict[str, Any], behind: bool
) -> None:
    assert closed_door.goes_back_behind(document) is behind


@pytest.mark.parametrize(
    ("document", "present", "commands", "found"),
    [
        (recorded("migrating"), [*LB, *APP], COMMANDS, ""),
        (recorded("migrating"), ["lb1", "app1"], COMMANDS, ""),
        (recorded("migrating"), [*LB, "app2"], COMMANDS, "app1 cannot be reached"),
        (recorded("migrating", "switching"), [*LB, *APP], COMMANDS, ""),
        (recorded("migrating", "switching"), ["lb1", *APP], COMMANDS, "lb2 cannot be reached"),
        (recorded("migrating", "switching"), [*LB, "app1"], COMMANDS, "app2 cannot be reached"),
        (recorded("migrating"), [*LB, *APP], {}, "found no command and 0002"),
        (recorded("migrating", revision_before=""), [*LB, *APP], COMMANDS, "found the command and no revision"),
    ],
)
def test_what_stands_in_the_way_is_known_before_anything_is_touched(
    document: dict[str, Any], present: list[str], commands: dict[str, Any], found: str
) -> None:
    refusal = closed_door.refusal(document, LB, APP, present, commands)
    assert (refusal == "") is (found == "") and found in refusal


CLOSED, PARKED = {"nginx_switchover_door": {"door": "closed"}}, {"__closed_door_parked": True}
READY: dict[str, dict[str, Any]] = {"lb1": CLOSED, "lb2": CLOSED, "app1": PARKED, "app2": PARKED}


@pytest.mark.parametrize(
    ("change", "moved", "unmoved"),
    [
        ({}, "", ""),
        ({"lb2": {"nginx_switchover_door": {"door": "open"}}}, "closed at lb2", ""),
        ({"lb1": {}}, "closed at lb1", ""),
        ({"app2": {}}, "not stopped on app2", ""),
        ({"app1": {"__closed_door_obstacle": "compose is gone"}}, "not stopped on app1", "not stopped on app1"),
    ],
)
def test_nobody_may_be_on_the_database_when_it_is_taken_back(change: dict[str, Any], moved: str, unmoved: str) -> None:
    for document, problem in ((recorded("migrating", "switching"), moved), (recorded("migrating"), unmoved)):
        found = closed_door.unready(document, LB, APP, {**READY, **change})
        assert (found == "") is (problem == "") and problem in found
        assert ("compose is gone" in found) is (found != "" and change.get("app1") is not None)


def test_the_candidate_is_not_taken_from_users_that_a_proxy_still_lets_in() -> None:
    moved, unmoved = recorded("migrating", "switching"), recorded("migrating")
    half = {"lb1": CLOSED, "lb2": {"nginx_switchover_door": {"door": "open"}}}
    assert closed_door.shut(moved, LB, READY) and closed_door.shut(unmoved, LB, half)
    assert not closed_door.shut(moved, LB, half) and not closed_door.shut(moved, LB, {"lb1": {}, "lb2": {}})
    assert closed_door.opened(["lb2"], half) and not closed_door.opened(LB, half)


def test_a_person_is_told_where_users_are() -> None:
    moved = closed_door.sentence(recorded("migrating", "switching"), "Rows would be lost.", True)
    assert moved.startswith("Rows would be lost. 1.0 does not work") and "the door is open" in moved
    assert "run playbooks/rollback.yml again" in moved
    waiting = closed_door.sentence(recorded("migrating"), "The tool failed", False)
    assert "THE DOOR STAYS CLOSED" in waiting and "revision 0002 by hand" in waiting
    assert "the door is open" not in closed_door.sentence(recorded("migrating", "switching"), "No", False)


def test_the_longest_of_the_proxies_is_the_downtime() -> None:
    facts = {"lb1": {"switch": {"held_seconds": 7.25}}, "lb2": {"switch": {"held_seconds": 8.5}}, "lb3": {}}
    learned = FilterModule().filters()["door_downtime"](["lb1", "lb2", "lb3"], facts, "switch", "hold", 30)
    assert learned["downtime"] == [
        {"what": "release", "mode": "hold", "limit_seconds": 30.0, "seconds": 8.5, "proxies": {"lb1": 7.25, "lb2": 8.5}}
    ]
    assert FilterModule().filters()["door_downtime"](["lb3"], facts, "switch", "hold", 30) == {}


def test_the_report_says_it_and_whether_it_was_more_than_planned() -> None:
    one = {"what": "release", "mode": "hold", "limit_seconds": 30.0, "seconds": 7.21, "proxies": {"lb1": 7.21}}
    two = {**one, "what": "rollback", "mode": "maintenance", "seconds": 31.0}
    assert closed_door.words(recorded("migrating", downtime=[one, two])) == [
        "Downtime of the release: 7.2 s of at most 30 s, requests held.",
        "Downtime of the rollback: 31.0 s of at most 30 s, answered 503. MORE THAN WAS PLANNED.",
    ]
    assert closed_door.words(recorded("opened")) == []


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ({"__rollback_schema": ""}, ""),
        ({"__rollback_schema": "no way back"}, "no way back"),
        ({"__rollback_schema": None}, "Nothing is known of the database: app1 could not do its part"),
        ({}, "Nothing is known of the database: app1 could not do its part"),
    ],
)
def test_a_schema_that_is_back_is_no_problem_and_one_nobody_knows_of_is(noted: dict[str, Any], expected: str) -> None:
    assert closed_door.problem(APP, {"app1": noted, "app2": {}}) == expected
