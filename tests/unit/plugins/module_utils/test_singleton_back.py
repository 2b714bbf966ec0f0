# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs once, on the way back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import rollback_outcome, singleton_back

APPS = ["app1", "app2"]
ONE = {"host": "app1", "services": ["jobs"]}


def document(**changes: Any) -> dict[str, Any]:
    base = {
        "from_slot": "blue", "traffic_moved": True, "epoch": 7, "configuration": {"singletons": ONE},
        "from_configuration": {"singletons": ONE},
    }  # fmt: skip
    return {**base, **changes}


def plan(services: list[str] | None = None, **changes: Any) -> singleton_back.Plan:
    return singleton_back.plan(document(**changes), ["jobs"] if services is None else services, "app1", APPS)


def test_the_plan_of_a_plain_rollback() -> None:
    assert plan() == {
        "wanted": True, "services": ["jobs"], "slot": "blue", "host": "app1", "hosts": ["app1"],
        "identity": "to blue at epoch 7",
    }  # fmt: skip


@pytest.mark.parametrize(
    "what",
    [
        plan(traffic_moved=False),
        plan(from_slot=None),
        plan([], configuration=None, from_configuration=None),
        plan([], configuration={"singletons": {"host": "app1", "services": []}}, from_configuration=None),
    ],
)
def test_nothing_is_moved_that_never_moved(what: singleton_back.Plan) -> None:
    assert not what["wanted"]
    assert singleton_back.told(what, {}) == {"done": [], "undone": []}


def test_the_services_of_both_versions_are_moved() -> None:
    new = {"singletons": {"host": "app1", "services": ["jobs", "mail"]}}
    assert plan(configuration=new)["services"] == ["jobs", "mail"]
    assert plan(configuration=new)["hosts"] == ["app1"]


def test_the_host_that_the_newer_version_ran_them_on_counts_though_the_inventory_names_another() -> None:
    moved = {"singletons": {"host": "app2", "services": ["jobs"]}}
    assert plan(configuration=moved)["hosts"] == ["app1", "app2"]


def test_a_service_that_became_an_ordinary_one_may_run_on_every_host() -> None:
    assert plan([], configuration={"singletons": {"host": "app1", "services": []}})["hosts"] == APPS


@pytest.mark.parametrize(
    ("today", "left"),
    [(["jobs"], []), ([], ["jobs"]), (["cron"], ["jobs"]), (["cron", "jobs"], [])],
)
def test_what_leaves_the_list_is_left_in_the_old_slot(today: list[str], left: list[str]) -> None:
    assert singleton_back.left(document(), today) == left


def test_of_an_old_version_that_is_not_known_nothing_is_left() -> None:
    assert singleton_back.left(document(from_configuration=None), []) == []


def answers(stopped: dict[str, Any] | None, started: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    identity = {"identity": "to blue at epoch 7"}
    app1: dict[str, Any] = {"__rollback_stopped": True, "__rollback_present": True}
    if stopped is not None:
        app1["__singleton_stopped"] = {**identity, **stopped}
    if started is not None:
        app1["__singleton_started"] = {**identity, **started}
    return {"lb1": {"__rollback_proved": True, "__rollback_present": True}, "app1": app1, "app2": {}}


@pytest.mark.parametrize(
    ("stopped", "started", "words"),
    [
        ({"done": True}, {"done": True, "absent": []}, ""),
        (None, None, "jobs may still run in the newer version (app1: no answer of this host); not started in blue"),
        ({"msg": "stubborn"}, {"skipped": True}, "(app1: stubborn); not started in blue on app1"),
        ({"done": True}, {"msg": "exited", "failed": True}, "are stopped, and did not start in blue on app1: exited"),
        ({"done": True}, None, "did not start in blue on app1: no answer"),
        ({"done": True}, {"identity": "to green at epoch 6", "done": True}, "no answer of this host"),
        ({"identity": "to green at epoch 6", "done": True}, {"identity": "x", "done": True}, "may still run"),
    ],
)
def test_what_is_not_back_is_told_and_leaves_the_record_open(
    stopped: dict[str, Any] | None, started: dict[str, Any] | None, words: str
) -> None:
    facts = answers(stopped, started)
    told = singleton_back.told(plan(), facts)
    assert [words in line for line in told["undone"]] == ([True] if words else [])
    assert (told["done"] == ["background work (jobs) runs in blue on app1 and nowhere else"]) is not bool(words)
    undo = rollback_outcome.undo_of(["lb1"], ["app1"], facts, True, True, plan())
    assert undo["complete"] is not bool(words)
    assert rollback_outcome.undo_of(["lb1"], ["app1"], facts, True, True)["complete"]
    base = {**document(), "config_generation": None}
    assert (
        rollback_outcome.told_of(base, ["lb1"], ["app1"], facts, plan(), [], {})["undone"][: bool(words)]
        == told["undone"]
    )


def test_a_service_that_the_old_slot_never_had_is_no_failure() -> None:
    new = {"singletons": {"host": "app1", "services": ["jobs", "mail"]}}
    told = singleton_back.told(plan(configuration=new), answers({"done": True}, {"done": True, "absent": ["mail"]}))
    assert told["undone"] == []
    assert told["done"][-1] == "mail is not part of blue, and was stopped"
