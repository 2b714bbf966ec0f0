# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services that exist once beside the slots, and the networks over which slots reach them; pure functions, no I/O.

A slot's services join a network of the shared project where the file has both on one network. Compose gives each
service its name on every network it joins, so the names of both slots are on the shared one. Docker asks the networks
of a container in the order of their names (tried; compose's `priority` changes nothing), so the slot's own network
must come first: it gets another name where it would not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import compose_document as document
from ansible_collections.bluegreen.release.plugins.module_utils.compose_document import Application

PREFIX = "bluegreen-shared-"
_FIRST = "0-"

# Images that keep data of their own: one in each slot would give each slot its own truth.
_STATEFUL = (
    "postgres", "postgresql", "postgis", "timescaledb", "pgvector", "mysql", "mariadb", "mongo", "mongodb", "redis",
    "valkey", "rabbitmq", "kafka", "elasticsearch", "opensearch", "cassandra", "etcd", "minio", "influxdb",
    "clickhouse", "couchdb", "neo4j", "zookeeper",
)  # fmt: skip


def stateful(definition: Mapping[str, Any]) -> bool:
    """Whether a service is known to keep data of its own."""
    return document.image_name(definition) in _STATEFUL


def joined(compose: Mapping[str, Any], application: Application, project: str) -> dict[str, str]:
    """Network of the file to the name that the shared project's has; none for a slot that is in that project itself."""
    if project == application.shared_project:
        return {}
    services, definitions = compose["services"], compose.get("networks") or {}
    shared = {network for name in application.shared for network in document.networks(services[name])}
    own = {network for name in application.services for network in document.networks(services[name])}
    return {
        network: f"{application.shared_project}_{network}"
        for network in sorted(shared & own)
        if not (definitions.get(network) or {}).get("external")
    }


def own_names(compose: Mapping[str, Any], application: Application, project: str) -> dict[str, str]:
    """Network of a slot to another name for it, where it would come after those of the shared project."""
    foreign = joined(compose, application, project)
    if not foreign:
        return {}
    first, definitions = min(foreign.values()), compose.get("networks") or {}
    used = {network for name in application.services for network in document.networks(compose["services"][name])}
    return {
        network: f"{_FIRST}{project}_{network}"
        for network in sorted(used)
        if not (definitions.get(network) or {}).get("external") and f"{project}_{network}" > first
    }


def shared_problems(compose: Mapping[str, Any], application: Application) -> Iterator[str]:
    """What keeps the shared services from running once, for both slots."""
    if not application.shared:
        return
    services = compose["services"]
    for name in application.shared:
        yield from _service_problems(name, services[name], application)
    for slot, project in application.projects.items():
        names = own_names(compose, application, project)
        if names and max(names.values()) > min(joined(compose, application, project).values()):
            yield (
                "expected the name of a slot's network before that of the shared one, as Docker resolves names in that"
                f" order, found {max(names.values())}: choose a release_shared_project that begins with a letter"
            )
        talking = _talking(services, application)
        if project == application.shared_project and talking:
            yield (
                f"expected a project of its own for slot {slot}, found {project}, which is release_shared_project too:"
                f" {', '.join(talking)} would reach services of the other slot by name. Name another project in"
                " release_projects"
            )


def _service_problems(name: str, definition: Mapping[str, Any], application: Application) -> Iterator[str]:
    if stateful(definition) and application.hosts > 1:
        yield (
            f"expected one place for the data of service {name}, found {application.hosts} application hosts, each of"
            " which would run its own: take it out of release_shared_services, run it on a host of its own and give"
            " its address in release_app_environment"
        )
    inside = [other for other in document.needed(definition) if other in application.services]
    if inside:
        yield (
            f"expected service {name} to need nothing of a slot, as it is there before and after each, found"
            f" {', '.join(inside)}: remove that, or move {name} to release_services"
        )


def _talking(services: Mapping[str, Any], application: Application) -> list[str]:
    """Services of a slot that name others of it, so probably reach them by name."""
    own = application.services
    return [name for name in own if any(other in own for other in document.needed(services[name]))]
