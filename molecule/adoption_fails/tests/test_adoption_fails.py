# SPDX-License-Identifier: GPL-3.0-or-later
"""An adoption that fails leaves the plain estate as it was, says so, and may be tried again."""

from __future__ import annotations

import re
from typing import Any

from testinfra.host import Host

from tests.scenario import reloaded

testinfra_hosts = ["ansible://app"]

PROJECTS = "docker ps --format '{{.Label \"com.docker.compose.project\"}}'"


def said(outcome: dict[str, Any], step: int) -> str:
    """What a step printed, as one line without colours: long messages are broken anywhere."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", outcome["steps"][step]["output"]).split())


def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    # The adoption that failed has reloaded nothing.
    assert reloaded(outcome["load"], 1) == [], outcome["load"]["first_failure"]
    assert outcome["writes"]["rc"] == 0, outcome["writes"]["output"]


def test_the_failure_is_told_with_what_was_done_and_what_to_do(outcome: dict[str, Any]) -> None:
    text = said(outcome, 0)
    assert "found 404" in text and "See the log of the service behind it, or correct the step in the inventory" in text
    assert "nginx is as it was at lb1 and lb2. The old containers run, the twin is stopped on app1 and app2." in text
    assert "Next: mend the cause and run playbooks/adopt.yml again." in text


def test_nothing_is_left_of_it(outcome: dict[str, Any]) -> None:
    failed, before = outcome["steps"][0]["status"], outcome["before"]
    assert (failed["live"], failed["versions"]) == (before["live"], before["versions"])
    assert (failed["release"]["phase"], failed["release"]["outcome"]) == ("closed", "failed")


def test_the_next_one_adopts(host: Host, outcome: dict[str, Any]) -> None:
    assert set(outcome["after"]["live"].values()) == {"blue"}
    assert set(host.check_output(PROJECTS).split()) == {"samokoder-blue"}
