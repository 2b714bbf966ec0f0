"""Compose files that cannot run in two slots: each is named, and a good one is not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.compose_document import Application
from ansible_collections.bluegreen.release.plugins.module_utils.compose_problems import compose_problems

FIELDS: dict[str, Any] = {
    "services": ["api"],
    "service": "api",
    "container_port": 8000,
    "ports": {"blue": 8001, "green": 8002},
    "projects": {"blue": "shop-blue", "green": "shop-green"},
    "shared_project": "shop-shared",
    "hosts": 1,
}


def problems(compose: Any, there: tuple[str, ...] = (), **changes: Any) -> list[str]:
    return compose_problems(compose, Application(**{**FIELDS, **changes}), lambda path: path in there)


def of_service(service: dict[str, Any], rest: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    others = {"db": {"image": "postgres:15"}, "tool": {"image": "t"}}
    rest = dict(rest or {})
    return problems({"services": {**others, **rest.pop("services", {}), "api": service}, **rest}, **changes)


GOOD: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"build": "."}, {}, {}),
    ({"image": "shop:1", "ports": ["8000:8000"], "container_name": "api", "volumes": ["/srv/x:/x:ro"]}, {}, {}),
    ({"image": "x", "expose": ["8000/tcp"], "volumes": ["/anonymous"], "depends_on": ["db"]}, {}, {}),
    ({"image": "x", "ports": [{"target": 8000, "published": "80"}], "deploy": {"replicas": 1}}, {}, {}),
    ({"image": "x", "ports": ["${PORT}:${PORT}"]}, {}, {}),
    ({"image": "x", "ports": ["${PORT:-80}:8000"], "container_name": "${NAME}"}, {}, {}),
    ({"image": "x:${TAG}"}, {}, {}),
    ({"image": "x", "ports": ["7990-8010:7990-8010"]}, {}, {}),
    ({"image": "x", "env_file": ".env"}, {}, {"there": (".env",)}),
    ({"image": "x", "env_file": [{"path": ".env", "required": False}, "/etc/shop.env"]}, {}, {}),
    ({"image": "x", "env_file": ".env"}, {}, {"replaced": [".env"]}),
    ({"image": "x", "env_file": ".env.${STAGE}"}, {}, {"there": (".env.prod",), "environment": {"STAGE": "prod"}}),
    ({"image": "x", "environment": {"A": "${A:-b}", "B": "$$NOT", "C": "${C}"}}, {}, {"environment": {"C": ""}}),
    ({"image": "x", "profiles": ["web", "all"]}, {}, {"profiles": ["web"]}),
    ({"image": "x", "profiles": ["web"]}, {}, {"profiles": ["*"]}),
    ({"image": "x", "platform": "linux/arm64"}, {}, {}),
    ({"image": "x", "extends": "base"}, {"services": {"base": {"ports": ["80:8000"]}}}, {}),
    ({"image": "x", "links": ["db"]}, {}, {}),
    ({"image": "x", "secrets": ["a"]}, {"secrets": {"a": {"environment": "A"}}}, {"environment": {"A": "1"}}),
    ({"image": "x", "configs": ["a"]}, {"configs": {"a": {"file": "/etc/a"}}}, {}),
    ({"image": "x"}, {"services": {"db": {"image": "d:${UNUSED}"}}}, {}),
    ({"image": "x", "networks": {"n": None}}, {"networks": {"n": {"name": "shared", "external": True}}}, {}),
    ({"image": "x", "volumes": ["data:/d", "c:/c"]}, {"volumes": {"data": {"external": True}, "c": {}}},
     {"slot_state": ["c"]}),
    ({"image": "redis:7"}, {}, {"slot_state": ["api"]}),
    ({"image": "x", "depends_on": ["db"]}, {}, {"shared": ["db"]}),
    ({"image": "x"}, {"services": {"tool": {"build": ".", "image": "x"}}}, {"services": ["api", "tool"]}),
    ({"build": {"context": "."}}, {"services": {"tool": {"build": "."}}}, {"services": ["api", "tool"]}),
    ({"image": "x", "ports": ["127.0.0.1:80:8000"]}, {"services": {"tool": {"image": "t", "ports": ["10.0.0.1:80:1"]}}},
     {"services": ["api", "tool"]}),
]  # fmt: skip


@pytest.mark.parametrize(("service", "rest", "changes"), GOOD)
def test_good_file_has_no_problem(service: dict[str, Any], rest: dict[str, Any], changes: dict[str, Any]) -> None:
    assert of_service(service, rest, **changes) == []


TOOL = {"services": ["api", "tool"]}
BAD: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    ({"image": "x", "ports": ["80:9000"]}, {}, {}, "release_container_port 8000, found 80:9000"),
    ({"image": "x", "ports": ["80-90:9000-9010"]}, {}, {}, "found 80-90:9000-9010"),
    ({"image": "x"}, {}, {"port_given": False}, "found neither `ports` nor `expose`"),
    ({"image": "x", "network_mode": "host"}, {}, {}, "found network_mode host"),
    ({"image": "x", "network_mode": "service:tool"}, {}, TOOL, "found network_mode service:tool"),
    ({"image": "x", "deploy": {"replicas": 2}}, {}, {}, "found 2 replicas"),
    ({"image": "x", "scale": 3}, {}, {}, "found 3 replicas"),
    ({"image": "x", "ports": ["80:8000"]}, {"services": {"tool": {"image": "t", "ports": ["80:1"]}}}, TOOL,
     "api and tool both on port 80"),
    ({"image": "x"}, {"services": {"tool": {"image": "t", "ports": ["8000-8001:1-2"]}}}, {"shared": ["tool"]},
     "port 8001 to be free for slot blue, found it published by service tool"),
    ({"image": "docker.io/library/postgres:15"}, {}, {}, "found service api with image postgres"),
    ({"image": "${IMAGE:-postgres:15}"}, {}, {}, "found service api with image postgres"),
    ({"image": "x", "volumes": ["data:/data"]}, {"volumes": {"data": None}}, {}, "release_shared_services"),
    ({"image": "x", "volumes": [{"type": "volume", "source": "data", "target": "/d"}]}, {"volumes": {"data": {}}}, {},
     "named volume data"),
    ({"image": "x", "volumes": ["data:/data"]}, {}, {}, "found no such volume"),
    ({"image": "x", "volumes": ["./conf:/conf"]}, {}, {}, "found ./conf mounted"),
    ({"image": "x", "extends": {"file": "base.yml", "service": "b"}}, {}, {}, "extending base.yml"),
    ({"image": "x", "extends": "nobody"}, {}, {}, "extending service nobody"),
    ({"image": "x", "extends": "other"}, {"services": {"other": {"extends": "api"}}}, {}, "extends it in turn"),
    ({"extends": "base"}, {"services": {"base": {"image": "mysql:8"}}}, {}, "with image mysql"),
    ({"image": "x"}, {"include": ["other.yml"]}, {}, "found `include`"),
    ({"image": "x", "networks": ["n"]}, {"networks": {"n": {"name": "fixed"}}}, {}, "fixed name fixed"),
    ({"image": "x"}, {"networks": {"default": {"name": "fixed"}}}, {}, "network default"),
    ({"image": "x", "networks": ["n"]}, {"networks": {"n": {"ipam": {"config": [{"subnet": "10.9.0.0/24"}]}}}}, {},
     "fixed subnet"),
    ({"image": "x", "networks": ["n"]}, {}, {}, "found no such network"),
    ({"image": "x", "networks": ["default"], "network_mode": "bridge"}, {}, {}, "found both"),
    ({"image": "x", "secrets": ["a"]}, {}, {}, "found no such secret"),
    ({"image": "x", "secrets": [{"source": "a"}]}, {"secrets": {"a": {"file": "./a"}}}, {}, "found ./a"),
    ({"image": "x", "secrets": ["a"]}, {"secrets": {"a": {"external": True}}}, {}, "only a swarm has"),
    ({"image": "x", "secrets": ["a"]}, {"secrets": {"a": {"environment": "A"}}}, {}, "a value for A, from which"),
    ({"image": "x", "depends_on": ["tool"]}, {"services": {"tool": {"image": "t", "links": ["api"]}}}, {},
     "found tool -> api -> tool"),
    ({"image": "x", "depends_on": ["nobody"]}, {}, {}, "service nobody, on which api depends"),
    ({"image": "x", "links": ["db:database"]}, {}, {}, "the link db:database"),
    ({"image": "x", "volumes_from": ["tool"]}, {}, {}, "found tool"),
    ({"image": "x"}, {"services": {"tool": {"image": "t", "network_mode": "service:db"}}}, TOOL, "found db"),
    ({"image": "x"}, {"services": {"tool": {"image": "t", "network_mode": "container:old"}}}, TOOL, "fixed container"),
    ({"ports": ["80:8000"]}, {}, {}, "neither `image` nor `build`"),
    ({"image": "x", "platform": "arm"}, {}, {}, "found arm"),
    ({"image": "x", "profiles": ["web"]}, {}, {}, "found it in profile web"),
    ({"image": "x"}, {"services": {"tool": {"build": "./tool"}}}, TOOL, "with release_build never nothing is built"),
    ({"image": "x"}, {"services": {"tool": {"build": ".", "image": "t"}}}, {**TOOL, "build": "push"},
     "only that is built"),
    ({"image": "x", "env_file": ".env"}, {}, {}, "expected the env_file .env of service api"),
    ({"image": "x", "env_file": ".env.${STAGE}"}, {}, {}, "${STAGE} in env_file of service api"),
    ({"image": "x", "command": ["serve", "${WORKERS}"]}, {}, {}, "${WORKERS} in service api"),
    ({"image": "x", "command": "echo ${A:-${INNER}}"}, {}, {}, "${INNER} in service api"),
    ({"image": "x", "command": "echo $PLAIN"}, {}, {}, "${PLAIN} in service api"),
    ({"image": "x"}, {"services": {"db": {"image": "d:${TAG:?set it}"}}}, {}, "${TAG}, found none, and the compose"),
    ({"image": "x", "command": "${TAG:?set it}"}, {}, {}, "${TAG}, found none, and the compose"),
    ({"image": "x"}, {"networks": {"n": {"name": "${NET}", "external": True}}}, {}, "${NET} in `networks`"),
    ({"image": "x"}, {}, {"shared": ["db"], "hosts": 2}, "found 2 application hosts"),
    ({"image": "x"}, {"services": {"tool": {"image": "t", "depends_on": ["api"]}}}, {"shared": ["tool"]},
     "to need nothing of a slot, as it is there before and after each, found api"),
    ({"image": "x"}, {}, {"shared": ["api"]}, "found api in release_services and"),
    ({"image": "x"}, {}, {"singletons": ["tool"]}, "add tool to release_services"),
    ({"image": "x"}, {}, {"singletons": ["api"]}, "release_service api to run in both slots"),
    ({"image": "x"}, {"services": {"tool": {"image": "t", "depends_on": ["api"]}}},
     {**TOOL, "shared": ["db"], "shared_project": "shop-blue"}, "a project of its own for slot blue"),
    ({"image": "x"}, {}, {"shared": ["db"], "shared_project": "0-a", "projects": {"blue": "shop-blue"}},
     "choose a release_shared"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "rest", "changes", "found"), BAD)
def test_bad_file_is_named_once(
    service: dict[str, Any], rest: dict[str, Any], changes: dict[str, Any], found: str
) -> None:
    (problem,) = of_service(service, rest, **changes)
    assert found in problem
    # Preflight takes it apart so: what was expected, what was found, what to do.
    parts = re.fullmatch(r"expected (.+?), found (.+?)(?:: (.+))?", problem)
    assert parts and (parts[3] or ". " in problem), problem
    assert parts[2].count("`") % 2 == 0, "the colon that ends what was found is not inside a quotation"


@pytest.mark.parametrize("compose", [None, [], {}, {"services": None}, "text"])
def test_file_without_services(compose: object) -> None:
    (problem,) = problems(compose)
    assert "found none" in problem


def test_unknown_services_are_named_with_the_known_ones() -> None:
    (problem,) = problems({"services": {"web": {}}}, services=["api", "worker"])
    assert "services api, worker" in problem and "found only web" in problem


def test_service_outside_the_slot() -> None:
    (problem,) = problems({"services": {"web": {}, "api": {}}}, services=["web"])
    assert "'api' to be one of release_services" in problem


def test_slot_in_the_shared_project_is_no_problem_while_its_services_do_not_name_each_other() -> None:
    services = {"api": {"image": "x"}, "db": {"image": "postgres"}}
    assert problems({"services": services}, shared=["db"], shared_project="shop-blue") == []
