# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signals and readings that tests of the judge and of the loop are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.signal import Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_judge import Judgement, Sample, judge
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading
from ansible_collections.bluegreen.release.plugins.module_utils.signals import parse

ERRORS = {"name": "error_rate", "kind": "errors", "source": "access_log", "unit": "share", "norm": "0.1 %", "p1": "1 %",
          "p0": "5 %"}  # fmt: skip
LATENCY = {"name": "p95", "kind": "latency", "source": "access_log", "unit": "seconds", "norm": "500 ms", "p1": "1 s",
           "p0": "2 s"}  # fmt: skip
HISTOGRAM = {**LATENCY, "name": "db", "source": "exposition", "how": "histogram", "metric": "x_seconds"}
CPU = {"name": "cpu", "kind": "saturation", "source": "containers", "resource": "cpu", "unit": "percent", "norm": 70,
       "p1": 80, "p0": 95}  # fmt: skip
LINES = {"name": "lines", "kind": "errors", "source": "container_logs", "pattern": "x", "unit": "count", "norm": 1,
         "p0": 10}  # fmt: skip


def signal(base: Mapping[str, Any] = ERRORS, **changed: Any) -> Signal:
    """One signal; a key given as None is left out."""
    signals, problems = parse([{**base, **changed}, {**ERRORS, "name": "so that one votes"}])
    assert problems == []
    return signals[0]


def share(failed: int | None, count: int, **changed: Any) -> Reading:
    """A reading of ERRORS."""
    told = {"signal": "error_rate", "place": "lb1", "slot": "green", "started": 0.0, "ended": 1.0, "count": count}
    return Reading(**{**told, "failed": failed, **changed})


def durations(counts: Mapping[int, int], **changed: Any) -> Reading:
    """A reading of LATENCY: milliseconds to how often."""
    return share(None, sum(counts.values()))._replace(**{"signal": "p95", "milliseconds": counts, **changed})


def histogram(counts: Mapping[float, int], **changed: Any) -> Reading:
    """A reading of HISTOGRAM: bounds to cumulated counts."""
    return share(None, counts[math.inf])._replace(**{"signal": "db", "buckets": counts, **changed})


def gauge(value: float, **changed: Any) -> Reading:
    """A reading of CPU."""
    return share(None, 1)._replace(**{"signal": "cpu", "place": "app1 api", "value": value, **changed})


def bad(problem: str = "no answer", **changed: Any) -> Reading:
    """A reading of ERRORS that is none."""
    return share(None, 0)._replace(**{"problem": problem, **changed})


def samples(*looks: Sequence[Reading], each: float = 1.0) -> list[Sample]:
    """One look each second, the first of them one second after the beginning."""
    return [Sample(number * each, look) for number, look in enumerate(looks, start=1)]


def judged(of: Signal, *looks: Sequence[Reading], each: float = 1.0, **given: Any) -> Judgement:
    """What looks at one signal are worth."""
    return judge([of], samples(*looks, each=each), "green", **given)
