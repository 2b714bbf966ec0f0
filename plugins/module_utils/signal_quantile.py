# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quantiles of durations, counted exactly or in the buckets of a histogram, in seconds. Pure.

How many observations were above a bound is what proves anything of a quantile: the 95th percentile is above 2 s when
more than 5 % of all are. In buckets that number is known only at their bounds, so it has two sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

Milliseconds = Mapping[int, int]
Buckets = Mapping[float, int]


def rank(quantile: float, count: int) -> int:
    """Which of *count* observations in order, from 1, is the quantile: the first that so many are not above."""
    # Rounded first: 0.95 * 60 must be 57, whatever binary fractions make of it.
    return max(math.ceil(round(quantile * count, 9)), 1)


def exact(milliseconds: Milliseconds, place: int) -> float:
    """The observation at a rank from 1; NaN when there is none."""
    for duration in sorted(milliseconds):
        place -= milliseconds[duration]
        if place <= 0:
            return duration / 1000
    return math.nan


def exact_above(milliseconds: Milliseconds, bound: float) -> int:
    """How many took longer than *bound* seconds."""
    # 1.001 * 1000 is not 1001 in binary fractions; nobody writes bounds finer than a nanosecond.
    limit = round(bound * 1000, 6)
    return sum(count for duration, count in milliseconds.items() if duration > limit)


def histogram_quantile(quantile: float, buckets: Buckets) -> float:
    """The quantile as histogram_quantile() of Prometheus has it: linear within its bucket.

    The lowest bucket begins at zero; in the one to infinity it is the bound before. NaN without observations, without a
    bucket to infinity, or with no other one. See promql/quantile.go of Prometheus, bucketQuantile.
    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or bounds[-1] != math.inf or not buckets[math.inf]:
        return math.nan
    counts = cumulated(buckets)
    wanted = quantile * counts[-1]
    index = next((number for number, count in enumerate(counts[:-1]) if count >= wanted), len(bounds) - 1)
    if index == len(bounds) - 1:
        return bounds[-2]
    if index == 0 and bounds[0] <= 0:
        return bounds[0]
    start, before = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0)
    return start + (bounds[index] - start) * ((wanted - before) / (counts[index] - before))


def cumulated(buckets: Buckets) -> list[int]:
    """The counts by bound in order, none below the one before it, as Prometheus repairs them."""
    counts: list[int] = []
    for bound in sorted(buckets):
        counts.append(max(buckets[bound], counts[-1] if counts else 0))
    return counts


def buckets_above(buckets: Buckets, bound: float) -> tuple[int, int]:
    """How many took longer than *bound* seconds: at least, and at most. The same where a bucket ends there."""
    bounds, counts = sorted(buckets), cumulated(buckets)
    within = max((count for edge, count in zip(bounds, counts) if edge <= bound), default=0)
    not_above = min((count for edge, count in zip(bounds, counts) if edge >= bound), default=counts[-1])
    return counts[-1] - not_above, counts[-1] - within


def bucket_ends(buckets: Buckets, place: int) -> tuple[float, float]:
    """Between which bounds the observation at a rank from 1 lies; NaN when there is none."""
    start = 0.0
    for bound, count in zip(sorted(buckets), cumulated(buckets)):
        if count >= place:
            return min(start, bound), bound
        start = bound
    return math.nan, math.nan
