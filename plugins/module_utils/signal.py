# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A signal as an inventory describes it, checked (signals.parse makes it), and what can be measured of each source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

SECONDS, SHARE, PERCENT, PER_SECOND, COUNT = UNITS = ("seconds", "share", "percent", "per_second", "count")
KINDS = ("latency", "traffic", "errors", "saturation", "business")

# Of durations, the one that a share of them is not above; of observations, the share that failed; observations each
# second; how many there were; how many lines were found; a number that stands for itself.
QUANTILE, FAILED, RATE, GROWTH, LINES, GAUGE = ("quantile", "failed", "rate", "growth", "lines", "gauge")

_ANY_GAUGE = dict.fromkeys(UNITS, GAUGE)
_COUNTED = {PER_SECOND: RATE, COUNT: GROWTH}
# Source, for expositions with their `how`, and unit, to what is measured. What is not here cannot be had.
MEASURES: Mapping[str, Mapping[str, str]] = {
    "access_log": {SECONDS: QUANTILE, SHARE: FAILED, **_COUNTED},
    "probe": {SECONDS: QUANTILE, SHARE: FAILED},
    "containers": {PERCENT: GAUGE},
    "container_logs": {COUNT: LINES},
    "prometheus": _ANY_GAUGE,
    "exposition gauge": _ANY_GAUGE,
    "exposition counter": _COUNTED,
    "exposition share": {SHARE: FAILED},
    "exposition histogram": {SECONDS: QUANTILE},
}
HOWS = ("gauge", "counter", "share", "histogram")


class Signal(NamedTuple):
    """One signal. Bounds are numbers in its unit: seconds, a share from 0 to 1, percent, each second, or a count.

    norm: within it is what is below it. p1, p0: broken is what is above them. None where there is no such bound.
    p1_baseline, p0_baseline: the same as so many times what the live slot had before the switch.
    source: ``access_log``, ``exposition``, ``prometheus``, ``probe``, ``containers`` or ``container_logs``.
    details: what the source is asked: the keys of signals.DETAILS. measure: one of those above, as MEASURES has it.
    quantile: of durations, where that is measured.
    min_sample: observations, or readings of a gauge, without which nothing passes.
    window_seconds: how far a bound looks back. for_seconds: how long a P1 must last.
    voting: whether it has a say in the verdict; otherwise it is only watched.
    """

    name: str
    kind: str
    source: str
    unit: str
    measure: str
    details: Mapping[str, Any] = {}
    norm: float | None = None
    p1: float | None = None
    p0: float | None = None
    p1_baseline: float | None = None
    p0_baseline: float | None = None
    quantile: float = 0.95
    min_sample: int = 1
    window_seconds: float = 30.0
    for_seconds: float = 60.0
    voting: bool = True

    @property
    def additive(self) -> bool:
        """Whether places of one slot add up (connections), and are not each for itself (processor time)."""
        return self.unit in (PER_SECOND, COUNT)

    @property
    def relative(self) -> bool:
        """Whether a bound of it needs a baseline."""
        return self.p1_baseline is not None or self.p0_baseline is not None
