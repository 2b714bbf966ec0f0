# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts of a load: what was sent, what came back, and from which slot and version."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How one request ended.

    Attributes:
        due: seconds after the load's start at which it was to be sent.
        ended: seconds after the load's start at which it was over.
        failure: why it failed; empty when it succeeded.
        slot: value of X-Release-Slot, or "none".
        version: value of X-Release-Version, or "none".
        acked: a write that the application has confirmed.
        held: it was to take long, so that how long it took says nothing.
    """

    method: str
    path: str
    front: str
    due: float
    ended: float
    failure: str = ""
    status: int | None = None
    slot: str = "none"
    version: str = "none"
    acked: bool = False
    held: bool = False


@dataclass
class Tally:
    """Everything counted so far."""

    sent: int = 0
    ok: int = 0
    failed: int = 0
    acked: int = 0
    connections: int = 0
    by_slot: Counter[str] = field(default_factory=Counter)
    by_version: Counter[str] = field(default_factory=Counter)
    by_front: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    websockets: Counter[str] = field(default_factory=Counter)
    first_failure: dict[str, object] | None = None
    _latencies: list[float] = field(default_factory=list)
    _successes: list[float] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one request that is over."""
        if not outcome.held:
            self._latencies.append(outcome.ended - outcome.due)
        self.by_slot[outcome.slot] += 1
        self.by_version[outcome.version] += 1
        self.by_front[outcome.front] += 1
        if not outcome.failure:
            self.ok += 1
            self.acked += outcome.acked
            self._successes.append(outcome.ended)
            return
        self.failed += 1
        self.failures[outcome.failure] += 1
        if self.first_failure is None:
            self.first_failure = {
                "at_seconds": round(outcome.ended, 3),
                "request": f"{outcome.method} {outcome.front}{outcome.path}",
                "reason": outcome.failure,
                "status": outcome.status,
                "slot": outcome.slot,
                "version": outcome.version,
            }

    def longest_gap(self, end: float) -> float:
        """Return the longest time in seconds without a success, from the start of the load to `end`."""
        moments = [0.0, *sorted(self._successes), end]
        return max(after - before for before, after in itertools.pairwise(moments))

    def percentile(self, share: float) -> float | None:
        """Return a latency in seconds, counted from when a request was due; None when there was none."""
        ordered = sorted(self._latencies)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 4) if ordered else None

    def document(self, seconds: float) -> dict[str, object]:
        """Return the load's result as it is printed; `seconds` is how long the load ran."""
        return {
            "sent": self.sent,
            "ok": self.ok,
            "failed": self.failed,
            "acked": self.acked,
            "by_slot": dict(self.by_slot),
            "by_version": dict(self.by_version),
            "by_front": dict(self.by_front),
            "failures": dict(self.failures),
            "first_failure": self.first_failure,
            "websockets": dict(self.websockets),
            "longest_gap_seconds": round(self.longest_gap(seconds), 3),
            "p50": self.percentile(0.50),
            "p95": self.percentile(0.95),
            "p99": self.percentile(0.99),
            "seconds": round(seconds, 2),
            "connections_opened": self.connections,
        }


def last_json(text: str) -> dict[str, Any]:
    """The JSON object on the last line of an output; empty when there is none."""
    lines = text.strip().splitlines()
    try:
        value = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
