# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of a release went."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lab.bench.timeline import left_seconds, parts, switch_seconds
from lab.errors import LabError

BASE = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()
OFFSETS = {
    "opened": 3.0,
    "provisioning": 4.0,
    "provisioned": 9.0,
    "migrating": 10.0,
    "migrated": 13.0,
    "checking": 15.0,
    "checked": 17.0,
    "switching": 18.5,
    "switched": 20.0,
    "watching": 21.0,
    "watched": 28.0,
    "closed": 29.0,
}


def record(**changes: Any) -> dict[str, Any]:
    offsets = {**OFFSETS, **changes}
    stamps = {phase: datetime.fromtimestamp(BASE + second, UTC) for phase, second in offsets.items()}
    transitions = [{"phase": phase, "at": at.isoformat().replace("+00:00", "Z")} for phase, at in stamps.items()]
    return {"from_slot": "blue", "to_slot": "green", "transitions": transitions}


def log(*answers: tuple[float, str, str]) -> str:
    return "\n".join(json.dumps({"epoch": BASE + at, "slot": slot, "host": host}) for at, slot, host in answers)


def test_every_second_of_a_run_is_in_one_part() -> None:
    found = parts(record(), BASE, BASE + 30)
    assert found == pytest.approx(
        {"preflight": 4, "provision": 6, "migrate": 5, "check": 3.5, "switch": 2.5, "watch": 7, "close": 2}
    )
    assert sum(found.values()) == pytest.approx(30)


def test_a_release_that_was_taken_back_has_no_times() -> None:
    cut = record()
    cut["transitions"] = [entry for entry in cut["transitions"] if entry["phase"] not in ("watching", "watched")]
    with pytest.raises(LabError, match="watching, watched"):
        parts(cut, BASE, BASE + 30)


def test_a_rollback_afterwards_does_not_move_the_first_times() -> None:
    later = record()
    later["transitions"].append({"phase": "switching", "at": "2026-01-01T13:00:00Z"})
    assert parts(later, BASE, BASE + 30)["check"] == pytest.approx(3.5)


def test_the_switch_lasts_until_the_last_old_answer_at_the_slowest_front_door() -> None:
    first = log((18.0, "blue", "shop"), (18.9, "blue", "shop"), (19.0, "green", "shop"))
    second = log((18.8, "blue", "shop"), (19.4, "green", "shop"), (19.5, "blue", "shop"), (40.0, "green", "shop"))
    assert switch_seconds(record(), "shop", [first, second]) == pytest.approx(1.0)


def test_what_the_preview_answers_is_no_user() -> None:
    seen = log((18.9, "blue", "shop"), (19.0, "green", "shop"), (25.0, "blue", "green.shop"))
    assert switch_seconds(record(), "shop", [seen]) == pytest.approx(0.4)


def test_a_front_door_without_an_answer_of_the_new_slot_proves_nothing() -> None:
    good = log((18.9, "blue", "shop"), (19.0, "green", "shop"))
    with pytest.raises(LabError, match="proxy 2"):
        switch_seconds(record(), "shop", [good, log((18.9, "blue", "shop"))])
    with pytest.raises(LabError, match="proxy 2"):
        switch_seconds(record(), "shop", [good, log((10.0, "green", "shop"), (18.9, "blue", "shop"))])


def test_a_rollback_counts_from_the_moment_it_was_asked_for() -> None:
    first = log((10.0, "green", "shop"), (12.5, "green", "shop"), (12.6, "blue", "shop"))
    second = log((11.0, "green", "shop"), (11.5, "green", "other"), (11.2, "blue", "shop"))
    assert left_seconds(BASE + 10.5, "green", "blue", "shop", [first, second]) == pytest.approx(2.0)
    with pytest.raises(LabError, match="answers of slot blue in the log of proxy 1"):
        left_seconds(BASE + 10.5, "green", "blue", "shop", [log((11.0, "green", "shop"))])
