# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of Prometheus' API: a number, or a problem that says what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.signal_fetch import Target
from ansible_collections.bluegreen.release.plugins.module_utils.signal_prometheus import Server, read
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.signal_server import Answering


def answer(kind: str, result: Any, **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


def series(value: Any = "1", **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [1700000000, value]}


def test_a_number_is_read() -> None:
    found = read(200, answer("vector", [series("0.25")], warnings=["one shard is away"]))
    assert (found.value, found.points, found.warnings) == (0.25, ((1700000000.0, 0.25),), ("one shard is away",))
    assert read(200, answer("scalar", [1, "3"])).value == 3
    found = read(200, answer("matrix", [{"metric": {}, "values": [[1, "2"], [2, "4"]]}]))
    assert found.points == ((1.0, 2.0), (2.0, 4.0)) and found.value == 4


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (answer("vector", []), "found no series"),
        (answer("matrix", []), "found no series"),
        (answer("vector", [series(a="1"), series(a="2")]), 'found 2 series ({a="1"}, {a="2"}): use sum()'),
        (answer("vector", [series(__name__=f"m{n}") for n in range(5)]), "(m0{}, m1{}, m2{} and 2 more)"),
        (answer("vector", [series("NaN")]), "found NaN"),
        (answer("vector", [series("+Inf")]), "found +Inf"),
        (answer("matrix", [{"metric": {}, "values": [[1, "2"], [2, "NaN"]]}]), "found NaN"),
        (answer("matrix", [{"metric": {}, "values": []}]), "no point in time"),
        (answer("string", [1, "text"]), "found a text"),
        (answer("streams", []), "of type streams"),
        (answer("vector", [{"metric": {}, "histogram": [1, {}]}]), "native histogram"),
        (answer("vector", [{"metric": {}}]), "a time and a number"),
        (answer("vector", [1]), "a time and a number"),
        (b"<html>", "expected JSON of Prometheus, found status 200: '<html>'"),
        (b"[]", "expected an answer of Prometheus"),
        (b'{"status":"success"}', "of type None"),
        (b'{"status":"error","errorType":"bad_data","error":"parse error: x"}', "bad_data: parse error: x"),
    ],
)
def test_anything_else_is_a_problem(body: bytes, words: str) -> None:
    found = read(200, body)
    assert words in found.problem and found.value is None and found.points == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(["1", "NaN", "vector", "success"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "data", "resultType", "result", "metric", "value"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_no_answer_is_too_bad(document: Any) -> None:
    for body in (json.dumps(document), json.dumps({"status": "success", "data": document}),
                 json.dumps({"status": "success", "data": {"resultType": "vector", "result": document}})):  # fmt: skip
        found = read(200, body.encode())
        assert (found.value is None) is bool(found.problem)


def test_a_question_is_asked_with_its_login() -> None:
    with Answering(answer("vector", [series("2")])) as server:
        found = Server(Target(server.url + "/prom/", {"Authorization": "Bearer x"})).instant('up{a="b c"}', 12.5, 2)
        assert found.value == 2 and found.problem == ""
        ((path, headers),) = server.asked
    assert path == "/prom/api/v1/query?query=up%7Ba%3D%22b+c%22%7D&timeout=2000ms&time=12.500"
    assert headers["Authorization"] == "Bearer x"


def test_a_range_is_asked_for() -> None:
    with Answering(answer("matrix", [{"metric": {}, "values": [[1, "2"]]}])) as server:
        assert Server(Target(server.url)).over("up", 1, 61, 15, 2).points == ((1.0, 2.0),)
        assert server.asked[0][0].startswith("/api/v1/query_range?query=up&start=1.000&end=61.000&step=15.000")


def test_one_that_is_not_there_or_hangs_is_a_problem() -> None:
    assert (
        "Prometheus: expected an answer, found" in Server(Target("http://127.0.0.1:1")).instant("up", None, 1).problem
    )
    with Answering(b"", delay=5) as server:
        assert "within 0.2 s, found none" in Server(Target(server.url)).instant("up", None, 0.2).problem
    assert "expected a URL" in Server(Target("ftp://x")).instant("up", None, 1).problem
