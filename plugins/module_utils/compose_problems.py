# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an application's compose file cannot run in two slots on one host; pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

# Images that keep data of their own: one in each slot would give each slot its own truth.
_STATEFUL = (
    "postgres", "postgresql", "timescaledb", "pgvector", "mysql", "mariadb", "mongo", "mongodb", "redis", "valkey",
    "rabbitmq", "kafka", "elasticsearch", "opensearch", "cassandra", "etcd", "minio", "influxdb", "clickhouse",
)  # fmt: skip


def compose_problems(
    compose: Any, services: Sequence[str], service: str, container_port: int, slot_state: Iterable[str] = ()
) -> list[str]:
    """Everything that keeps the services from running in a slot; empty when nothing does.

    compose: the parsed file. services: those of a slot. service: the one that answers HTTP, on container_port.
    slot_state: names of volumes and services whose data may exist once in each slot.
    """
    known = compose.get("services") if isinstance(compose, Mapping) else None
    if not isinstance(known, Mapping) or not known:
        return ["expected a compose file with services, found none: check release_compose_file"]
    missing = [name for name in dict.fromkeys([*services, service]) if not isinstance(known.get(name), Mapping)]
    if missing:
        return [
            f"expected the services {', '.join(missing)} in the compose file, found only"
            f" {', '.join(sorted(str(name) for name in known))}: correct release_services or release_service"
        ]
    if service not in services:
        return [
            f"expected release_service {service!r} to be one of release_services, found {', '.join(services)}:"
            " add it to them"
        ]
    problems = [*_include_problems(compose), *_port_problems(service, known[service], container_port)]
    declared = set(slot_state)
    for name in services:
        problems += _state_problems(compose, name, known[name], declared)
        problems += _file_problems(name, known[name])
    problems += _network_problems(compose, services)
    return problems


def mounts(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind (``bind`` or ``volume``) and source of each mount of a service that has a source."""
    for mount in definition.get("volumes") or []:
        if isinstance(mount, Mapping):
            source, kind = str(mount.get("source") or ""), str(mount.get("type") or "volume")
        else:
            source = str(mount).split(":")[0] if ":" in str(mount) else ""
            kind = "bind" if source.startswith((".", "/", "~", "$")) else "volume"
        if source and kind in ("bind", "volume"):
            yield kind, source


def _include_problems(compose: Mapping[str, Any]) -> list[str]:
    if not compose.get("include"):
        return []
    return ["expected one self-contained compose file, found `include`: write the included files into it"]


def _port_problems(service: str, definition: Mapping[str, Any], container_port: int) -> list[str]:
    problems = []
    if definition.get("network_mode") == "host":
        problems.append(
            f"expected service {service} to publish a port of its slot, found `network_mode: host`, where both slots"
            " would need the same port: remove it"
        )
    ports = set(_container_ports(definition))
    if ports and container_port not in ports:
        problems.append(
            f"expected service {service} to listen on release_container_port {container_port}, found"
            f" {', '.join(str(port) for port in sorted(ports))} in the compose file: correct one of them"
        )
    replicas = definition.get("scale") or (definition.get("deploy") or {}).get("replicas") or 1
    if str(replicas) != "1":
        problems.append(
            f"expected one container of service {service}, as a slot has one port, found {replicas} replicas: set 1"
            " and add application hosts instead"
        )
    return problems


def _container_ports(definition: Mapping[str, Any]) -> Iterator[int]:
    """Container ports that `ports` and `expose` name as plain numbers; ranges and variables say nothing."""
    for entry in [*(definition.get("ports") or []), *(definition.get("expose") or [])]:
        target = entry.get("target") if isinstance(entry, Mapping) else str(entry).split("/")[0].split(":")[-1]
        if str(target).isdigit():
            yield int(str(target))


def _state_problems(
    compose: Mapping[str, Any], name: str, definition: Mapping[str, Any], declared: set[str]
) -> list[str]:
    problems = []
    image = str(definition.get("image") or "").split("@")[0].rsplit("/", 1)[-1].split(":")[0]
    if image in _STATEFUL and name not in declared:
        problems.append(
            f"expected no database in a slot, found service {name} with image {image}: each slot would have its own"
            f" data. Take {name} out of release_services and run it beside the slots, or list it in"
            " green_provision_slot_state when losing its data is harmless"
        )
    volumes = compose.get("volumes") or {}
    for kind, source in mounts(definition):
        if kind == "volume" and not (volumes.get(source) or {}).get("external") and source not in declared:
            problems.append(
                f"expected data outside the slots, found named volume {source} in service {name}: each slot would have"
                " its own copy. Make it `external: true`, use an absolute host path, or list it in"
                " green_provision_slot_state when its content is no data (a cache)"
            )
    return problems


def _file_problems(name: str, definition: Mapping[str, Any]) -> list[str]:
    problems = []
    for kind, source in mounts(definition):
        if kind == "bind" and source.startswith((".", "~")):
            problems.append(
                f"expected absolute host paths, found {source} mounted in service {name}: only the compose file is"
                " copied to the hosts. Put the file into the image or name its path on the host"
            )
    if isinstance(definition.get("extends"), Mapping) and definition["extends"].get("file"):
        problems.append(
            f"expected one self-contained compose file, found service {name} extending"
            f" {definition['extends']['file']}: write it into the file"
        )
    return problems


def _network_problems(compose: Mapping[str, Any], services: Sequence[str]) -> list[str]:
    problems = []
    used: set[str] = set()
    for name in services:
        used.update(str(network) for network in compose["services"][name].get("networks") or ["default"])
    for network in sorted(used):
        definition = (compose.get("networks") or {}).get(network) or {}
        if definition.get("name") and not definition.get("external"):
            problems.append(
                f"expected each slot to have its own network, found network {network} with the fixed name"
                f" {definition['name']}: remove `name`, or create the network beside the slots and make it"
                " `external: true`"
            )
    return problems
