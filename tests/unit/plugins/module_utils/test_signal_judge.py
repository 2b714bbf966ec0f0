# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The judge: every bound below, at and above; few observations; gaps; places; and words that are true."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.signal import Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_judge import Judge, Sample, baseline_of, judge
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading

from tests.unit.plugins.module_utils.signal_samples import (
    CPU,
    ERRORS,
    HISTOGRAM,
    LATENCY,
    LINES,
    bad,
    durations,
    gauge,
    histogram,
    judged,
    samples,
    share,
    signal,
)

RATE = {"name": "rate", "kind": "traffic", "source": "access_log", "unit": "per_second", "norm": 10, "p1": 20, "p0": 30}
CONNECTIONS = {**CPU, "name": "cpu", "source": "prometheus", "resource": None, "query": "x{slot}", "unit": "count"}


def gauges(value: float, times: int = 3) -> list[list[Reading]]:
    return [[gauge(value)]] * times


# CPU: norm 70, P1 80, P0 95. P1 lasts at once here, so that only its bound is asked.
@pytest.mark.parametrize(
    ("value", "verdict"),
    [(69.9, "pass"), (70.0, "insufficient"), (70.1, "insufficient"), (79.9, "insufficient"), (80.0, "insufficient"),
     (80.1, "p1"), (94.9, "p1"), (95.0, "p1"), (95.1, "p0")],
)  # fmt: skip
def test_gauge_below_at_and_above_each_bound(value: float, verdict: str) -> None:
    assert judged(signal(CPU, for_seconds=0), *gauges(value)).verdict == verdict


# 1,000 requests: norm 0.1 % is one of them; 1 % and 5 % are surely broken from so many on.
@pytest.mark.parametrize(
    ("failed", "verdict"),
    [(0, "pass"), (1, "pass"), (2, "insufficient"), (21, "insufficient"), (22, "p1"), (73, "p1"), (74, "p0"),
     (1000, "p0")],
)  # fmt: skip
def test_share_below_at_and_above_each_bound(failed: int, verdict: str) -> None:
    assert judged(signal(for_seconds=0), [share(failed, 1000)]).verdict == verdict


# 200 requests, 180 of them in 1 ms; 20 more prove p95, or do not: 19 and 20 are the counts around each end.
@pytest.mark.parametrize(
    ("milliseconds", "verdict"),
    [(499, "pass"), (500, "insufficient"), (501, "insufficient"), (1000, "insufficient"), (1001, "p1"), (2000, "p1"),
     (2001, "p0")],
)  # fmt: skip
def test_quantile_below_at_and_above_each_bound(milliseconds: int, verdict: str) -> None:
    assert judged(signal(LATENCY, for_seconds=0), [durations({1: 175, milliseconds: 25})]).verdict == verdict


@pytest.mark.parametrize(
    ("edges", "verdict"),
    [
        ({0.25: 200, 0.5: 200}, "pass"),
        ({0.25: 0, 0.5: 200, 1.0: 200}, "pass"),
        ({0.5: 0, 1.0: 200, 2.0: 200}, "insufficient"),
        ({0.5: 0, 1.0: 0, 2.0: 200}, "p1"),
        ({1.0: 0, 2.0: 0, 5.0: 200}, "p0"),
        # Without a bucket that ends at 1 s, those up to 1.5 s may all be below it, and are surely not proved above.
        ({0.25: 0, 1.5: 200}, "insufficient"),
        # A bound above the last bucket can never be proved to be broken, and what is beyond may be there.
        ({0.25: 0, 0.3: 0}, "insufficient"),
    ],
)
def test_histogram_proves_only_what_its_buckets_can(edges: dict[float, int], verdict: str) -> None:
    assert judged(signal(HISTOGRAM, for_seconds=0), [histogram({**edges, math.inf: 200})]).verdict == verdict


@pytest.mark.parametrize(("lines", "verdict"), [(0, "pass"), (1, "insufficient"), (10, "insufficient"), (11, "p0")])
def test_lines_are_counted_in_the_window_and_in_the_watch(lines: int, verdict: str) -> None:
    one = gauge(lines, signal="lines")
    none = gauge(0, signal="lines")
    assert judged(signal(LINES), [none], [one], [none]).verdict == verdict
    # Half a minute later they are out of the window: no P0 any more, but none is the norm of the whole watch.
    spread = judged(signal(LINES, window_seconds=1), *[[gauge(4, signal="lines")]] * 5)
    assert (spread.verdict, spread.findings[0].whole.value) == ("insufficient", 20)


@pytest.mark.parametrize(
    ("count", "verdict"),
    [(9, "pass"), (10, "insufficient"), (20, "insufficient"), (21, "p1"), (30, "p1"), (31, "p0")],
)
def test_rate_is_of_the_time_that_was_read(count: int, verdict: str) -> None:
    one = share(None, 2 * count, signal="rate", started=5.0, ended=7.0)
    assert judged(signal(RATE, for_seconds=0), [one]).verdict == verdict


@pytest.mark.parametrize(
    ("failed", "count", "verdict"),
    [(1, 1, "insufficient"), (1, 3, "insufficient"), (2, 3, "insufficient"), (3, 3, "p0"), (4, 10, "insufficient"),
     (5, 10, "p0"), (13, 100, "insufficient"), (14, 100, "p0"), (0, 99, "insufficient"), (0, 298, "insufficient"),
     (0, 299, "pass"), (0, 500, "pass"), (1, 472, "insufficient"), (1, 473, "pass"), (2, 1000, "insufficient"),
     (0, 0, "insufficient")],
)  # fmt: skip
def test_few_requests_make_no_p0_and_hide_none(failed: int, count: int, verdict: str) -> None:
    assert judged(signal(), [share(failed, count)]).verdict == verdict


def test_few_slow_requests_make_no_p0() -> None:
    assert judged(signal(LATENCY), [durations({9000: 2})]).verdict == "insufficient"
    assert judged(signal(LATENCY), [durations({9000: 3})]).verdict == "p0"
    assert judged(signal(LATENCY), [durations({10: 2, 9000: 1})]).verdict == "insufficient"


def test_p0_is_proved_by_the_first_second_whatever_was_before() -> None:
    good = [[share(0, 100)]] * 29
    found = judged(signal(), *good, [share(20, 100)])
    assert found.verdict == "p0"
    broken = found.findings[0].broken
    assert broken and (broken.span_seconds, broken.estimate.size, broken.at) == (1.0, 100, 30.0)


def test_one_outlier_of_a_gauge_proves_nothing() -> None:
    assert judged(signal(CPU), *gauges(50), [gauge(100)]).verdict == "pass"
    # More than half of the last three do.
    assert judged(signal(CPU), *gauges(50), [gauge(100)], [gauge(100)]).verdict == "p0"
    assert judged(signal(CPU), [gauge(99)], [gauge(99)]).verdict == "insufficient"


def test_low_traffic_is_looked_at_for_longer_than_the_window() -> None:
    # One request a second and half of them fail, 2 s a window: two requests can prove nothing, twelve can.
    looks = [[share(number % 2, 1)] for number in range(12)]
    assert judged(signal(window_seconds=2, min_sample=1), *looks).verdict == "insufficient"
    assert judged(signal(window_seconds=2), *looks).verdict == "p0"


def test_a_proved_p0_stays() -> None:
    assert judged(signal(), [share(50, 100)], *[[share(0, 100)]] * 100).verdict == "p0"


@pytest.mark.parametrize(
    ("pattern", "verdict"),
    [
        # B: broken, g: good, -: a gap, z: no requests. for_seconds is 3, the window 1 s.
        ("BBBB", "p1"),
        ("BBB", "insufficient"),
        ("BBBgBBB", "insufficient"),
        ("BBBgBBBB", "p1"),
        # A gap neither heals nor proves: its time does not count, nor does that up to the next proof.
        ("BB-BBB", "p1"),
        ("BB-BB", "insufficient"),
        ("BB---------B", "insufficient"),
        ("BBzBBB", "p1"),
        # It stays when it heals.
        ("BBBBgggg", "p1"),
    ],
)
def test_p1_must_last(pattern: str, verdict: str) -> None:
    looks = {"B": [share(40, 1000)], "g": [share(0, 1000)], "-": [bad()], "z": [share(0, 0)]}
    one = signal(window_seconds=1, for_seconds=3, min_sample=1)
    assert judged(one, *(looks[letter] for letter in pattern)).verdict == verdict


def test_an_interval_that_widens_does_not_heal_a_p1() -> None:
    one = signal(window_seconds=1, for_seconds=3, min_sample=1)
    # 4 of 100 is more than 1 %, but not surely: it neither proves nor ends it.
    looks = [[share(40, 1000)], [share(40, 1000)], [share(2, 100)], *[[share(40, 1000)]] * 3]
    assert judged(one, *looks).verdict == "p1"


@pytest.mark.parametrize(
    ("looks", "why"),
    [
        ([[]], "nothing of it was read: no reading was given"),
        ([[bad()]] * 9, "nothing of it was read: no answer"),
        ([[share(0, 500)], [bad()], [bad()]], "it was read for only 1 of 3 s"),
        ([[share(0, 500), bad(place="lb2")]] * 3, "lb2 gave nothing in the last 3 s: no answer"),
        ([[share(0, 500)], [share(0, 500), bad()]], "lb1 was not read to its end: no answer"),
        ([[share(0, 50)]], "it has 50 of at least 100 observations"),
        ([[share(0, 200)]], "0 failed of 200 can still be 1.49 %, and P1 begins above 1 %"),
        ([[share(0, 100_000)]] * 3 + [[share(8, 1000)]], "out of the norm of less than 0.1 %"),
        ([[share(3, 1000)]], "0.3 % is not within the norm of less than 0.1 %"),
    ],
)
def test_only_evidence_passes(looks: Sequence[Sequence[Reading]], why: str) -> None:
    found = judged(signal(window_seconds=30 if len(looks) != 4 else 1, for_seconds=99), *looks)
    assert (found.verdict, why in found.sentence) == ("insufficient", True), found.sentence


def test_how_many_more_would_have_passed_is_true() -> None:
    found = judged(signal(), [share(0, 200)])
    assert "; 99 more without a failure would have changed it." in found.sentence
    assert judged(signal(), [share(0, 200)], [share(0, 99)]).verdict == "pass"
    assert judged(signal(), [share(0, 200)], [share(0, 98)]).verdict == "insufficient"


def test_a_host_answers_by_what_is_on_it() -> None:
    looks = [[bad(signal="cpu", place="app1")], *gauges(50)]
    assert judged(signal(CPU), *looks).verdict == "pass"
    assert judged(signal(CPU), [bad(signal="cpu", place="app")], *gauges(50)).verdict == "insufficient"


def test_a_look_that_failed_as_a_whole_is_no_silent_place() -> None:
    assert judged(signal(CPU), [bad(signal="cpu", place="", slot="")], *gauges(50)).verdict == "pass"


def test_only_the_judged_slot_counts() -> None:
    dead, fine = share(500, 500, slot="blue"), share(0, 500)
    assert judged(signal(), [dead, fine]).verdict == "pass"
    assert judged(signal(), [dead]).verdict == "insufficient"
    assert judged(signal(), [fine, share(500, 500, slot="", place="lb2")]).verdict == "p0"


def test_places_add_up() -> None:
    # Neither proxy alone proves it.
    assert judged(signal(), [share(9, 60)]).verdict == "insufficient"
    assert judged(signal(), [share(9, 60), share(9, 60, place="lb2")]).verdict == "p0"


def test_the_worst_place_of_a_gauge_counts_and_connections_add_up() -> None:
    both = [[gauge(60), gauge(97, place="app2 api")]] * 3
    assert judged(signal(CPU), *both).verdict == "p0"
    each = [[gauge(50), gauge(50, place="app2 api")]] * 3
    assert judged(signal(CPU), *each).verdict == "pass"
    assert judged(signal(CONNECTIONS), *each).verdict == "p0"


def test_watched_signals_are_told_and_have_no_say() -> None:
    watched = signal(CPU, voting=False)
    looks = samples(*[[gauge(99), share(0, 500)]] * 3)
    found = judge([watched, signal()], looks, "green")
    assert (found.verdict, found.findings[0].verdict) == ("pass", "p0")
    assert judge([watched], looks, "green").verdict == "insufficient"


@pytest.mark.parametrize(
    ("of", "reading"),
    [
        (signal(), share(5, 3)),
        (signal(), share(-1, 3)),
        (signal(), share(0, -3)),
        (signal(), share(None, 500)),
        (signal(CPU), gauge(math.nan)),
        (signal(CPU), gauge(math.inf)),
        (signal(CPU), gauge(0)._replace(value=None)),
        (signal(LINES), gauge(-1, signal="lines")),
        (signal(LATENCY), durations({10: 500}, count=400)),
        (signal(LATENCY), durations({10: 501, 20: -1})),
        (signal(HISTOGRAM), histogram({math.inf: 500})),
        (signal(HISTOGRAM), histogram({0.1: 600, 0.5: 400, math.inf: 500})),
        (signal(HISTOGRAM), histogram({0.1: -1, math.inf: 500})),
        (signal(HISTOGRAM), share(None, 500, signal="db", buckets={0.1: 500, 0.5: 500})),
        (signal(RATE), share(None, 5, signal="rate", started=7.0, ended=7.0)),
    ],
)
def test_reading_that_cannot_be_is_a_problem(of: Signal, reading: Reading) -> None:
    found = judged(of, *[[reading]] * 5)
    assert found.verdict == "insufficient"
    assert "nothing of it was read: expected" in found.sentence


def test_buckets_of_two_kinds_are_not_added_up() -> None:
    one, other = histogram({0.1: 500, math.inf: 500}), histogram({0.2: 500, math.inf: 500}, place="app2")
    found = judged(signal(HISTOGRAM), [one, other])
    assert found.verdict == "insufficient" and "the same buckets" in found.sentence


BASED = {**ERRORS, "p1": None, "p0": None, "p1_baseline": 2, "p0_baseline": 4}


@pytest.mark.parametrize(
    ("baseline", "failed", "verdict"),
    [
        # 10,000 requests. Before the switch 2 %: P1 is above 4 %, P0 above 8 %.
        (0.02, 380, "insufficient"), (0.02, 500, "p1"), (0.02, 800, "p1"), (0.02, 900, "p0"),
        # Nothing had failed: the norm is the bound, or each failure would be a P0.
        (0.0, 5, "pass"), (0.0, 1, "pass"), (0.0, 30, "p0"),
        (None, 0, "insufficient"),
    ],
)  # fmt: skip
def test_bound_by_the_baseline(baseline: float | None, failed: int, verdict: str) -> None:
    known = {} if baseline is None else {"error_rate": baseline}
    # A P1 of 0.1 % needs more than 10,000 requests to be excluded.
    found = judged(signal(BASED, for_seconds=0), [share(failed, 10_000 if failed > 1 else 100_000)], baseline=known)
    assert found.verdict == (verdict if failed != 5 else "insufficient")


def test_absolute_bounds_hold_beside_those_of_the_baseline() -> None:
    one = signal(p0_baseline=10)
    assert judged(one, [share(20, 100)], baseline={"error_rate": 0.04}).verdict == "p0"
    assert judged(one, [share(20, 100)]).verdict == "p0"
    found = judged(one, [share(0, 500)])
    assert found.verdict == "insufficient" and "before the switch is not known" in found.sentence
    assert judged(one, [share(0, 5000)], baseline={"error_rate": 0.001}).verdict == "pass"


def test_baseline_is_of_the_slot_and_needs_its_sample() -> None:
    looks = samples([share(2, 50, slot="blue"), share(9, 50)], [share(0, 50, slot="blue"), bad(slot="blue")])
    assert baseline_of([signal(), signal(CPU)], looks, "blue") == {"error_rate": 0.02}
    assert baseline_of([signal(min_sample=101)], looks, "blue") == {}


@pytest.mark.parametrize(
    ("of", "looks", "sentence"),
    [
        (
            signal(), [[share(14, 100)]],
            "P0: error_rate of green, over 1 s up to second 1: 14 % (14 of 100 failed), at least 5.41 % (99.9 % sure),"
            " above the bound of 5 %; 13 of 100 failed would not have proved P0, 14 did.",
        ),
        (
            signal(LATENCY, for_seconds=0), [[durations({10: 70, 1500: 30})]],
            "P1: p95 of green, over 1 s up to second 1: p95 1.5 s of 100, at least 1.5 s (99.9 % sure), above the bound"
            " of 1 s, for 0 s of at least 0 s; 13 of 100 slower than 1 s would not have proved P1, 30 did.",
        ),
        (
            signal(CPU), gauges(97),
            "P0: cpu of green, over 3 s up to second 3: 97 % (median of 3 readings), above the bound of 95 %; up to"
            " 95 % it would not have been P0.",
        ),
        (
            signal(), [[share(0, 500)]],
            "Passed: the one voting signal of green is within the norm; nearest to it is error_rate: 0 % (0 of 500"
            " failed), at most 0.597 % (95 % sure); 2 of 500 failed would not have passed.",
        ),
        (
            signal(), [[share(1, 500)]],
            "Passed: the one voting signal of green is within the norm, but for a single failure, which is no rate;"
            " nearest to it is error_rate: 0.2 % (1 of 500 failed), at most 0.945 % (95 % sure); 2 of 500 failed would"
            " not have passed.",
        ),
        (
            signal(CPU), gauges(50),
            "Passed: the one voting signal of green is within the norm; nearest to it is cpu: 50 % (median of 3"
            " readings); 70 % or more would not have passed.",
        ),
        (signal(), [[bad()]], "Insufficient: error_rate of green: nothing of it was read: no answer; a reading would"
         " have changed it."),
    ],
)  # fmt: skip
def test_sentence_says_what_time_bound_and_what_would_have_changed_it(
    of: Signal, looks: Sequence[Sequence[Reading]], sentence: str
) -> None:
    assert judged(of, *looks).sentence == sentence


@pytest.mark.parametrize("count", [299, 500, 1000, 5000, 200_000])
def test_what_would_not_have_passed_is_true(count: int) -> None:
    found = judged(signal(), [share(0, count)])
    told = re.search(r"; (\d+) of (\d+) failed would not have passed", found.sentence)
    assert told and int(told[2]) == count
    assert judged(signal(), [share(int(told[1]), count)]).verdict == "insufficient"
    assert judged(signal(), [share(int(told[1]) - 1, count)]).verdict == "pass"


@pytest.mark.parametrize("count", [3, 40, 700])
def test_what_would_not_have_been_proved_is_true(count: int) -> None:
    found = judged(signal(), [share(count, count)])
    told = re.search(r"; (\d+) of (\d+) failed would not have proved P0", found.sentence)
    assert told and int(told[2]) == count
    assert judged(signal(), [share(int(told[1]), count)]).verdict == "insufficient"
    assert judged(signal(), [share(int(told[1]) + 1, count)]).verdict == "p0"


def test_document_is_json_without_infinity() -> None:
    found = judge([signal(), signal(CPU), signal(BASED, name="b")], samples([bad(), gauge(99)]), "green")
    text = json.dumps(found.document(), allow_nan=False)
    assert json.loads(text)["signals"][1]["whole"]["value"] == 99
    broken: dict[str, Any] = judged(signal(), [share(9, 9)]).document()["signals"][0]["broken"]
    assert (broken["name"], broken["bound"], broken["count"], broken["failed"]) == ("p0", 0.05, 9, 9)


def test_what_is_kept_does_not_grow_with_the_watch() -> None:
    one = Judge([signal(LATENCY, min_sample=500)], "green")
    for second in range(1, 2000):
        one.take(Sample(float(second), [durations({second % 7: 100})]))
    assert len(one._tracks[0]._kept) <= 31
    assert one.judgement().verdict == "pass"
