# SPDX-License-Identifier: GPL-3.0-or-later
"""A second application of another shape is installed, released under load and rolled back, by inventory alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://app"]

SERVICES = 'docker ps --format \'{{.Label "com.docker.compose.project"}} {{.Label "com.docker.compose.service"}}\''


def live(status: dict[str, Any]) -> str:
    """The one slot that all proxies serve."""
    (slot,) = set(status["live"].values())
    return str(slot)


def test_it_was_not_there_and_was_installed(outcome: dict[str, Any]) -> None:
    installed = outcome["steps"][0]["status"]
    assert outcome["before"]["revision"] is None
    assert installed["versions"][live(installed)] == "1.0"
    assert installed["revision"] == "0001_initial"


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed_the_release_and_the_rollback(outcome: dict[str, Any]) -> None:
    installed, released, back = (step["status"] for step in outcome["steps"][:3])
    assert live(released) != live(installed) == live(back)
    assert released["versions"][live(released)] == "1.1"
    assert back["versions"][live(back)] == "1.0"
    assert set(outcome["load"]["by_version"]) == {"1.0", "1.1"}


def test_nobody_overheard_a_secret(outcome: dict[str, Any], lab_secrets: list[str]) -> None:
    assert outcome["heard"] == []
    said = "".join(step["output"] for step in outcome["steps"])
    assert not [secret for secret in lab_secrets if secret in said]


def test_the_migration_of_the_new_version_stays(outcome: dict[str, Any]) -> None:
    assert outcome["steps"][1]["status"]["revision"] == "0002_entry_mood"
    assert outcome["after"]["revision"] == "0002_entry_mood"


def test_the_scheduler_runs_once_on_the_live_slot_and_the_mailer_beside_the_slots(
    host: Host, outcome: dict[str, Any]
) -> None:
    running = [line.split() for line in host.check_output(SERVICES).splitlines()]
    slot = f"guestbook-{live(outcome['after'])}"
    first = host.backend.get_pytest_id().endswith("app1")
    assert [project for project, service in running if service == "scheduler"] == ([slot] if first else [])
    assert [project for project, service in running if service == "mailer"] == ["guestbook"]
    assert [slot, "web"] in running


def test_the_first_application_was_left_alone(outcome: dict[str, Any]) -> None:
    first = json.loads(outcome["steps"][3]["output"])
    load = json.loads(outcome["steps"][4]["output"].splitlines()[-1])
    assert first["application"] == "samokoder" and first["versions"]["blue"] == "0.9.0"
    assert load["failed"] == 0 < load["sent"]
