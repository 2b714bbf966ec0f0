# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What observations prove, against sums that are computed one by one and figures of the literature."""

from __future__ import annotations

import math

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import signal_statistics as statistics
from hypothesis import given
from hypothesis import strategies as st


def terms(count: int, share: float) -> list[float]:
    """How probable each number of bad ones is; all are positive, so that sums of them keep their digits."""
    return [math.comb(count, bad) * share**bad * (1 - share) ** (count - bad) for bad in range(count + 1)]


@pytest.mark.parametrize("count", [1, 2, 3, 20, 137])
@pytest.mark.parametrize("share", [0.0001, 0.001, 0.05, 0.5, 0.97])
def test_tail_is_the_sum(count: int, share: float) -> None:
    each = terms(count, share)
    for bad in range(count + 1):
        assert statistics.at_least(bad, count, share) == pytest.approx(math.fsum(each[bad:]), rel=1e-9, abs=1e-200)
        assert statistics.at_most(bad, count, share) == pytest.approx(math.fsum(each[: bad + 1]), rel=1e-9, abs=1e-200)


def test_a_million_observations_are_no_trouble() -> None:
    # The normal approximation is good there: 3.09 standard deviations above.
    expected = 50_000 + 3.0902 * math.sqrt(1e6 * 0.05 * 0.95)
    assert statistics.fewest_above(1_000_000, 0.05, 0.001) == pytest.approx(expected, abs=5)


def test_ends_are_those_of_clopper_and_pearson() -> None:
    # 5 of 10, 95 %: 0.187 to 0.813; the rule of three: 0 of 500, 95 % on one side.
    assert statistics.least_share(5, 10, 0.025) == pytest.approx(0.18709, abs=1e-5)
    assert statistics.most_share(5, 10, 0.025) == pytest.approx(0.81291, abs=1e-5)
    assert statistics.most_share(0, 500, 0.05) == pytest.approx(1 - 0.05 ** (1 / 500), rel=1e-12)
    assert (statistics.least_share(0, 10, 0.05), statistics.most_share(10, 10, 0.05)) == (0.0, 1.0)
    assert (statistics.least_share(0, 0, 0.05), statistics.most_share(0, 0, 0.05)) == (0.0, 1.0)


@pytest.mark.parametrize(("count", "fewest"), [(1, 2), (2, 3), (3, 3), (10, 5), (100, 14)])
def test_so_few_prove_more_than_five_percent(count: int, fewest: int) -> None:
    assert statistics.fewest_above(count, 0.05, 0.001) == fewest


@pytest.mark.parametrize(("count", "most"), [(0, -1), (58, -1), (59, 0), (92, 0), (93, 1)])
def test_so_many_prove_less_than_five_percent(count: int, most: int) -> None:
    assert statistics.most_below(count, 0.05, 0.05) == most


@given(st.integers(1, 400), st.floats(0.0001, 0.9999), st.floats(0.0005, 0.2))
def test_counts_and_ends_say_the_same(count: int, share: float, doubt: float) -> None:
    fewest = statistics.fewest_above(count, share, doubt)
    assert fewest > count or statistics.least_share(fewest, count, doubt) >= share - 1e-9
    assert statistics.least_share(fewest - 1, count, doubt) <= share + 1e-9
    most = statistics.most_below(count, share, doubt)
    assert most < 0 or statistics.most_share(most, count, doubt) <= share + 1e-9
    assert statistics.most_share(most + 1, count, doubt) >= share - 1e-9


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0.001, 0.2))
def test_ends_hold_the_estimate_between_them(bad: int, good: int, doubt: float) -> None:
    count = bad + good
    low, high = statistics.least_share(bad, count, doubt), statistics.most_share(bad, count, doubt)
    assert 0 <= low <= (bad / count if count else 0.5) <= high <= 1
