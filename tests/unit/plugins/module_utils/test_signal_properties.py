# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for all readings: worse never becomes better, and no order matters."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.signal_judge import VERDICTS, Sample, judge
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.signal_samples import CPU, ERRORS, HISTOGRAM, LATENCY, LINES, signal

EDGES = [0.1, 0.5, 1.0, 2.0, math.inf]
SHORT: Mapping[str, Any] = {"window_seconds": 3, "for_seconds": 2, "min_sample": 5}
SIGNALS = [
    signal(ERRORS, **SHORT),
    signal(LATENCY, **SHORT),
    signal(HISTOGRAM, **SHORT),
    signal(CPU, **{**SHORT, "min_sample": 2}),
    signal(LINES, **{**SHORT, "min_sample": 1}),
    signal(CPU, name="host", voting=False),
]
NAMES = [one.name for one in SIGNALS]
# A reading as plain numbers, and the same made worse: which requests failed, how long they took, how high a level is.
Plain = tuple[str, str, list[tuple[bool, int]], float, bool]
REQUESTS = st.lists(st.tuples(st.booleans(), st.integers(1, 3000)), max_size=40)
PLAIN = st.tuples(st.sampled_from(NAMES), st.sampled_from(["a", "b"]), REQUESTS, st.floats(0, 120), st.booleans())
WATCH = st.lists(st.lists(PLAIN, max_size=6), min_size=1, max_size=8)
# Of 400 requests none to three fail, and are slow: where a verdict changes.
FOUR_HUNDRED = st.integers(0, 3).map(lambda few: [(number < few, 10 + 700 * (number < few)) for number in range(400)])
ENOUGH = st.tuples(st.sampled_from(NAMES), st.just("a"), FOUR_HUNDRED, st.floats(0, 120), st.just(False))
MANY = st.lists(st.lists(ENOUGH, min_size=6, max_size=12), min_size=2, max_size=6)


def reading(plain: Plain) -> Reading:
    name, place, requests, level, gap = plain
    empty = Reading(name, place, "green", 0.0, 1.0)
    if gap:
        return empty._replace(problem="gap")
    count = len(requests)
    if name == "error_rate":
        return empty._replace(count=count, failed=sum(failed for failed, _ in requests))
    took = [milliseconds for _, milliseconds in requests]
    if name == "p95":
        return empty._replace(count=count, milliseconds={one: took.count(one) for one in set(took)})
    if name == "db":
        return empty._replace(count=count, buckets={edge: sum(one <= edge * 1000 for one in took) for edge in EDGES})
    return empty._replace(count=1, value=float(round(level / 10)) if name == "lines" else level)


def watch(looks: list[list[Plain]]) -> list[Sample]:
    return [Sample(float(second), [reading(one) for one in look]) for second, look in enumerate(looks, start=1)]


def rank(looks: list[list[Plain]]) -> list[int]:
    """The verdict and that of each signal, as numbers."""
    found = judge(SIGNALS, watch(looks), "green")
    return [VERDICTS.index(verdict) for verdict in (found.verdict, *(one.verdict for one in found.findings))]


def worse(draw: random.Random, looks: list[list[Plain]], chance: float) -> list[list[Plain]]:
    def request(failed: bool, milliseconds: int) -> tuple[bool, int]:
        if draw.random() > chance:
            return failed, milliseconds
        return True, milliseconds + draw.randrange(4000)

    return [
        [
            (
                name,
                place,
                [request(*one) for one in requests],
                level + draw.random() * 100 * (draw.random() < chance),
                gap,
            )
            for name, place, requests, level, gap in look
        ]
        for look in looks
    ]


@settings(max_examples=150, deadline=None)
@given(WATCH | MANY, st.integers(), st.sampled_from([0.02, 0.2, 1.0]))
def test_worse_readings_never_give_a_better_verdict(looks: list[list[Plain]], seed: int, chance: float) -> None:
    before, after = rank(looks), rank(worse(random.Random(seed), looks, chance))
    assert all(one <= other for one, other in zip(before, after, strict=True)), (before, after)


@settings(max_examples=100, deadline=None)
@given(WATCH | MANY, st.randoms(use_true_random=False))
def test_no_order_matters(looks: list[list[Plain]], shuffle: random.Random) -> None:
    whole = judge(SIGNALS, watch(looks), "green")
    signals, mixed = list(SIGNALS), [list(look) for look in looks]
    shuffle.shuffle(signals)
    for look in mixed:
        shuffle.shuffle(look)
    other = judge(signals, watch(mixed), "green")
    assert (whole.verdict, whole.sentence) == (other.verdict, other.sentence)
    assert {one.signal.name: one.verdict for one in whole.findings} == {
        one.signal.name: one.verdict for one in other.findings
    }


@settings(max_examples=100, deadline=None)
@given(WATCH | MANY)
def test_nothing_passes_without_evidence_of_every_voting_signal(looks: list[list[Plain]]) -> None:
    found = judge(SIGNALS, watch(looks), "green")
    if found.verdict == "pass":
        for one in found.findings:
            if one.signal.voting:
                assert one.whole.size >= one.signal.min_sample
                assert one.whole.value < (one.bounds.norm or 0) or one.whole.failed == 1
                assert one.whole.high <= min(bound for bound in one.bounds[1:3] if bound is not None)
