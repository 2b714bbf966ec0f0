# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The containers of a slot, as the host's Docker command shows them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Takes a command, returns exit code, standard output and standard error (AnsibleModule.run_command).
Run = Callable[[list[str]], "tuple[int, str, str]"]

_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
# A container that ends may be started again by its policy; more often than this it does not come up.
_RESTARTS_OF_A_START = 3
_ONE_OFF = "com.docker.compose.oneoff"


class DockerError(Exception):
    """Docker could not be asked; the text says what it answered."""


@dataclass(frozen=True)
class Container:
    """One container of a slot. pid: of its main process on the host, 0 when it does not run."""

    id: str
    name: str
    service: str
    image: str
    image_id: str
    state: str
    exit_code: int
    health: str
    health_output: str
    pid: int
    labels: Mapping[str, str]
    restarts: int = 0

    @property
    def release_id(self) -> str:
        return self.labels.get("bluegreen.release_id", "")

    @property
    def slot(self) -> str:
        return self.labels.get("bluegreen.slot", "")


def docker(run: Run, cli: str, arguments: Sequence[str]) -> str:
    """Standard output of a docker command. Raises DockerError when it fails."""
    code, out, err = run([cli, *arguments])
    if code:
        raise DockerError(
            f"expected `{cli} {arguments[0]}` to succeed, found exit code {code}: {(err or out).strip()[-500:]}."
            " Is the engine running, and is the SSH user in group docker?"
        )
    return out


def containers_of(run: Run, cli: str, project: str) -> list[Container]:
    """The containers of a compose project, stopped ones too, without those of `compose run`. Raises DockerError."""
    ids = docker(run, cli, ["ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={_PROJECT}={project}"]).split()
    if not ids:
        return []
    found = json.loads(docker(run, cli, ["inspect", "--type", "container", *ids]))
    containers = [_container(entry) for entry in found if entry["Config"]["Labels"].get(_ONE_OFF) != "True"]
    return sorted(containers, key=lambda container: container.name)


def _container(entry: Mapping[str, Any]) -> Container:
    state, labels = entry["State"], entry["Config"].get("Labels") or {}
    health = state.get("Health") or {}
    log = health.get("Log") or []
    return Container(
        id=entry["Id"],
        name=entry["Name"].lstrip("/"),
        service=labels.get(_SERVICE, ""),
        image=entry["Config"]["Image"],
        image_id=entry["Image"],
        state=state["Status"],
        exit_code=int(state.get("ExitCode") or 0),
        health=health.get("Status", "none"),
        health_output=str(log[-1].get("Output") or "").strip() if log else "",
        pid=int(state.get("Pid") or 0),
        labels=labels,
        restarts=int(entry.get("RestartCount") or 0),
    )


def under_way(containers: Sequence[Container], services: Sequence[str]) -> bool:
    """Whether a container of the services may still come up by itself, and none has failed."""
    own = [container for container in containers if container.service in services]
    coming = [one for one in own if one.state in ("created", "restarting") or one.health == "starting"]
    failed = [
        one
        for one in own
        if one.state in ("exited", "dead") or one.health == "unhealthy" or one.restarts > _RESTARTS_OF_A_START
    ]
    return bool(coming) and not failed


def digests_of(run: Run, cli: str, image_ids: Sequence[str]) -> dict[str, list[str]]:
    """Image id to the references by digest under which it was pulled. Raises DockerError."""
    ids = sorted(set(image_ids))
    if not ids:
        return {}
    found = json.loads(docker(run, cli, ["image", "inspect", *ids]))
    return {entry["Id"]: list(entry.get("RepoDigests") or []) for entry in found}


def last_lines(run: Run, cli: str, container: Container, lines: int) -> list[str]:
    """The last log lines of a container, both streams. Says so where they cannot be read."""
    code, out, err = run([cli, "logs", "--tail", str(lines), container.id])
    if code:
        return [f"(its log cannot be read: {err.strip()[-200:]})"]
    return (out + err).splitlines()[-lines:]


def image_problems(
    containers: Sequence[Container], digests: Mapping[str, Sequence[str]], services: Sequence[str],
    released: Sequence[str], digest: str,
) -> list[str]:  # fmt: skip
    """What differs between the containers of a slot and what was asked for; empty when nothing does.

    services: each must have a running container. released: those of them that must run exactly the image `digest`,
    a reference by digest, or the id of an image that no registry knows.
    """
    problems = []
    for service in services:
        own = [container for container in containers if container.service == service]
        if not own:
            problems.append(f"expected a container of service {service}, found none")
        for container in own:
            if container.state != "running":
                problems.append(f"expected {container.name} to run, found it {container.state}")
            elif container.health not in ("healthy", "none"):
                problems.append(f"expected {container.name} to be healthy, found it {container.health}")
            pulled = digests.get(container.image_id, [])
            if service in released and digest not in [*pulled, container.image_id]:
                found = ", ".join(pulled) or f"{container.image} ({container.image_id})"
                problems.append(f"expected {container.name} to run {digest}, found {found}")
    return problems


def let_stay_stopped(run: Run, cli: str, ids: Sequence[str]) -> None:
    """Under the policy ``always`` a stopped container comes back with the engine: two would run after a reboot.

    ``unless-stopped`` does the same in every other case. Other policies stay as they are. Raises DockerError.
    """
    asked = docker(run, cli, ["inspect", "--format", "{{.Id}} {{.HostConfig.RestartPolicy.Name}}", *ids])
    always = [line.split()[0] for line in asked.splitlines() if line.split()[1:] == ["always"]]
    if always:
        docker(run, cli, ["update", "--restart", "unless-stopped", *always])


def describe(containers: Sequence[Container], logs: Mapping[str, Sequence[str]]) -> str:
    """State, health and last log lines of each container, to be read by a person."""
    parts = []
    for container in containers:
        again = f", restarted {container.restarts} times" if container.restarts else ""
        parts.append(
            f"{container.name}: {container.state}, exit code {container.exit_code}{again}, health {container.health},"
            f" image {container.image}"
        )
        if container.health_output and container.health != "healthy":
            parts.append(f"  last health check said: {container.health_output[-500:]}")
        parts += [f"  log: {line}" for line in logs.get(container.id, [])]
    return "\n".join(parts) or "no container exists"
