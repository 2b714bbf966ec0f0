# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run a sequence of HTTP steps once, until it passes, or for a time; the clock and the sender are given."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.http_client import Request, encode
from ansible_collections.bluegreen.release.plugins.module_utils.http_eval import (
    Answer,
    StepError,
    check,
    mask,
    substitute,
    values_to_save,
)

DEFAULT_TIMEOUT_SECONDS = 5.0
Send = Callable[[Request], Answer]


@dataclass
class Clock:
    """Seconds that only grow, and waiting; tests give their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Reading:
    """What one pass through the steps found, or several. begun: whether the steps before them have passed."""

    passed: bool
    reason: str = ""
    attempts: int = 1
    steps: list[dict[str, Any]] = field(default_factory=list)
    begun: bool = True


@dataclass(frozen=True)
class Beginning:
    """Steps that another server answers before; what they save, the steps behind them know."""

    steps: Sequence[Mapping[str, Any]]
    expect_headers: Mapping[str, str]
    send: Send


@dataclass(frozen=True)
class StepSequence:
    """Steps, what every answer must carry, and what may not be shown."""

    steps: Sequence[Mapping[str, Any]]
    expect_headers: Mapping[str, str]
    secrets: Sequence[str] = ()
    beginning: Beginning | None = None

    def run(self, send: Send, clock: Clock) -> Reading:
        """Send the steps in order until one is not as expected."""
        reading = Reading(passed=True)
        saved: dict[str, Any] = {}
        first = self.beginning
        before = [(step, first.send, first.expect_headers) for step in first.steps] if first else []
        for number, (step, ask, expect_headers) in enumerate(
            [*before, *((step, send, self.expect_headers) for step in self.steps)]
        ):
            started = clock.now()
            status, reason = 0, ""
            try:
                answer = ask(_request(step, saved))
                status = answer.status
                expect = substitute({k: v for k, v in (step.get("expect") or {}).items() if v is not None}, saved)
                check(answer, expect, expect_headers)
                saved.update(values_to_save(answer, step.get("save") or {}))
            except StepError as error:
                reason = mask(str(error), [*self.secrets, *saved.values()])
            seconds = round(clock.now() - started, 3)
            reading.steps.append(
                {"name": step["name"], "status": status, "ok": not reason, "seconds": seconds, "reason": reason}
            )
            if reason:
                reading.passed, reading.begun = False, number >= len(before)
                method = str(step.get("method") or "GET").upper()
                where = mask(f"({method} {step['path']})", self.secrets)
                reading.reason = f"step {step['name']!r} {where}: {reason}"
                break
        return reading


def _request(step: Mapping[str, Any], saved: Mapping[str, Any]) -> Request:
    body, content = encode(substitute(step.get("json"), saved), substitute(step.get("body"), saved))
    headers = {str(k): str(v) for k, v in substitute(step.get("headers") or {}, saved).items()}
    return Request(
        method=str(step.get("method") or "GET").upper(),
        path=str(substitute(step["path"], saved)),
        headers={**content, **headers},
        body=body.encode() if isinstance(body, str) else body,
        timeout=float(step.get("timeout_seconds") or DEFAULT_TIMEOUT_SECONDS),
    )


def until_passed(sequence: StepSequence, send: Send, within: float, interval: float, clock: Clock) -> Reading:
    """Repeat the whole sequence until it passes or ``within`` seconds are over; at least once."""
    started = clock.now()
    attempts = 0
    while True:
        attempts += 1
        reading = sequence.run(send, clock)
        reading.attempts = attempts
        elapsed = clock.now() - started
        if reading.passed:
            return reading
        if elapsed + interval > within:
            if attempts > 1:
                reading.reason += f" (the last of {attempts} attempts in {elapsed:.1f} s)"
            return reading
        clock.sleep(interval)


def while_passing(sequence: StepSequence, send: Send, duration: float, interval: float, clock: Clock) -> Reading:
    """Repeat the sequence every ``interval`` seconds for ``duration`` seconds; the first failed one ends it."""
    started = clock.now()
    attempts = 0
    while True:
        attempts += 1
        begun = clock.now()
        reading = sequence.run(send, clock)
        reading.attempts = attempts
        elapsed = clock.now() - started
        if not reading.passed:
            reading.reason += f" (reading {attempts}, {elapsed:.1f} s into a watch of {duration:g} s)"
            return reading
        if elapsed >= duration:
            return reading
        clock.sleep(min(max(interval - (clock.now() - begun), 0), duration - elapsed))
