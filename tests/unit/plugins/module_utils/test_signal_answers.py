# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers as readings: either numbers or a problem, never both and never neither."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import signal_answers as answers
from ansible_collections.bluegreen.release.plugins.module_utils.signal_answers import Span
from ansible_collections.bluegreen.release.plugins.module_utils.signal_exposition import parse as lines
from ansible_collections.bluegreen.release.plugins.module_utils.signal_prometheus import Found
from ansible_collections.bluegreen.release.plugins.module_utils.signal_selector import parse

SPAN = Span("latency", "lb1", "green", 1000.0, 2.0)
GREEN = {"requests": 10, "failed": 1, "retried": 0, "abandoned": 0, "milliseconds": {"4": 9, "1500": 1}}


def log(**more: Any) -> dict[str, Any]:
    return {"paths": {"": {"green": GREEN}}, "malformed": 0, "behind_bytes": 0, **more}


def test_an_access_log() -> None:
    (found,) = answers.of_access_log(SPAN, log(), "")
    assert (found.signal, found.place, found.slot, found.started, found.ended) == ("latency", "lb1", "green", 998, 1000)
    assert (found.value, found.count, found.failed, found.milliseconds) == (5.0, 10, 1, {4: 9, 1500: 1})


def test_a_slot_without_a_request_has_none() -> None:
    (found,) = answers.of_access_log(SPAN._replace(slot="blue"), log(), "")
    assert (found.value, found.count, found.failed, found.problem) == (0.0, 0, 0, "")


@pytest.mark.parametrize(
    ("span", "answer", "words"),
    [
        (SPAN, {"problem": "gone"}, "gone"),
        (SPAN, {"paths": {"": {}}, "malformed": 3}, "found 3 other ones"),
        (SPAN._replace(seconds=0), log(), "first look"),
        (SPAN, log(behind_bytes=7), "7 bytes ahead"),
    ],
)
def test_an_access_log_with_a_problem(span: Span, answer: Any, words: str) -> None:
    assert words in answers.of_access_log(span, answer, "")[-1].problem


def test_a_log_that_is_behind_gives_what_it_has_all_the_same() -> None:
    found = answers.of_access_log(SPAN, log(behind_bytes=7), "")
    assert [one.count for one in found] == [10, 0]


def test_a_probe() -> None:
    found = answers.of_probe(SPAN, {"ok": False, "seconds": 0.0123, "reason": "x"})
    assert (found.value, found.count, found.failed, found.milliseconds) == (0.0, 1, 1, {12: 1})
    assert answers.of_probe(SPAN, {"ok": True, "seconds": 0.1, "reason": ""}).value == 1.0
    assert answers.of_probe(SPAN, {"problem": "late"}).problem == "late"


def test_containers() -> None:
    told = {"b": {"cpu_percent": 30.0, "memory_problem": "no limit"}, "a": {"problem": "exited"}}
    found = answers.of_containers(SPAN, {"containers": told}, "cpu")
    assert [(one.place, one.value, one.problem) for one in found] == [("lb1 a", None, "exited"), ("lb1 b", 30.0, "")]
    assert answers.of_containers(SPAN, {"containers": told}, "memory")[1].problem == "no limit"
    assert answers.of_containers(SPAN, {"problem": "no engine"}, "cpu")[0].problem == "no engine"
    assert answers.of_containers(SPAN, {"containers": {}}, "cpu")[0].problem


def test_container_logs() -> None:
    told = {"a": {"lines": 10, "errors": 2, "cut": True}, "b": {"problem": "x"}}
    found = answers.of_container_logs(SPAN, {"containers": told})
    assert [(one.value, one.count, bool(one.problem)) for one in found] == [
        (2, 10, False),
        (None, 0, True),
        (None, 0, True),
    ]


def test_no_time_is_no_evidence_of_quiet() -> None:
    told = {"a": {"lines": 0, "errors": 0, "cut": False}}
    (found,) = answers.of_container_logs(SPAN._replace(seconds=0), {"containers": told})
    assert "first look" in found.problem


def test_prometheus() -> None:
    assert answers.of_prometheus(SPAN, Found(((1.0, 0.5),))).value == 0.5
    assert answers.of_prometheus(SPAN, Found(problem="no series")).problem == "no series"
    assert answers.of_prometheus(SPAN, Found()).problem


BEFORE = lines('r{s="200"} 10\nr{s="500"} 1\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\n')
AFTER = 'r{s="200"} 18\nr{s="500"} 3\nh_bucket{le="1"} 4\nh_bucket{le="+Inf"} 6\ng 7\n'


def metric(how: str, selector: str, *failures: str, before: Any = BEFORE, **answer: Any) -> Any:
    told = {"text": AFTER, "missing": {}, **answer}
    meant = [parse(one) for one in failures]
    return answers.of_exposition(SPAN, told, before, lines(AFTER), parse(selector), how, meant)


def test_metrics() -> None:
    assert metric("gauge", "g").value == 7
    assert metric("counter", "r")[5:7] == (5.0, 10)
    found = metric("share", "r", 'r{s=~"5.."}')
    assert (found.count, found.failed, found.value) == (10, 2, 5.0)
    found = metric("histogram", "h")
    assert (found.count, found.buckets) == (4, {1.0: 3, math.inf: 4})


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (metric("gauge", "x"), "found none"),
        (metric("gauge", "x", missing={"x": ["y"]}), "expected metric x, found none of that name: is it y?"),
        (metric("share", "r", "e", missing={"e": []}), "expected metric e"),
        (metric("share", "r", 'r{code="500"}'), "expected label code"),
        (metric("counter", "r", before=None), "first look"),
        (metric("histogram", "g"), "is it a histogram"),
        (metric("counter", 'r{code="200"}'), "expected label code"),
        (metric("gauge", "g", problem="late"), "late"),
    ],
)
def test_metrics_with_a_problem(found: Any, words: str) -> None:
    assert words in found.problem and found.value is None and not found.count and not found.buckets


def test_what_must_be_asked_for() -> None:
    assert answers.wanted(parse('h{a="1",b=~"2"}')) == [{"metric": "h", "labels": {"a": "1"}}]
    assert answers.wanted(parse('r{a="1"}'), [parse('r{s="500"}'), parse("e")]) == [
        {"metric": "r", "labels": {}},
        {"metric": "e", "labels": {}},
    ]
