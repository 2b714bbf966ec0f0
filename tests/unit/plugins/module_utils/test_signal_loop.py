# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The loop by a clock of its own: no drift, no hanging, an end at P0, and what follows from too little evidence."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.http_run import Clock
from ansible_collections.bluegreen.release.plugins.module_utils.signal_bounded import Bounded, LateError
from ansible_collections.bluegreen.release.plugins.module_utils.signal_judge import Judge
from ansible_collections.bluegreen.release.plugins.module_utils.signal_loop import Plan, Watched, watch
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading

from tests.unit.plugins.module_utils.signal_samples import bad, durations, share, signal

Answer = Callable[[int], Sequence[Reading]]


class World:
    """A clock, and looks that take some of its time. begun, budgets: of each look. said: each line."""

    def __init__(
        self, answer: Answer, takes: Callable[[int], float] = lambda number: 0.0, zero: float = 1000.0
    ) -> None:
        self.now, self.zero = zero, zero
        self._answer, self._takes = answer, takes
        self.begun: list[float] = []
        self.budgets: list[float] = []
        self.said: list[str] = []

    def look(self, seconds: float) -> Sequence[Reading]:
        number = len(self.begun)
        self.begun.append(round(self.now - self.zero, 6))
        self.budgets.append(round(seconds, 6))
        self.now += self._takes(number)
        return self._answer(number)

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def watch(self, plan: Plan, **changed: Any) -> Watched:
        signals = [signal(**changed)]
        clock = Clock(lambda: self.now, self.sleep)
        return watch(Judge(signals, "green"), signals, self.look, self.said.append, clock, plan)


def fine(number: int) -> list[Reading]:
    return [share(0, 100)]


def too_few(number: int) -> list[Reading]:
    return [share(0, 1)]


def test_looks_at_once_each_interval_and_at_the_end() -> None:
    world = World(fine)
    found = world.watch(Plan(seconds=10, interval_seconds=4))
    assert world.begun == [0, 4, 8, 10]
    assert (found.judgement.verdict, found.action, found.elapsed_seconds, found.extended) == (
        "pass",
        "go_on",
        10,
        False,
    )


def test_slow_looks_do_not_drift() -> None:
    world = World(fine, takes=lambda number: 0.3)
    world.watch(Plan(seconds=600, interval_seconds=1))
    assert world.begun == [float(second) for second in range(601)]


def test_look_that_takes_longer_than_the_interval_skips_some() -> None:
    world = World(fine, takes=lambda number: 2.5 if number == 1 else 0)
    world.watch(Plan(seconds=6, interval_seconds=1))
    assert world.begun == [0, 1, 4, 5, 6]


def test_an_interval_that_is_no_binary_fraction_skips_none() -> None:
    world = World(fine)
    world.watch(Plan(seconds=3, interval_seconds=0.1))
    assert world.begun == pytest.approx([number / 10 for number in range(31)])


def test_budget_ends_at_most_a_look_after_the_watch() -> None:
    world = World(fine, takes=lambda number: 4.9)
    found = world.watch(Plan(seconds=7, interval_seconds=1, timeout_seconds=5))
    assert (world.begun, world.budgets) == ([0, 5], [5, 5])
    assert found.elapsed_seconds == pytest.approx(9.9)


def test_budget_is_clipped_to_what_is_left() -> None:
    world = World(fine)
    sleep = world.sleep
    # A machine that is busy wakes up late.
    world.sleep = lambda seconds: sleep(seconds + 3)  # type: ignore[method-assign]
    world.watch(Plan(seconds=7, interval_seconds=1, timeout_seconds=5))
    assert (world.begun, world.budgets) == ([0, 4, 8], [5, 5, 4])


def test_p0_ends_at_once() -> None:
    world = World(lambda number: [share(50 * (number == 3), 100)])
    found = world.watch(Plan(seconds=1800, interval_seconds=1))
    assert (world.begun, found.action, found.judgement.verdict) == ([0, 1, 2, 3], "take_back", "p0")


@pytest.mark.parametrize(("end_at_p1", "looks"), [(True, 6), (False, 21)])
def test_p1_asks_at_once_or_at_the_end(end_at_p1: bool, looks: int) -> None:
    world = World(lambda number: [share(40, 1000)])
    found = world.watch(Plan(seconds=20, end_at_p1=end_at_p1), for_seconds=5)
    assert (len(world.begun), found.judgement.verdict, found.action) == (looks, "p1", "ask")


@pytest.mark.parametrize("policy", ["ask", "take_back"])
def test_too_little_evidence_is_asked_or_taken_back(policy: str) -> None:
    found = World(too_few).watch(Plan(seconds=5, on_insufficient=policy, extend_seconds=60))
    assert (found.judgement.verdict, found.action, found.extended, len(found.samples)) == (
        "insufficient",
        policy,
        False,
        6,
    )


def test_watch_goes_on_until_there_is_evidence() -> None:
    # 299 requests are enough: 51 in 50 seconds, then 100 a second.
    world = World(lambda number: [share(0, 1 if number <= 50 else 100)])
    found = world.watch(Plan(seconds=50, on_insufficient="extend", extend_seconds=60))
    assert (found.judgement.verdict, found.action, found.extended, world.begun[-1]) == ("pass", "go_on", True, 53)
    assert any("Watching on, for 60 s at most." in line for line in world.said)


@pytest.mark.parametrize("policy", ["ask", "take_back"])
def test_watch_goes_on_only_up_to_its_limit(policy: str) -> None:
    plan = Plan(seconds=5, on_insufficient="extend", extend_seconds=7, after_extending=policy)
    world = World(too_few)
    found = world.watch(plan)
    assert (found.action, found.extended, world.begun[-1]) == (policy, True, 12)
    assert World(too_few).watch(plan._replace(extend_seconds=0)).action == policy


def test_one_look_is_a_plan_of_no_seconds() -> None:
    world = World(fine)
    found = world.watch(Plan(seconds=0), min_sample=1)
    assert (world.begun, len(world.said), found.judgement.verdict) == ([0], 1, "insufficient")


def test_each_look_is_one_line_with_the_time_left() -> None:
    world = World(lambda number: [share(0, 100)] if number else [bad()])
    world.watch(Plan(seconds=75, interval_seconds=25))
    assert world.said == [
        "1:15 left, sample 1, insufficient so far: error_rate -",
        "0:50 left, sample 2, insufficient so far: error_rate 0 % of 100",
        "0:25 left, sample 3, insufficient so far: error_rate 0 % of 200",
        "0:00 left, sample 4, pass so far: error_rate 0 % of 200",
    ]


def test_clock_that_jumps_ahead_leaves_no_evidence_of_the_time_between() -> None:
    # A controller that was suspended: nobody looked for most of the half hour.
    world = World(lambda number: [share(0, 1000)], takes=lambda number: 1700 if number == 20 else 0)
    found = world.watch(Plan(seconds=1800, interval_seconds=10))
    assert found.judgement.verdict == "insufficient"
    assert re.search(r"it was read for only 220 of 1900 s", found.judgement.sentence)


def test_clock_that_jumps_back_moves_nothing_that_was_judged() -> None:
    world = World(fine, takes=lambda number: -3 if number == 4 else 0)
    found = world.watch(Plan(seconds=10))
    times = [one.at for one in found.samples]
    assert times == sorted(times) and times[-1] == 10
    assert found.judgement.verdict == "pass"


def test_look_that_fails_is_a_problem_of_every_signal_and_ends_nothing() -> None:
    def answer(number: int) -> list[Reading]:
        if number == 2:
            raise ValueError("no such host")
        return fine(number)

    found = World(answer).watch(Plan(seconds=5))
    assert [one.problem for one in found.samples[2].readings] == ["looking failed: ValueError: no such host"]
    assert found.judgement.verdict == "pass"


def test_looks_that_all_fail_never_pass() -> None:
    def answer(number: int) -> list[Reading]:
        raise OSError("down")

    found = World(answer).watch(Plan(seconds=5))
    assert (found.judgement.verdict, found.action) == ("insufficient", "ask")
    assert "nothing of it was read: looking failed: OSError: down" in found.judgement.sentence


def test_document_has_every_sample() -> None:
    def answer(number: int) -> list[Reading]:
        return [share(0, 5), durations({7: 5}), share(None, 0)._replace(value=math.nan, buckets={0.5: 1, math.inf: 2})]

    document = World(answer).watch(Plan(seconds=2)).document()
    told = json.loads(json.dumps(document, allow_nan=False))
    assert (len(told["samples"]), told["action"], told["verdict"]) == (3, "ask", "insufficient")
    assert told["samples"][1]["readings"][2]["buckets"] == {"0.5": 1, "+Inf": 2}
    assert told["samples"][1]["readings"][1]["milliseconds"] == {"7": 5}


def test_look_that_hangs_is_left_behind_and_no_other_begins_beside_it() -> None:
    release, begun = threading.Event(), []

    def hang(seconds: float) -> list[Reading]:
        begun.append(seconds)
        release.wait(10)
        return []

    look = Bounded(hang, grace_seconds=0.02)
    started = time.monotonic()
    with pytest.raises(LateError, match=r"within 0\.1 s"):
        look(0.1)
    with pytest.raises(LateError, match="still hangs"):
        look(0.1)
    assert time.monotonic() - started < 2 and begun == [0.1]
    release.set()
    assert look(1.0) == []


def test_what_a_look_raises_arrives() -> None:
    def fails(seconds: float) -> list[Reading]:
        raise KeyError("x")

    def leaves(seconds: float) -> list[Reading]:
        raise SystemExit(3)

    with pytest.raises(KeyError):
        Bounded(fails)(1)
    with pytest.raises(LateError, match="SystemExit"):
        Bounded(leaves)(1)
