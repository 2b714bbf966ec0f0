# SPDX-License-Identifier: GPL-3.0-or-later
"""However the controller ends, one command brings the estate to one consistent state, and nobody notices."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["live"] == outcome["before"]["live"]
    assert outcome["after"]["versions"] == outcome["before"]["versions"]


@pytest.mark.parametrize("step", [1, 3, 5, 10])
def test_a_rollback_brings_everything_back(outcome: dict[str, Any], step: int) -> None:
    found = outcome["steps"][step]["status"]
    assert (found["live"], found["versions"]) == (outcome["before"]["live"], outcome["before"]["versions"])


def test_a_release_goes_on_from_a_known_state(outcome: dict[str, Any]) -> None:
    resumed = outcome["steps"][7]
    assert "was rolled back as asked" in resumed["output"]
    assert "1.0.0 is live on" in resumed["output"]


def test_a_rollback_that_moved_nobody_says_so_and_has_ended_the_dead_release(outcome: dict[str, Any]) -> None:
    said = " ".join(outcome["steps"][13]["output"].split())
    assert "took the lock and never began" in said
    assert "nobody was moved" in said
    assert "lock: free" in outcome["steps"][14]["output"]


@pytest.mark.parametrize("step", [11, 14])
def test_proxies_record_and_hosts_agree(outcome: dict[str, Any], step: int) -> None:
    assert "proxies, record and hosts agree" in outcome["steps"][step]["output"]
