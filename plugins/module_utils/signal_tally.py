# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Readings of one signal added up over places and time, so that nothing is lost. No I/O."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from ansible_collections.bluegreen.release.plugins.module_utils.signal import (
    FAILED,
    GAUGE,
    GROWTH,
    LINES,
    QUANTILE,
    RATE,
    Signal,
)
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading


def trouble(signal: Signal, reading: Reading) -> str:
    """Why a reading is worth nothing; "" for a good one. What a judge adds up must be what it looks like."""
    if reading.problem:
        return reading.problem
    if reading.value is not None and not math.isfinite(reading.value):
        return f"expected a number, found {reading.value}"
    if reading.count < 0:
        return f"expected a count of 0 or more, found {reading.count}"
    if signal.measure in (GAUGE, LINES) and reading.value is None:
        return "expected a number, found none"
    if signal.measure == LINES and reading.value is not None and reading.value < 0:
        return f"expected a number of lines, found {reading.value}"
    if signal.measure == RATE and reading.ended <= reading.started:
        return "expected a time in which requests are counted, found none"
    if signal.measure == FAILED:
        if reading.failed is None:
            return "expected how many failed, found no such number"
        if not 0 <= reading.failed <= reading.count:
            return f"expected at most {reading.count} failed, found {reading.failed}"
    return _trouble_of_durations(reading) if signal.measure == QUANTILE else ""


def _trouble_of_durations(reading: Reading) -> str:
    if reading.buckets:
        bounds = sorted(reading.buckets)
        if bounds[-1] != math.inf:
            return f"expected buckets up to +Inf, found them up to {bounds[-1]:g}"
        if len(bounds) < 2:
            return "expected buckets with bounds, found only the one to +Inf"
        counts = [reading.buckets[bound] for bound in bounds]
        if counts[0] < 0 or counts != sorted(counts):
            return "expected each bucket to hold those below it, found one that does not"
        return ""
    if any(count < 0 for count in reading.milliseconds.values()):
        return "expected counts of durations of 0 or more, found one below"
    if sum(reading.milliseconds.values()) != reading.count:
        return f"expected the durations of {reading.count} requests, found {sum(reading.milliseconds.values())}"
    return ""


class Tally:
    """Good readings of one signal, added up.

    readings: how many each place gave. problems: by place, the last one. partial: places that gave both at once, so
    that a part of what they had is not known. mixed: buckets of several kinds, which cannot be added up.
    """

    def __init__(self, signal: Signal, readings: Iterable[Reading] = ()) -> None:
        self.signal = signal
        self.count = self.failed = 0
        self.lines = 0.0
        self.milliseconds: Counter[int] = Counter()
        self.buckets: Counter[float] = Counter()
        self.mixed = False
        self.values: dict[str, list[float]] = {}
        self.grown: Counter[str] = Counter()
        self.seconds: dict[str, float] = {}
        self.readings: Counter[str] = Counter()
        self.problems: dict[str, str] = {}
        for reading in readings:
            wrong = trouble(signal, reading)
            if wrong:
                self.problems[reading.place] = wrong
            else:
                self._add(reading)
        self.partial = set(self.readings) & set(self.problems)

    @property
    def observed(self) -> bool:
        """Whether it says anything of the signal: a time without a request is read well, and says nothing of them."""
        return bool(self.count) if self.signal.measure in (FAILED, QUANTILE) else bool(self.readings)

    @property
    def sample(self) -> int:
        """How many observations there are; where they are not told apart, readings of the place with the fewest."""
        if self.signal.measure in (FAILED, QUANTILE):
            return self.count
        return min(self.readings.values(), default=0)

    def _add(self, reading: Reading) -> None:
        measure, place = self.signal.measure, reading.place
        self.readings[place] += 1
        if measure == GAUGE and reading.value is not None:
            self.values.setdefault(place, []).append(reading.value)
        elif measure == LINES:
            self.lines += reading.value or 0.0
        elif measure in (RATE, GROWTH):
            self.grown[place] += reading.count
            self.seconds[place] = self.seconds.get(place, 0.0) + reading.ended - reading.started
        elif measure == FAILED:
            self.failed += reading.failed or 0
        elif reading.buckets:
            self._add_buckets(reading.buckets)
        else:
            self.milliseconds.update(reading.milliseconds)
        self.count += reading.buckets[math.inf] if reading.buckets else reading.count

    def _add_buckets(self, buckets: Mapping[float, int]) -> None:
        self.mixed |= bool(self.buckets) and set(self.buckets) != set(buckets)
        self.buckets.update(buckets)

    def merge(self, other: Tally) -> None:
        """Add a tally of the same signal; where both have a problem of a place, the other's is the later one."""
        self.count += other.count
        self.failed += other.failed
        self.lines += other.lines
        self.mixed |= other.mixed
        if other.buckets:
            self._add_buckets(other.buckets)
        self.milliseconds.update(other.milliseconds)
        for place, values in other.values.items():
            self.values.setdefault(place, []).extend(values)
        self.grown.update(other.grown)
        for place, seconds in other.seconds.items():
            self.seconds[place] = self.seconds.get(place, 0.0) + seconds
        self.readings.update(other.readings)
        self.problems.update(other.problems)
