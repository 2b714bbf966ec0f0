"""Rules that specifications cannot express."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import preflight_rules as rules
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed, report

RUN = rules.Run(core_version="2.19.14", core_range=">=2.19.0,<2.20.0", core_supported=True, hosts=["lb1"])
BLUE, GREEN = {"port": 8001}, {"port": 8002}


def whats(problems: list[Problem]) -> list[str]:
    return [problem.what for problem in problems]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"core_supported": False, "core_version": "2.20.1"}, "ansible-core is out of the supported range"),
        ({"hosts": [], "sources": ["/etc/ansible/hosts"]}, "There is no inventory"),
        ({"limit": "lb1"}, "The run is limited to some hosts"),
        ({"limit": ""}, "The run is limited to some hosts"),
        ({"tags": ["swich"]}, "The run is limited to some tags"),
        ({"tags": ["all", "never"]}, "The run is limited to some tags"),
        ({"skip_tags": ["always"]}, "The run skips some tags"),
    ],
)
def test_run(change: dict[str, Any], what: str) -> None:
    assert whats(rules.check_run(RUN)) == []
    assert whats(rules.check_run(replace(RUN, **change))) == [what]


@pytest.mark.parametrize(
    ("name", "value", "passes"),
    [
        ("release_application", "shop-2", True),
        ("release_application", "Shop", False),
        ("release_application", "2shop", False),
        ("release_application", "shop_x", False),
        ("release_version", "1.0.0", True),
        ("release_version", "v1_0-rc.1", True),
        ("release_version", "", False),
        ("release_version", "-1", False),
        ("release_version", "1.0/0", False),
        ("release_version", "1.0.0\n", False),
        ("release_version", "x" * 129, False),
        ("release_image", "registry1:5000/shop", True),
        ("release_image", "registry.example.com/team/shop", True),
        ("release_image", "shop", True),
        ("release_image", "registry.example.com/shop:1.0.0", False),
        ("release_image", "shop@sha256:abc", False),
        ("release_image", "https://registry.example.com/shop", False),
    ],
)
def test_names(name: str, value: str, passes: bool) -> None:
    assert whats(rules.check_names({name: value})) == ([] if passes else [f"{name} cannot be used"])


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ({"blue": BLUE, "green": GREEN}, []),
        ({"blue": BLUE, "green": {"port": "8002"}}, []),
        ({"blue": BLUE, "green": {"port": "8001"}}, ["Both slots are on one port"]),
        ({"blue": BLUE}, ["release_slots has the wrong slots"]),
        ({"blue": BLUE, "green": GREEN, "red": GREEN}, ["release_slots has the wrong slots"]),
        ({"blue": BLUE, "green": {"port": 70000}}, ["The port of slot green is not valid"]),
        ({"blue": {"port": 0}, "green": GREEN}, ["The port of slot blue is not valid"]),
        ({"blue": BLUE, "green": {"port": "http"}}, []),  # a wrong type, told by the type check
        ("blue", []),
    ],
)
def test_slots(slots: Any, expected: list[str]) -> None:
    assert whats(rules.check_slots(slots)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, []),
        ({"release_database": {"address": "db1"}}, []),
        ({"release_database": {"address": "db1"}, "backup_mode": "dump"}, []),
        ({"backup_mode": "dump"}, ["Nothing says which database to dump"]),
        ({"backup_mode": "external", "backup_command": ["last"]}, []),
        ({"backup_mode": "external"}, ["Nothing tells of the external backups"]),
        ({"backup_mode": "none", "backup_reason": "made anew each night", "release_database": {"address": "db1"}}, []),
        (
            {"backup_mode": "none", "release_database": {"address": "db1"}},
            ["There are no backups, and nobody says why"],
        ),
        ({"backup_mode": "none"}, []),
    ],
)
def test_backup(values: Any, expected: list[str]) -> None:
    assert whats(rules.check_backup(values)) == expected


def test_hosts() -> None:
    good = {"release_lb_hosts": ["lb1"], "release_app_hosts": ["app1"]}
    assert rules.check_hosts(good, ["lb1", "app1"]) == []
    assert whats(rules.check_hosts({**good, "release_lb_hosts": []}, ["app1"])) == ["There are no proxies"]
    assert whats(rules.check_hosts(good, ["lb1"])) == ["release_app_hosts names unknown hosts"]


def test_refusals_of_the_compose_file_are_taken_apart() -> None:
    (problem,) = rules.check_compose("/c.yml", ["expected the services a: b in it, found only c: correct it"])
    assert problem == Problem(
        "The compose file /c.yml cannot be used", "the services a: b in it", "only c", "correct it"
    )


def test_a_refusal_of_another_form_is_kept_whole() -> None:
    (problem,) = rules.check_compose("/c.yml", ["what is this"])
    assert problem.found == "what is this"


def test_report_numbers_and_counts() -> None:
    text = report("It cannot be", [Problem("a", "b", "c", "d"), Problem("e", "f", "g", "h")])
    assert text.splitlines()[0] == "It cannot be: 2 problems. Nothing was touched."
    assert "1. a\n   expected: b\n   found:    c\n   do:       d\n" in text
    assert "\n2. e\n" in text


def test_listed() -> None:
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")


def test_a_refusal_of_the_compose_file_keeps_what_is_quoted_whole() -> None:
    refusal = "expected a port of its slot, found `network_mode: host`, where both would need one: remove it"
    (problem,) = rules.check_compose("/c.yml", [refusal])
    assert problem.found == "`network_mode: host`, where both would need one" and problem.do == "remove it"


@pytest.mark.parametrize(
    ("error", "expected", "found"),
    [
        ("expected YAML in x, found: while parsing: a, b", "YAML in x", "while parsing: a, b"),
        ("expected a mapping in x, found list", "a mapping in x", "list"),
        ("[Errno 2] No such file", "a compose file", "[Errno 2] No such file"),
    ],
)
def test_a_compose_file_that_cannot_be_read(error: str, expected: str, found: str) -> None:
    assert rules.unreadable_compose("/c.yml", error)[1:3] == (expected, found)
