"""Sockets and file systems of this very machine, and the slots of an engine that is made up."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import preflight_proc as proc
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import Engine
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_slots import (
    describe_shared,
    describe_slots,
)

from tests.ports import free_port

LABELS = {"com.docker.compose.project": "shop-blue", "bluegreen.version": "1.0.0"}
PROJECTS = {"blue": "shop-blue", "green": "shop-green"}


class MadeUp(Engine):
    """An engine with given containers."""

    def __init__(self, *containers: dict[str, Any]) -> None:
        self._containers = list(containers)

    def containers(self) -> list[dict[str, Any]]:
        return self._containers

    def container(self, identity: str) -> dict[str, Any]:
        return {"State": {"Health": {"Status": "healthy"}}, "Config": {"Image": "reg/shop@sha256:abc"}}


def container(port: int, **labels: str) -> dict[str, Any]:
    ports = [{"PrivatePort": 8000, "PublicPort": port}]
    return {"Id": "i", "Names": ["/c"], "Labels": labels, "Ports": ports, "State": "running", "ImageID": "x"}


def listening() -> socket.socket:
    server = socket.socket()
    server.bind(("127.0.0.1", free_port()))
    server.listen()
    return server


def test_a_listener_is_found_with_its_process() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        found = describe_slots(MadeUp(), PROJECTS, {"blue": port})["blue"]["listener"]
        assert found["pid"] == os.getpid()
        assert found["command"]
    assert describe_slots(MadeUp(), PROJECTS, {"blue": port})["blue"]["listener"] is None


def test_connections_from_here_are_counted() -> None:
    with listening() as server, socket.create_connection(server.getsockname()):
        assert describe_slots(None, PROJECTS, {"blue": server.getsockname()[1]})["blue"]["connections"] == 1


def test_the_slots_own_container_is_no_foreign_listener() -> None:
    slots = describe_slots(MadeUp(container(8001, **LABELS)), PROJECTS, {"blue": 8001, "green": 8002})
    assert slots["blue"]["listener"] is None
    assert slots["green"]["containers"] == []
    (found,) = slots["blue"]["containers"]
    assert (found["version"], found["health"], found["image"]) == ("1.0.0", "healthy", "reg/shop@sha256:abc")


def test_a_running_project_that_no_release_started_is_the_slot_that_names_it() -> None:
    running = container(8000, **{"com.docker.compose.project": "shop", "com.docker.compose.service": "web"})
    migration = container(8000, **{"com.docker.compose.project": "shop", "com.docker.compose.oneoff": "True"})
    mailer = container(25, **{"com.docker.compose.project": "shop", "com.docker.compose.service": "mailer"})
    engine = MadeUp(running, migration, mailer)
    found = describe_slots(engine, {"blue": "shop"}, {"blue": 8000}, ["mailer"])["blue"]
    assert [(one["service"], one["version"]) for one in found["containers"]] == [("web", None)]
    assert found["listener"] is None


def test_every_container_of_a_shared_service_is_told_with_its_project() -> None:
    mine = container(5432, **{"com.docker.compose.project": "shop", "com.docker.compose.service": "db"})
    ours = container(
        25,
        **{
            "com.docker.compose.project": "shop-shared",
            "com.docker.compose.service": "mailer",
            "bluegreen.application": "shop",
        },
    )
    once = container(0, **{**mine["Labels"], "com.docker.compose.oneoff": "True"})
    engine = MadeUp(mine, ours, once, container(8001, **LABELS))
    assert describe_shared(engine, ["db", "mailer"]) == [
        {"name": "c", "service": "db", "project": "shop", "application": None, "slot": None},
        {"name": "c", "service": "mailer", "project": "shop-shared", "application": "shop", "slot": None},
    ]
    assert describe_shared(engine, []) == describe_shared(None, ["db"]) == []


def test_another_container_on_the_port_is_named() -> None:
    other = container(8001, **{**LABELS, "com.docker.compose.project": "shop-green"})
    slots = describe_slots(MadeUp(other), PROJECTS, {"blue": 8001})
    assert slots["blue"]["listener"]["container"] == "c"
    assert slots["blue"]["containers"] == []


def test_directories(tmp_path: Path) -> None:
    here = proc.directory(str(tmp_path))
    assert (here["exists"], here["writable"], here["read_only"]) == (True, True, False)
    assert here["free_bytes"] > 0
    nowhere = proc.directory(str(tmp_path / "a/b"))
    assert (nowhere["exists"], nowhere["writable"]) == (False, False)
    assert nowhere["free_bytes"] > 0, "the file system that would have it"


@pytest.mark.parametrize("flags", [0, os.ST_RDONLY])
def test_a_read_only_file_system_is_seen(flags: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = os.statvfs_result((4096, 4096, 9, 8, 7, 6, 5, 4, flags, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: found)
    seen = proc.space("/srv")
    assert (seen["read_only"], seen["free_bytes"]) == (bool(flags), 7 * 4096)
