# SPDX-License-Identifier: GPL-3.0-or-later
"""The state that reset goes back to: files of proxies and application hosts, live slot, database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lab import database
from lab.containers import existing, inside
from lab.errors import LabError
from lab.profiles import INSTALLED
from lab.settings import Settings
from lab.shape import Host, Shape, plan_hosts
from lab.state import read_json, write_json

ARCHIVE = "/var/lib/lab-snapshot.tar"
PATHS = {
    "lb": ("/var/lib/bluegreen", "/etc/nginx", "/etc/systemd/system", "/usr/local/lib/bluegreen"),
    "app": ("/var/lib/bluegreen", "/srv"),
}
KEPT = "snapshot.json"
_PRISTINE = "/var/lib/lab-pristine.tar"
# Again when one of them was removed between both commands, as by a run whose controller died.
_PROJECTS = """
all() { docker ps --all --quiet --filter label=com.docker.compose.project | xargs --no-run-if-empty docker inspect; }
for attempt in 1 2 3 4; do
    found=$(all 2>/dev/null) && printf '%s\\n' "$found" && exit
    sleep 0.3
done
all
"""
_REMOVE_PROJECTS = """
project=label=com.docker.compose.project
docker ps --all --quiet --filter $project | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
docker network ls --quiet --filter $project | xargs --no-run-if-empty docker network rm >/dev/null
"""
# What the kept state does not have: logins to registries.
FORGET_LOGINS = "rm -rf /root/.docker /home/deploy/.docker"
# What Compose notes of how a project was brought up.
_COMPOSE_LABELS = {
    "project": "project",
    "folder": "project.working_dir",
    "files": "project.config_files",
    "environment": "project.environment_file",
}
_T = TypeVar("_T")


def need_hosts(settings: Settings) -> list[Host]:
    """The hosts of the lab as it was last brought up.

    Raises:
        LabError: it is not up, or not wholly.
    """
    shape = read_json(settings.state / "shape.json")
    found = existing(settings) if shape else {}
    hosts = plan_hosts(Shape(lb=shape["lb"], app=shape["app"]), shape["subnet"]) if shape else []
    missing = [host.name for host in hosts if found.get(host.name) != "running"]
    if shape is None or missing:
        raise LabError(
            f"the lab {settings.name}, up",
            f"not running: {', '.join(missing)}" if missing else "no such lab",
            f"LAB_NAME={settings.name} LAB_PORT={settings.port} bin/lab up",
        )
    return hosts


def on_each(hosts: Iterable[Host], act: Callable[[Host], _T]) -> list[_T]:
    """Do the same on several hosts side by side; the first error is raised."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(act, hosts))


def of_kind(hosts: Sequence[Host], *kinds: str) -> list[Host]:
    """The hosts of these kinds."""
    return [host for host in hosts if host.kind in kinds]


def exists(settings: Settings) -> bool:
    """Whether there is a whole snapshot."""
    return (settings.state / KEPT).exists() and database.has_snapshot(settings, INSTALLED)


def forget(settings: Settings) -> None:
    """The kept state no longer fits the estate: the next `up` installs again, even when this one is interrupted."""
    (settings.state / KEPT).unlink(missing_ok=True)


def clear(settings: Settings, hosts: Sequence[Host]) -> None:
    """Take everything away that anybody made there, so that the next release is a first installation."""
    on_each(of_kind(hosts, "lb", "app"), lambda host: _clear(settings, host))


def _clear(settings: Settings, host: Host) -> None:
    folders = " ".join(PATHS[host.kind])
    stop = _REMOVE_PROJECTS + FORGET_LOGINS if host.kind == "app" else ""
    keep = f"[ -f {_PRISTINE} ] || {{ mkdir -p {folders}; tar -cf {_PRISTINE} {folders} 2>/dev/null; }}"
    reload = "nginx -s reload" if host.kind == "lb" else ":"
    restore = restore_script(_PRISTINE, PATHS[host.kind])
    inside(settings, host.name, ["sh", "-ec", f"{keep}\n{stop}\n{restore}\n{reload}"])


def restore_script(archive: str, folders: Sequence[str]) -> str:
    """Shell that makes folders what an archive says.

    A folder that the archive knows is never replaced, as running containers may have it mounted.
    """
    places = " ".join(folders)
    return f"""
find {places} -mindepth 1 ! -type d -delete
kept=$(mktemp)
tar -tf {archive} | sed -n 's|/$||p' > "$kept"
find {places} -mindepth 1 -depth -type d | sed 's|^/||' | grep -vxFf "$kept" |
    while read -r folder; do rmdir "/$folder"; done
rm -f "$kept"
tar -xpf {archive} -C /
""".strip()


def take(settings: Settings, hosts: Sequence[Host]) -> None:
    """Keep the present state of all hosts and the database."""
    database.snapshot(settings, INSTALLED)
    kept = on_each(of_kind(hosts, "lb", "app"), lambda host: (host.name, _take(settings, host)))
    write_json(settings.state / KEPT, {"containers": dict(kept)})


def keep_containers(settings: Settings, apps: Sequence[Host]) -> None:
    """The kept containers were made again: these are they from now on."""
    kept = on_each(apps, lambda host: (host.name, containers_of(settings, host)))
    known = read_json(settings.state / KEPT)
    write_json(settings.state / KEPT, {"containers": {**known["containers"], **dict(kept)}})


def _take(settings: Settings, host: Host) -> list[dict[str, str]]:
    folders = " ".join(PATHS[host.kind])
    inside(settings, host.name, ["sh", "-ec", f"mkdir -p {folders}; tar -cf {ARCHIVE} {folders} 2>/dev/null"])
    return containers_of(settings, host) if host.kind == "app" else []


def containers_of(settings: Settings, host: Host) -> list[dict[str, str]]:
    """The compose containers of an application host: id, name, image id and whether each runs."""
    inspected = inside(settings, host.name, ["sh", "-c", _PROJECTS]).strip()
    return read_containers(json.loads(inspected)) if inspected else []


def read_containers(inspected: list[dict[str, object]]) -> list[dict[str, str]]:
    """What the lab compares of `docker inspect` answers."""
    found = []
    for item in inspected:
        config, state = item["Config"], item["State"]
        assert isinstance(config, dict) and isinstance(state, dict)
        labels = config["Labels"]
        entry = {"id": str(item["Id"]), "image": str(item["Image"]), "status": str(state["Status"])}
        entry["health"] = str((state.get("Health") or {}).get("Status", "none"))
        for key, label in _COMPOSE_LABELS.items():
            entry[key] = labels.get(f"com.docker.compose.{label}", "")
        entry |= {key: labels.get(f"bluegreen.{key}", "") for key in ("application", "slot", "version")}
        found.append(entry)
    return sorted(found, key=lambda entry: (entry["project"], entry["id"]))
