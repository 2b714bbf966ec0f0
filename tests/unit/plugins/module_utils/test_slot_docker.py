"""Containers of a slot: read from docker's answers, compared with what was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import (
    Container,
    DockerError,
    containers_of,
    describe,
    digests_of,
    docker,
    image_problems,
    last_lines,
)

DIGEST = "registry1:5000/samokoder@sha256:" + "a" * 64
OTHER = "registry1:5000/samokoder@sha256:" + "b" * 64


def entry(name: str, oneoff: str = "False", **state: Any) -> dict[str, Any]:
    labels = {
        "com.docker.compose.service": name,
        "com.docker.compose.oneoff": oneoff,
        "bluegreen.release_id": "R1",
        "bluegreen.slot": "green",
    }
    return {
        "Id": f"id-{name}-{oneoff}",
        "Name": f"/samokoder-green-{name}-1",
        "Image": f"sha256:{name}",
        "Config": {"Image": DIGEST, "Labels": labels},
        "State": {"Status": "running", "ExitCode": 0, "Pid": 42, **state},
    }


class Engine:
    """Answers docker commands by their first words; keeps what it was asked."""

    def __init__(self, **answers: tuple[int, str, str]) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        self.asked.append(command)
        return self.answers[command[1]]


def test_containers_are_those_of_the_project_without_one_off_runs() -> None:
    health = {"Status": "unhealthy", "Log": [{"Output": "old"}, {"Output": "connection refused\n"}]}
    found = [entry("worker"), entry("api", Health=health), entry("api", oneoff="True")]
    engine = Engine(ps=(0, "a\nb\nc\n", ""), inspect=(0, json.dumps(found), ""))
    api, worker = containers_of(engine, "docker", "samokoder-green")
    assert "label=com.docker.compose.project=samokoder-green" in engine.asked[0] and "--all" in engine.asked[0]
    assert engine.asked[1][-3:] == ["a", "b", "c"]
    assert (api.service, api.health, api.health_output, api.pid) == ("api", "unhealthy", "connection refused", 42)
    assert (worker.health, worker.release_id, worker.slot) == ("none", "R1", "green")


def test_no_container_asks_no_more() -> None:
    engine = Engine(ps=(0, "\n", ""))
    assert containers_of(engine, "docker", "p") == [] and len(engine.asked) == 1


def test_docker_that_fails_is_quoted() -> None:
    with pytest.raises(DockerError, match=r"`docker ps` to succeed, found exit code 1: no socket.*group docker"):
        docker(Engine(ps=(1, "", "no socket")), "docker", ["ps"])


def test_digests_of_each_image_once() -> None:
    engine = Engine(
        image=(0, json.dumps([{"Id": "i1", "RepoDigests": [DIGEST]}, {"Id": "i2", "RepoDigests": None}]), "")
    )
    assert digests_of(engine, "docker", ["i1", "i2", "i1"]) == {"i1": [DIGEST], "i2": []}
    assert engine.asked == [["docker", "image", "inspect", "i1", "i2"]]


def container(**changes: Any) -> Container:
    fields: dict[str, Any] = {
        "id": "c1",
        "name": "samokoder-green-api-1",
        "service": "api",
        "image": DIGEST,
        "image_id": "i1",
        "state": "running",
        "exit_code": 0,
        "health": "healthy",
        "health_output": "",
        "pid": 42,
        "labels": {},
    }
    return Container(**{**fields, **changes})


def problems(*containers: Container, pulled: str = DIGEST) -> list[str]:
    return image_problems(containers, {"i1": [pulled]}, ["api"], ["api"], DIGEST)


def test_slot_as_asked_has_no_problem() -> None:
    assert problems(container()) == [] and problems(container(health="none")) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"state": "exited"}, "expected samokoder-green-api-1 to run, found it exited"),
        ({"health": "starting"}, "to be healthy, found it starting"),
        ({"image_id": "unknown"}, "found registry1:5000/samokoder@sha256:aaaa"),
        ({"service": "web"}, "expected a container of service api, found none"),
    ],
)
def test_slot_that_differs(changes: dict[str, Any], found: str) -> None:
    (problem,) = problems(container(**changes))
    assert found in problem


def test_name_of_the_image_proves_nothing() -> None:
    """The reference a container was started by may be right while the image behind it is another."""
    (problem,) = problems(container(), pulled=OTHER)
    assert problem == f"expected samokoder-green-api-1 to run {DIGEST}, found {OTHER}"


def test_second_container_of_a_service_counts_too() -> None:
    (problem,) = problems(container(), container(name="samokoder-green-api-2", state="restarting"))
    assert "samokoder-green-api-2" in problem


def test_service_with_an_image_of_its_own_is_not_compared() -> None:
    assert image_problems([container(image_id="other")], {}, ["api"], [], DIGEST) == []


def test_description_has_state_health_and_log() -> None:
    text = describe([container(state="exited", exit_code=3, health="unhealthy", health_output="500")], {"c1": ["boom"]})
    assert "exited, exit code 3, health unhealthy" in text and "said: 500" in text and "log: boom" in text
    assert describe([], {}) == "no container exists"


def test_last_lines_of_both_streams() -> None:
    assert last_lines(Engine(logs=(0, "a\nb\n", "c\n")), "docker", container(), 2) == ["b", "c"]
    assert "cannot be read: gone" in last_lines(Engine(logs=(1, "", "gone")), "docker", container(), 2)[0]


def test_image_that_no_registry_knows_is_proved_by_its_id() -> None:
    containers = containers_of(Engine(ps=(0, "a", ""), inspect=(0, json.dumps([entry("api")]), "")), "docker", "p")
    assert image_problems(containers, {"sha256:api": []}, ["api"], ["api"], "sha256:api") == []
    (problem,) = image_problems(containers, {"sha256:api": []}, ["api"], ["api"], "sha256:other")
    assert "to run sha256:other, found" in problem
