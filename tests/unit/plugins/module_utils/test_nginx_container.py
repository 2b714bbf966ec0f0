# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container for nginx: each row changes one thing of a container that is fine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_container import (
    ContainerError,
    Needs,
    container_problems,
    inspection,
    name_in,
    parse_container,
    unanswered,
)

NEEDS = Needs(
    ("/etc/nginx/conf.d/shop.conf", "/etc/nginx/bluegreen/shop-preview.conf"), "/var/lib/bluegreen/shop/flags"
)
UNSEEN = "nginx's container does not see the directories of the host"
SINGLE = "nginx's container has a single file mounted"


def bind(source: str, target: str = "") -> dict[str, Any]:
    return {"Type": "bind", "Source": source, "Destination": target or source, "RW": True}


def described(**changes: Any) -> str:
    """What docker inspect says of a container on the network of the host, with the usual mounts."""
    document: dict[str, Any] = {
        "Name": "/web",
        "State": {"Status": "running", "Running": True, "Paused": False},
        "Config": {"User": ""},
        "Mounts": [bind("/etc/nginx"), bind("/var/lib/bluegreen")],
        "NetworkSettings": {"Networks": {"host": {"Gateway": ""}}},
    }
    return json.dumps([{**document, **changes}])


def problems(**changes: Any) -> list[str]:
    found = list(container_problems(parse_container(described(**changes)), NEEDS))
    assert all(all(problem) for problem in found)
    return [problem.what for problem in found]


@pytest.mark.parametrize(
    "mounts",
    [
        [bind("/etc/nginx"), bind("/var/lib/bluegreen")],
        [bind("/etc/nginx/conf.d"), bind("/etc/nginx/bluegreen"), bind("/var/lib/bluegreen/shop/flags")],
        [bind("/")],
        [bind("/etc/nginx/"), bind("/var/lib/bluegreen/")],
        # The innermost counts; a file that is none of ours may be mounted as people like.
        [bind("/srv/x", "/etc"), bind("/etc/nginx"), bind("/var/lib"), bind("/srv/n", "/etc/nginx/nginx.conf")],
        [bind("/etc/nginx"), bind("/var/lib"), {"Type": "tmpfs", "Source": "", "Destination": "/run"}],
    ],
)
def test_mounts_that_will_do(mounts: list[dict[str, Any]]) -> None:
    assert problems(Mounts=mounts) == []


@pytest.mark.parametrize(
    ("mounts", "found"),
    [
        ([bind("/etc/nginx")], "/var/lib/bluegreen/shop/flags is not mounted"),
        ([], "/etc/nginx/conf.d is not mounted; /etc/nginx/bluegreen is not mounted"),
        (
            [bind("/etc/nginx"), bind("/srv/shop", "/var/lib/bluegreen/shop")],
            "/var/lib/bluegreen/shop/flags shows the host's /srv/shop/flags",
        ),
        (
            [
                bind("/etc/nginx"),
                {"Type": "volume", "Source": "/var/lib/docker/volumes/x", "Destination": "/var"},
            ],
            "/var/lib/bluegreen/shop/flags is in a volume mounted at /var",
        ),
        # Not above it, though it begins with the same letters.
        ([bind("/etc/nginx"), bind("/var/lib/blue")], "/var/lib/bluegreen/shop/flags is not mounted"),
        ([bind("/etc/nginx"), bind("/var/lib/bluegreen"), bind("/srv/c", "/etc/nginx/conf.d")], "the host's /srv/c"),
    ],
)
def test_directories_that_it_does_not_see(mounts: list[dict[str, Any]], found: str) -> None:
    (problem,) = container_problems(parse_container(described(Mounts=mounts)), NEEDS)
    assert problem.what == UNSEEN and found in problem.found
    assert "-v /" in problem.do


def test_a_single_file_is_refused_even_from_the_same_path() -> None:
    mounts = [bind("/etc/nginx"), bind("/var/lib/bluegreen"), bind("/etc/nginx/conf.d/shop.conf")]
    assert problems(Mounts=mounts) == [SINGLE]


@pytest.mark.parametrize("state", ["exited", "restarting", "created"])
def test_one_that_does_not_run(state: str) -> None:
    assert problems(State={"Status": state}) == ["nginx's container does not run"]


def test_a_paused_one_does_not_run() -> None:
    assert problems(State={"Status": "running", "Paused": True}) == ["nginx's container does not run"]


@pytest.mark.parametrize(
    ("user", "refused"), [("", False), ("0", False), ("root", False), ("0:0", False), ("101", True), ("nginx", True)]
)
def test_nginx_must_begin_as_root(user: str, refused: bool) -> None:
    assert problems(Config={"User": user}) == (["nginx's container does not run as root"] if refused else [])


@pytest.mark.parametrize(
    ("gateways", "addresses", "refused"),
    [
        ([""], [], False),
        (["172.17.0.1"], [], True),
        (["172.17.0.1"], ["10.0.0.0/8"], True),
        (["172.17.0.1"], ["nonsense"], True),
        (["172.17.0.1"], ["172.17.0.1"], False),
        (["172.17.0.1"], ["172.17.0.0/16"], False),
        (["172.17.0.1", "172.18.0.1"], ["172.18.0.1/32"], False),
    ],
)
def test_behind_a_published_port_the_host_is_the_gateway(
    gateways: list[str], addresses: list[str], refused: bool
) -> None:
    networks = {f"net{number}": {"Gateway": one} for number, one in enumerate(gateways)}
    container = parse_container(described(NetworkSettings={"Networks": networks}))
    found = list(unanswered(container, addresses))
    assert bool(found) is refused
    assert not found or gateways[0] in found[0].do


@pytest.mark.parametrize("text", ["", "[]", "{}", "[{}]", "null", '[{"Name": 1}]', "Error: No such container: web"])
def test_what_is_no_description(text: str) -> None:
    with pytest.raises(ContainerError, match="docker inspect"):
        parse_container(text)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["docker", "exec", "web", "nginx", "-t"], "web"),
        (["docker", "exec", "-u", "0", "web", "nginx", "-t"], ""),
        (["docker", "exec"], ""),
        (["podman", "exec", "web", "nginx", "-t"], ""),
        (["nginx", "-t"], ""),
    ],
)
def test_the_container_in_a_command(command: list[str], name: str) -> None:
    assert name_in(command) == name


def test_how_it_is_asked() -> None:
    assert inspection("web") == ["docker", "container", "inspect", "web"]
