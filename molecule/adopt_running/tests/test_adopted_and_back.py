# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that runs already is adopted and given back, and nobody notices."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from testinfra.host import Host

from tests.scenario import reloaded

testinfra_hosts = ["ansible://lb"]

# One for the adoption, one for the undo.
RELOADS = 2
SITE = "/etc/nginx/conf.d/samokoder.conf"


def said(outcome: dict[str, Any], step: int) -> str:
    """What a step printed, as one line without colours: long messages are broken anywhere."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", outcome["steps"][step]["output"]).split())


def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    load = outcome["load"]
    assert reloaded(load, RELOADS) == [], load["first_failure"]
    assert outcome["writes"]["rc"] == 0, outcome["writes"]["output"]
    by_slot = load["by_slot"]
    assert by_slot.get("blue", 0) > 0, "users were on the slot"
    assert by_slot.get("none", 0) > 0, "and on the plain estate before and after"
    assert set(by_slot) == {"blue", "none"}, "and nowhere else"


def test_check_mode_shows_the_plan_and_touches_nothing(outcome: dict[str, Any]) -> None:
    text = said(outcome, 0)
    assert f"{SITE} is ours from now on" in text
    assert "in slot blue (project samokoder-blue, port 8001)" in text
    assert "-upstream samokoder {" in text, "the difference of the user's nginx file"
    assert "Check mode: nothing was touched" in text
    assert outcome["steps"][0]["status"] == outcome["before"]


def test_users_are_on_the_twin(outcome: dict[str, Any]) -> None:
    adopted = outcome["steps"][1]["status"]
    assert set(adopted["live"].values()) == {"blue"}
    assert adopted["versions"]["blue"] == "0.9.0"
    assert "are stopped, kept for an undo" in said(outcome, 1)


def test_a_second_adoption_changes_nothing_and_says_so(outcome: dict[str, Any]) -> None:
    text = said(outcome, 2)
    assert "Already adopted" in text and "Nothing was changed" in text
    assert set(re.findall(r"changed=(\d+)", text)) == {"0"}
    assert outcome["steps"][2]["status"] == outcome["steps"][1]["status"]


def test_the_estate_is_plain_again(host: Host, outcome: dict[str, Any], flag: Callable[[], list[str]]) -> None:
    assert "is undone" in said(outcome, 3)
    text = host.file(SITE).content_string
    assert "upstream samokoder {" in text and "bluegreen" not in text
    assert flag() == []
    assert outcome["after"]["versions"] == {"blue": None, "green": None}


def test_the_record_says_what_was_adopted_and_that_it_was_given_back(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"], record["from_slot"]) == ("closed", "rolled_back", None)
    assert record["adoption"]["way"] == "twin"
    assert record["adoption"]["project"] == "samokoder"
    assert SITE in next(iter(record["adoption"]["replaced"].values()))
