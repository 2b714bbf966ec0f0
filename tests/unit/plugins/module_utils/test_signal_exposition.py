# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines picked out of expositions, and what two of them say of the time between."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import signal_exposition as exposition
from ansible_collections.bluegreen.release.plugins.module_utils.signal_lines import ExpositionError, Select, pick
from ansible_collections.bluegreen.release.plugins.module_utils.signal_selector import SelectorError, parse
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

BODY = b"""# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="GET",status="200"} 10.0
http_requests_total{method="POST",status="500"} 2.0
# TYPE http_requests_total_other gauge
http_requests_total_other 1
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 3
took_seconds_bucket{le="+Inf"} 5
took_seconds_count 5
took_seconds_sum 0.7
# TYPE errors_total counter
# TYPE users gauge
users 7
"""


def picked(*wanted: Select, body: bytes = BODY) -> list[str]:
    return pick(body, wanted).text.splitlines()


def test_only_the_lines_asked_for_are_picked() -> None:
    assert picked(Select("users")) == ["# TYPE users gauge", "users 7"]
    assert picked(Select("http_requests_total", {"method": "GET"})) == [
        "# TYPE http_requests_total counter",
        'http_requests_total{method="GET",status="200"} 10.0',
    ]
    assert len(picked(Select("took_seconds"))) == 5
    assert picked(Select("http_requests")) == []


@pytest.mark.parametrize(
    ("labels", "line", "meant"),
    [
        ({"us": "200"}, b'm{status="200"} 1\n', False),
        ({"status": "200"}, b'm{a="b",status="200"} 1\n', True),
        ({"status": "200"}, b'm{a="b", status="200"} 1\n', True),
        ({"path": 'a"b'}, b'm{path="a\\"b"} 1\n', True),
        ({"a": "b"}, b'm{c="\\",a=\\"b"} 1\n', False),
    ],
)
def test_a_label_is_the_whole_of_one(labels: dict[str, str], line: bytes, meant: bool) -> None:
    assert bool(picked(Select("m", labels), body=line)) is meant


def test_what_is_missing_is_named_with_what_it_may_be() -> None:
    found = pick(
        BODY,
        [Select("took_second"), Select("users"), Select("errors_total"), Select("http_requests_total", {"a": "b"})],
    )
    assert found.missing == ["took_second"], "a type alone says that a metric is there"
    assert found.near["took_second"] == ["took_seconds"]


@pytest.mark.parametrize("body", [b"", BODY[:-1], BODY[:-3]])
def test_one_that_is_cut_off_is_refused(body: bytes) -> None:
    with pytest.raises(ExpositionError, match="cut off"):
        pick(body, [Select("users")])


def test_what_is_no_exposition_is_refused() -> None:
    with pytest.raises(ExpositionError, match="no line of one"):
        pick(b"<html>\n<body>Sign in</body>\n</html>\n", [Select("users")])


def test_too_much_of_one_metric_is_refused() -> None:
    body = b"".join(b'm{a="%d"} 1\n' % number for number in range(200_000))
    with pytest.raises(ExpositionError, match="name labels too"):
        pick(body, [Select("m")])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(BODY)))
def test_no_bytes_are_too_bad(noise: bytes, at: int) -> None:
    body = BODY[:at] + noise + BODY[at:]
    try:
        samples = exposition.parse(pick(body, [Select("users"), Select("took_seconds")]).text)
        exposition.gauge(samples, parse("users"))
        exposition.buckets({}, samples, parse("took_seconds"))
    except (ExpositionError, exposition.SampleError):
        pass


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from('ab\\"\n'), st.floats(0, 100)), min_size=1, max_size=20))
def test_picking_first_gives_what_parsing_everything_gives(seen: list[tuple[str, float]]) -> None:
    registry = CollectorRegistry()
    took = Histogram("took", "", ["path"], registry=registry)
    Gauge("noise", "", registry=registry).set(1)
    for path, seconds in seen:
        took.labels(path).observe(seconds)
    body = generate_latest(registry)
    whole = {key: value for key, value in exposition.parse(body.decode()).items() if key[0].startswith("took_")}
    some = exposition.parse(pick(body, [Select("took")]).text)
    assert {key: value for key, value in some.items() if not key[0].endswith("_created")} == {
        key: value for key, value in whole.items() if not key[0].endswith("_created")
    }
    one = exposition.parse(pick(body, [Select("took", {"path": seen[0][0]})]).text)
    assert {dict(labels)["path"] for _, labels in one} == {seen[0][0]}


def samples(**series: float) -> dict[tuple[str, exposition.Labels], float]:
    """Series of ``c`` by their label ``s``."""
    return {("c", (("s", name),)): value for name, value in series.items()}


@pytest.mark.parametrize(
    ("before", "after", "grown", "restarted"),
    [
        ({"a": 5}, {"a": 8}, 3, False),
        ({"a": 5}, {"a": 5}, 0, False),
        ({"a": 5}, {"a": 2}, 2, True),
        ({"a": 5}, {"a": 0}, 0, True),
        ({"a": 5, "b": 1}, {"a": 6, "b": 4}, 4, False),
        ({"a": 5}, {"a": 5, "b": 1}, 1, False),
        ({"a": 5, "b": 5}, {"a": 6}, 1, False),
        ({}, {}, 0, False),
    ],
)
def test_counters_by_difference(before: Any, after: Any, grown: float, restarted: bool) -> None:
    found = exposition.increase(samples(**before), samples(**after), parse("c"))
    assert found == (grown, restarted)


@pytest.mark.parametrize("value", [math.nan, math.inf, -1])
def test_a_counter_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(exposition.SampleError, match="expected a counter"):
        exposition.increase({}, samples(a=value), parse("c"))


def test_a_gauge_is_one_number() -> None:
    told = exposition.parse('g{a="1"} 4\ng{a="2"} 5\nn NaN\n')
    assert exposition.gauge(told, parse('g{a="2"}')) == 5
    for selector, words in (("g", "found 2"), ("x", "found none"), ("n", "found nan")):
        with pytest.raises(exposition.SampleError, match=words):
            exposition.gauge(told, parse(selector))


def histogram(
    *counts: float, bounds: tuple[str, ...] = ("0.1", "1.0", "+Inf")
) -> dict[tuple[str, exposition.Labels], float]:
    return {("h_bucket", (("le", bound),)): value for bound, value in zip(bounds, counts, strict=False)}


@pytest.mark.parametrize(
    ("before", "after", "grown"),
    [
        ((), (1, 2, 3), [1, 2, 3]),
        ((1, 2, 3), (2, 5, 9), [1, 3, 6]),
        ((1, 2, 3), (1, 2, 3), [0, 0, 0]),
        ((5, 8, 9), (1, 1, 2), [1, 1, 2]),
        # Behind a restart, as Prometheus has it: one that did not fall is taken for one that only grew.
        ((1, 8, 9), (2, 3, 4), [1, 3, 4]),
        ((2, 8, 9), (7, 9, 9), [5, 5, 5]),
    ],
)
def test_buckets_by_difference(before: tuple[float, ...], after: tuple[float, ...], grown: list[int]) -> None:
    found = exposition.buckets(histogram(*before), histogram(*after), parse("h"))
    assert list(found.values()) == grown and list(found) == [0.1, 1.0, math.inf]


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({}, "is it a histogram"),
        (histogram(1, 2, bounds=("0.1", "1.0")), "up to .Inf"),
        (histogram(1, 2, bounds=("x", "+Inf")), "bound le"),
        (histogram(3, 2, 3), "one that does not"),
        (histogram(1, math.nan, 3), "a count"),
        ({("h_bucket", ()): 1.0}, "bound le"),
    ],
)
def test_a_histogram_that_is_none_is_refused(after: Any, words: str) -> None:
    with pytest.raises(exposition.SampleError, match=words):
        exposition.buckets({}, after, parse("h"))


def test_series_with_other_buckets_are_added_by_bound() -> None:
    told = exposition.parse(
        'h_bucket{p="a",le="0.1"} 1\nh_bucket{p="a",le="+Inf"} 2\n'
        'h_bucket{p="b",le="0.5"} 3\nh_bucket{p="b",le="+Inf"} 4\n'
    )
    assert exposition.buckets({}, told, parse("h")) == {0.1: 1, 0.5: 3, math.inf: 6}


@pytest.mark.parametrize("text", ["m{", "m{} x\n", 'm{a="b} 1\n', "m one\n", 'm{a="1"} 1\nm{a="1"} 2\n'])
def test_lines_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(exposition.SampleError):
        exposition.parse(text)


def test_a_label_that_no_series_has_is_told() -> None:
    told = samples(a=1)
    exposition.check_labels(told, parse('c{s=~"5.."}'))
    exposition.check_labels(told, parse('other{code="5"}'))
    with pytest.raises(exposition.SampleError, match=r"expected label code .* found labels: s"):
        exposition.check_labels(told, parse('c{code=~"5.."}'))


@pytest.mark.parametrize(
    ("text", "labels", "holds"),
    [
        ("m", {"a": "1"}, True), ("m{}", {}, True), ('m{a="1"}', {"a": "1"}, True), ('m{a="1"}', {"a": "12"}, False),
        ('m{a!="1"}', {}, True), ('m{a=~"5.."}', {"a": "503"}, True), ('m{a=~"5.."}', {"a": "5031"}, False),
        ("m{a!~'5..',b=\"x\",}", {"a": "200", "b": "x"}, True), ('m { a = "q\\"}," }', {"a": 'q"},'}, True),
        ('m{a=""}', {}, True),
    ],
)  # fmt: skip
def test_selectors(text: str, labels: dict[str, str], holds: bool) -> None:
    assert parse(text).metric == "m" and parse(text).holds(labels) is holds


@pytest.mark.parametrize(
    "text", ["", "1m", "m{", "m{a}", "m{a=b}", 'm{a="b" c="d"}', 'm{a=~"("}', "m[5m]", "sum(m)", 'm{a="b"}x']
)
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(SelectorError, match="expected"):
        parse(text)
