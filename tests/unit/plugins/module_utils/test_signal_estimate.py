# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ends of an estimate: that they say what the quick proof says, and hold what is true."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.signal_estimate import estimate, proves
from ansible_collections.bluegreen.release.plugins.module_utils.signal_tally import Tally
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.signal_samples import (
    CPU,
    ERRORS,
    HISTOGRAM,
    LATENCY,
    bad,
    durations,
    gauge,
    histogram,
    judged,
    share,
    signal,
)

EDGES = [0.1, 0.5, 1.0, 2.0, math.inf]
RATE = {**ERRORS, "unit": "per_second", "norm": 10, "p1": 20, "p0": 30}


@pytest.mark.parametrize("base", [LATENCY, HISTOGRAM, ERRORS, CPU], ids=lambda base: str(base["name"]))
@settings(deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=150), st.sampled_from(EDGES[:-1]))
def test_lower_end_is_above_a_bound_where_it_is_proved(base: dict[str, str], took: list[int], bound: float) -> None:
    one = signal(base, p1=None, p0=None, norm=None)
    readings = {
        "p95": [durations(Counter(took))],
        "db": [histogram({edge: sum(each <= edge * 1000 for each in took) for edge in EDGES})],
        "error_rate": [share(sum(each > 2500 for each in took), len(took))],
        "cpu": [gauge(each / 1000) for each in took],
    }[one.name]
    tally = Tally(one, readings)
    bound = bound / 10 if one.name == "error_rate" else bound
    assert proves(tally, bound) is (estimate(tally).low > bound)
    # In the bucket to infinity the number is its lower bound, as Prometheus has it.
    found = estimate(tally)
    assert found.low <= math.nextafter(found.value, math.inf) and found.value <= found.high


def test_lower_end_in_buckets_is_above_the_bound_where_they_begin() -> None:
    found = estimate(Tally(signal(HISTOGRAM), [histogram({1.0: 0, 2.0: 0, 5.0: 200, math.inf: 200})]))
    assert found.low > 2.0 and found.low == pytest.approx(2.0)
    assert found.high == 5.0


def test_ends_of_a_quantile_hold_the_true_one() -> None:
    # Uniform between 0 and 1 s: p95 is 950 ms. Wrong below once in 1,000, and above once in 20.
    draw, below, above, runs = random.Random(1), 0, 0, 2000
    for _ in range(runs):
        found = estimate(Tally(signal(LATENCY), [durations(Counter(draw.randrange(1000) for _ in range(200)))]))
        below += found.low > 0.95
        above += found.high < 0.949
    assert below <= 7
    assert 0.02 * runs <= above <= 0.065 * runs


def test_ends_of_a_quantile_are_the_observations_that_prove_it() -> None:
    # 100 of them, 1 to 100 ms. 14 above prove more than 5 %: the 14th from the top. 1 above proves less: the 2nd.
    found = estimate(Tally(signal(LATENCY), [durations({each: 1 for each in range(1, 101)})]))
    assert (found.value, found.low, found.high) == (0.095, 0.087, 0.099)


def test_the_shortest_time_that_proves_a_p0_is_told() -> None:
    found = judged(signal(), *[[share(0, 10)]] * 29, [share(300, 300)])
    broken = found.findings[0].broken
    assert broken and (broken.span_seconds, broken.estimate.size) == (1.0, 300)


def test_a_p1_becomes_a_p0() -> None:
    slow = [[share(40, 1000)]] * 5
    assert judged(signal(for_seconds=2), *slow).verdict == "p1"
    assert judged(signal(for_seconds=2), *slow, [share(1000, 1000)]).verdict == "p0"


def test_rate_adds_up_times_and_places() -> None:
    one = signal(RATE, for_seconds=0)
    reading = share(None, 30, started=0.0, ended=2.0)
    longer = reading._replace(count=10, started=2.0, ended=8.0)
    # 40 in 8 s at one place, and 15 each second at the other.
    found = judged(one, [reading], [longer, reading._replace(place="lb2")], each=4)
    assert found.findings[0].whole.value == pytest.approx(5 + 15)


@pytest.mark.parametrize(
    ("inside", "verdict"), [(200, "pass"), (190, "pass"), (189, "insufficient"), (0, "insufficient")]
)
def test_what_is_beyond_the_last_bucket_never_passes(inside: int, verdict: str) -> None:
    # Prometheus calls it 0.5 s, which is below the norm of 1 s; it may be a minute.
    one = signal(HISTOGRAM, norm="1 s", p1=None, p0=None)
    found = judged(one, [histogram({0.1: 0, 0.5: inside, math.inf: 200})])
    assert found.verdict == verdict
    assert ("in the bucket to +Inf, somewhere above 0.5 s" in found.sentence) is (verdict != "pass")


def test_what_is_beyond_the_last_bucket_heals_no_p1() -> None:
    one = signal(HISTOGRAM, p0=None, window_seconds=1, for_seconds=3, min_sample=1)
    slow, beyond = histogram({0.5: 0, 1.0: 0, 2.0: 200, math.inf: 200}), histogram({0.5: 0, 0.9: 0, math.inf: 200})
    looks = [[slow], [slow], [beyond], [slow], [slow], [slow]]
    assert judged(one, *looks).verdict == "p1"


@pytest.mark.parametrize(("count", "verdict"), [(99, "insufficient"), (100, "pass")])
def test_smallest_sample_below_and_at_it(count: int, verdict: str) -> None:
    assert judged(signal(p1=None, p0=None), [share(0, count)]).verdict == verdict


def test_a_place_with_nothing_to_observe_says_more_than_one_that_was_not_read_yet() -> None:
    one = signal()
    assert estimate(Tally(one, [bad("this is the first look"), share(0, 0)])).problem == "there was nothing to observe"
    assert estimate(Tally(one, [bad("this is the first look")])).problem == "this is the first look"
    assert estimate(Tally(one)).problem == "there was nothing to observe"
