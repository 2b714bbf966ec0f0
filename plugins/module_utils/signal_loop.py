# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Watch a slot: look at its signals again and again, until P0 is proved or time is over. No I/O of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils import signal_words
from ansible_collections.bluegreen.release.plugins.module_utils.http_run import Clock
from ansible_collections.bluegreen.release.plugins.module_utils.signal import Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_judge import (
    INSUFFICIENT,
    P0,
    P1,
    PASS,
    Judge,
    Judgement,
    Sample,
)
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading

GO_ON, ASK, TAKE_BACK = "go_on", "ask", "take_back"
EXTEND = "extend"

# Gives the readings of one look, within so many seconds.
Look = Callable[[float], Sequence[Reading]]


class Plan(NamedTuple):
    """How long a slot is watched, and what follows from too little evidence; all in seconds.

    timeout_seconds: how long one look may take; the last one ends at most so much after the watch.
    on_insufficient: ``extend``, ``ask`` or ``take_back``. extend_seconds: by how much at most. after_extending: ``ask``
    or ``take_back``. end_at_p1: whether a P1 ends the watch, too, so that people are asked at once.
    """

    seconds: float
    interval_seconds: float = 1.0
    timeout_seconds: float = 5.0
    on_insufficient: str = ASK
    extend_seconds: float = 0.0
    after_extending: str = ASK
    end_at_p1: bool = False


class Watched(NamedTuple):
    """What came of a watch. action: ``go_on``, ``ask`` or ``take_back``. extended: whether it went beyond its plan."""

    judgement: Judgement
    action: str
    samples: Sequence[Sample]
    elapsed_seconds: float
    extended: bool

    def document(self) -> dict[str, Any]:
        """As the record keeps it, with every sample."""
        return {
            **self.judgement.document(),
            "action": self.action,
            "elapsed_seconds": round(self.elapsed_seconds, 3),
            "extended": self.extended,
            "samples": [
                {"at_seconds": round(one.at, 3), "readings": [_document(reading) for reading in one.readings]}
                for one in self.samples
            ],
        }


def watch(
    judge: Judge, signals: Sequence[Signal], look: Look, say: Callable[[str], None], clock: Clock, plan: Plan
) -> Watched:
    """Look at once, then each interval, and a last time at the end; a look that is late moves no later one.

    judge: without a sample yet. signals: that a look gives, named where it fails. say: is given a line for each look.
    A plan of 0 seconds is one look.
    """
    started = clock.now()
    end, extended = plan.seconds, False
    samples: list[Sample] = []
    while True:
        budget = max(min(plan.timeout_seconds, end + plan.timeout_seconds - (clock.now() - started)), 0.0)
        readings = _looked(look, signals, budget)
        # Never back, whatever clock was given: time that is judged only grows.
        at = max(clock.now() - started, samples[-1].at if samples else 0.0)
        samples.append(Sample(at, readings))
        judge.take(samples[-1])
        judgement = judge.judgement()
        say(signal_words.line(judgement.findings, judgement.verdict, len(samples), end - at))
        if judgement.verdict == P0 or (plan.end_at_p1 and judgement.verdict == P1):
            break
        if extended and judgement.verdict != INSUFFICIENT:
            break
        if at >= end:
            if extended or not _extends(plan, judgement):
                break
            end, extended = plan.seconds + plan.extend_seconds, True
            say(f"{judgement.sentence} Watching on, for {plan.extend_seconds:g} s at most.")
        clock.sleep(max(_due(clock.now() - started, plan.interval_seconds, end) - (clock.now() - started), 0.0))
    action = _action(judgement.verdict, plan, extended)
    return Watched(judgement, action, samples, clock.now() - started, extended)


def _due(now: float, interval: float, end: float) -> float:
    """When the next look is due: the next whole interval since the beginning, or the end. Missed ones are left out."""
    return min((math.floor(round(now / interval, 6)) + 1) * interval, end)


def _extends(plan: Plan, judgement: Judgement) -> bool:
    return judgement.verdict == INSUFFICIENT and plan.on_insufficient == EXTEND and plan.extend_seconds > 0


def _action(verdict: str, plan: Plan, extended: bool) -> str:
    if verdict == INSUFFICIENT:
        return plan.after_extending if extended or plan.on_insufficient == EXTEND else plan.on_insufficient
    return {PASS: GO_ON, P1: ASK, P0: TAKE_BACK}[verdict]


def _looked(look: Look, signals: Sequence[Signal], budget: float) -> list[Reading]:
    """The readings of one look. One that fails as a whole is a problem of every signal, and ends no watch."""
    try:
        return list(look(budget))
    except Exception as error:  # whatever it is: users are on the new version, and the watch must go on
        problem = f"looking failed: {type(error).__name__}: {error}"
        return [Reading(signal.name, "", "", 0.0, 0.0, problem=problem) for signal in signals]


def _document(reading: Reading) -> dict[str, Any]:
    """What a reading has, without what it has not. Infinity and NaN as text: JSON has none."""
    told = {name: value for name, value in reading._asdict().items() if value not in (None, "", {})}
    for name in ("milliseconds", "buckets"):
        if name in told:
            told[name] = {_text(key): count for key, count in told[name].items()}
    if "value" in told and not math.isfinite(told["value"]):
        told["value"] = str(told["value"])
    return told


def _text(bound: float) -> str:
    return "+Inf" if bound == math.inf else f"{bound:g}"
