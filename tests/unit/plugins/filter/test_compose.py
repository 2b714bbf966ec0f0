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


def inputs(**changes: Any) -> dict[str, Any]:
    return {
        "release_services": SERVICES,
        "release_service": "api",
        "release_container_port": "8000",
        "release_singleton_services": [],
        "release_shared_services": [],
        "release_shared_project": "samokoder-shared",
        "release_profiles": [],
        "release_build": "never",
        "release_app_environment": {},
        "release_app_hosts": ["app1"],
        "release_slots": {"blue": {"port": 8001}, "green": {"port": "8002"}},
        "release_projects": {"blue": "samokoder-blue", "green": "samokoder-green"},
        **changes,
    }


def override(text: str = APPLICATION, given: dict[str, Any] | None = None, path: str = "", **changes: Any) -> str:
    return filters.compose_override(text, slot(**changes), inputs(**(given or {})), path)


def test_two_releases_of_one_version_differ_in_nothing_but_the_release() -> None:
    first, second = override(), override(release_id="another")
    assert first != second
    assert first.replace("20260101T000000Z-1.0-abcd", "another") == second


def test_services_of_the_release_image() -> None:
    assert filters.compose_released_services(APPLICATION, SERVICES, "api") == ["api", "worker"]


def test_tags_of_compose_in_the_application_file_are_read() -> None:
    text = "services: {api: {image: x, ports: !override ['8000:8000'], command: !reset null}}"
    assert filters.compose_refusals(text, inputs(release_services=["api"]), "") == []


def test_ports_in_base_60_are_texts() -> None:
    text = "services: {api: {image: x, ports: [22:22, 80:53], expose: [8000], scale: 1}}"
    (problem,) = filters.compose_refusals(text.replace("8000", "9000"), inputs(release_services=["api"]), "")
    assert "found 22:22, 80:53, 9000" in problem


@pytest.mark.parametrize("name", ["release_services", "release_shared_services"])
def test_inputs_of_a_wrong_type_are_no_compose_problem(name: str) -> None:
    with pytest.raises(TypeError):
        filters.compose_refusals(APPLICATION, inputs(**{name: "api"}), "")


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


def config(folder: Path, text: str, environment: dict[str, str], **changes: Any) -> dict[str, Any]:
    """The application as compose understands it; needs the client only, no engine."""
    given = changes.pop("given", {})
    source = folder / "source" / "compose.yml"
    (folder / "compose.yml").write_text(text)
    (folder / "override.yml").write_text(
        override(
            text,
            {**given, "release_app_environment": environment},
            str(source),
            environment=sorted(environment),
            **changes,
        )
    )
    return composed(folder, text, environment, {**given, "release_app_environment": environment}, source)


def composed(
    folder: Path, text: str, environment: dict[str, str], given: dict[str, Any], source: Path
) -> dict[str, Any]:
    """What compose makes of the files in the folder."""
    (folder / "slot.env").write_text(filters.compose_environment_file(environment))
    for name, path in filters.compose_carried(text, SERVICES, inputs(**given), str(source)).items():
        shutil.copy(path, folder / name)
    command = ["docker", "compose", "-p", "samokoder-green", "--env-file", "slot.env"]
    command += ["-f", "compose.yml", "-f", "override.yml", "config", "--format", "json"]
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


@pytest.mark.compose
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


@pytest.mark.compose
def test_a_volume_that_no_service_of_the_slot_has_is_made_for_none(tmp_path: Path) -> None:
    text = APPLICATION + "    volumes: [data:/var/lib/postgresql/data]\nvolumes:\n  data:\n  other: {}\n"
    made = config(tmp_path, text, {})
    assert not made.get("volumes")
    assert not made["services"]["db"].get("volumes")


@pytest.mark.compose
def test_build_gives_way_to_the_image(tmp_path: Path) -> None:
    text = "services: {api: {build: .}, worker: {build: .}, sidecar: {image: 's:1'}}"
    services = config(tmp_path, text, {})["services"]
    assert services["api"]["image"] == services["worker"]["image"] == IMAGE
    assert "build" not in services["api"]


@pytest.mark.compose
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


@pytest.mark.compose
@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_values_arrive_as_they_are(tmp_path: Path, name: str) -> None:
    """Both ways: as the environment of a service, and put into the compose file where it names them."""
    text = yaml.safe_dump(
        {"services": {"api": {"image": "x", "command": ["${" + name + "}"]}, "worker": {"image": "x"}, "sidecar": {}}}
    ).replace("sidecar: {}", "sidecar: {image: s}")
    api = config(tmp_path, text, {name: AWKWARD[name]})["services"]["api"]
    assert api["environment"][name].replace("$$", "$") == AWKWARD[name]
    assert api["command"][0].replace("$$", "$") == AWKWARD[name]


FILES = """
x-base: &base
  image: samokoder:1
  env_file:
    - path: common.env
    - path: more/${STAGE}.env
    - path: absent.env
      required: false
services:
  api:
    <<: *base
    environment: {FIXED: file}
  worker:
    <<: *base
    env_file: common.env
  sidecar:
    extends: api
    ports: ["1:1"]
  db: {image: postgres}
"""


@pytest.mark.compose
def test_environment_files_are_carried_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "source" / "more").mkdir(parents=True)
    (tmp_path / "source" / "common.env").write_text("A=common\nB=common\nC=common\nFIXED=common\n")
    (tmp_path / "source" / "more" / "prod.env").write_text("B=prod\nC=prod\n")
    services = config(tmp_path, FILES, {"C": "slot", "STAGE": "prod"})["services"]
    seen = {name: [services[name]["environment"].get(one) for one in ("A", "B", "C", "FIXED")] for name in SERVICES}
    assert seen == {
        "api": ["common", "prod", "slot", "file"],
        "worker": ["common", "common", "slot", "common"],
        "sidecar": ["common", "prod", "slot", "file"],
    }
    assert "ports" not in services["sidecar"]
    assert sorted(path.name for path in tmp_path.glob("*.env")) == ["01.env", "02.env", "slot.env"]


LIVE_ONLY = """
services:
  api: {image: x, depends_on: [worker, sidecar], links: [worker]}
  worker: {image: x, depends_on: [sidecar]}
  sidecar: {image: s}
"""


@pytest.mark.compose
def test_nothing_that_starts_waits_for_what_runs_on_the_live_slot_only(tmp_path: Path) -> None:
    services = config(tmp_path, LIVE_ONLY, {}, given={"release_singleton_services": ["worker"]})["services"]
    assert list(services["api"]["depends_on"]) == ["sidecar"] and not services["api"].get("links")
    assert list(services["worker"]["depends_on"]) == ["sidecar"]
    assert services["worker"]["image"] == IMAGE, "it is written like the others, for the day it moves here"


SHARED = """
services:
  api: {image: x, depends_on: {db: {condition: service_healthy}}, networks: [default, back]}
  worker: {image: x}
  sidecar: {image: s, network_mode: none}
  db: {image: "postgres:15", networks: [back], env_file: [db.env], depends_on: [queue, api], volumes: ["data:/d"]}
  queue: {image: rabbitmq, restart: "no", container_name: queue}
volumes: {data: {}}
networks: {back: {}}
"""
BESIDE = {"release_shared_services": ["db", "queue"]}


@pytest.mark.compose
def test_slot_joins_the_networks_of_the_services_beside_it(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    found = config(tmp_path, SHARED, {}, given={**BESIDE, "release_projects": {"green": "web"}})
    services, networks = found["services"], found["networks"]
    assert not services["api"].get("depends_on")
    assert sorted(services["api"]["networks"]) == [
        "back",
        "bluegreen-shared-back",
        "bluegreen-shared-default",
        "default",
    ]
    assert sorted(services["worker"]["networks"]) == ["bluegreen-shared-default", "default"]
    assert not services["sidecar"].get("networks")
    assert networks["bluegreen-shared-back"] == {"name": "samokoder-shared_back", "ipam": {}, "external": True}
    assert networks["back"]["name"] == "0-web_back" and networks["default"]["name"] == "0-web_default"


@pytest.mark.compose
def test_services_beside_the_slots_are_run_as_they_are_written(tmp_path: Path) -> None:
    source = tmp_path / "source" / "compose.yml"
    source.parent.mkdir()
    (source.parent / "db.env").write_text("A=1\n")
    given = inputs(**BESIDE)
    (tmp_path / "compose.yml").write_text(SHARED)
    (tmp_path / "override.yml").write_text(filters.compose_shared_override(SHARED, "shop", given, str(source)))
    names = filters.compose_carried(SHARED, ["db", "queue"], given, str(source))
    assert names == {"01.env": str(source.parent / "db.env")}
    shutil.copy(names["01.env"], tmp_path / "01.env")
    services = composed(tmp_path, SHARED, {"SECRET": "s"}, {}, source)["services"]
    db, queue = services["db"], services["queue"]
    assert db["environment"] == {"A": "1"}, "it gets what its file gives it, and no secret of the slots"
    assert list(db["depends_on"]) == ["queue"] and db["restart"] == "unless-stopped"
    assert (queue["container_name"], queue["restart"], queue["labels"]) == (
        "queue",
        "no",
        {"bluegreen.application": "shop"},
    )
