# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback brings the configuration of the release that it goes to, and says what it could not bring."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from testinfra.host import Host

from tests.scenario import reloaded

testinfra_hosts = ["ansible://lb"]

SITE = "/etc/nginx/conf.d/samokoder.conf"


def said(outcome: dict[str, Any], step: int) -> str:
    """What a step printed, as one line without colours: long messages are broken anywhere."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", outcome["steps"][step]["output"]).split())


def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert reloaded(outcome["load"], 2) == [], outcome["load"]["first_failure"]
    assert outcome["writes"]["rc"] == 0, outcome["writes"]["output"]


def test_an_image_came_from_the_registry_that_asks_for_a_login(outcome: dict[str, Any]) -> None:
    released = outcome["steps"][0]["status"]
    assert set(released["live"].values()) == {"green"}
    assert released["versions"]["green"] == "1.0.0"


def test_nobody_overheard_a_secret(outcome: dict[str, Any], lab_secrets: list[str]) -> None:
    assert outcome["heard"] == []
    told = "".join(step["output"] for step in outcome["steps"])
    assert not [secret for secret in lab_secrets if secret in told]


def test_users_are_back_and_the_record_is_closed(record: dict[str, Any], flag: Callable[[], list[str]]) -> None:
    assert flag() == ["live.blue"]
    assert (record["phase"], record["outcome"]) == ("closed", "rolled_back")


def test_nginx_has_its_configuration_again(host: Host, record: dict[str, Any], outcome: dict[str, Any]) -> None:
    before, released = record["from_configuration"]["nginx"], record["configuration"]["nginx"]
    assert record["config_generation"] == before != released
    assert "64m" not in host.file(SITE).content_string
    assert f"nginx has its configuration {before} again" in said(outcome, 2)


def test_the_edited_environment_is_named_and_ends_the_run_non_zero(outcome: dict[str, Any]) -> None:
    text = said(outcome, 2)
    assert re.search(r"NOT BROUGHT BACK: [^.]*app1", text), text[-3000:]
    assert "compose file and environment are those of the record on app2" in text
    assert outcome["steps"][2]["rc"] != 0
