"""A compose file means the same whatever way it is written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import compose_document as document
from ansible_collections.bluegreen.release.plugins.module_utils import compose_ports as ports
from ansible_collections.bluegreen.release.plugins.module_utils import compose_shared as shared
from ansible_collections.bluegreen.release.plugins.module_utils import compose_variables as subject


def test_mounts_of_both_styles() -> None:
    volumes = ["/a:/b:ro", "name:/c", "/only", {"type": "tmpfs", "target": "/t"}, {"source": "s", "target": "/s"}]
    assert list(document.mounts({"volumes": volumes})) == [("bind", "/a"), ("volume", "name"), ("volume", "s")]


def test_environment_files_of_every_style() -> None:
    assert document.environment_files({"env_file": ".env"}) == [document.EnvironmentFile(".env")]
    long = [{"path": "a", "required": False}, {"path": "b", "format": "raw"}, "/c"]
    found = document.environment_files({"env_file": long})
    assert [(one.path, one.required, one.syntax, one.on_host) for one in found] == [
        ("a", False, "", False),
        ("b", True, "raw", False),
        ("/c", True, "", True),
    ]


def test_extends_over_two_generations() -> None:
    services = {
        "root": {"image": "x", "environment": {"A": 1, "B": 1}, "ports": ["1"]},
        "middle": {"extends": {"service": "root"}, "environment": {"B": 2}},
        "api": {"extends": "middle", "ports": ["2"]},
    }
    assert document.resolved({"services": services})["services"]["api"] == {
        "image": "x",
        "environment": {"A": 1, "B": 2},
        "ports": ["1", "2"],
    }


@pytest.mark.parametrize(
    ("entry", "inside", "claimed", "single"),
    [
        ("8000", [8000], [], []),
        (8000, [8000], [], []),
        ("80:8000/udp", [8000], [80], [("", 80, "udp")]),
        ("127.0.0.1:80:8000", [8000], [80], [("127.0.0.1", 80, "tcp")]),
        ("[::1]:80:8000", [8000], [80], [("[::1]", 80, "tcp")]),
        ("80-82:90-92", [90, 91, 92], [80, 81, 82], []),
        ("${P:-80}:8000", [8000], [], []),
        ({"target": 8000, "published": 80, "host_ip": "10.0.0.1"}, [8000], [80], [("10.0.0.1", 80, "tcp")]),
        ({"target": "8000"}, [8000], [], []),
    ],
)
def test_ports_of_every_style(entry: Any, inside: list[int], claimed: list[int], single: list[Any]) -> None:
    definition = {"ports": [entry]}
    assert list(ports.container_ports(definition)) == inside
    assert sorted(ports.claimed_ports(definition)) == claimed
    assert [tuple(one) for one in ports.published_ports(definition)] == single


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a$$b", "a$b"),
        ("$A-${A}", "1-1"),
        ("${NO:-x}${NO-y}${EMPTY:-z}${EMPTY-w}", "xyz"),
        ("${NO:-${A}}", "1"),
        ("${A:+yes}${NO:+no}${EMPTY:+no}${EMPTY+yes}", "yesyes"),
        ("${NO}", ""),
        ("$1 {A} ${A", "$1 {A} 1"),
    ],
)
def test_values_as_compose_reads_them(text: str, expected: str) -> None:
    assert subject.interpolate(text, {"A": "1", "EMPTY": ""}) == expected


def test_names_that_nobody_gives() -> None:
    value = {"a": ["${A} $B ${C:-c} $$D", {"${E}": "${F-${G}}"}], "h": 1, "i": "${I:?why}", "j": "${J?why}"}
    assert subject.unset(value, {"B": ""}) == ["A", "G"]
    assert subject.demanded(value, {"I": "", "J": ""}) == ["I"]


APPLICATION = document.Application(
    services=["api", "worker"], service="api", container_port=80, shared=["db"], shared_project="shop-shared"
)
COMPOSE: dict[str, Any] = {
    "services": {"api": {"networks": ["front", "back"]}, "worker": {}, "db": {"networks": ["back", "out"]}},
    "networks": {"front": {}, "back": {}, "out": {"external": True}},
}


def test_slot_joins_the_networks_that_it_has_with_shared_services() -> None:
    assert shared.joined(COMPOSE, APPLICATION, "shop-blue") == {"back": "shop-shared_back"}
    assert shared.joined(COMPOSE, APPLICATION, "shop-shared") == {}


def test_own_networks_come_first_by_name() -> None:
    assert shared.own_names(COMPOSE, APPLICATION, "shop-blue") == {}
    assert shared.own_names(COMPOSE, APPLICATION, "web") == {
        "back": "0-web_back",
        "default": "0-web_default",
        "front": "0-web_front",
    }
