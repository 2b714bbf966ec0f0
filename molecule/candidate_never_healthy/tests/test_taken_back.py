# SPDX-License-Identifier: GPL-3.0-or-later
"""A candidate that never gets healthy: users see nothing of it, its logs are kept, and it is stopped."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://app"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["live"] == outcome["before"]["live"]
    assert outcome["after"]["versions"] == outcome["before"]["versions"]


def test_the_database_was_not_touched(outcome: dict[str, Any]) -> None:
    assert outcome["after"]["revision"] == outcome["before"]["revision"]


def test_the_run_says_what_failed(outcome: dict[str, Any]) -> None:
    assert "failed while provisioning" in outcome["steps"][0]["output"]


def test_the_logs_of_the_candidate_are_kept(host: Host, outcome: dict[str, Any]) -> None:
    found = host.run(f"sudo ls -l /srv/samokoder/logs/ | grep {outcome['after']['release']['id']}").stdout
    assert found.startswith("-rw-------"), found
