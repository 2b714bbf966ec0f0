# SPDX-License-Identifier: GPL-3.0-or-later
"""The first release of an application on hosts that have only Docker and nginx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


def test_there_was_nothing_before(outcome: dict[str, Any]) -> None:
    before = outcome["before"]
    assert set(before["versions"].values()) == {None}
    assert not before["revision"] and before["release"] is None


@pytest.mark.usefixtures("nobody_noticed")
def test_the_first_release_serves(outcome: dict[str, Any], flag: Callable[[], list[str]]) -> None:
    installed = outcome["steps"][0]["status"]
    (live,) = set(installed["live"].values())
    assert installed["versions"][live] == "0.9.0"
    assert [version for version in installed["versions"].values() if version] == ["0.9.0"]
    assert installed["revision"] == "0001"
    assert flag() == [f"live.{live}"]
    assert set(outcome["load"]["by_slot"]) == {live}


def test_the_record_knows_that_it_is_the_first(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"]) == ("closed", "live")
    assert record["version"] == "0.9.0" and record["from_slot"] is None


def test_nothing_is_installed_twice(outcome: dict[str, Any]) -> None:
    installed, again, back = outcome["steps"]
    assert "Version 0.9.0 is live already" in again["output"] and "Nothing was touched" in again["output"]
    assert again["status"] == back["status"] == installed["status"]


def test_nobody_overheard_a_secret(outcome: dict[str, Any], lab_secrets: list[str]) -> None:
    assert outcome["heard"] == []
    said = "".join(step["output"] for step in outcome["steps"])
    assert not [secret for secret in lab_secrets if secret in said]
