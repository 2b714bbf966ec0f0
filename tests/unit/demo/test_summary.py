"""The summary says what was seen, and nothing that went wrong passes for a success."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lab.demo import summary
from lab.demo.summary import Outcome, Seen

BEFORE = Seen({"lb1": "blue", "lb2": "blue"}, {"blue": "0.9.0", "green": None}, "0001", 100_000)
AFTER = Seen({"lb1": "green", "lb2": "green"}, {"blue": "0.9.0", "green": "1.0.0"}, "0002", 103_400)
LOAD = {"sent": 6800, "ok": 6800, "failed": 0, "acked": 3400, "longest_gap_seconds": 0.04, "first_failure": None}
GOOD = Outcome(BEFORE, AFTER, 0, 34.2, LOAD, 0, {"lost": 0})
HALF = Seen({"lb1": "green", "lb2": "blue"}, AFTER.versions, "0002", 103_400)


def test_a_good_demonstration_has_no_problem() -> None:
    assert summary.problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"release_code": 2}, "exit code 2"),
        ({"after": HALF}, "lb2"),
        ({"load": {}}, "found none"),
        ({"load": {"sent": 0, "failed": 0}}, "found none"),
        ({"load": {**LOAD, "failed": 3, "first_failure": "502"}}, "502"),
        ({"load": {"sent": 10}}, "no failed request"),
        ({"writes_code": 1}, "acknowledged write"),
    ],
)
def test_whatever_went_wrong_is_a_problem(change: dict[str, Any], words: str) -> None:
    (problem,) = summary.problems(dataclasses.replace(GOOD, **change))
    assert words in problem


def test_summary_shows_both_sides_and_commands_that_can_be_pasted() -> None:
    shown = summary.text(GOOD, "cd /srv/it && ")
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert lines["lb2"].split() == ["lb2", "blue", "0.9.0", "green", "1.0.0"]
    assert "100,000" in shown and "103,400" in shown and "6,800" in shown
    assert "none; longest time without a good answer 0.04 s" in shown
    assert shown.count("\n  cd /srv/it && ") == 3


def test_downtime_is_never_claimed_without_a_measurement() -> None:
    assert summary.downtime({}) == "not measured"
    assert summary.downtime({"sent": 5, "failed": 1, "longest_gap_seconds": 0.1}).startswith("longest")


@pytest.mark.parametrize(
    ("versions", "live", "expected"),
    [
        ({"blue": "0.9.0", "green": None}, {"lb1": "blue", "lb2": "blue"}, False),
        ({"blue": "0.9.0", "green": "1.0.0"}, {"lb1": "blue", "lb2": "blue"}, True),
        ({"blue": None, "green": "1.0.0"}, {"lb1": "green", "lb2": "green"}, True),
        ({"blue": "0.9.0", "green": None}, {"lb1": "blue", "lb2": "unknown"}, True),
        ({"blue": None, "green": None}, {}, True),
    ],
)
def test_a_lab_that_was_released_to_is_reset(versions: dict[str, Any], live: dict[str, str], expected: bool) -> None:
    installed = {"id": "20260101T000000Z-0.9.0-aaaa"}
    assert summary.needs_reset({"versions": versions, "live": live, "release": installed}) is expected


@pytest.mark.parametrize("release", [{"id": "20260102T000000Z-1.0.0-bbbb"}, None])
def test_a_release_that_was_taken_back_is_reset_too(release: dict[str, str] | None) -> None:
    status = {"versions": BEFORE.versions, "live": BEFORE.live, "release": release}
    assert summary.needs_reset(status)
