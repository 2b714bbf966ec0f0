# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten releases begun at once, from terminals and by ansible-runner: exactly one proceeds."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_one_release_is_live_and_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert set(outcome["after"]["live"].values()) == {"green"}
    assert outcome["after"]["versions"]["green"] == "1.0.0"


def test_exactly_one_proceeded(outcome: dict[str, Any]) -> None:
    assert "1 proceeded, 9 of 9 others were refused" in outcome["steps"][0]["output"]


def test_proxies_record_and_hosts_agree(outcome: dict[str, Any]) -> None:
    assert "proxies, record and hosts agree" in outcome["steps"][1]["output"]
