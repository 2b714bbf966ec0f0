# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that ran once, and that the new version does not have, stops in the old slot and comes back with it."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://app"]

SCHEDULERS = "docker ps --filter label=com.docker.compose.service=scheduler --format '{{.Names}}'"


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert set(outcome["load"]["by_version"]) == {"1.0", "1.1"}


def test_it_stopped_with_the_version_that_had_it(outcome: dict[str, Any]) -> None:
    running = outcome["steps"][2]["output"]
    assert "guestbook-blue-web" in running and "guestbook-green-web" in running
    assert "scheduler" not in running


def test_it_came_back_with_that_version(host: Host) -> None:
    first = host.backend.get_pytest_id().endswith("app1")
    assert host.check_output(SCHEDULERS).split() == (["guestbook-blue-scheduler-1"] if first else [])
