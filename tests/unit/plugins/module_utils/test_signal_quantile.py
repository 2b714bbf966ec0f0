# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quantiles as Prometheus computes them, and counts on both sides of a bound."""

from __future__ import annotations

import math

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import signal_quantile as quantile
from hypothesis import given
from hypothesis import strategies as st

BUCKETS = {0.1: 5, 0.5: 9, 1.0: 10, math.inf: 10}
INF = math.inf


@pytest.mark.parametrize(
    ("wanted", "buckets", "found"),
    [
        # Computed by hand by the rule: start + (end - start) * (rank - below) / in it.
        (0.5, BUCKETS, 0.1),
        (0.25, BUCKETS, 0.05),
        (0.7, BUCKETS, 0.1 + 0.4 * 2 / 4),
        (0.95, BUCKETS, 0.5 + 0.5 * 0.5),
        (1.0, BUCKETS, 1.0),
        # In the bucket to infinity it is the greatest bound there is.
        (0.95, {0.1: 5, 0.5: 9, INF: 10}, 0.5),
        # A lowest bucket that is not above zero has no beginning.
        (0.1, {-1.0: 5, 1.0: 10, INF: 10}, -1.0),
        # A bucket below the one before it is repaired.
        (0.95, {0.1: 10, 0.5: 8, INF: 10}, 0.095),
    ],
)
def test_quantile_is_that_of_prometheus(wanted: float, buckets: dict[float, int], found: float) -> None:
    assert quantile.histogram_quantile(wanted, buckets) == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize("buckets", [{}, {INF: 3}, {0.1: 0, INF: 0}, {0.1: 1, 0.5: 2}])
def test_no_quantile_is_no_number(buckets: dict[float, int]) -> None:
    assert math.isnan(quantile.histogram_quantile(0.95, buckets))


def test_exact_quantile_is_the_observation_at_its_rank() -> None:
    counts = {100: 57, 200: 2, 300: 1}
    assert quantile.rank(0.95, 60) == 57 and quantile.rank(0.95, 1) == 1
    assert [quantile.exact(counts, place) for place in (1, 57, 58, 59, 60, 61)][:5] == [0.1, 0.1, 0.2, 0.2, 0.3]
    assert math.isnan(quantile.exact(counts, 61))


@pytest.mark.parametrize(("bound", "above"), [(0.0999, 60), (0.1, 3), (0.101, 3), (0.2, 1), (0.3, 0)])
def test_what_is_at_a_bound_is_not_above_it(bound: float, above: int) -> None:
    assert quantile.exact_above({100: 57, 200: 2, 300: 1}, bound) == above


@pytest.mark.parametrize(
    ("bound", "sides"), [(0.1, (5, 5)), (0.3, (1, 5)), (0.5, (1, 1)), (1.0, (0, 0)), (2.0, (0, 0)), (0.01, (5, 10))]
)
def test_between_bounds_of_buckets_a_count_has_two_sides(bound: float, sides: tuple[int, int]) -> None:
    assert quantile.buckets_above(BUCKETS, bound) == sides


def test_rank_in_buckets_has_two_ends() -> None:
    assert quantile.bucket_ends(BUCKETS, 1) == (0.0, 0.1)
    assert quantile.bucket_ends(BUCKETS, 6) == (0.1, 0.5)
    assert quantile.bucket_ends({0.1: 5, INF: 6}, 6) == (0.1, INF)
    assert math.isnan(quantile.bucket_ends(BUCKETS, 11)[0])


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_both_ways_find_the_same_bucket(milliseconds: list[int], wanted: float) -> None:
    edges = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, INF]
    buckets = {edge: sum(one / 1000 <= edge for one in milliseconds) for edge in edges}
    counts = {one: milliseconds.count(one) for one in milliseconds}
    place = quantile.rank(wanted, len(milliseconds))
    low, high = quantile.bucket_ends(buckets, place)
    assert low < quantile.exact(counts, place) <= high
    assert low <= quantile.histogram_quantile(wanted, buckets) <= high
    for edge in edges[:-1]:
        assert quantile.buckets_above(buckets, edge) == (quantile.exact_above(counts, edge),) * 2
