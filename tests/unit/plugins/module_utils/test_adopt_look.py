# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host shows before an adoption: names and states, never a value of an environment or of a secret file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import adopt_look, preflight_proc
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import DockerError
from ansible_collections.bluegreen.release.plugins.modules import adopt_probe

IMAGE = {
    "Id": "sha256:1",
    "RepoDigests": ["shop@sha256:2"],
    "Config": {"Env": ["PATH=/bin", "LANG=C"]},
}
ENTRY: dict[str, Any] = {
    "Id": "c1",
    "Name": "/shop-api",
    "Image": "sha256:1",
    "Config": {
        "Image": "shop:1.0",
        "Env": ["PATH=/bin", "LANG=de", "DATABASE_URL=postgresql://u:hidden@db/x"],
        "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "api"},
    },
    "State": {"Status": "running", "Health": {"Status": "healthy"}},
    "NetworkSettings": {
        "Networks": {"shop_default": {}},
        "Ports": {
            "8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
            "53/udp": [{"HostIp": "", "HostPort": "53"}],
            "9000/tcp": None,
        },
    },
}


class Engine:
    """Answers the docker command as an engine with these containers does."""

    def __init__(self, *entries: dict[str, Any], compose: int = 0) -> None:
        self.entries, self.compose = entries, compose

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        said = " ".join(command[1:3])
        if said == "version --format":
            return 0, "27.1.1\n", ""
        if said == "compose version":
            return self.compose, "v2.29.1\n", ""
        if command[1] == "ps":
            return 0, "\n".join(one["Id"] for one in self.entries), ""
        if command[1] == "inspect":
            return 0, json.dumps(list(self.entries)), ""
        assert said == "image inspect"
        return 0, json.dumps([IMAGE]), ""


def broken(command: list[str]) -> tuple[int, str, str]:
    return 1, "", "permission denied"


def labelled(**labels: str) -> dict[str, Any]:
    config = {**ENTRY["Config"], "Labels": {f"com.docker.compose.{name}": value for name, value in labels.items()}}
    return {**ENTRY, "Id": "c2", "Name": "/other", "Config": config}


def test_a_container_is_described_without_values() -> None:
    run = Engine(ENTRY, labelled(project="else", service="api"))
    other = {"DATABASE_URL": hashlib.sha256(b"else").hexdigest()}
    (found,) = adopt_look.describe_containers(run, "docker", adopt_look.inspected(run, "docker"), ["shop"], other)
    assert found == {
        "id": "c1",
        "name": "shop-api",
        "service": "api",
        "project": "shop",
        "image": "shop:1.0",
        "image_id": "sha256:1",
        "digests": ["shop@sha256:2"],
        "state": "running",
        "health": "healthy",
        "ports": [
            {"address": "0.0.0.0", "port": 8080, "container_port": 8000},
            {"address": "::", "port": 8080, "container_port": 8000},
        ],
        "memory": 0,
        "networks": ["shop_default"],
        "environment": ["DATABASE_URL"],
        "differs": ["DATABASE_URL"],
    }
    assert "hidden" not in json.dumps(found)


def test_containers_of_compose_run_are_no_part_of_the_project() -> None:
    run = Engine(ENTRY, labelled(project="shop", service="api", oneoff="True"))
    assert [one["Id"] for one in adopt_look.inspected(run, "docker")] == ["c1"]


def test_who_holds_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    sockets = [
        preflight_proc.Connection(8001, 0, preflight_proc.LISTEN, "1", 0),
        preflight_proc.Connection(8002, 443, preflight_proc.ESTABLISHED, "2", 0),
    ]
    monkeypatch.setattr(preflight_proc, "connections", lambda: sockets)
    monkeypatch.setattr(preflight_proc, "owner", lambda inode, uid: {"command": "java", "user": "root"})
    assert adopt_look.describe_listeners([ENTRY], [8080, 8001, 8002]) == {
        "8080": {"container": "shop-api", "project": "shop", "command": None},
        "8001": {"container": None, "project": None, "command": "java"},
    }


def test_nginx_is_shown_without_what_is_secret() -> None:
    text = "# configuration file /a:\nx;\n\n# configuration file /s:\nkey hidden;\n\n"
    found = adopt_look.describe_nginx(lambda command: (0, text, ""), ["nginx", "-T"], ["/s"])
    assert found == {"dump": "# configuration file /a:\nx;\n\n# configuration file /s:\n\n", "problem": ""}


def test_nginx_that_is_broken_says_why() -> None:
    found = adopt_look.describe_nginx(lambda command: (1, "", "nginx: [emerg]\n no"), ["nginx", "-T"], [])
    assert found == {"dump": "", "problem": "nginx: [emerg] no"}


def test_the_versions_of_an_engine() -> None:
    assert adopt_look.describe_engine(Engine(), "docker") == {"engine": "27.1.1", "compose": "2.29.1", "problem": None}
    assert adopt_look.describe_engine(Engine(compose=1), "docker")["compose"] is None
    assert "permission denied" in adopt_look.describe_engine(broken, "docker")["problem"]


LESS: dict[str, Any] = {"environment": {}, "included_files": [], "hidden_files": []}


def given(**changes: Any) -> dict[str, Any]:
    return {
        "nginx_command": [],
        "hidden_files": [],
        "projects": [],
        "ports": [],
        "docker_cli": "docker",
        **LESS,
        **changes,
    }


def test_projects_and_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.conf").touch()
    wanted = [str(tmp_path / "*.conf"), str(tmp_path / "b.inc")]
    found = adopt_probe.observe(given(nginx_command=["nginx", "-T"], included_files=wanted), broken)
    assert found["nginx"]["missing"] == wanted[1:]
    run = Engine(ENTRY, labelled(project="else", service="api"))
    assert adopt_look.describe_projects(adopt_look.inspected(run, "docker")) == {"else": ["api"], "shop": ["api"]}


def test_only_what_was_asked_for_is_looked_at() -> None:
    assert adopt_probe.observe(given(), broken) == {}
    assert set(adopt_probe.observe(given(nginx_command=["nginx", "-T"]), broken)) == {"nginx"}
    found = adopt_probe.observe(given(projects=["shop"]), Engine(ENTRY))
    assert [one["name"] for one in found["containers"]] == ["shop-api"]


def test_an_engine_that_cannot_be_asked_is_told_and_no_failure() -> None:
    found = adopt_probe.observe(given(projects=["shop"]), broken)
    assert "permission denied" in found["docker"]["problem"]
    assert (found["containers"], found["listeners"]) == ([], {})


def test_an_engine_that_stops_answering_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> list[dict[str, Any]]:
        raise DockerError("gone")

    monkeypatch.setattr(adopt_look, "inspected", gone)
    assert adopt_probe.observe(given(projects=["shop"]), Engine(ENTRY))["docker"]["problem"] == "gone"
