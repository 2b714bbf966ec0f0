# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Both slots are asked at once, and an ill one is not waited for."""

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.http_client import Request
from ansible_collections.bluegreen.release.plugins.module_utils.http_eval import Answer
from ansible_collections.bluegreen.release.plugins.module_utils.http_run import StepSequence
from ansible_collections.bluegreen.release.plugins.module_utils.slot_health import Health, ask, ask_all

WELL: Health = {"passed": True, "reason": "", "version": "1"}
ILL: Health = {"passed": False, "reason": "no", "version": ""}
STEPS = [{"name": "health", "path": "/health"}]


@pytest.mark.parametrize("status", [200, 500])
def test_health_and_version_come_from_one_answer(status: int) -> None:
    def send(_request: Request) -> Answer:
        return Answer(status, {"x-release-version": "1.0"}, b"")

    found = ask(StepSequence(STEPS, {}), send, "X-Release-Version")
    assert (found["passed"], found["version"]) == (status == 200, "1.0")
    assert ("found 500" in found["reason"]) == (status == 500)


def test_an_answer_without_the_header_of_the_version_passes_only_where_there_is_none() -> None:
    def send(_request: Request) -> Answer:
        return Answer(200, {}, b"")

    assert ask(StepSequence(STEPS, {}), send, "")["passed"]
    found = ask(StepSequence(STEPS, {}), send, "X-Release-Version")
    assert (found["passed"], found["reason"]) == (False, "expected header X-Release-Version, found none")


def test_all_answers_are_given_in_order() -> None:
    assert ask_all({"blue": lambda: ILL, "green": lambda: WELL}) == {"blue": ILL, "green": WELL}
    assert ask_all({}) == {}


def test_one_that_hangs_is_left_behind_once_the_other_has_passed() -> None:
    gate = threading.Event()

    def hanging() -> Health:
        gate.wait(10)
        return WELL

    began = time.monotonic()
    found = ask_all({"blue": lambda: WELL, "green": hanging}, grace_seconds=0.05)
    took = time.monotonic() - began
    gate.set()
    assert found["blue"] == WELL
    assert "no answer, 0.05 s after" in found["green"]["reason"]
    assert took < 5


def test_where_none_has_passed_each_is_waited_for() -> None:
    def slow() -> Health:
        time.sleep(0.2)
        return WELL

    assert ask_all({"blue": lambda: ILL, "green": slow}, grace_seconds=0.01)["green"] == WELL
