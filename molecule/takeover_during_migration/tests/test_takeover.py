# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback that is taken while the release is at work wins, in its migration, its switch and its watch."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["live"] == outcome["before"]["live"]
    assert outcome["after"]["versions"] == outcome["before"]["versions"]


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_rollback_wins(outcome: dict[str, Any], step: int) -> None:
    found = outcome["steps"][step]["status"]
    assert (found["live"], found["versions"]) == (outcome["before"]["live"], outcome["before"]["versions"])


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_release_says_who_took_over(outcome: dict[str, Any], step: int) -> None:
    first = outcome["steps"][step]["output"].partition("SECOND ended")[0]
    assert "the lock was taken over by" in " ".join(first.split())


def test_proxies_record_and_hosts_agree(outcome: dict[str, Any]) -> None:
    assert "proxies, record and hosts agree" in outcome["steps"][3]["output"]
