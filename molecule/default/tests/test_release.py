# SPDX-License-Identifier: GPL-3.0-or-later
"""A release moves users to the new version; check mode before it moves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://lb"]


def test_check_mode_touched_nothing(outcome: dict[str, Any]) -> None:
    assert outcome["steps"][0]["status"] == outcome["before"]


def test_users_are_on_the_new_version(outcome: dict[str, Any]) -> None:
    before, after = outcome["before"], outcome["after"]
    (old,) = set(before["live"].values())
    (new,) = set(after["live"].values())
    assert new != old
    assert after["versions"] == {old: "0.9.0", new: "1.0.0"}


def test_the_database_was_migrated(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["revision"] != outcome["before"]["revision"]


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
