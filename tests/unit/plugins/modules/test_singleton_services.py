# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services that run once, on an engine made of a dictionary."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import singleton
from ansible_collections.bluegreen.release.plugins.modules import singleton_services

BLUE, GREEN = "shop-blue", "shop-green"
GIVEN: dict[str, Any] = {
    "projects": {"blue": BLUE, "green": GREEN}, "services": ["jobs"], "directory": "/srv/shop", "docker_cli": "docker",
    "files": ["compose.yml", "override.yml"], "env_files": ["slot.env"], "existing": False, "settle_seconds": 0.0,
    "profiles": ["jobs"],
}  # fmt: skip


class Engine:
    """As much of Docker as the module asks for."""

    def __init__(self, **containers: str) -> None:
        """Name of a container, its project and service with _, to its state: blue_jobs="running"."""
        self.containers = {name: self.container(state) for name, state in containers.items()}
        self.commands: list[list[str]] = []
        self.before: Callable[[list[str]], None] = lambda arguments: None
        self.stubborn: set[str] = set()

    @staticmethod
    def container(state: str, policy: str = "unless-stopped") -> dict[str, Any]:
        return {"state": state, "policy": policy, "started": "t0", "restarts": 0}

    def run(self, command: list[str]) -> tuple[int, str, str]:
        arguments = command[1:]
        self.commands.append(arguments)
        self.before(arguments)
        return 0, getattr(self, arguments[0])(arguments), ""

    def ps(self, arguments: list[str]) -> str:
        slot = arguments[-1].rpartition("-")[2]
        return "\n".join(name for name in self.containers if name.startswith(f"{slot}_"))

    def inspect(self, arguments: list[str]) -> str:
        if "--format" not in arguments:
            return json.dumps([self._entry(name) for name in arguments[3:]])
        names, wanted = arguments[3:], arguments[2]
        fields = ["policy"] if "RestartPolicy" in wanted else ["started", "restarts"]
        return "\n".join(" ".join([name, *(str(self.containers[name][key]) for key in fields)]) for name in names)

    def _entry(self, name: str) -> dict[str, Any]:
        labels = {"com.docker.compose.service": name.split("_")[1], "com.docker.compose.oneoff": "False"}
        state = {"Status": self.containers[name]["state"], "ExitCode": 0, "Pid": 1}
        return {
            "Id": name,
            "Name": f"/{name}",
            "Image": "i",
            "Config": {"Image": "i", "Labels": labels},
            "State": state,
        }

    def update(self, arguments: list[str]) -> str:
        for name in arguments[3:]:
            self.containers[name]["policy"] = arguments[2]
        return ""

    def stop(self, arguments: list[str]) -> str:
        for name in set(arguments[1:]) - self.stubborn:
            self.containers[name]["state"] = "exited"
        return ""

    def start(self, arguments: list[str]) -> str:
        for name in arguments[1:]:
            self.containers[name]["state"] = "running"
        return ""

    def logs(self, arguments: list[str]) -> str:
        return f"log of {arguments[-1]}\n"

    def compose(self, arguments: list[str]) -> str:
        if "config" in arguments:
            return "api\njobs\n"
        slot = arguments[arguments.index("--project-name") + 1].rpartition("-")[2]
        self.containers[f"{slot}_{arguments[-1]}"] = self.container("running")
        return ""

    def awake(self) -> list[str]:
        return sorted(name for name, one in self.containers.items() if one["state"] not in ("exited", "created"))


def act(engine: Engine, state: str, *slots: str, dry_run: bool = False, **changes: Any) -> tuple[list[str], list[str]]:
    return singleton_services.act({**GIVEN, "state": state, "slots": list(slots), **changes}, engine.run, dry_run)


def test_stopping_leaves_other_services_alone_and_is_proved() -> None:
    engine = Engine(blue_jobs="running", blue_api="running", green_jobs="exited")
    assert act(engine, "stopped", "blue", "green") == (["blue_jobs"], [])
    assert engine.awake() == ["blue_api"]
    assert act(engine, "stopped", "blue", "green") == ([], [])


@pytest.mark.parametrize("state", ["running", "restarting", "paused"])
def test_whatever_may_still_act_is_stopped(state: str) -> None:
    engine = Engine(blue_jobs=state)
    assert act(engine, "stopped", "blue")[0] == ["blue_jobs"]


@pytest.mark.parametrize("state", ["running", "exited"])
def test_a_stopped_container_does_not_come_back_with_the_engine(state: str) -> None:
    engine = Engine(blue_jobs=state)
    engine.containers["blue_jobs"]["policy"] = "always"
    act(engine, "stopped", "blue")
    assert engine.containers["blue_jobs"]["policy"] == "unless-stopped"


def test_one_that_does_not_stop_is_named() -> None:
    engine = Engine(blue_jobs="running")
    engine.stubborn = {"blue_jobs"}
    with pytest.raises(singleton.SingletonError, match=r"found blue_jobs running\. Nothing was started elsewhere"):
        act(engine, "stopped", "blue")


def test_starting_on_a_release_makes_it_from_the_files_of_the_slot_once() -> None:
    engine = Engine(green_api="running", green_jobs="exited")
    assert act(engine, "started", "green") == (["jobs"], [])
    (made,) = [command for command in engine.commands if command[0] == "compose"]
    assert made[made.index("up") :] == ["up", "--detach", "--no-deps", "--no-build", "--scale", "jobs=1", "jobs"]
    assert made[made.index("--env-file") + 1] == "/srv/shop/green/slot.env"
    assert made[made.index("--profile") + 1] == "jobs"
    assert engine.awake() == ["green_api", "green_jobs"]


def test_on_the_way_back_the_old_container_is_started_as_it_is() -> None:
    engine = Engine(blue_jobs="exited")
    assert act(engine, "started", "blue", existing=True) == (["jobs"], [])
    assert "compose" not in [command[0] for command in engine.commands]
    assert act(engine, "started", "blue", existing=True) == ([], [])


def test_on_the_way_back_a_removed_container_is_made_again_and_an_unknown_service_left_out() -> None:
    engine = Engine()
    assert act(engine, "started", "blue", existing=True, services=["jobs", "new"]) == (["jobs"], ["new"])
    assert engine.awake() == ["blue_jobs"]


def test_nothing_to_start_is_no_failure() -> None:
    assert act(Engine(), "started", "blue", existing=True, services=["new"]) == ([], ["new"])


def test_one_that_does_not_start_is_told_with_its_log() -> None:
    class Idle(Engine):
        """An engine whose up leaves a service down."""

        def compose(self, arguments: list[str]) -> str:
            return ""

    engine = Idle(green_jobs="exited")
    with pytest.raises(singleton.SingletonError, match="found none") as error:
        act(engine, "started", "green")
    assert "log of green_jobs" in str(error.value)


def test_two_of_a_service_are_not_taken_for_one() -> None:
    engine = Engine(green_jobs_1="running", green_jobs_2="running")
    with pytest.raises(singleton.SingletonError, match="expected one running container of jobs"):
        act(engine, "started", "green", existing=True)


@pytest.mark.parametrize("change", [{"started": "t1"}, {"restarts": 1}, {"state": "exited"}])
def test_one_that_does_not_keep_running_is_no_proof(change: dict[str, Any]) -> None:
    engine = Engine(green_jobs="running")

    def sleep(seconds: float) -> None:
        assert seconds == 3.0
        engine.containers["green_jobs"].update(change)

    with pytest.raises(singleton.SingletonError):
        singleton.prove(engine.run, "docker", GREEN, ["jobs"], 3.0, sleep)


def test_check_mode_says_what_it_would_do_and_does_nothing() -> None:
    engine = Engine(blue_jobs="running")
    assert act(engine, "stopped", "blue", dry_run=True) == (["blue_jobs"], [])
    assert act(engine, "started", "green", dry_run=True) == (["jobs"], [])
    assert engine.awake() == ["blue_jobs"]
    assert {command[0] for command in engine.commands} <= {"ps", "inspect"}


def test_running_is_told_by_slot_and_service() -> None:
    engine = Engine(blue_jobs="running", green_jobs="restarting", blue_api="running")
    found = singleton.running(engine.run, "docker", GIVEN["projects"], ["jobs"])
    assert found == {"blue": {"jobs": ["blue_jobs"]}, "green": {"jobs": ["green_jobs"]}}


def test_an_answer_to_an_earlier_move_is_none_to_this_one() -> None:
    facts: dict[str, dict[str, Any]] = {
        "app1": {"__singleton_stopped": {"identity": "to blue", "done": True}},
        "app2": {"__singleton_stopped": {"identity": "to green", "done": True}},
        "app3": {"__singleton_stopped": {"identity": "to blue", "msg": "docker is gone"}},
        "app4": {},
    }
    found = singleton.unstopped(["app1", "app2", "app3", "app4"], facts, "to blue")
    assert found == {"app2": "no answer of this host", "app3": "docker is gone", "app4": "no answer of this host"}
