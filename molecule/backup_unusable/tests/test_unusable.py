# SPDX-License-Identifier: GPL-3.0-or-later
"""Without a backup that is known to restore nothing is migrated, and with one the record names it."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    refused, before = outcome["steps"][0]["status"], outcome["before"]
    assert (refused["live"], refused["revision"]) == (before["live"], before["revision"])


def test_the_refusal_says_what_is_missing(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][0]["output"].split())
    assert "ALTER ROLE samokoder CREATEDB" in output and "failed while provisioned" not in output


def test_the_backup_is_told(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][2]["output"].split())
    assert "restored and compared in" in output and "projects 12" in output


def test_the_record_names_a_good_one(record: dict[str, Any], outcome: dict[str, Any]) -> None:
    backup, dumps = record["backup"], outcome["steps"][5]["output"].split()
    assert (backup["mode"], backup["host"]) == ("dump", "db1")
    assert backup["full"] in dumps and f"{backup['full']}.json" in dumps
    assert record["outcome"] == "live"
