# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a slot changes in the application's own compose file; pure functions, no I/O.

The application's file is used as it is. The override says what differs from slot to slot; the tags
``!override`` and ``!reset`` tell compose to replace a value instead of merging it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import compose_document as document
from ansible_collections.bluegreen.release.plugins.module_utils import compose_shared as shared
from ansible_collections.bluegreen.release.plugins.module_utils.compose_document import Application

ENVIRONMENT_FILE = "slot.env"


class Override(dict[str, Any]):
    """A mapping that replaces the application's."""


class OverrideList(list[Any]):
    """A list that replaces the application's."""


class Reset:
    """Takes the application's value away."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reset)

    def __hash__(self) -> int:
        return 0


@dataclass(frozen=True)
class Slot:
    """One slot of one release.

    image: reference by digest, or an image id, which no registry knows. limits: `cpus` and `memory`, as Docker writes
    them. environment: names only.
    publish_address: of the host, to publish the port on; empty for all.
    """

    application: str
    name: str
    port: int
    image: str
    version: str
    release_id: str
    limits: Mapping[str, str]
    environment: Sequence[str] = ()
    publish_address: str = ""


def compose_override(
    compose: Mapping[str, Any], slot: Slot, application: Application, carried: Mapping[str, str]
) -> dict[str, Any]:
    """The override document for a slot. The compose file must have no `compose_problems`.

    carried: environment file, as it is written, to its name in the slot's directory; the others are left out.
    """
    whole = document.resolved(compose)
    released = document.released_services(whole, application.services, application.service)
    project = application.projects.get(slot.name, "")
    foreign, names = shared.joined(whole, application, project), shared.own_names(whole, application, project)
    services = {
        name: {
            **_service(whole["services"][name], slot, _company(name, application), name in released),
            "ports": OverrideList(
                [_published(slot, application.container_port)] if name == application.service else []
            ),
            "env_file": _environment_files(whole["services"][name], carried, [ENVIRONMENT_FILE]),
            **_networks(whole["services"][name], foreign),
        }
        for name in application.services
    }
    services.update(_others(whole, application.services))
    unused = _unused_volumes(whole, application.services)
    for name, definition in whole["services"].items():
        if name not in application.services and any(source in unused for _, source in document.mounts(definition)):
            services[name] = {**services.get(name, {}), "volumes": Reset()}
    networks: dict[str, Any] = {network: {"name": name} for network, name in names.items()}
    networks.update({f"{shared.PREFIX}{one}": {"external": True, "name": name} for one, name in foreign.items()})
    volumes = {name: Reset() for name in unused}
    return {
        "services": services,
        **({"networks": networks} if networks else {}),
        **({"volumes": volumes} if volumes else {}),
    }


def shared_override(
    compose: Mapping[str, Any], application: Application, carried: Mapping[str, str], label: str
) -> dict[str, Any]:
    """The override document for the services beside the slots. label: name of the application."""
    services = document.resolved(compose)["services"]
    changed: dict[str, Any] = {}
    for name in application.shared:
        definition = services[name]
        changed[name] = {"labels": {"bluegreen.application": label}, **_neighbours(definition, application.shared)}
        if definition.get("env_file"):
            changed[name]["env_file"] = _environment_files(definition, carried, [])
        if not definition.get("restart"):
            changed[name]["restart"] = "unless-stopped"
    changed.update(_others({"services": services}, application.shared))
    return {"services": changed}


def _others(compose: Mapping[str, Any], services: Sequence[str]) -> dict[str, Any]:
    """What keeps compose from refusing the file for the sake of services that are not started here.

    They stay in it: a container of the project whose service the file does not have is removed as an orphan.
    """
    return {
        name: {"env_file": Reset()}
        for name, definition in compose["services"].items()
        if name not in services and definition.get("env_file")
    }


def _company(name: str, application: Application) -> list[str]:
    """The services with which one of a slot starts; one that runs on the live slot only is waited for by no other."""
    if name in application.singletons:
        return list(application.services)
    return [one for one in application.services if one not in application.singletons]


def _unused_volumes(compose: Mapping[str, Any], services: Sequence[str]) -> list[str]:
    """Named volumes that no service of a slot has: compose would make an empty one of each for every slot."""
    used = {source for name in services for _, source in document.mounts(compose["services"][name])}
    return [name for name in compose.get("volumes") or {} if name not in used]


def _environment_files(definition: Mapping[str, Any], carried: Mapping[str, str], last: Sequence[str]) -> OverrideList:
    """The environment files of a service where they are on the host, in their order, then the last."""
    found: list[Any] = []
    for entry in document.environment_files(definition):
        path = carried.get(entry.path)
        if path and (entry.syntax or not entry.required):
            found.append(
                {"path": path, "required": entry.required, **({"format": entry.syntax} if entry.syntax else {})}
            )
        elif path:
            found.append(path)
    return OverrideList([*found, *last])


def _networks(definition: Mapping[str, Any], foreign: Mapping[str, str]) -> dict[str, Any]:
    """The networks of a service, with those of the shared project that it joins; nothing when it joins none."""
    own = document.networks(definition)
    more = [f"{shared.PREFIX}{network}" for network in own if network in foreign]
    return {"networks": {network: {} for network in [*own, *more]}} if more else {}


def _published(slot: Slot, container_port: int) -> str:
    return ":".join([*filter(None, [slot.publish_address]), str(slot.port), str(container_port)])


def _service(definition: Mapping[str, Any], slot: Slot, company: Sequence[str], released: bool) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "container_name": Reset(),
        "labels": {
            "bluegreen.application": slot.application,
            "bluegreen.slot": slot.name,
            "bluegreen.version": slot.version,
            "bluegreen.release_id": slot.release_id,
        },
        "deploy": {"resources": {"limits": dict(slot.limits)}},
    }
    if released:
        changes.update({"image": slot.image, "build": Reset(), "pull_policy": _pull_policy(slot.image)})
    if not definition.get("restart"):
        changes["restart"] = "unless-stopped"  # a slot comes back when its host does
    # Limits of the old style beside those under deploy are an error of compose.
    changes.update({name: Reset() for name in ("cpus", "mem_limit") if definition.get(name)})
    changes.update(_neighbours(definition, company))
    # A name that the service sets itself would win over the environment file.
    fixed = [name for name in slot.environment if name in document.environment_names(definition)]
    if fixed:
        changes["environment"] = {name: f"${{{name}}}" for name in fixed}
    return changes


def _neighbours(definition: Mapping[str, Any], company: Sequence[str]) -> dict[str, Any]:
    """`depends_on` and `links` without services that compose must not start here; nothing when they stay."""
    changes: dict[str, Any] = {}
    depends = _dependencies(definition.get("depends_on"), company)
    if depends is not None:
        changes["depends_on"] = depends
    links = document.links(definition)
    if any(other not in company for other, _ in links):
        changes["links"] = OverrideList([f"{other}:{alias}" for other, alias in links if other in company])
    return changes


def _pull_policy(image: str) -> str:
    return "never" if image.startswith("sha256:") else "missing"


def _dependencies(depends_on: Any, services: Sequence[str]) -> Override | OverrideList | None:
    """`depends_on` without services that run beside the slots; None when it stays as it is."""
    if not depends_on or all(name in services for name in depends_on):
        return None
    if isinstance(depends_on, Mapping):
        return Override({name: how for name, how in depends_on.items() if name in services})
    return OverrideList([name for name in depends_on if name in services])
