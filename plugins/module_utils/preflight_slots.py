# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe what runs in the slots of one host, and who else is on their ports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import preflight_proc as proc
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import Engine, EngineError

LABEL = "bluegreen."
COMPOSE = "com.docker.compose."


def describe_slots(
    engine: Engine | None, projects: Mapping[str, str], ports: Mapping[str, Any], shared: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Give each slot its port, its containers, the foreign listener on its port and the connections from here to it.

    Connections are those that this host opened to a slot's port at any address: a proxy opens them to slots only.

    :param engine: None on a host without slots.
    :param projects: slot to its compose project, whose containers are the slot's, whoever started them.
    :param shared: services that both slots use; they may run in the project of one, and are no part of the slot.
    """
    containers = _all(engine)
    sockets = proc.connections()
    slots = {}
    for slot, port in ports.items():
        mine = [one for one in containers if _belongs(one, projects[slot], shared)]
        slots[slot] = {
            "port": int(port),
            "containers": [_container(engine, one) for one in mine] if engine else [],
            "listener": _listener(int(port), mine, containers, sockets) if engine else None,
            "connections": sum(1 for one in sockets if one.state == proc.ESTABLISHED and one.remote_port == int(port)),
        }
    return slots


def describe_shared(engine: Engine | None, shared: Collection[str]) -> list[dict[str, Any]]:
    """Give every container of the shared services, whatever its compose project, with who started it for what."""
    found = []
    for one in _all(engine) if shared else []:
        labels = one.get("Labels") or {}
        if labels.get(f"{COMPOSE}service") in shared and labels.get(f"{COMPOSE}oneoff") != "True":
            names = {"service": f"{COMPOSE}service", "project": f"{COMPOSE}project"}
            names.update({name: f"{LABEL}{name}" for name in ("application", "slot")})
            found.append({"name": _name(one), **{name: labels.get(label) for name, label in names.items()}})
    return found


def _all(engine: Engine | None) -> list[dict[str, Any]]:
    try:
        return engine.containers() if engine else []
    except EngineError:
        return []  # Told by the description of the engine itself.


def _name(container: dict[str, Any]) -> str:
    return str((container.get("Names") or ["?"])[0]).lstrip("/")


def _belongs(container: dict[str, Any], project: str, shared: Collection[str]) -> bool:
    labels = container.get("Labels") or {}
    inside = labels.get(f"{COMPOSE}project") == project and labels.get(f"{COMPOSE}service") not in shared
    return inside and labels.get(f"{COMPOSE}oneoff") != "True"


def _container(engine: Engine, summary: dict[str, Any]) -> dict[str, Any]:
    labels = summary.get("Labels") or {}
    try:
        details = engine.container(str(summary["Id"]))
    except EngineError:
        details = {}  # Gone since the list was made.
    state = details.get("State", {})
    return {
        "name": _name(summary),
        "service": labels.get(f"{COMPOSE}service"),
        "state": summary.get("State"),
        "health": state.get("Health", {}).get("Status"),
        "image": details.get("Config", {}).get("Image") or summary.get("Image"),
        "image_id": summary.get("ImageID"),
        "version": labels.get(f"{LABEL}version"),
        "release_id": labels.get(f"{LABEL}release_id"),
        "started_at": state.get("StartedAt"),
    }


def _listener(
    port: int, mine: list[dict[str, Any]], containers: list[dict[str, Any]], sockets: list[proc.Connection]
) -> dict[str, Any] | None:
    """Give who else has a port: another container, or a process; None when it is free or the slot's own."""
    holders = [one for one in containers if _publishes(one, port)]
    if any(one in mine for one in holders):
        return None
    for holder in holders:
        return {
            "container": _name(holder),
            "pid": None,
            "command": None,
            "user": None,
        }
    for one in sockets:
        if one.state == proc.LISTEN and one.local_port == port:
            return {"container": None, **proc.owner(one.inode, one.uid)}
    return None


def _publishes(container: dict[str, Any], port: int) -> bool:
    return any(one.get("PublicPort") == port for one in container.get("Ports") or [])
