# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signals of an inventory: what is understood, and what is refused by the signal's name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.module_utils.signal import MEASURES, UNITS
from ansible_collections.bluegreen.release.plugins.module_utils.signal_numbers import NumberError, bound, words
from ansible_collections.bluegreen.release.plugins.module_utils.signals import DETAILS, parse
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.signal_samples import CPU, ERRORS, HISTOGRAM, LATENCY, LINES, signal

INVENTORIES = Path(__file__).resolve().parents[4] / "inventories"
QUERY = {"name": "q", "kind": "saturation", "source": "prometheus", "query": "up", "unit": "percent", "norm": 70}
PROBE = {"name": "available", "kind": "errors", "source": "probe", "path": "/health", "unit": "share", "norm": "1 %"}


@pytest.mark.parametrize(
    ("written", "unit", "number"),
    [
        ("500 ms", "seconds", 0.5), ("2 s", "seconds", 2.0), ("1.5s", "seconds", 1.5), (0.25, "seconds", 0.25),
        ("2 min", "seconds", 120.0), ("0.1 %", "share", 0.001), ("5%", "share", 0.05), (0.05, "share", 0.05),
        ("0.01 %", "share", 0.0001), ("100 %", "share", 1.0), ("95 %", "percent", 95.0), (95, "percent", 95.0),
        ("95", "percent", 95.0), ("5/s", "per_second", 5.0), ("3", "count", 3.0), ("1e3", "count", 1000.0),
    ],
)  # fmt: skip
def test_bound_is_understood_as_people_write_it(written: Any, unit: str, number: float) -> None:
    assert bound(written, unit) == number


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("5", "share"), (5, "share"), ("101 %", "share"), (101, "percent"), ("500 ms", "share"), ("5 %", "seconds"),
        ("fast", "seconds"), ("", "count"), (True, "count"), ([1], "count"), ("nan", "count"), ("inf", "count"),
        ("1e999", "count"), (float("nan"), "count"), (float("inf"), "seconds"), (-1, "seconds"), ("1 2", "count"),
        ("3 %", "count"), ("0,5", "seconds"),
    ],
)  # fmt: skip
def test_anything_else_is_no_bound(written: Any, unit: str) -> None:
    with pytest.raises(NumberError, match="a number in"):
        bound(written, unit)


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0.48, "seconds", "480 ms"), (2.104, "seconds", "2.1 s"), (0.0001, "share", "0.01 %"), (0.05, "share", "5 %"),
        (1.0, "share", "100 %"), (95.04, "percent", "95 %"), (12345.6, "per_second", "12346/s"), (0, "count", "0"),
        (0.0000001, "seconds", "0.0001 ms"), (float("nan"), "count", "no number"), (100.0, "count", "100"),
    ],
)  # fmt: skip
def test_number_is_shown_in_its_unit(number: float, unit: str, text: str) -> None:
    assert words(number, unit) == text


def test_what_is_left_out_has_its_default() -> None:
    one = signal()
    assert (one.norm, one.p1, one.p0, one.voting, one.measure) == (0.001, 0.01, 0.05, True, "failed")
    assert (one.min_sample, one.window_seconds, one.for_seconds) == (100, 30, 60)
    assert signal(CPU).min_sample == 3 and signal(LINES).min_sample == 1
    assert signal(HISTOGRAM).details == {"metric": "x_seconds", "how": "histogram"}
    assert signal(LATENCY, quantile="0.99", window_seconds="10", voting="no")[-5:] == (0.99, 100, 10.0, 60.0, False)


@pytest.mark.parametrize(
    ("changed", "votes"),
    [
        ({}, False),
        ({"query": 'up{slot="{slot}"}'}, True),
        ({"voting": True}, True),
        ({"query": 'up{slot="{slot}"}', "norm": None}, False),
    ],
)
def test_what_is_of_no_slot_is_only_watched_unless_told(changed: dict[str, Any], votes: bool) -> None:
    assert signal(QUERY, **changed).voting is votes


# Base, what is changed, and words of what was expected, found, and to be done.
REFUSED: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    (ERRORS, {"norm": "6 %", "p1": None}, ["norm not above p0", "norm 6 % and p0 5 %", "lower norm or raise p0"]),
    (ERRORS, {"norm": "2 %"}, ["norm not above p1", "norm 2 % and p1 1 %"]),
    (ERRORS, {"p1": "5 %"}, ["p1 below p0", "p1 5 % and p0 5 %"]),
    (ERRORS, {"p1": "7 %"}, ["p1 below p0", "p1 7 % and p0 5 %"]),
    (ERRORS, {"norm": 0}, ["norm above 0"]),
    (ERRORS, {"p0": "100 %"}, ["p0 below 100 %", "lower p0"]),
    (CPU, {"p0": 100}, ["p0 below 100 %"]),
    (ERRORS, {"p0": 5}, ["p0 as a number in share, or with %, at most 100 %", "found:    5"]),
    (ERRORS, {"unit": "ratio"}, ["unit out of seconds, share", "'ratio'"]),
    (ERRORS, {"unit": "second"}, ["'second'", "write unit: seconds"]),
    (ERRORS, {"unit": "percent"}, ["a unit out of seconds, share, per_second, count", "percent"]),
    (ERRORS, {"unit": None}, ["no unit"]),
    (ERRORS, {"source": "access-log"}, ["write source: access_log"]),
    (ERRORS, {"kind": "error"}, ["write kind: errors"]),
    (ERRORS, {"kind": ["errors"]}, ["kind out of"]),
    (ERRORS, {"zzz": 1}, ["found:    zzz", "take it out"]),
    (ERRORS, {"min_samples": 1}, ["rename it to min_sample"]),
    (ERRORS, {"query": "up"}, ["keys of source access_log", "query"]),
    (ERRORS, {"min_sample": 0}, ["min_sample as a whole number of 1 or more", "0"]),
    (ERRORS, {"min_sample": 1.5}, ["min_sample as a whole number"]),
    (ERRORS, {"min_sample": "many"}, ["'many'"]),
    (ERRORS, {"window_seconds": 0}, ["window_seconds as a number above 0"]),
    (ERRORS, {"window_seconds": "inf"}, ["window_seconds"]),
    (ERRORS, {"for_seconds": -1}, ["for_seconds as a number of 0 or more"]),
    (ERRORS, {"for_seconds": True}, ["for_seconds"]),
    (ERRORS, {"quantile": 0.9}, ["quantile of durations only"]),
    (LATENCY, {"quantile": 95}, ["quantile as a number between 0 and 1", "95"]),
    (LATENCY, {"seconds_of": "client"}, ["seconds_of out of request, upstream"]),
    (ERRORS, {"voting": "perhaps"}, ["voting as true or false"]),
    (ERRORS, {"norm": None, "voting": True}, ["a norm of a signal that votes"]),
    (ERRORS, {"p1_baseline": 3, "p0_baseline": 2}, ["p1_baseline below p0_baseline", "3 and 2"]),
    (ERRORS, {"p1_baseline": 0.5}, ["p1_baseline as a number of 1 or more"]),
    (QUERY, {"query": None}, ["query, which source prometheus needs", "add query"]),
    (QUERY, {"query": 5}, ["query as a text"]),
    (HISTOGRAM, {"how": "histgram"}, ["how out of gauge, counter", "write how: histogram"]),
    (HISTOGRAM, {"how": "counter"}, ["a unit out of per_second, count"]),
    (HISTOGRAM, {"how": None}, ["how, which source exposition needs"]),
    (HISTOGRAM, {"how": "share", "unit": "share", "norm": None, "p1": None, "p0": None}, ["failures"]),
    (HISTOGRAM, {"failures": ["x"]}, ["failures", "take them out"]),
    (CPU, {"resource": "gpu"}, ["resource out of cpu, memory"]),
    (CPU, {"services": "api"}, ["services as a list"]),
    (LINES, {"pattern": "("}, ["pattern as a regular expression"]),
    (PROBE, {"statuses": 200}, ["statuses as a list"]),
    (PROBE, {"through": "door"}, ["through out of instances, proxies"]),
]


@pytest.mark.parametrize(("base", "changed", "says"), REFUSED, ids=lambda value: str(value)[:40])
def test_contradiction_is_refused_by_name(base: dict[str, Any], changed: dict[str, Any], says: list[str]) -> None:
    _, problems = parse([{**base, **changed}])
    assert problems
    what, expected, found, do = problems[0]
    assert what == f"signal {base['name']}"
    text = f"expected: {expected}\nfound:    {found}\ndo: {do}"
    assert [one for one in says if one not in text] == []
    assert expected and found and do


@pytest.mark.parametrize(
    ("listed", "what"),
    [
        ("x", "signals"), ({}, "signals"), (None, "signals"), ([], "signals"), ([5], "number 1"), ([{}], "number 1"),
        ([{"name": " "}], "number 1"), ([{**ERRORS, "norm": None}], "signals"), ([ERRORS, ERRORS], "error_rate"),
    ],
)  # fmt: skip
def test_list_that_is_none_is_refused(listed: Any, what: str) -> None:
    _, problems = parse(listed)
    assert [one.what for one in problems] == [f"signal {what}"]


JUNK = st.sampled_from([
    None, True, False, 0, -1, 1, 0.5, 10**400, math.nan, math.inf, -math.inf, "", " ", "x", "nan", "1 %", "1 ms", "[",
    "no", "gauge", "cpu", [], [None], ["a"], {}, {"a": 1}, b"x", object(),
])  # fmt: skip
KEYS = sorted(
    {*ERRORS, "quantile", "min_sample", "window_seconds", "voting", *(k for d in DETAILS.values() for k in d)}
)


@given(st.sampled_from([ERRORS, LATENCY, HISTOGRAM, CPU, LINES, QUERY, PROBE]),
       st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=3))  # fmt: skip
def test_whatever_an_inventory_says_there_is_a_signal_or_a_problem(base: dict[str, Any], junk: dict[str, Any]) -> None:
    signals, problems = parse([{**base, **junk}])
    assert problems or len(signals) == 1


def test_every_measure_has_known_words() -> None:
    assert {source.split()[0] for source in MEASURES} == set(DETAILS)
    assert all(unit in UNITS for units in MEASURES.values() for unit in units)


@pytest.mark.parametrize("estate", ["prod", "staging", "lab"])
def test_the_table_of_the_plan_is_whole(estate: str) -> None:
    text = (INVENTORIES / estate / "group_vars" / "all" / "golden_signals.yml").read_text()
    signals, problems = parse(yaml.safe_load(text)["golden_signals_list"])
    assert problems == []
    bounds = {one.name: (one.norm, one.p1, one.p0) for one in signals}
    assert bounds == {
        "api_response_time_p95": (0.5, 1.0, 2.0),
        "database_query_time_p95": (0.1, None, None),
        "ai_generation_time_p95": (5.0, None, None),
        "requests_per_second": (None, None, None),
        "endpoint_hit_rate": (None, None, None),
        "error_rate": (0.001, 0.01, 0.05),
        "exception_rate": (0.0001, None, None),
        "database_error_rate": (0.0005, None, 0.01),
        "service_available": (0.01, None, 0.05),
        "critical_error_lines": (1.0, None, None),
        "cpu_usage_percent": (70.0, 80.0, 95.0),
        "memory_usage_percent": (80.0, 85.0, 95.0),
        "database_connections": (80.0, None, None),
        "disk_usage_percent": (85.0, None, None),
        "active_users": (None, None, None),
        "projects_created_total": (None, None, None),
        "ai_requests_total": (None, None, None),
    }
    # R1: what is taken back at once votes.
    assert [one.name for one in signals if one.p0 is not None and not one.voting] == []
