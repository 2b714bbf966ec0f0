# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why the service that answers HTTP could not be reached on its slot's port; pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.compose_document import Application
from ansible_collections.bluegreen.release.plugins.module_utils.compose_ports import (
    Published,
    claimed_ports,
    container_ports,
    published_ports,
    published_words,
)


def route_problems(services: Mapping[str, Any], application: Application) -> Iterator[str]:
    """What keeps one container of the service on one port of the host."""
    yield from _mode_problems(application.service, services[application.service])
    yield from _port_problems(services[application.service], application)
    yield from _replica_problems(application.service, services[application.service])
    yield from _clashes(services, application)


def _mode_problems(service: str, definition: Mapping[str, Any]) -> Iterator[str]:
    mode = str(definition.get("network_mode") or "")
    if mode == "host":
        yield (
            f"expected service {service} to publish a port of its slot, found network_mode host, with which both"
            " slots would need the same port: remove `network_mode`"
        )
    elif mode.startswith(("service:", "container:")) or mode == "none":
        yield (
            f"expected service {service} to publish a port of its slot, found network_mode {mode}, with which Docker"
            " publishes none: remove `network_mode`"
        )


def _port_problems(definition: Mapping[str, Any], application: Application) -> Iterator[str]:
    service, port = application.service, application.container_port
    ports, words = set(container_ports(definition)), published_words(definition)
    if ports and port not in ports:
        yield (
            f"expected service {service} to listen on release_container_port {port}, found {', '.join(words)} in the"
            " compose file: correct one of them"
        )
    if not words and not application.port_given:
        yield (
            f"expected a port in service {service} of the compose file, found neither `ports` nor `expose`: set"
            " release_container_port to the port on which it listens in its container"
        )


def _replica_problems(service: str, definition: Mapping[str, Any]) -> Iterator[str]:
    replicas = definition.get("scale") or (definition.get("deploy") or {}).get("replicas") or 1
    if str(replicas) != "1":
        yield (
            f"expected one container of service {service}, as a slot has one port, found {replicas} replicas: set 1"
            " and add application hosts instead"
        )


def _clashes(services: Mapping[str, Any], application: Application) -> Iterator[str]:
    """Two services on one port of the host, and services beside the slots on a slot's port."""
    owners: dict[Published, str] = {}
    for name in [*application.services, *application.shared]:
        for published in published_ports(services[name]):
            if owners.setdefault(published, name) != name:
                yield (
                    f"expected each service on a port of its own, found {owners[published]} and {name} both on port"
                    f" {published.port}: correct one of them"
                )
    for name in application.shared:
        for slot, port in application.ports.items():
            if port in claimed_ports(services[name]):
                yield (
                    f"expected port {port} to be free for slot {slot}, found it published by service {name}, which"
                    " runs beside the slots: change release_slots or the port of the service"
                )
