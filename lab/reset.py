# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back to the state that `up` kept, without building or installing anything."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lab import database, faults, snapshot
from lab.containers import front_port, inside
from lab.errors import LabError
from lab.inventory import SITE
from lab.process import say
from lab.ready import answers, wait_until
from lab.settings import Settings
from lab.shape import Host
from lab.state import read_json

_SERVING_SECONDS = 30.0
_PATH = "/health/db"


def reset(settings: Settings) -> None:
    """Put hosts, live slot, database and cache back; all faults off.

    Raises:
        LabError: there is no kept state, or the front doors do not serve afterwards.
    """
    begun = time.monotonic()
    hosts = snapshot.need_hosts(settings)
    kept = read_json(settings.state / "snapshot.json")
    if kept is None:
        raise LabError("a kept state to go back to", "none: the last bin/lab up did not finish", "bin/lab up")
    proxies, apps = snapshot.of_kind(hosts, "lb"), snapshot.of_kind(hosts, "app")
    faults.heal(settings, hosts)
    snapshot.on_each(apps, lambda host: _reset_app(settings, host, kept["containers"][host.name]))
    database.restore(settings)
    snapshot.on_each(proxies, lambda host: _reset_proxy(settings, host))
    snapshot.on_each(apps, lambda host: _wait_until_healthy(settings, host))
    _wait_until_serving(settings, proxies)
    say(f"reset in {time.monotonic() - begun:.1f} s")


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


def projects_to_make(present: Sequence[dict[str, str]], kept: Sequence[dict[str, str]]) -> list[str]:
    """Compose projects of the kept state of which a container is gone."""
    there = {entry["id"] for entry in present}
    return sorted({entry["project"] for entry in kept if entry["id"] not in there})


def _reset_app(settings: Settings, host: Host, kept: Sequence[dict[str, str]]) -> None:
    present = snapshot.containers_of(settings, host)
    lines = [snapshot.restore_script(snapshot.ARCHIVE, snapshot.PATHS["app"])]
    remade = projects_to_make(present, kept)
    removed = containers_to_remove(present, kept)
    if removed:
        lines.append(f"docker rm --force --volumes {' '.join(removed)} >/dev/null")
        lines.append("docker network prune --force --filter label=com.docker.compose.project >/dev/null")
    started = containers_to_restart(present, kept)
    if started:
        lines.append(f"docker restart --time 1 {' '.join(started)} >/dev/null")
    lines += [_make_project(project) for project in remade]
    inside(settings, host.name, ["sh", "-ec", "\n".join(lines)], timeout_seconds=90)


def _make_project(project: str) -> str:
    """Shell that brings a slot up again from the files that the release left on the host."""
    application, slot = project.rsplit("-", 1)
    folder = f"/srv/{application}/{slot}"
    files = f"-f {folder}/compose.yml -f {folder}/override.yml"
    compose = f"docker compose --progress quiet -p {project} --project-directory {folder} {files}"
    return f"{compose} up --detach --wait --no-deps"


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


def _wait_until_serving(settings: Settings, proxies: Sequence[Host]) -> None:
    for host in proxies:
        url = f"http://127.0.0.1:{front_port(settings, host)}{_PATH}"
        if not wait_until(lambda url=url: answers(url, SITE) is not None, _SERVING_SECONDS):  # type: ignore[misc]  # mypy cannot type its default
            raise LabError(
                f"{url} serving within {_SERVING_SECONDS:.0f} s of a reset",
                "no good answer",
                "bin/lab status; if it stays so: bin/lab down, bin/lab up",
            )
