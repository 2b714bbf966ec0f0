# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept between two readings of a host, and what a host in trouble does to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.plugin_utils.hosts import Answer
from ansible_collections.bluegreen.release.plugins.plugin_utils.signal_collector import Collector

ASKS = {"lb1": {"log": {"kind": "access_log", "path": "/l"}, "metrics": {"kind": "exposition", "url": "u"}}}


class Asked:
    """Hosts whose next answer a test sets; they keep what they were asked."""

    def __init__(self) -> None:
        self.next: Answer = Answer({}, "")
        self.params: dict[str, Any] = {}

    def ask(self, module: Any, params: Mapping[str, Any], seconds: float) -> dict[str, Answer]:
        assert module.__name__.endswith("signal_readings")
        self.params = dict(params["lb1"])
        return dict.fromkeys(params, self.next)


class Clocks:
    now, wall = 50.0, 1000.0


def collector(hosts: Any) -> Collector:
    return Collector(hosts, "/state", ["secret"], lambda: Clocks.now, lambda: Clocks.wall)


def given(text: str = "m 1\n", cursor: int = 1) -> Answer:
    log = {"paths": {}, "cursor": {"files": [cursor]}}
    return Answer({"answers": {"log": log, "metrics": {"text": text, "missing": {}}}}, "")


def test_cursors_samples_and_time_are_kept_from_one_reading_to_the_next() -> None:
    hosts = Asked()
    it, hosts.next = collector(hosts), given()
    found = it.read(ASKS, 2)
    assert hosts.params["asks"]["log"] == ASKS["lb1"]["log"] and hosts.params["secrets"] == ["secret"]
    assert hosts.params["seconds"] == 1.7 and hosts.params["state_directory"] == "/state"
    assert (found[("lb1", "log")].seconds, found[("lb1", "metrics")].before) == (0.0, None)
    # The wall clock is set back in between.
    Clocks.now, Clocks.wall, hosts.next = 53.0, 900.0, given("m 4\n", 2)
    found = it.read(ASKS, 2)
    assert hosts.params["asks"]["log"]["cursor"] == {"files": [1]}
    assert found[("lb1", "log")].seconds == 3 and found[("lb1", "log")].ended == 900
    assert found[("lb1", "metrics")].before == {("m", ()): 1.0}
    assert found[("lb1", "metrics")].after == {("m", ()): 4.0}


def test_a_host_in_trouble_is_a_problem_of_each_ask_and_loses_nothing() -> None:
    hosts = Asked()
    it, hosts.next = collector(hosts), given()
    Clocks.now = 10.0
    it.read(ASKS, 2)
    hosts.next, Clocks.now = Answer({}, "expected to reach it, found: no route"), 11.0
    found = it.read(ASKS, 2)
    assert {one.answer["problem"] for one in found.values()} == {"expected to reach it, found: no route"}
    hosts.next, Clocks.now = given("m 9\n"), 14.0
    found = it.read(ASKS, 2)
    assert hosts.params["asks"]["log"]["cursor"] == {"files": [1]}
    assert found[("lb1", "metrics")].seconds == 4 and found[("lb1", "metrics")].before == {("m", ()): 1.0}


def test_an_ask_with_a_problem_keeps_what_was_before() -> None:
    hosts = Asked()
    it, hosts.next = collector(hosts), given()
    it.read(ASKS, 2)
    hosts.next = Answer({"answers": {"log": {"problem": "gone"}}}, "")
    found = it.read(ASKS, 2)
    assert found[("lb1", "log")].answer["problem"] == "gone"
    assert found[("lb1", "metrics")].answer["problem"] == "expected an answer, found none"
    hosts.next = given()
    it.read(ASKS, 2)
    assert hosts.params["asks"]["log"]["cursor"] == {"files": [1]}


def test_lines_that_are_none_are_no_samples_of_before() -> None:
    hosts = Asked()
    it, hosts.next = collector(hosts), given("m{")
    assert "expected lines" in it.read(ASKS, 2)[("lb1", "metrics")].answer["problem"]
    assert it.read(ASKS, 2)[("lb1", "metrics")].before is None
