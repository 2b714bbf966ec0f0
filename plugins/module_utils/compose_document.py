# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a compose file says, whatever way it is written; pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.compose_variables import interpolate

# Keys of a service of which the override takes the file's value away.
OVERRIDDEN = ("container_name", "ports", "env_file")


@dataclass(frozen=True)
class Application:
    """What the inventory says of the compose file.

    services: of a slot. service: the one of them that answers HTTP, on container_port, which the inventory need not
    have named (port_given). shared: beside the slots, in shared_project. slot_state: volumes and services whose
    content may exist once in each slot. replaced: environment files whose values `environment` gives. hosts: how many
    run the slots. ports, projects: slot to its own.
    """

    services: Sequence[str]
    service: str
    container_port: int
    port_given: bool = True
    singletons: Sequence[str] = ()
    shared: Sequence[str] = ()
    shared_project: str = ""
    profiles: Sequence[str] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    slot_state: Sequence[str] = ()
    replaced: Sequence[str] = ()
    build: str = "never"
    hosts: int = 1
    ports: Mapping[str, int] = field(default_factory=dict)
    projects: Mapping[str, str] = field(default_factory=dict)


def application_of(inputs: Mapping[str, Any]) -> Application:
    """The application as the inputs of a run describe it. Raises KeyError, TypeError or ValueError for bad ones."""
    return Application(
        services=_texts(inputs["release_services"]),
        service=str(inputs["release_service"]),
        container_port=int(inputs["release_container_port"]),
        port_given=bool(inputs.get("release_container_port_given", True)),
        singletons=_texts(inputs["release_singleton_services"]),
        shared=_texts(inputs["release_shared_services"]),
        shared_project=str(inputs["release_shared_project"]),
        profiles=_texts(inputs["release_profiles"]),
        environment={str(name): value for name, value in dict(inputs["release_app_environment"]).items()},
        slot_state=_texts(inputs.get("green_provision_slot_state") or []),
        replaced=_texts(inputs.get("green_provision_replaced_env_files") or []),
        build=str(inputs["release_build"]),
        hosts=len(_texts(inputs["release_app_hosts"])),
        ports={str(slot): int(one["port"]) for slot, one in dict(inputs["release_slots"]).items()},
        projects={str(slot): str(name) for slot, name in dict(inputs["release_projects"]).items()},
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, (str, Mapping)):
        raise TypeError(f"expected a list, found {type(value).__name__}")
    return [str(one) for one in value]


def extended(services: Mapping[str, Any], name: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """A service with what it inherits by `extends` from others of the same file. Raises ValueError with the reason."""
    definition = services.get(name)
    if not isinstance(definition, Mapping):
        raise ValueError(f"service {name}, which the file does not have")
    base = definition.get("extends")
    if not base:
        return dict(definition)
    if isinstance(base, Mapping) and base.get("file"):
        raise ValueError(f"{base['file']}, another file")
    parent = str(base.get("service") if isinstance(base, Mapping) else base)
    if parent in (*seen, name):
        raise ValueError(f"{parent}, which extends it in turn")
    own = {key: value for key, value in definition.items() if key != "extends"}
    return {**_merged(extended(services, parent, (*seen, name)), own)}


def _merged(base: Any, own: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(own, Mapping):
        return {**base, **{key: _merged(base[key], value) if key in base else value for key, value in own.items()}}
    if isinstance(base, list) and isinstance(own, list):
        return [*base, *own]
    return own


def resolved(compose: Mapping[str, Any]) -> dict[str, Any]:
    """The document with every `extends` that can be followed written out; the others are left for the problems."""
    services: dict[str, Any] = {}
    for name, definition in compose["services"].items():
        try:
            services[name] = extended(compose["services"], name)
        except ValueError:
            services[name] = definition
    return {**compose, "services": services}


def released_services(compose: Mapping[str, Any], services: Sequence[str], service: str) -> list[str]:
    """The services of a slot that run the release image: `service`, and those with the same image or build."""
    known = resolved(compose)["services"]
    own = known[service]
    return [
        name
        for name in services
        if name == service
        or (own.get("image") and known[name].get("image") == own.get("image"))
        or (own.get("build") and not known[name].get("image") and _build(known[name]) == _build(own))
    ]


def _build(definition: Mapping[str, Any]) -> Any:
    """How a service is built; the short way to write it is one for a context."""
    build = definition.get("build")
    return {"context": build} if isinstance(build, str) else build


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


def needed(definition: Mapping[str, Any]) -> list[str]:
    """The services that one depends on, or links to."""
    named = [*(definition.get("depends_on") or []), *(service for service, _ in links(definition))]
    return list(dict.fromkeys(str(one) for one in named))


def cycle(services: Mapping[str, Any], path: Sequence[str] = ()) -> list[str]:
    """Services that depend on each other in a circle, the first one again at the end; empty when none do."""
    for name in needed(services.get(path[-1]) or {}) if path else services:
        if name in path:
            return [*path[path.index(name) :], name]
        if found := cycle(services, [*path, name]):
            return found
    return []


def networks(definition: Mapping[str, Any]) -> list[str]:
    """The networks that a service joins; none where it uses another's or the host's."""
    if definition.get("network_mode"):
        return []
    return [str(network) for network in definition.get("networks") or ["default"]]


def links(definition: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Service and alias of each of the links of a service."""
    found = [str(link).partition(":") for link in definition.get("links") or []]
    return [(service, alias or service) for service, _, alias in found]


@dataclass(frozen=True)
class EnvironmentFile:
    """One entry of `env_file`. syntax: of compose's long form, empty for the usual one."""

    path: str
    required: bool = True
    syntax: str = ""

    @property
    def on_host(self) -> bool:
        """Whether its path is one of the host, which nobody carries there."""
        return self.path.startswith("/")


def environment_files(definition: Mapping[str, Any]) -> list[EnvironmentFile]:
    """The environment files of a service, in their order; a later one wins."""
    written = definition.get("env_file") or []
    found = []
    for entry in [written] if isinstance(written, (str, Mapping)) else written:
        if isinstance(entry, Mapping):
            required = str(entry.get("required", True)).lower() != "false"
            found.append(EnvironmentFile(str(entry.get("path") or ""), required, str(entry.get("format") or "")))
        else:
            found.append(EnvironmentFile(str(entry)))
    return found


def environment_names(definition: Mapping[str, Any]) -> set[str]:
    """Names that a service sets itself."""
    return {str(entry).split("=", 1)[0] for entry in definition.get("environment") or {}}


def image_name(definition: Mapping[str, Any]) -> str:
    """The last part of the name of a service's image, without tag and digest; of a variable its default counts."""
    return interpolate(str(definition.get("image") or ""), {}).split("@")[0].rsplit("/", 1)[-1].split(":")[0]
