"""Which slot may be stopped: only positive evidence from every proxy allows it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.filter.decommission import (
    live_refusals,
    release_under_way,
    standby_slot,
    stop_refusals,
)
from ansible_collections.bluegreen.release.plugins.module_utils import lock, record

from tests.unit.plugins.module_utils.test_release_take import closed, holder, opened, views


def hosts(**views: tuple[str, str] | None) -> dict[str, Any]:
    return {
        host: {"nginx_switchover_view": {"file": view[0], "probe": view[1]}} if view else {}
        for host, view in views.items()
    }


def test_every_proxy_on_the_other_slot() -> None:
    known = hosts(lb1=("green", "green"), lb2=("green", "green"))
    assert stop_refusals(["lb1", "lb2"], known, "blue") == []
    assert standby_slot(["lb1", "lb2"], known) == "blue"


@pytest.mark.parametrize(
    ("view", "found"),
    [
        (("blue", "blue"), "found it live there"),
        (("green", "blue"), "found it live there"),
        (("blue", "green"), "found it live there"),
        (("unknown", "green"), "flag unknown and nginx green"),
        (("green", "unreachable"), "flag green and nginx unreachable"),
        (("none", "none"), "flag none and nginx none"),
        (None, "flag not read and nginx not read"),
    ],
)
def test_one_proxy_is_enough_to_refuse(view: tuple[str, str] | None, found: str) -> None:
    (refusal,) = stop_refusals(["lb1", "lb2"], hosts(lb1=("green", "green"), lb2=view), "blue")
    assert "lb2" in refusal and found in refusal


def test_proxy_that_is_not_in_the_inventory() -> None:
    (refusal,) = stop_refusals(["lb9"], {}, "blue")
    assert "lb9" in refusal


@pytest.mark.parametrize("slot", ["", "red"])
def test_slot_that_is_none(slot: str) -> None:
    assert len(stop_refusals(["lb1"], hosts(lb1=("green", "green")), slot)) == 1


def test_no_proxy_no_evidence() -> None:
    assert stop_refusals([], {}, "blue") and standby_slot([], {}) == ""


def test_standby_is_unknown_where_no_proxy_names_a_slot() -> None:
    assert standby_slot(["lb1"], hosts(lb1=("unknown", "unknown"))) == ""


def test_way_back_counts_only_proxies_that_serve_the_slot() -> None:
    known = hosts(lb1=("green", "green"), lb2=None, lb3=("unknown", "unreachable"))
    assert live_refusals(["lb1", "lb2", "lb3"], known, "blue") == []
    (refusal,) = live_refusals(["lb1", "lb2", "lb3"], known, "green")
    assert "lb1" in refusal


def test_lock_that_a_closed_release_left_is_no_work() -> None:
    assert release_under_way(views()) == ""
    assert release_under_way(views(closed(), lock=holder(closed()))) == ""


def test_release_at_work_is_named() -> None:
    assert release_under_way(views(opened())) == (
        f"release {opened()['release_id']} is in phase opened; playbooks/rollback.yml takes it back"
    )
    # Its record is not written yet.
    assert release_under_way(views(closed(), lock={**holder(closed()), "release_id": "next"})) == (
        "bob@c2 holds the lock for release next since yesterday. If it was killed, playbooks/rollback.yml takes it back"
    )


def test_adoption_at_work_is_taken_back_by_its_own_playbook() -> None:
    adopting = record.amend(opened(), {"adoption": {"way": "twin"}}, 3)
    held = {**holder(opened()), "purpose": f"{lock.ADOPTION} of shop"}
    for seen in (views(lock=held), views(adopting)):
        assert "playbooks/adopt.yml takes it back" in release_under_way(seen)
