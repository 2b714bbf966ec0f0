# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A drill passes only when the bad build was noticed, taken back, and left nothing behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import drill, record

from tests.unit.plugins.module_utils.test_rollback_plan import FIRST, LAST, ORDER, STAMP, closed, opened

OLD = closed("live", live=None, version="1.0", name=FIRST, epoch=1)


def at(second: float) -> dict[str, Any]:
    return {**STAMP, "at": f"2026-01-01T00:00:{second:09.6f}Z"}


def looks(*documents: dict[str, Any], slot: str = "blue") -> dict[str, Any]:
    return {"lb1": {"record": {"records": [*documents]}, "proxy": {"probe": slot}}}


def taken_back(phase: str = "watching") -> dict[str, Any]:
    document = opened()
    for number, step in enumerate(ORDER[: ORDER.index(phase) + 1]):
        document = record.advance(document, step, {}, 2, at(number))
    document = record.advance(document, "rolling_back", {}, 2, at(20))
    return record.close(document, "rolled_back", {}, 2, at(23.5))


def test_detection_and_recovery_are_measured_by_the_record() -> None:
    found = drill.judge(looks(OLD), looks(OLD, taken_back()), "2.0", 2)
    assert (found["passed"], found["release_id"]) == (True, LAST)
    # ORDER's seventh phase is the switching, at second 6.
    assert (found["exposure_seconds"], found["recovery_seconds"]) == (14.0, 3.5)


def test_a_build_that_no_user_met_has_no_exposure() -> None:
    found = drill.judge(looks(OLD), looks(OLD, taken_back("checking")), "2.0", 2)
    assert (found["passed"], found["exposure_seconds"]) == (True, None)


@pytest.mark.parametrize(
    ("after", "code", "says"),
    [
        (looks(OLD), 2, "it was refused"),
        (looks(OLD, closed("live"), slot="green"), 0, "went live"),
        (looks(OLD, opened()), 2, "in phase opened"),
        ({"lb2": looks(OLD, taken_back())["lb1"]}, 2, "no answer of lb1"),
        (looks(OLD, taken_back(), slot="green"), 2, "lb1 blue to green"),
    ],
)
def test_anything_else_fails(after: dict[str, Any], code: int, says: str) -> None:
    found = drill.judge(looks(OLD), after, "2.0", code)
    assert not found["passed"]
    assert says in found["problem"]
    assert "FAILED" in drill.lines(found, [])[0]


def test_the_trend_is_said_and_a_damaged_line_is_passed_over() -> None:
    found = drill.judge(looks(OLD), looks(OLD, taken_back()), "2.0", 2)
    said = drill.lines(found, ["{", json.dumps({**found, "exposure_seconds": 4.0}), json.dumps(found)])
    assert said[-1] == "Of the last 2: 2 passed, median exposure 9.0 s, median recovery 3.5 s."
