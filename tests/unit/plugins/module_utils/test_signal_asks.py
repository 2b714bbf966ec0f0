# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts are asked for all signals together, and that every signal gets a reading of every place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.signal_asks import Plan
from ansible_collections.bluegreen.release.plugins.module_utils.signal_exposition import parse
from ansible_collections.bluegreen.release.plugins.module_utils.signal_places import Estate

ESTATE = Estate(
    proxies=["lb1", "lb2"], applications=["app1"], slots={"blue": 8001, "green": 8002},
    projects={"blue": "shop-blue", "green": "shop-green"}, live="green", access_log="/l.log",
    proxy_request={"headers": {"Host": "shop.test"}},
)  # fmt: skip


class Signal(NamedTuple):
    """As much of a signal as is asked for here."""

    name: str
    source: str
    details: Mapping[str, Any] = {}


class Taken(NamedTuple):
    answer: Mapping[str, Any]
    ended: float = 100.0
    seconds: float = 2.0
    before: Any = None
    after: Any = None


def plan(*signals: Signal, **more: Any) -> Plan:
    return Plan(signals, ESTATE._replace(**more))


def test_a_log_is_read_once_for_all_signals() -> None:
    made = plan(
        Signal("p95", "access_log"),
        Signal("api", "access_log", {"path": "/api/"}),
        back_seconds=5.0,
        without_clients=["127.0.0.1"],
    )
    assert made.asks["lb1"] == made.asks["lb2"] == {
        "log request": {
            "kind": "access_log", "path": "/l.log", "seconds_of": "request", "paths": ["", "/api/"],
            "back_seconds": 5.0, "without_clients": ["127.0.0.1"], "without_hosts": [],
        }
    }  # fmt: skip
    assert len(made.wants) == 2 * 2 * 2
    assert made.asks["lb1"]["log request"] is not made.asks["lb2"]["log request"]


def test_an_instance_is_scraped_once_for_all_signals() -> None:
    made = plan(
        Signal("a", "exposition", {"metric": 'm{a="1",b="2"}', "how": "gauge"}),
        Signal("b", "exposition", {"metric": 'm{a="1",b="3"}', "how": "gauge"}),
        Signal("c", "exposition", {"metric": "r", "how": "share", "failures": ['r{s="500"}']}),
    )
    assert sorted(made.asks["app1"]) == ["metrics blue", "metrics green"]
    assert made.asks["app1"]["metrics green"] == {
        "kind": "exposition", "url": "http://127.0.0.1:8002/metrics",
        "metrics": [{"metric": "m", "labels": {"a": "1"}}, {"metric": "r", "labels": {}}],
    }  # fmt: skip


def test_probes_go_to_instances_or_through_the_proxies() -> None:
    made = plan(
        Signal("up", "probe", {"path": "/health"}),
        Signal("front", "probe", {"path": "/", "through": "proxies", "statuses": [204]}),
    )
    assert made.asks["app1"]["probe up blue"] == {
        "kind": "probe", "statuses": [200], "url": "http://127.0.0.1:8001/health"
    }  # fmt: skip
    assert made.asks["lb2"]["probe front"] == {
        "kind": "probe", "statuses": [204], "url": "http://127.0.0.1/", "headers": {"Host": "shop.test"}
    }  # fmt: skip
    assert {want.slot for want in made.wants if want.signal.name == "front"} == {"green"}


def test_containers_are_looked_at_once_for_both_resources_and_logs_for_each_pattern() -> None:
    made = plan(
        Signal("cpu", "containers", {"resource": "cpu"}),
        Signal("memory", "containers", {"resource": "memory"}),
        Signal("errors", "container_logs", {"pattern": "ERROR", "services": ["api"]}),
    )
    assert len(made.asks["app1"]) == 4
    assert made.asks["app1"]["containers blue "]["project"] == "shop-blue"
    assert made.asks["app1"]["logs errors green"] == {
        "kind": "container_logs", "services": ["api"], "socket": "/var/run/docker.sock", "project": "shop-green",
        "pattern": "ERROR", "back_seconds": 0.0,
    }  # fmt: skip


def test_every_want_has_a_reading_whatever_comes() -> None:
    signals = [
        Signal("log", "access_log"),
        Signal("up", "probe", {"path": "/"}),
        Signal("cpu", "containers", {"resource": "cpu"}),
        Signal("errors", "container_logs", {"pattern": "E"}),
        Signal("m", "exposition", {"metric": "m", "how": "gauge"}),
    ]
    made = plan(*signals)
    nothing = made.readings({})
    assert len(nothing) == len(made.wants) == 4 + 2 * 4 and all(one.problem for one in nothing)
    trouble = Taken({"problem": "late"})
    assert {one.problem for one in made.readings({(want.host, want.ask): trouble for want in made.wants})} == {"late"}
    answers = {
        "log request": Taken({"paths": {"": {}}, "malformed": 0, "behind_bytes": 0}),
        "probe up": Taken({"ok": True, "seconds": 0.1}),
        "containers": Taken({"containers": {"c": {"cpu_percent": 5.0}}}),
        "logs": Taken({"containers": {"c": {"lines": 1, "errors": 0}}}),
        "metrics": Taken({"text": "m 3\n", "missing": {}}, after=parse("m 3\n")),
    }
    taken = {
        (want.host, want.ask): next(one for name, one in answers.items() if want.ask.startswith(name))
        for want in made.wants
    }
    found = made.readings(taken)
    assert len(found) == len(made.wants) and not any(one.problem for one in found)
    assert {(one.signal, one.slot) for one in found} == {
        (one.name, slot) for one in signals for slot in ("blue", "green")
    }
    assert {(one.started, one.ended) for one in found} == {(98.0, 100.0)}


def test_a_first_look_at_a_log_reaches_back_where_it_is_to() -> None:
    taken = {("lb1", "log request"): Taken({"paths": {"": {}}, "malformed": 0}, seconds=0.0)}
    assert "first look" in plan(Signal("log", "access_log")).readings(taken)[0].problem
    (found, *_) = plan(Signal("log", "access_log"), back_seconds=30.0).readings(taken)
    assert (found.problem, found.started) == ("", 70.0)
