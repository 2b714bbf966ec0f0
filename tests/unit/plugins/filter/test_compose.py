"""The override file, as text and as the real compose reads it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.bluegreen.release.plugins.filter import compose as filters

IMAGE = "registry1:5000/samokoder@sha256:" + "a" * 64
APPLICATION = """
name: samokoder
services:
  api:
    image: samokoder:${TAG:-latest}
    container_name: samokoder-api
    env_file: [.env]
    environment:
      LOG_LEVEL: info
      DATABASE_URL: ${DATABASE_URL}
    ports: ["8000:8000"]
    mem_limit: 1g
    pull_policy: always
    depends_on: [db, sidecar]
  worker:
    image: samokoder:${TAG:-latest}
    command: work
    restart: on-failure
    depends_on:
      db: {condition: service_started}
  sidecar:
    image: sidecar:2
    ports: ["9000:9000"]
  db:
    image: postgres:15
"""
SERVICES = ["api", "worker", "sidecar"]


def slot(**changes: Any) -> dict[str, Any]:
    return {
        "application": "samokoder",
        "name": "green",
        "port": 8002,
        "image": IMAGE,
        "version": "1.0",
        "release_id": "20260101T000000Z-1.0-abcd",
        "limits": {"cpus": "1.0", "memory": "512m"},
        **changes,
    }


def override(text: str = APPLICATION, **changes: Any) -> str:
    return filters.compose_override(text, slot(**changes), SERVICES, "api", 8000)


def test_two_releases_of_one_version_differ_in_nothing_but_the_release() -> None:
    first, second = override(), override(release_id="another")
    assert first != second
    assert first.replace("20260101T000000Z-1.0-abcd", "another") == second


def test_services_of_the_release_image() -> None:
    assert filters.compose_released_services(APPLICATION, SERVICES, "api") == ["api", "worker"]


def test_tags_of_compose_in_the_application_file_are_read() -> None:
    text = "services: {api: {image: x, ports: !override ['8000:8000'], command: !reset null}}"
    assert filters.compose_refusals(text, ["api"], "api", 8000) == []


@pytest.mark.parametrize(("text", "found"), [("[1", "expected YAML"), ("- a", "found list")])
def test_file_that_is_no_compose_file(text: str, found: str) -> None:
    with pytest.raises(AnsibleFilterError, match=found):
        filters.parse_compose(text)


@pytest.mark.parametrize("name", ["A-B", "1A", "", "A B", "Ä"])
def test_environment_name_that_no_shell_knows(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match="expected names like"):
        filters.compose_environment_file({name: "x"})


@pytest.mark.parametrize("value", [True, None, [], {}])
def test_environment_value_that_is_no_string(value: object) -> None:
    with pytest.raises(AnsibleFilterError, match="expected a string as the value of A"):
        filters.compose_environment_file({"A": value})


def has_compose() -> bool:
    return (
        bool(shutil.which("docker"))
        and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    )


compose_only = pytest.mark.skipif(not has_compose(), reason="no docker compose on this machine")


def config(folder: Path, text: str, environment: dict[str, str], **changes: Any) -> dict[str, Any]:
    """The application as compose understands it; needs the client only, no engine."""
    (folder / "compose.yml").write_text(text)
    (folder / "override.yml").write_text(override(text, environment=sorted(environment), **changes))
    (folder / "slot.env").write_text(filters.compose_environment_file(environment))
    command = ["docker", "compose", "-p", "samokoder-green", "--env-file", "slot.env"]
    command += ["-f", "compose.yml", "-f", "override.yml", "config", "--format", "json"]
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@compose_only
def test_compose_reads_a_slot(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": "postgresql://u:p$w@db/x", "LOG_LEVEL": "debug", "EXTRA": "1"}
    services = config(tmp_path, APPLICATION, environment)["services"]
    api, worker, sidecar = services["api"], services["worker"], services["sidecar"]
    assert api["image"] == worker["image"] == IMAGE and sidecar["image"] == "sidecar:2"
    assert [(port["published"], port["target"]) for port in api["ports"]] == [("8002", 8000)]
    assert "ports" not in sidecar and "ports" not in worker
    assert "container_name" not in api
    assert api["pull_policy"] == "missing"
    assert list(api["depends_on"]) == ["sidecar"] and not worker.get("depends_on")
    assert api["restart"] == "unless-stopped" and worker["restart"] == "on-failure"
    assert api["deploy"]["resources"]["limits"] == {"cpus": 1, "memory": str(512 * 1024 * 1024)}
    assert "mem_limit" not in api
    assert api["labels"]["bluegreen.version"] == "1.0" and worker["labels"]["bluegreen.slot"] == "green"
    assert {name: api["environment"][name].replace("$$", "$") for name in environment} == environment
    assert worker["environment"]["EXTRA"] == "1"


@compose_only
def test_build_gives_way_to_the_image(tmp_path: Path) -> None:
    text = "services: {api: {build: .}, worker: {build: .}, sidecar: {image: 's:1'}}"
    services = config(tmp_path, text, {})["services"]
    assert services["api"]["image"] == services["worker"]["image"] == IMAGE
    assert "build" not in services["api"]


@compose_only
def test_image_by_id_is_asked_of_no_registry(tmp_path: Path) -> None:
    api = config(tmp_path, APPLICATION, {}, image="sha256:" + "b" * 64)["services"]["api"]
    assert (api["image"], api["pull_policy"]) == ("sha256:" + "b" * 64, "never")


AWKWARD = {
    "PLAIN": "value",
    "EMPTY": "",
    "DOLLAR": "a$b${c}$$d",
    "QUOTES": 'it\'s "so"',
    "BACKSLASH": "C:\\new\\table",
    "BOTH": "it's $HOME \\n ${X:-y}",
    "HASH": "a # b",
    "SPACES": "  around  ",
    "LINES": "first\nsecond 'third'\n",
    "JSON": '{"key": ["v", 1]}',
}


@compose_only
@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_values_arrive_as_they_are(tmp_path: Path, name: str) -> None:
    """Both ways: as the environment of a service, and put into the compose file where it names them."""
    text = yaml.safe_dump(
        {"services": {"api": {"image": "x", "command": ["${" + name + "}"]}, "worker": {"image": "x"}, "sidecar": {}}}
    ).replace("sidecar: {}", "sidecar: {image: s}")
    api = config(tmp_path, text, {name: AWKWARD[name]})["services"]["api"]
    assert api["environment"][name].replace("$$", "$") == AWKWARD[name]
    assert api["command"][0].replace("$$", "$") == AWKWARD[name]
