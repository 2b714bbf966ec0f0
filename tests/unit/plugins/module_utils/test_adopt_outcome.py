# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said at the end of an adoption, of one that failed, and of an undo."""

from __future__ import annotations

from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.adopt_outcome import (
    adopted_lines,
    reached,
    report,
    undone,
)

LB, APP = ["lb1", "lb2"], ["app1"]
DOCUMENT = {
    "application": "shop", "version": "0.9.0", "release_id": "R", "to_slot": "blue", "traffic_moved": True,
    "adoption": {"way": "twin", "project": "shop"},
}  # fmt: skip
BACK = {"__adopt_present": True, "__adopt_ended": True, "__adopt_reached": {"withdrawn": True}}
WELL = {"__adopt_present": True, "__adopt_ended": True, "__adopt_reached": {"started": True, "settled": True}}
ALL: dict[str, Any] = {"lb1": BACK, "lb2": BACK, "app1": WELL}


def told(facts: dict[str, Any], check_mode: bool = False, **changes: Any) -> dict[str, Any]:
    return report({**DOCUMENT, **changes}, LB, APP, facts, "/records", check_mode)


def test_a_host_that_is_away_counts_only_where_that_is_asked_for() -> None:
    facts: dict[str, Any] = {**ALL, "lb2": {}}
    assert reached(LB, facts, "withdrawn") == {"done": ["lb1"], "missing": []}
    assert reached(LB, facts, "withdrawn", True) == {"done": ["lb1"], "missing": ["lb2"]}
    assert reached(LB, {**facts, "lb2": {"__adopt_present": True}}, "withdrawn")["missing"] == ["lb2"]


def test_a_proxy_that_is_away_leaves_something_undone_only_when_it_may_have_been_changed() -> None:
    facts: dict[str, Any] = {**ALL, "lb2": {}}
    assert undone(LB, APP, facts, moved=False)["complete"]
    assert undone(LB, APP, facts, moved=True)["left"] == ["lb2"]
    assert not undone(LB, APP, {**ALL, "app1": {}}, moved=False)["complete"]


def test_an_undo_says_what_is_as_it_was() -> None:
    text = told(ALL)["text"]
    assert text.startswith("The adoption of shop 0.9.0 is undone.")
    assert "nginx is as it was at lb1 and lb2." in text
    assert "The old containers run, the twin is stopped on app1." in text
    assert "/records/R.json on lb1 and lb2." in text and "playbooks/adopt.yml adopts again" in text
    assert told(ALL)["complete"]


def test_a_record_that_no_proxy_could_write_is_no_success() -> None:
    some = told({**ALL, "lb1": {**BACK, "release_record_unwritten": {"lb2": "disk full"}}})
    assert some["complete"] and "NOT WRITTEN at lb2: disk full\nRecord: /records/R.json on lb1." in some["text"]
    none = told({**ALL, "lb1": {**BACK, "release_record_unwritten": dict.fromkeys(LB, "disk full")}})
    assert not none["complete"] and "on no proxy." in none["text"] and "it ends what is left" in none["text"]
    assert not told({**ALL, "lb1": {}})["complete"]


def test_users_that_were_cut_off_are_counted() -> None:
    text = told({**ALL, "app1": {**WELL, "decommission_result": {"abandoned": ["192.0.2.1", "192.0.2.1"]}}})["text"]
    assert "2 connections to the twin on app1 had not ended by then, and were cut." in text
    assert "were cut" not in told({**ALL, "app1": {**WELL, "decommission_result": {"abandoned": []}}})["text"]


def test_in_place_no_container_was_touched() -> None:
    assert "No container was touched" in told(ALL, adoption={"way": "in_place", "project": "shop"})["text"]


def test_a_failure_is_named_with_its_host_and_task() -> None:
    facts = {**ALL, "app1": {**WELL, "__adopt_failed": {"task": "start | it", "message": " no image "}}}
    found = told(facts)
    assert found["text"].startswith("The adoption of shop 0.9.0 failed on app1, in task «start | it»:\nno image\n")
    assert "mend the cause" in found["text"]
    assert found["speaker"] == "lb1"


def test_a_lost_host_is_the_failure_and_what_is_left() -> None:
    facts = {**ALL, "lb1": {}}
    found = told(facts)
    assert "cannot be reached: lb1" in found["text"]
    assert (
        "NOT DONE at lb1." in found["text"] and "run playbooks/adopt.yml again: it ends what is left" in found["text"]
    )
    assert found["speaker"] == "lb2"


def test_a_host_that_dropped_out_on_the_way_back_does_not_speak_for_all() -> None:
    found = told({**ALL, "lb1": {"__adopt_present": True, "__adopt_ended": False}})
    assert found["speaker"] == "lb2"
    assert found["text"].startswith("The adoption of shop 0.9.0 is not undone everywhere.")
    assert "NOT DONE at lb1." in found["text"] and not found["complete"]


def test_check_mode_says_that_nothing_was_touched() -> None:
    assert told(ALL, check_mode=True)["text"].startswith("Check mode: nothing was touched.")
    assert adopted_lines(DOCUMENT, APP, ALL, True)[0].startswith("Check mode: nothing was touched.")


def test_an_adoption_says_what_became_of_the_old_containers() -> None:
    drained = adopted_lines(DOCUMENT, APP, {"app1": {"__adopt_drained": {"drained": True}}})
    assert "shop 0.9.0 is adopted: users are on slot blue." in drained[0]
    assert "are stopped, kept for an undo" in drained[1]
    busy = adopted_lines(DOCUMENT, APP, {"app1": {"__adopt_drained": {"drained": False}}})
    assert "still run on app1" in busy[1]
    place = adopted_lines({**DOCUMENT, "adoption": {"way": "in_place"}}, APP, {"app1": {}})
    assert not any("old containers" in line for line in place)
