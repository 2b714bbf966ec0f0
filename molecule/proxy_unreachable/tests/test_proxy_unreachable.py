# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that is away during a rollback is named; when it is back, reconcile brings its users back as well."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["live"] == outcome["before"]["live"]
    assert outcome["after"]["versions"] == outcome["before"]["versions"]


@pytest.mark.parametrize("step", [2, 3])
def test_the_rest_is_brought_to_one_slot_and_the_missing_proxy_is_named(outcome: dict[str, Any], step: int) -> None:
    released, back = outcome["steps"][0]["status"]["live"], outcome["steps"][step]
    assert back["status"]["live"] == {**outcome["before"]["live"], "lb2": released["lb2"]}
    assert "NOT PROVED at lb2" in back["output"]
    assert back["status"]["versions"] == outcome["steps"][0]["status"]["versions"]


def test_reconcile_ends_what_was_left_undone(outcome: dict[str, Any]) -> None:
    assert "was not ended" in outcome["steps"][5]["output"]
    assert outcome["steps"][5]["status"]["live"] == outcome["before"]["live"]


def test_reconcile_changes_nothing_any_more(outcome: dict[str, Any]) -> None:
    assert "as recorded" in outcome["steps"][6]["output"]
    assert outcome["steps"][6]["output"].count("changed=0") == 5


def test_every_proxy_has_the_record(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"]) == ("closed", "rolled_back")
