# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback on proxies whose disk is full: users go back, and what could not be written is said and written later."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["live"] == outcome["before"]["live"]
    assert outcome["after"]["versions"] == outcome["before"]["versions"]


def test_users_are_back_although_nothing_can_be_written(outcome: dict[str, Any]) -> None:
    back = outcome["steps"][2]
    assert back["status"]["live"] == outcome["before"]["live"]
    said = " ".join(back["output"].split())
    assert "proved at lb1, lb2" in said
    for host in ("lb1", "lb2"):
        assert f"{host}: the record is not written there" in said


def test_no_schedule_moves_users_by_a_record_that_is_older_than_what_was_done(outcome: dict[str, Any]) -> None:
    assert "Proxies are believed, so nobody was moved" in " ".join(outcome["steps"][4]["output"].split())
    assert outcome["steps"][4]["status"]["live"] == outcome["before"]["live"]


def test_every_proxy_has_the_record(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"]) == ("closed", "rolled_back")


def test_proxies_record_and_hosts_agree(outcome: dict[str, Any]) -> None:
    assert "proxies, record and hosts agree" in outcome["steps"][6]["output"]
