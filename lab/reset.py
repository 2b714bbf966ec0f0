# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back to the state that `up` kept, without building or installing anything."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lab import database, faults, snapshot
from lab.containers import front_port, inside
from lab.errors import LabError
from lab.process import say
from lab.profiles import APPLICATIONS, INSTALLED
from lab.ready import wait_until, wait_until_serving
from lab.settings import Settings
from lab.shape import Host
from lab.state import read_json

_SERVING_SECONDS = 30.0


def reset(settings: Settings) -> None:
    """Put hosts, live slot, database and cache back; all faults off.

    Raises:
        LabError: there is no kept state, or the front doors do not serve afterwards.
    """
    begun = time.monotonic()
    hosts = snapshot.need_hosts(settings)
    kept = read_json(settings.state / snapshot.KEPT)
    if kept is None:
        raise LabError("a kept state to go back to", "none: the last bin/lab up did not finish", "bin/lab up")
    proxies, apps = snapshot.of_kind(hosts, "lb"), snapshot.of_kind(hosts, "app")
    faults.heal(settings, hosts)
    remade = snapshot.on_each(apps, lambda host: _reset_app(settings, host, kept["containers"][host.name]))
    _reset_databases(settings)
    snapshot.on_each(proxies, lambda host: _reset_proxy(settings, host))
    snapshot.on_each(apps, lambda host: _wait_until_healthy(settings, host))
    for host in proxies:
        wait_until_serving(f"http://127.0.0.1:{front_port(settings, host)}{INSTALLED.ready}", INSTALLED.site)
    if any(remade):
        snapshot.keep_containers(settings, apps)
    say(f"reset in {time.monotonic() - begun:.1f} s")


def _reset_databases(settings: Settings) -> None:
    """The installed application's as it was kept; the others are not installed."""
    for application in APPLICATIONS.values():
        if application is INSTALLED:
            database.restore(settings, application)
        else:
            database.empty(settings, application)
    database.forget_writes(settings)


def _reset_proxy(settings: Settings, host: Host) -> None:
    restore = snapshot.restore_script(snapshot.ARCHIVE, snapshot.PATHS["lb"])
    inside(settings, host.name, ["sh", "-ec", f"{restore}\npgrep -x nginx >/dev/null && nginx -s reload || :"])


def containers_to_remove(present: Sequence[dict[str, str]], kept: Sequence[dict[str, str]]) -> list[str]:
    """Ids of the containers that the kept state does not know."""
    known = {entry["id"] for entry in kept}
    return [entry["id"] for entry in present if entry["id"] not in known]


def containers_to_restart(present: Sequence[dict[str, str]], kept: Sequence[dict[str, str]]) -> list[str]:
    """Ids of the kept containers that are there but do not run."""
    running = {entry["id"] for entry in present if entry["status"] == "running"}
    there = {entry["id"] for entry in present}
    return [entry["id"] for entry in kept if entry["id"] in there and entry["id"] not in running]


def projects_to_make(present: Sequence[dict[str, str]], kept: Sequence[dict[str, str]]) -> dict[str, dict[str, str]]:
    """Compose projects of the kept state of which a container is gone, with one of its containers."""
    there = {entry["id"] for entry in present}
    return {entry["project"]: entry for entry in kept if entry["id"] not in there}


def _reset_app(settings: Settings, host: Host, kept: Sequence[dict[str, str]]) -> bool:
    """Have the kept files and containers; whether containers had to be made again."""
    present = snapshot.containers_of(settings, host)
    lines = [snapshot.FORGET_LOGINS, snapshot.restore_script(snapshot.ARCHIVE, snapshot.PATHS["app"])]
    remade = projects_to_make(present, kept)
    removed = containers_to_remove(present, kept)
    if removed:
        lines.append(f"docker rm --force --volumes {' '.join(removed)} >/dev/null")
        lines.append("docker network prune --force --filter label=com.docker.compose.project >/dev/null")
    started = containers_to_restart(present, kept)
    if started:
        lines.append(f"docker restart --time 1 {' '.join(started)} >/dev/null")
    lines += [make_project(entry) for entry in remade.values()]
    inside(settings, host.name, ["sh", "-ec", "\n".join(lines)], timeout_seconds=90)
    return bool(remade)


def make_project(entry: dict[str, str]) -> str:
    """Shell that brings a project up again from the files on the host that its container was made of."""
    files = [f"-f {name}" for name in entry["files"].split(",")]
    files += [f"--env-file {name}" for name in entry["environment"].split(",") if name]
    compose = f"docker compose --progress quiet -p {entry['project']} --project-directory {entry['folder']}"
    return f"{compose} {' '.join(files)} up --detach --wait --no-deps"


def _wait_until_healthy(settings: Settings, host: Host) -> None:
    """Every instance, not only the one that a proxy happens to ask."""

    def healthy() -> bool:
        return all(entry["health"] in ("healthy", "none") for entry in snapshot.containers_of(settings, host))

    if not wait_until(healthy, _SERVING_SECONDS):
        raise LabError(
            f"the previous version healthy on {host.name} within {_SERVING_SECONDS:.0f} s of a reset",
            "it is not",
            f"look at: docker exec {settings.container(host.name)} docker ps --all; or bin/lab down, bin/lab up",
        )
