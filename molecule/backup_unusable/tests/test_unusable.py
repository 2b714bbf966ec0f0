# SPDX-License-Identifier: GPL-3.0-or-later
"""Without a backup that is known to restore nothing is migrated, and with one the record names it."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://lb"]


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed(outcome: dict[str, Any]) -> None:
    assert outcome["steps"][0]["status"] == outcome["before"]


def test_the_refusal_says_what_is_missing(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][0]["output"].split())
    assert "ALTER ROLE samokoder CREATEDB" in output and "failed while provisioned" not in output


def test_the_backup_is_told(outcome: dict[str, Any]) -> None:
    output = outcome["steps"][2]["output"]
    assert "restored and compared in" in output and "projects 1" in output


def test_the_record_names_a_good_one(record: dict[str, Any], host: Host) -> None:
    backup = record["backup"]
    assert (backup["mode"], backup["host"]) == ("dump", "db1")
    dumps = Host.get_host("ansible://db1").file(backup["directory"]).listdir()
    assert backup["full"] in dumps and f"{backup['full']}.json" in dumps
    assert record["outcome"] == "live" and host.exists("sh")
