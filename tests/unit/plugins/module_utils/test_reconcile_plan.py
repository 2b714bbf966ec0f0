# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A reconciliation follows the last record, leaves a run at work alone, and asks for a person where one is needed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import reconcile_plan, record
from ansible_collections.bluegreen.release.plugins.module_utils.rollback_plan import Refused

from tests.unit.plugins.module_utils.test_rollback_plan import FIRST, ILL, LAST, STAMP, at, closed, look

LATER = {**STAMP, "at": "2026-01-01T01:00:00.000000Z"}
SOON = {**STAMP, "at": "2026-01-01T00:00:30.000000Z"}
HOLDER = {
    "release_id": LAST, "user": "bob", "host": "c2", "job": "", "mode": "run", "purpose": "release 2.0",
    "since": STAMP["at"], "epoch": 2,
}  # fmt: skip


def plan(stamp: dict[str, Any] = LATER, **looks: dict[str, Any]) -> reconcile_plan.Plan:
    known = {"app1": look(), **looks}
    return reconcile_plan.plan(known, [host for host in known if host != "app1"], ["app1"], 600, stamp)


@pytest.mark.parametrize(("outcome", "slot"), [("live", "green"), ("rolled_back", "blue"), ("failed", "blue")])
def test_where_all_is_as_recorded_nothing_is_done(outcome: str, slot: str) -> None:
    found = plan(lb1=look(closed(outcome), slot=slot), lb2=look(closed(outcome), slot=slot))
    assert (found["action"], found["slot"], found["wish"]) == ("nothing", slot, None)


@pytest.mark.parametrize(("outcome", "slot", "other"), [("live", "green", "blue"), ("rolled_back", "blue", "green")])
def test_a_proxy_elsewhere_is_brought_back_under_a_higher_epoch(outcome: str, slot: str, other: str) -> None:
    found = plan(lb1=look(closed(outcome), slot=slot), lb2=look(closed(outcome), slot=other))
    assert (found["action"], found["slot"], found["moves"]) == ("bring", slot, ["lb2"])
    assert f"lb2 serves {other}" in found["reason"]
    assert found["wish"] is not None
    assert found["wish"]["holder"]["epoch"] == 3


def test_a_proxy_whose_nginx_says_otherwise_than_its_flag_is_not_passed_over() -> None:
    odd = look(closed("live"), slot="green")
    odd["proxy"] = {"file": "green", "probe": "blue", "agree": False}
    found = plan(lb1=look(closed("live"), slot="green"), lb2=odd)
    assert (found["action"], found["moves"]) == ("bring", ["lb2"])
    assert "lb2 has the flag of green, while nginx says blue" in found["reason"]


def test_a_door_that_was_left_closed_is_opened_at_all_proxies_and_whatever_is_behind_it() -> None:
    shut = [look(closed("live"), slot="green") for _ in range(2)]
    for one in shut:
        one["proxy"]["door"] = "closed"
    found = plan(lb1=shut[0], lb2=shut[1], app1=look(green=ILL))
    assert (found["action"], found["slot"], found["moves"]) == ("bring", "green", ["lb1", "lb2"])
    assert "lb2 lets nobody in, its door is closed" in found["reason"]


def test_a_closed_door_is_no_word_of_where_users_are() -> None:
    shut = look(closed("live"), slot="blue")
    shut["proxy"]["door"] = "closed"
    with pytest.raises(Refused, match="Proxies are believed"):
        plan(lb1=shut)


def test_a_proxy_without_the_last_record_is_given_it() -> None:
    old = closed("live", live=None, version="1.0", name=FIRST, epoch=1)
    found = plan(lb1=look(closed("live"), old), lb2=look(old))
    assert (found["action"], found["moves"]) == ("bring", [])
    assert "lb2 does not have the last record" in found["reason"]


def test_nobody_is_moved_to_a_slot_that_is_not_healthy() -> None:
    with pytest.raises(Refused, match="what users would get"):
        back = closed("rolled_back")
        plan(lb1=look(back, slot="green"), lb2=look(back, slot="blue"), app1=look(blue=ILL))


def test_where_every_proxy_says_otherwise_they_are_believed() -> None:
    with pytest.raises(Refused, match=r"lb1 serves blue, lb2 serves blue\. Proxies are believed"):
        plan(lb1=look(closed("live"), slot="blue"), lb2=look(closed("live"), slot="blue"))


def test_a_proxy_that_a_later_run_has_visited_is_not_moved_to_an_older_record() -> None:
    full = look(closed("live"), slot="blue")
    full["record"]["epoch"] = 3
    with pytest.raises(Refused, match="a later run was at lb2 and could not write its record"):
        plan(lb1=look(closed("live"), slot="green"), lb2=full)


def test_an_older_copy_on_a_proxy_counts_as_none() -> None:
    found = plan(lb1=look(closed("live")), lb2=look(at("watched")))
    assert found["action"] == "bring"


def test_a_rollback_that_was_not_ended_is_ended() -> None:
    rolling = record.advance(at("switched"), "rolling_back", {}, 2, STAMP)
    found = plan(lb1=look(rolling))
    assert (found["action"], found["slot"]) == ("go_back", "blue")
    assert found["wish"] is not None


@pytest.mark.parametrize("phase", ["opened", "migrating", "switched"])
def test_a_release_at_work_is_left_alone_for_a_time(phase: str) -> None:
    assert plan(SOON, lb1=look(at(phase)))["action"] == "busy"
    with pytest.raises(Refused, match=r"nobody at work on it for 600 s.*playbooks/rollback.yml"):
        plan(lb1=look(at(phase)))


def test_a_rollback_at_work_is_left_alone_for_a_time() -> None:
    rolling = record.advance(at("switched"), "rolling_back", {}, 2, STAMP)
    assert plan(SOON, lb1=look(rolling))["action"] == "busy"


def test_a_lock_of_a_release_without_a_record_yet_is_respected() -> None:
    mine = look(closed("live", name=FIRST))
    mine["record"]["lock"] = HOLDER
    found = plan(SOON, lb1=mine)
    assert (found["action"], "bob@c2" in found["reason"]) == ("busy", True)
    assert plan(LATER, lb1=mine)["action"] == "drop"


def test_a_lock_that_a_closed_release_left_stops_nothing() -> None:
    mine = look(closed("live"))
    mine["record"]["lock"] = HOLDER
    assert plan(SOON, lb1=mine)["action"] == "nothing"


def test_a_host_that_does_not_answer_is_named() -> None:
    looks = {"lb1": look(closed("live"))}
    found = reconcile_plan.plan(looks, ["lb1", "lb2"], ["app1"], 600, LATER)
    assert found["silent"] == ["lb2", "app1"]


def test_without_a_release_there_is_nothing_to_do() -> None:
    assert plan(lb1=look())["action"] == "nothing"
    back = record.advance(at("switched", live=None), "rolling_back", {}, 2, STAMP)
    assert plan(lb1=look(record.close(back, "failed", {}, 2, STAMP)))["action"] == "nothing"


def test_no_proxy_at_all_is_refused() -> None:
    with pytest.raises(Refused, match="at least one proxy"):
        reconcile_plan.plan({"app1": look()}, ["lb1"], ["app1"], 600, LATER)
