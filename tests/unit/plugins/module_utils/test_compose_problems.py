"""Compose files that cannot run in two slots: each is named, and a good one is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.compose_problems import compose_problems, mounts


def problems(service: dict[str, Any], state: tuple[str, ...] = (), **rest: Any) -> list[str]:
    return compose_problems({"services": {"api": service}, **rest}, ["api"], "api", 8000, state)


GOOD: list[dict[str, Any]] = [
    {"build": "."},
    {"image": "samokoder:1", "ports": ["8000:8000"], "container_name": "api", "volumes": ["/srv/faults:/faults:ro"]},
    {"image": "x", "expose": ["8000/tcp"], "volumes": ["/anonymous"], "depends_on": ["db"]},
    {"image": "x", "ports": [{"target": 8000, "published": "80"}], "deploy": {"replicas": 1}},
    {"image": "x", "ports": ["${PORT}:${PORT}"]},
]


@pytest.mark.parametrize("service", GOOD)
def test_good_file_has_no_problem(service: dict[str, Any]) -> None:
    assert problems(service) == []


BAD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"image": "x", "ports": ["80:9000"]}, {}, "release_container_port 8000, found 9000"),
    ({"image": "x", "network_mode": "host"}, {}, "network_mode: host"),
    ({"image": "x", "deploy": {"replicas": 2}}, {}, "found 2 replicas"),
    ({"image": "x", "scale": 3}, {}, "found 3 replicas"),
    ({"image": "docker.io/library/postgres:15"}, {}, "found service api with image postgres"),
    ({"image": "x", "volumes": ["data:/data"]}, {"volumes": {"data": None}}, "named volume data"),
    ({"image": "x", "volumes": [{"type": "volume", "source": "data", "target": "/d"}]}, {}, "named volume data"),
    ({"image": "x", "volumes": ["./conf:/conf"]}, {}, "found ./conf mounted"),
    ({"image": "x", "extends": {"file": "base.yml", "service": "b"}}, {}, "extending base.yml"),
    ({"image": "x"}, {"include": ["other.yml"]}, "found `include`"),
    ({"image": "x", "networks": ["n"]}, {"networks": {"n": {"name": "fixed"}}}, "fixed name fixed"),
    ({"image": "x"}, {"networks": {"default": {"name": "fixed"}}}, "network default"),
]


@pytest.mark.parametrize(("service", "rest", "found"), BAD)
def test_bad_file_is_named_once(service: dict[str, Any], rest: dict[str, Any], found: str) -> None:
    (problem,) = problems(service, **rest)
    assert found in problem and problem.startswith("expected ") and ": " in problem


def test_external_and_declared_state_is_no_problem() -> None:
    volumes = {"data": {"external": True}, "cache": {}}
    assert problems({"image": "x", "volumes": ["data:/d", "cache:/c"]}, ("cache",), volumes=volumes) == []
    assert problems({"image": "redis:7"}, ("api",)) == []


def test_external_network_may_have_a_name() -> None:
    networks = {"n": {"name": "shared", "external": True}}
    assert problems({"image": "x", "networks": {"n": None}}, networks=networks) == []


@pytest.mark.parametrize("compose", [None, [], {}, {"services": None}, "text"])
def test_file_without_services(compose: object) -> None:
    (problem,) = compose_problems(compose, ["api"], "api", 8000)
    assert "found none" in problem


def test_unknown_services_are_named_with_the_known_ones() -> None:
    (problem,) = compose_problems({"services": {"web": {}}}, ["api", "worker"], "api", 8000)
    assert "services api, worker" in problem and "found only web" in problem


def test_service_outside_the_slot() -> None:
    (problem,) = compose_problems({"services": {"web": {}, "api": {}}}, ["web"], "api", 8000)
    assert "'api' to be one of release_services" in problem


def test_mounts_of_both_styles() -> None:
    volumes = ["/a:/b:ro", "name:/c", "/only", {"type": "tmpfs", "target": "/t"}, {"source": "s", "target": "/s"}]
    assert list(mounts({"volumes": volumes})) == [("bind", "/a"), ("volume", "name"), ("volume", "s")]
