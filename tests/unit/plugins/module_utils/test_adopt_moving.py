# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Old containers are stopped and started, never made or removed, and a second time nothing is done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_moving import Moving
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import DockerError
from ansible_collections.bluegreen.release.plugins.modules.adopt_containers import move


class Engine:
    """An engine whose containers change by the commands it is given; started ones get healthy after some looks."""

    def __init__(self, *services: str, state: str = "running", looks: int = 2) -> None:
        self.states = dict.fromkeys(services, state)
        self.policy = "no"
        self.looks, self.seen = looks, 0
        self.commands: list[str] = []

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        if command[1] == "ps":
            return 0, " ".join(self.states), ""
        if "RestartPolicy" in " ".join(command):
            return 0, "\n".join(f"{service} {self.policy}" for service in command[4:]), ""
        if command[1] == "inspect":
            self.seen += 1
            return 0, json.dumps([self.entry(service) for service in self.states]), ""
        if command[1] != "logs":
            self.commands.append(" ".join(command[1:]))
        if command[1] in ("start", "stop"):
            self.seen = 0
            for service in command[2:]:
                self.states[service] = "running" if command[1] == "start" else "exited"
        return 0, "", ""

    def entry(self, service: str) -> dict[str, Any]:
        healthy = "healthy" if self.seen > self.looks else "starting"
        state = {"Status": self.states[service], "Health": {"Status": healthy}}
        labels = {"com.docker.compose.service": service, "com.docker.compose.project": "shop"}
        return {
            "Id": service,
            "Name": f"/shop-{service}",
            "Image": "sha256:1",
            "Config": {"Image": "shop:1", "Labels": labels},
            "State": state,
        }


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def moving(engine: Engine, *services: str) -> Moving:
    return Moving(engine, "docker", "shop", services)


def test_what_runs_is_stopped_and_stays_so() -> None:
    engine = Engine("api", "db")
    assert moving(engine, "api").stop(dry=False) == ["shop-api"]
    assert engine.commands == ["stop api"]
    assert engine.states == {"api": "exited", "db": "running"}
    assert moving(engine, "api").stop(dry=False) == []
    assert len(engine.commands) == 1


def test_what_restarts_always_stays_stopped_too() -> None:
    engine = Engine("api")
    engine.policy = "always"
    moving(engine, "api").stop(dry=False)
    assert engine.commands == ["update --restart unless-stopped api", "stop api"]


def test_what_is_stopped_is_started_and_waited_for() -> None:
    engine, clock = Engine("api", "db", state="exited"), Clock()
    assert moving(engine, "api").start(False, 10, clock.now, clock.sleep) == ["shop-api"]
    assert engine.commands == ["start api"]
    assert clock.time > 0
    assert moving(engine, "api").start(False, 10, clock.now, clock.sleep) == []
    assert len(engine.commands) == 1


def test_what_does_not_get_healthy_is_told_with_its_state() -> None:
    engine, clock = Engine("api", state="exited", looks=1000), Clock()
    with pytest.raises(
        DockerError, match=r"expected api of project shop healthy within 5 s, found:\nshop-api: running"
    ):
        moving(engine, "api").start(False, 5, clock.now, clock.sleep)
    assert clock.time == pytest.approx(5, abs=0.6)


def test_what_was_removed_is_named() -> None:
    with pytest.raises(DockerError, match="expected containers of beat in project shop, found none"):
        moving(Engine("api"), "api", "beat").start(False, 5)


def test_a_dry_run_says_what_it_would_do_and_does_nothing() -> None:
    for state, wanted in (("running", "stopped"), ("exited", "started")):
        engine = Engine("api", state=state)
        assert move(moving(engine, "api"), wanted, 5, dry=True) == ["shop-api"]
        assert engine.commands == []


def test_without_services_nothing_is_asked() -> None:
    assert move(moving(Engine()), "started", 5, dry=False) == []
