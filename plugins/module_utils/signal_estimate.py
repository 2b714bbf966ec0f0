# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a tally says of a signal: a number, and between which ends it is proved to be. Pure.

The lower end is what breaks a bound, unattended and looked at hundreds of times in one watch: 99.9 % sure. The upper
end is what lets a release pass: 95 % sure. So with a bound of 5 %, one failure in three proves nothing, three in three
or 14 in 100 prove that it is broken; 0 of 299 or 1 of 473 prove that 1 % is not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils import signal_quantile, signal_statistics
from ansible_collections.bluegreen.release.plugins.module_utils.signal import (
    FAILED,
    GAUGE,
    GROWTH,
    LINES,
    QUANTILE,
    Signal,
)
from ansible_collections.bluegreen.release.plugins.module_utils.signal_tally import Tally

BROKEN_DOUBT, WITHIN_DOUBT = 0.001, 0.05


class Estimate(NamedTuple):
    """Numbers in the signal's unit. value: NaN where there is none. low, high: -inf and inf where nothing is proved.

    size: observations, or readings of what is not observed one by one. failed: how many of them, of a share.
    problem: why there is no number.
    """

    value: float = math.nan
    low: float = -math.inf
    high: float = math.inf
    size: int = 0
    failed: int | None = None
    problem: str = ""


def estimate(tally: Tally) -> Estimate:
    """What a tally says. Observations prove by their number, readings by being as many as the signal asks for."""
    signal = tally.signal
    if not tally.observed:
        # A place that could be read and had nothing says more than one that could not be read yet.
        problem = "" if tally.readings else next(iter(tally.problems.values()), "")
        return Estimate(problem=problem or "there was nothing to observe")
    if signal.measure == FAILED:
        bad, count = tally.failed, tally.count
        low = signal_statistics.least_share(bad, count, BROKEN_DOUBT)
        high = signal_statistics.most_share(bad, count, WITHIN_DOUBT)
        return Estimate(bad / count, low, high, count, bad)
    if signal.measure == QUANTILE:
        return _of_buckets(signal, tally) if tally.buckets else _of_durations(signal, tally.milliseconds, tally.count)
    if signal.measure == GAUGE:
        return _of_gauges(signal, tally.values, tally.sample)
    if signal.measure == LINES:
        value = tally.lines
    elif signal.measure == GROWTH:
        value = float(tally.count)
    else:
        value = math.fsum(grown / tally.seconds[place] for place, grown in tally.grown.items())
    return _certain(value, tally.sample, signal)


def _certain(value: float, readings: int, signal: Signal) -> Estimate:
    enough = readings >= signal.min_sample
    return Estimate(value, value if enough else -math.inf, value if enough else math.inf, readings)


def _ranks(signal: Signal, count: int) -> tuple[int, int]:
    """The ranks, from 1, of the observations that are the ends of a quantile: 0 and count + 1 where there is none."""
    above = signal_statistics.fewest_above(count, 1 - signal.quantile, BROKEN_DOUBT)
    below = signal_statistics.most_below(count, 1 - signal.quantile, WITHIN_DOUBT)
    return count - above + 1, count - below


def _of_durations(signal: Signal, milliseconds: Mapping[int, int], count: int) -> Estimate:
    lower, upper = _ranks(signal, count)
    return Estimate(
        signal_quantile.exact(milliseconds, signal_quantile.rank(signal.quantile, count)),
        signal_quantile.exact(milliseconds, lower) if lower > 0 else -math.inf,
        signal_quantile.exact(milliseconds, upper) if upper <= count else math.inf,
        count,
    )


def _of_buckets(signal: Signal, tally: Tally) -> Estimate:
    if tally.mixed:
        return Estimate(size=tally.count, problem="expected the same buckets everywhere, found several kinds of them")
    lower, upper = _ranks(signal, tally.count)
    edge = signal_quantile.bucket_ends(tally.buckets, lower)[0] if lower > 0 else -math.inf
    value = signal_quantile.histogram_quantile(signal.quantile, tally.buckets)
    # There Prometheus gives the last bound, which is less than the truth: it must not pass for a quantile.
    beyond = signal_quantile.bucket_ends(tally.buckets, signal_quantile.rank(signal.quantile, tally.count))[1]
    return Estimate(
        value,
        # What is in a bucket is above its lower bound, never at it.
        math.nextafter(edge, math.inf) if lower > 0 else edge,
        signal_quantile.bucket_ends(tally.buckets, upper)[1] if upper <= tally.count else math.inf,
        tally.count,
        problem=f"it is in the bucket to +Inf, somewhere above {value:g} s" if beyond == math.inf else "",
    )


def _of_gauges(signal: Signal, places: Mapping[str, list[float]], readings: int) -> Estimate:
    """The median of each place, so that one reading proves nothing; of places the worst, or their sum (additive)."""
    medians = []
    for values in map(sorted, places.values()):
        low, high = values[(len(values) - 1) // 2], values[len(values) // 2]
        enough = len(values) >= signal.min_sample
        medians.append(((low + high) / 2, low if enough else -math.inf, high if enough else math.inf))
    value, low, high = (sum(side) if signal.additive else max(side) for side in zip(*medians))
    return Estimate(value, low, high, readings)


def proves(tally: Tally, bound: float) -> bool:
    """Whether the signal is above the bound for sure: the same as a lower end above it, found with less work."""
    signal = tally.signal
    if tally.mixed or not tally.observed:
        return False
    if signal.measure == FAILED:
        bad, share = tally.failed, bound
    elif signal.measure == QUANTILE:
        bad, share = above(tally, bound), 1 - signal.quantile
    else:
        return estimate(tally).low > bound
    return signal_statistics.at_least(bad, tally.count, share) < BROKEN_DOUBT


def above(tally: Tally, bound: float) -> int:
    """How many durations were above a bound for sure."""
    if tally.buckets:
        return signal_quantile.buckets_above(tally.buckets, bound)[0]
    return signal_quantile.exact_above(tally.milliseconds, bound)
