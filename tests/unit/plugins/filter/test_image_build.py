"""What an image is built from, and why it cannot be."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.filter.image_build import (
    build_failure,
    build_login,
    build_override,
    build_problem,
)

from tests.contract.repository import AnsibleLoader

COMPOSE = """
services:
  api: {build: {context: .., target: run}, image: "shop:old", env_file: [.env]}
  worker: {image: shop, env_file: worker.env}
  cache: {image: valkey}
"""
DOCKER = {"rc": 0, "stdout": "unix:///var/run/docker.sock"}


def test_build_of_the_compose_file_is_all_it_takes() -> None:
    assert build_problem(COMPOSE, "api", "compose.yml", DOCKER) == ""


@pytest.mark.parametrize(
    ("service", "engine", "found"),
    [
        ("worker", DOCKER, "Expected build in service worker of compose.yml"),
        ("nothing", DOCKER, "Expected build in service nothing of compose.yml"),
        ("api", {"rc": 2, "msg": "No such file or directory: b'docker'"}, "found: No such file or directory"),
        ("api", {"msg": "no answer"}, "Expected Docker with compose on the controller"),
    ],
)
def test_what_stands_in_the_way(service: str, engine: dict[str, Any], found: str) -> None:
    problem = build_problem(COMPOSE, service, "compose.yml", engine)
    assert found in problem and "set release_build to never" in problem


def test_override_names_the_image_and_needs_no_environment_file() -> None:
    text = build_override(COMPOSE, "api", "registry.example.com/shop:1.0.0")
    assert "env_file: !reset []" in text
    assert yaml.load(text, AnsibleLoader) == {
        "services": {
            "api": {"image": "registry.example.com/shop:1.0.0", "env_file": []},
            "worker": {"env_file": []},
        }
    }


def test_what_is_inherited_counts() -> None:
    compose = """
services:
  base: {build: ., env_file: .env}
  api: {extends: base}
"""
    assert build_problem(compose, "api", "compose.yml", DOCKER) == ""
    text = build_override(compose, "api", "shop:1")
    assert yaml.load(text, AnsibleLoader)["services"]["api"] == {"image": "shop:1", "env_file": []}


def test_failure_of_a_command_shows_its_last_lines() -> None:
    stderr = "\n".join(f"line {number}" for number in range(40))
    text = build_failure({"cmd": ["docker", "push", "shop:1"], "rc": 1, "stderr": stderr}, "shop:1")
    assert "Expected `docker push shop:1` to succeed" in text and "exit code 1" in text
    assert text.endswith("line 39") and "line 19\n" not in text


def test_failure_of_another_task_is_told_as_it_is() -> None:
    assert build_failure({"msg": "Expected build in service api"}, "shop:1") == "Expected build in service api"


def test_tag_that_came_meanwhile_is_not_overwritten() -> None:
    assert "somebody pushed it meanwhile" in build_failure({"cmd": ["docker", "manifest"], "rc": 0}, "shop:1")


def test_login_is_that_of_the_images_registry() -> None:
    words = ["docker", "login", "--username", "ann", "--password-stdin"]
    assert build_login("registry.example.com:5001/shop", "ann") == [*words, "registry.example.com:5001"]
    # What is before the first slash is a user of Docker Hub here.
    assert build_login("acme/shop", "ann") == words
