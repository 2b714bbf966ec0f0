# SPDX-License-Identifier: GPL-3.0-or-later
"""An application host that is away during a rollback: users go back, and the candidate there is stopped later."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["live"] == outcome["before"]["live"]
    assert outcome["after"]["versions"] == outcome["before"]["versions"]


def test_users_are_back_at_once_and_the_run_says_what_is_left(outcome: dict[str, Any]) -> None:
    back = outcome["steps"][2]
    assert back["status"]["live"] == outcome["before"]["live"]
    assert "stopped on app1." in back["output"]
    assert "run playbooks/rollback.yml" in back["output"]


def test_every_proxy_has_the_record(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"]) == ("closed", "rolled_back")
