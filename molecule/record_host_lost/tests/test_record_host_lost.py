# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy that decides is away and has lost its records: the others know enough, and give them back."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["live"] == outcome["before"]["live"]
    assert outcome["after"]["versions"] == outcome["before"]["versions"]


def test_the_others_are_brought_back_without_it(outcome: dict[str, Any]) -> None:
    released, back = outcome["steps"][0]["status"]["live"], outcome["steps"][3]
    assert back["status"]["live"] == {**outcome["before"]["live"], "lb1": released["lb1"]}
    assert "NOT PROVED at lb1" in back["output"]


def test_every_proxy_has_the_record(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"]) == ("closed", "rolled_back")
