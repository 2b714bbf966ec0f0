# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics and printing of the figures."""

from __future__ import annotations

import json

import pytest

from lab.bench.figures import KINDS, ONLY_WHEN_NAMED, choose, figure, lines, table
from lab.errors import LabError


def test_a_figure_is_printed_with_exactly_these_keys() -> None:
    document = json.loads(lines([figure("nginx_routing_cpu", [22.0, 30.0, 24.0], [20.0, 24.0, 20.0])]))
    assert document == {
        "name": "nginx_routing_cpu",
        "unit": "us/request",
        "median": 24,
        "n": 3,
        "raw": [22, 30, 24],
        "baseline": 20,
        # The middle one of 1.1, 1.25 and 1.2.
        "ratio": 1.2,
    }


def test_the_ratio_is_of_rounds_not_of_medians() -> None:
    one = figure("nginx_routing_cpu", [10.0, 40.0, 33.0], [10.0, 20.0, 30.0])
    assert (one.median, one.baseline, one.ratio) == (33.0, 20.0, 1.1)


def test_without_a_baseline_or_with_one_of_nothing_there_is_no_ratio() -> None:
    assert figure("switch_seconds", [1.0]).document()["baseline"] is None
    assert figure("switch_seconds", [1.0]).document()["ratio"] is None
    stats = figure("nginx_routing_stats", [1.0, 1.0], [0.0, 0.0]).document()
    assert (stats["baseline"], stats["ratio"]) == (0, None)


def test_one_failed_request_in_one_round_misses_the_target_although_the_median_is_none() -> None:
    assert figure("release_failed_requests", [0, 0, 0, 0, 0]).met is True
    assert figure("release_failed_requests", [0, 0, 1, 0, 0]).met is False


def test_a_time_meets_its_target_by_its_median() -> None:
    assert figure("release_seconds", [40.0, 45.0, 90.0]).met is True
    assert figure("release_seconds", [40.0, 45.1, 90.0]).met is False
    assert figure("switch_seconds", [90.0]).met is None


def test_the_table_says_what_was_missed_and_shows_the_worst_round() -> None:
    shown = table([figure("release_failed_requests", [0, 7, 0]), figure("release_seconds", [31.256, 30.0, 33.0])])
    head, failed, seconds = shown.splitlines()
    assert head.split()[:6] == ["figure", "median", "lowest", "highest", "unit", "n"]
    assert failed.split() == ["release_failed_requests", "0", "0", "7", "requests", "3", "<=", "0", "MISSED"]
    assert seconds.split() == ["release_seconds", "31.26", "30", "33", "s", "3", "<=", "45", "met"]
    assert head.index("highest") == failed.index("7 ")


def test_figures_are_chosen_by_name_and_a_wrong_name_is_answered_with_the_nearest() -> None:
    assert [kind.name for kind in choose(["switch_seconds"])] == ["switch_seconds"]
    with pytest.raises(LabError, match="release_seconds"):
        choose(["release_second"])


def test_what_removes_images_is_measured_only_when_named() -> None:
    without = {kind.name for kind in KINDS} - {kind.name for kind in choose([])}
    assert without == {kind.name for kind in KINDS if kind.group in ONLY_WHEN_NAMED} == {"lab_up_cold_seconds"}


def test_names_are_unique() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
