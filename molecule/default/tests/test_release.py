# SPDX-License-Identifier: GPL-3.0-or-later
"""A release moves users to the new version; check mode before it moves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://lb"]


def test_check_mode_touched_nothing(outcome: dict[str, Any]) -> None:
    assert outcome["steps"][1]["status"] == outcome["before"]


def test_check_mode_left_every_host_as_it_was(outcome: dict[str, Any]) -> None:
    """Files, and the images, containers, networks and volumes of every application host."""
    before, after = (sorted(outcome["steps"][step]["output"].splitlines()) for step in (0, 2))
    assert any("@sha256" in line or "sha256:" in line for line in before) and any(
        "override.yml" in line for line in before
    )
    assert after == before


def test_check_mode_shows_the_plan(outcome: dict[str, Any]) -> None:
    plan = outcome["steps"][1]["output"].rpartition("Plan of the release of samokoder 1.0.0")[2]
    before, after = outcome["before"]["revision"], outcome["after"]["revision"]
    assert f"{before} -> {after}, once, on app1, in the new image" in plan
    assert "app1: to be pulled" in plan
    assert "the same, no reload" in plan and "lb1: not known" not in plan
    assert "+    image: " in plan and "compose.yml: the same as the live slot's" in plan


def test_users_are_on_the_new_version(outcome: dict[str, Any]) -> None:
    before, after = outcome["before"], outcome["after"]
    (old,) = set(before["live"].values())
    (new,) = set(after["live"].values())
    assert new != old
    assert after["versions"] == {old: "0.9.0", new: "1.0.0"}


def test_the_database_was_migrated(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["revision"] != outcome["before"]["revision"]


def test_no_row_was_lost(record: dict[str, Any], outcome: dict[str, Any]) -> None:
    """Counted and compared beside users, who write meanwhile."""
    proof = record["migration"]["proof"]
    tables = {one["table"]: one for one in proof["tables"]}
    assert (proof["state"], sorted(tables)) == ("proved", ["public.profiles", "public.projects"])
    for one in tables.values():
        assert one["compared"] == one["equal"] + one["updated"] + one["gone"] and one["changed"] == 0
    assert tables["public.profiles"]["compared"] == tables["public.profiles"]["before"] > 20_000
    assert tables["public.projects"]["sampled"] and tables["public.projects"]["compared"] > 90_000
    assert "table public.profiles: 20,0" in outcome["steps"][3]["output"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert set(outcome["load"]["by_slot"]) == {"blue", "green"}


def test_one_flag_names_the_live_slot(flag: Callable[[], list[str]], outcome: dict[str, Any]) -> None:
    (new,) = set(outcome["after"]["live"].values())
    assert flag() == [f"live.{new}"]


def test_the_record_is_closed_and_says_what_happened(record: dict[str, Any], outcome: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"]) == ("closed", "live")
    assert record["traffic_moved"] is True
    assert record["revision_before"] == outcome["before"]["revision"]
    assert record["revision_after"] == outcome["after"]["revision"]
    assert record["standby"]["state"] == "running"


def test_the_lock_is_free(host: Host) -> None:
    assert not host.file("/var/lib/bluegreen/samokoder/lock.json").exists
