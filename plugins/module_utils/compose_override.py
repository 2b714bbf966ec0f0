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


def released_services(compose: Mapping[str, Any], services: Sequence[str], service: str) -> list[str]:
    """The services of a slot that run the release image: `service`, and those with the same image or build."""
    known = compose["services"]
    own = known[service]
    return [
        name
        for name in services
        if name == service
        or (own.get("image") and known[name].get("image") == own.get("image"))
        or (own.get("build") and not known[name].get("image") and known[name].get("build") == own.get("build"))
    ]


def compose_override(
    compose: Mapping[str, Any], slot: Slot, services: Sequence[str], service: str, container_port: int
) -> dict[str, Any]:
    """The override document for a slot. The compose file must have no `compose_problems`."""
    released = released_services(compose, services, service)
    return {
        "services": {
            name: _service(
                compose["services"][name],
                slot,
                services,
                [_published(slot, container_port)] if name == service else [],
                name in released,
            )
            for name in services
        }
    }


def _published(slot: Slot, container_port: int) -> str:
    return ":".join([*filter(None, [slot.publish_address]), str(slot.port), str(container_port)])


def _service(
    definition: Mapping[str, Any], slot: Slot, services: Sequence[str], ports: Sequence[str], released: bool
) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "container_name": Reset(),
        "ports": OverrideList(ports),
        "env_file": OverrideList([ENVIRONMENT_FILE]),
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
    depends = _dependencies(definition.get("depends_on"), services)
    if depends is not None:
        changes["depends_on"] = depends
    # A name that the service sets itself would win over the environment file.
    fixed = [name for name in slot.environment if name in _own_environment(definition)]
    if fixed:
        changes["environment"] = {name: f"${{{name}}}" for name in fixed}
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


def _own_environment(definition: Mapping[str, Any]) -> set[str]:
    environment = definition.get("environment") or {}
    return {str(entry).split("=", 1)[0] for entry in environment}


def environment_file(environment: Mapping[str, Any]) -> str:
    """The text of an environment file that compose reads back as exactly these values.

    Raises ValueError for a name that is no environment variable's. The text holds secrets.
    """
    lines = []
    for name, value in sorted(environment.items()):
        if not str(name).isidentifier() or not str(name).isascii():
            raise ValueError(f"expected names like DATABASE_URL in release_app_environment, found {name!r}")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError(
                f"expected a string as the value of {name} in release_app_environment, found {type(value).__name__}:"
                " quote it"
            )
        lines.append(f"{name}={_quoted(str(value))}")
    return "".join(f"{line}\n" for line in lines)


def _quoted(value: str) -> str:
    """In single quotes nothing is replaced; a value with one goes into double quotes, escaped."""
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return f'"{escaped}"'
