# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One signal through a watch: what of it is kept, and since when a bound of it is broken. No clock, no I/O."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.signal import FAILED, GAUGE, QUANTILE, Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_estimate import Estimate, above, estimate, proves
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading
from ansible_collections.bluegreen.release.plugins.module_utils.signal_tally import Tally


class Bounds(NamedTuple):
    """A signal's bounds as numbers, with those of a baseline. missing: why one of them is not known."""

    norm: float | None
    p1: float | None
    p0: float | None
    missing: str = ""

    @property
    def next(self) -> tuple[str, float] | None:
        """The first bound behind the norm, by its name, that a release must be shown not to break."""
        named = (("P1", self.p1), ("P0", self.p0))
        return next(((name, value) for name, value in named if value is not None), None)


class Broken(NamedTuple):
    """A bound that was proved to be broken. span_seconds: over which time. lasted_seconds: for how long it was.

    at: seconds since the watch began. above: of durations, how many were above the bound for sure.
    """

    name: str
    bound: float
    estimate: Estimate
    span_seconds: float
    lasted_seconds: float
    at: float
    above: int = 0


def bounds_of(signal: Signal, baseline: float | None) -> Bounds:
    """The bounds of a signal. baseline: what the live slot had before the switch, None when that is not known.

    A bound by the baseline is never below the norm: a live slot without any error would make every error a P0.
    """
    if not signal.relative:
        return Bounds(signal.norm, signal.p1, signal.p0)
    if baseline is None or not math.isfinite(baseline):
        missing = "what the live slot had before the switch is not known"
        return Bounds(signal.norm, signal.p1, signal.p0, missing)
    least = signal.norm or 0.0

    def tightest(plain: float | None, factor: float | None) -> float | None:
        relative = None if factor is None else max(factor * baseline, least)
        return min((one for one in (plain, relative) if one is not None), default=None)

    return Bounds(signal.norm, tightest(signal.p1, signal.p1_baseline), tightest(signal.p0, signal.p0_baseline))


class Track:
    """Takes the readings of a signal, sample by sample. What was proved to be broken stays so.

    total: everything since the watch began. recent: what a bound looks at, over span_seconds. latest: the last sample.
    seconds: how long the watch is. read_seconds: the part of it that was read; a sample says nothing of what lies
    further back than the window.
    """

    def __init__(self, signal: Signal, bounds: Bounds) -> None:
        self.signal, self.bounds = signal, bounds
        self.total, self.recent, self.latest = Tally(signal), Tally(signal), Tally(signal)
        self.seconds = self.read_seconds = self.span_seconds = 0.0
        self.broken: Broken | None = None
        self._kept: deque[tuple[float, float, Tally]] = deque()
        self._lasted = 0.0
        self._broken_at: float | None = None

    def take(self, at: float, readings: Iterable[Reading]) -> None:
        """Take the readings of one sample. at: seconds since the watch began, growing."""
        self.latest = Tally(self.signal, readings)
        if self.latest.readings:
            self.read_seconds += min(at - self.seconds, self.signal.window_seconds)
        self.total.merge(self.latest)
        self._kept.append((self.seconds, at, self.latest))
        self.seconds = at
        self._look(at)

    def _look(self, at: float) -> None:
        """Find what is recent, forget what no later look needs, and see which bound is broken by it."""
        recent = Tally(self.signal)
        p0, used = self.bounds.p0, 0
        proved: Broken | None = None
        for began, taken, tally in reversed(self._kept):
            if taken <= at - self.signal.window_seconds and (
                not self._extends() or recent.sample >= self.signal.min_sample
            ):
                break
            recent.merge(tally)
            used += 1
            if p0 is not None and proved is None and proves(recent, p0):
                proved = self._proof("P0", p0, recent, at, at - began)
        while len(self._kept) > used:
            self._kept.popleft()
        self.recent, self.span_seconds = recent, at - self._kept[0][0]
        lasting = self._p1(at)
        if self.broken is None or (self.broken.name == "P1" and proved):
            self.broken = proved or lasting

    def _extends(self) -> bool:
        """Whether the look goes back beyond a window that has too few of them. Sums would mean another thing."""
        return self.signal.measure in (FAILED, QUANTILE, GAUGE)

    def _gap(self) -> bool:
        return not self.latest.observed

    def _p1(self, at: float) -> Broken | None:
        """Whether P1 has lasted. A sample that says nothing neither proves it nor ends it; its time does not count."""
        p1 = self.bounds.p1
        if p1 is None:
            return None
        if self._gap():
            self._broken_at = None
        elif proves(self.recent, p1):
            self._lasted += at - self._broken_at if self._broken_at is not None else 0.0
            self._broken_at = at
            if self._lasted >= self.signal.for_seconds:
                return self._proof("P1", p1, self.recent, at, self.span_seconds)
        else:
            self._broken_at = None
            seen = estimate(self.recent)
            if not seen.problem and seen.value <= p1:
                self._lasted = 0.0
        return None

    def _proof(self, name: str, bound: float, tally: Tally, at: float, span: float) -> Broken:
        slow = above(tally, bound) if self.signal.measure == QUANTILE else 0
        return Broken(name, bound, estimate(tally), span, self._lasted, at, slow)

    @property
    def lasted_seconds(self) -> float:
        """For how long P1 has been broken without a break."""
        return self._lasted
