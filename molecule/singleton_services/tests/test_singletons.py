# SPDX-License-Identifier: GPL-3.0-or-later
"""Background work runs on the live slot only: it moves with a release, comes back with a rollback, never twice."""

from __future__ import annotations

import itertools
import json
import os
from typing import Any, NamedTuple

import pytest

from lab import database
from lab.settings import read_settings
from tests.scenario import must

testinfra_hosts = ["ansible://lb"]
# A beat comes every 0.2 s; between two writers one container ends and another begins.
LONGEST_SILENCE_SECONDS = 30.0


class Stretch(NamedTuple):
    """Beats that one writer wrote with no other between them."""

    container: str
    version: str
    first: float
    last: float
    beats: int


def application_hosts() -> list[str]:
    """Those of the lab that the scenario ran on."""
    return sorted(json.loads(must(["inventories/lab/hosts.py"]))["app"]["hosts"])


@pytest.fixture(scope="module")
def stretches() -> list[Stretch]:
    """Who wrote, in the order in which the database got it."""
    sql = "select container, version, extract(epoch from at) from entries_heartbeat order by id"
    rows = [line.split("|") for line in database.query(read_settings(os.environ), sql, "guestbook").splitlines()]
    found = []
    for (container, version), group in itertools.groupby(rows, key=lambda row: (row[0], row[1])):
        times = [float(row[2]) for row in group]
        found.append(Stretch(container, version, times[0], times[-1], len(times)))
    return found


def test_there_is_one_writer_at_a_time_and_it_is_that_of_the_live_slot(stretches: list[Stretch]) -> None:
    """Two at once would take turns, and make many stretches."""
    assert [stretch.version for stretch in stretches] == ["1.0", "1.1", "1.0"]
    assert all(stretch.beats > 5 for stretch in stretches)


def test_the_rollback_starts_the_container_that_was_stopped(stretches: list[Stretch]) -> None:
    first, second, third = (stretch.container for stretch in stretches)
    assert first == third != second


def test_nobody_writes_for_a_short_time_only(stretches: list[Stretch]) -> None:
    silences = [after.first - before.last for before, after in itertools.pairwise(stretches)]
    assert all(0 < silence < LONGEST_SILENCE_SECONDS for silence in silences), silences


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed() -> None:
    pass


@pytest.mark.parametrize(("step", "slot"), [(2, "green"), (4, "blue")])
def test_status_shows_where_it_runs_and_that_all_is_well(outcome: dict[str, Any], step: int, slot: str) -> None:
    output = outcome["steps"][step]["output"]
    assert f"runs once: scheduler, in {slot} on app1" in output
    assert "proxies, record and hosts agree" in output


def test_the_report_of_the_rollback_says_so(outcome: dict[str, Any]) -> None:
    output = " ".join(outcome["steps"][3]["output"].split())
    assert "Brought back: background work (scheduler) runs in blue on app1 and nowhere else." in output
    everywhere = ", ".join(application_hosts())
    assert f"Brought back: compose file and environment are those of the record on {everywhere}." in output
    assert "NOT BROUGHT BACK" not in output


def test_the_record_keeps_what_runs_once_and_no_value(record: dict[str, Any], lab_secrets: list[str]) -> None:
    assert record["configuration"]["singletons"] == {"host": "app1", "services": ["scheduler"]}
    assert sorted(record["configuration"]["hosts"]) == application_hosts()
    assert "DATABASE_URL" in record["configuration"]["hosts"]["app1"]["environment"]
    assert [secret for secret in lab_secrets if secret in str(record)] == []
