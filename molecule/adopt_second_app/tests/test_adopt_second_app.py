# SPDX-License-Identifier: GPL-3.0-or-later
"""A second application of another shape runs already, is adopted, released and rolled back by inventory alone."""

from __future__ import annotations

from typing import Any

from testinfra.host import Host

from tests.scenario import reloaded

testinfra_hosts = ["ansible://app"]

SERVICES = 'docker ps --format \'{{.Label "com.docker.compose.project"}} {{.Label "com.docker.compose.service"}}\''


def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert reloaded(outcome["load"], 1) == []
    assert outcome["writes"]["rc"] == 0, outcome["writes"]["output"]


def test_users_were_on_the_twin_then_on_the_new_version_then_back(outcome: dict[str, Any]) -> None:
    adopted, released, back = (step["status"] for step in outcome["steps"])
    assert set(adopted["live"].values()) == set(back["live"].values()) == {"blue"}
    assert set(released["live"].values()) == {"green"}
    assert released["versions"] == {"blue": "1.0", "green": "1.1"}
    assert set(outcome["load"]["by_slot"]) == {"none", "blue", "green"}


def test_its_mailer_was_never_started_a_second_time_and_its_scheduler_runs_once(
    host: Host, outcome: dict[str, Any]
) -> None:
    running = sorted(host.check_output(SERVICES).splitlines())
    first = host.backend.get_pytest_id().endswith("app1")
    scheduler = ["guestbook-blue scheduler"] if first else []
    assert running == ["guestbook mailer", *scheduler, "guestbook-blue web"]
