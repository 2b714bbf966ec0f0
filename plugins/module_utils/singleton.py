# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services that must never run twice: stopping them in one slot, starting them in another, each with proof."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import slot_docker
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import Container, Run, docker

# All others may act, or will again by themselves.
_STILL = ("exited", "created", "dead")
_LOG_LINES = 10


class SingletonError(Exception):
    """What was asked for is not so; the text says what was found, and what to do."""


@dataclass(frozen=True)
class Place:
    """A slot on this host. directory: of its files; they need not be there when its containers are."""

    project: str
    directory: str
    files: Sequence[str]
    environment_files: Sequence[str]
    profiles: Sequence[str] = ()

    def compose(self, *words: str) -> list[str]:
        """The arguments of a compose command for this slot."""
        named = ["compose", "--project-directory", self.directory, "--project-name", self.project]
        for option, names in (("--file", self.files), ("--env-file", self.environment_files)):
            for name in names:
                named += [option, os.path.join(self.directory, name)]
        named += [word for name in self.profiles for word in ("--profile", name)]
        return [*named, *words]


def own(run: Run, cli: str, project: str, services: Sequence[str]) -> list[Container]:
    """The containers of these services, stopped ones too. Raises DockerError."""
    return [one for one in slot_docker.containers_of(run, cli, project) if one.service in services]


def running(
    run: Run, cli: str, projects: Mapping[str, str], services: Sequence[str]
) -> dict[str, dict[str, list[str]]]:
    """Slot to service to the names of its containers that are not at rest. Raises DockerError."""
    found: dict[str, dict[str, list[str]]] = {slot: {} for slot in projects}
    for slot, project in projects.items():
        for one in own(run, cli, project, services):
            if one.state not in _STILL:
                found[slot].setdefault(one.service, []).append(one.name)
    return found


def stop(run: Run, cli: str, project: str, services: Sequence[str], dry_run: bool) -> list[str]:
    """Stop the services in a slot and prove it; the names of what was stopped. Raises DockerError, SingletonError.

    Each container has the time to end that its compose file gives it.
    """
    containers = own(run, cli, project, services)
    awake = [one for one in containers if one.state not in _STILL]
    if dry_run or not containers:
        return [one.name for one in awake]
    slot_docker.let_stay_stopped(run, cli, _ids(containers))
    if awake:
        docker(run, cli, ["stop", *(one.id for one in awake)])
    left = [one for one in own(run, cli, project, services) if one.state not in _STILL]
    if left:
        found = ", ".join(f"{one.name} {one.state}" for one in left)
        raise SingletonError(
            f"expected {', '.join(services)} of {project} to be stopped, found {found}. Nothing was started elsewhere. "
            "Stop it by hand (docker stop), then run again."
        )
    return [one.name for one in awake]


def start(
    run: Run, cli: str, place: Place, services: Sequence[str], existing: bool, dry_run: bool
) -> tuple[list[str], list[str]]:
    """Start the services in a slot; what was started, and what this slot does not have. Raises DockerError.

    existing: take the containers that are there as they are, and leave out what the slot never had (the way back).
    """
    containers = own(run, cli, place.project, services)
    awake = {one.service for one in containers if one.state not in _STILL}
    wanted = [name for name in services if name not in awake] if existing else list(services)
    if dry_run:
        return [name for name in services if name not in awake], []
    absent: list[str] = []
    if existing:
        resting = [one for one in containers if one.service in wanted]
        if resting:
            docker(run, cli, ["start", *_ids(resting)])
        wanted = [name for name in wanted if name not in {one.service for one in resting}]
        known = docker(run, cli, place.compose("config", "--services")).split() if wanted else []
        absent, wanted = [name for name in wanted if name not in known], [name for name in wanted if name in known]
    if wanted:
        once = [word for name in wanted for word in ("--scale", f"{name}=1")]
        docker(run, cli, place.compose("up", "--detach", "--no-deps", "--no-build", *once, *wanted))
    return [name for name in services if name not in awake and name not in absent], absent


def prove(
    run: Run, cli: str, project: str, services: Sequence[str], settle_seconds: float, sleep: Callable[[float], None]
) -> None:
    """Require one running container of each service, and the same one a moment later. Raises SingletonError."""
    if not services:
        return
    _require_one(run, cli, project, services)
    before = _lives(run, cli, own(run, cli, project, services))
    sleep(settle_seconds)
    _require_one(run, cli, project, services)
    containers = own(run, cli, project, services)
    if _lives(run, cli, containers) != before:
        raise SingletonError(
            f"expected {', '.join(services)} of {project} to keep running for {settle_seconds:g} s, found a restart. "
            f"{_told(run, cli, containers)}"
        )


def _require_one(run: Run, cli: str, project: str, services: Sequence[str]) -> None:
    containers = own(run, cli, project, services)
    for name in services:
        awake = [one for one in containers if one.service == name and one.state not in _STILL]
        good = [one for one in awake if one.state == "running" and one.health != "unhealthy"]
        if len(awake) != 1 or awake != good:
            found = ", ".join(f"{one.name} {one.state} {one.health}" for one in awake) or "none"
            raise SingletonError(
                f"expected one running container of {name} in {project}, found {found}. {_told(run, cli, containers)}"
            )


def _lives(run: Run, cli: str, containers: Sequence[Container]) -> list[str]:
    """Which life each container is in: its id, when it started, how often it was restarted."""
    awake = [one for one in containers if one.state not in _STILL]
    asked = ["inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.RestartCount}}", *_ids(awake)]
    return sorted(docker(run, cli, asked).splitlines())


def _told(run: Run, cli: str, containers: Sequence[Container]) -> str:
    logs: dict[str, list[str]] = {one.id: slot_docker.last_lines(run, cli, one, _LOG_LINES) for one in containers}
    return slot_docker.describe(containers, logs)


def _ids(containers: Sequence[Container]) -> list[str]:
    return [one.id for one in containers]


def unstopped(hosts: Sequence[str], facts: Mapping[str, Mapping[str, Any]], identity: str) -> dict[str, str]:
    """The hosts of which it is not known that nothing runs on them elsewhere than it shall, each with the reason."""
    found = {}
    for host in hosts:
        answer = (facts[host].get("__singleton_stopped") if host in facts else None) or {}
        if answer.get("identity") != identity or not answer.get("done"):
            found[host] = str(answer.get("msg") or "no answer of this host")
    return found
