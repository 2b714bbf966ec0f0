# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What compose would refuse of one service, or read from a place that is not on the hosts; pure functions, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import compose_document as document
from ansible_collections.bluegreen.release.plugins.module_utils.compose_document import Application

_PLATFORM = re.compile(r"linux/[a-z0-9]+(/v?[0-9]+)?")


def part_problems(compose: Mapping[str, Any], name: str, application: Application) -> Iterator[str]:
    """What is wrong with one service of a slot or beside the slots."""
    definition = compose["services"][name]
    yield from _mount_problems(compose, name, definition)
    yield from _named_problems(compose, name, definition)
    yield from _neighbour_problems(compose, name, definition, application)
    if not definition.get("image") and not definition.get("build"):
        yield f"expected `image` in service {name}, found neither `image` nor `build`: name its image"
    platform = str(definition.get("platform") or "")
    if platform and "$" not in platform and not _PLATFORM.fullmatch(platform):
        yield (f"expected a platform such as linux/amd64 in service {name}, found {platform}: correct or remove it")


def _mount_problems(compose: Mapping[str, Any], name: str, definition: Mapping[str, Any]) -> Iterator[str]:
    for kind, source in document.mounts(definition):
        if kind == "bind" and source.startswith((".", "~")):
            yield (
                f"expected absolute host paths, found {source} mounted in service {name}: only the compose file and its"
                " environment files are copied to the hosts. Put the file into the image or name its path on the host"
            )
        if kind == "volume" and source not in (compose.get("volumes") or {}):
            yield (
                f"expected volume {source} of service {name} under `volumes`, found no such volume: add it there, or"
                f" write ./{source} when a folder is meant"
            )


def _named_problems(compose: Mapping[str, Any], name: str, definition: Mapping[str, Any]) -> Iterator[str]:
    """Networks, configs and secrets that a service names."""
    for network in document.networks(definition):
        if network != "default" and network not in (compose.get("networks") or {}):
            yield f"expected network {network} of service {name} under `networks`, found no such network: add it there"
    if definition.get("network_mode") and definition.get("networks"):
        yield (
            f"expected `networks` or `network_mode` in service {name}, found both, which compose refuses: remove one"
        )
    for kind in ("configs", "secrets"):
        for entry in definition.get(kind) or []:
            source = str(entry.get("source") if isinstance(entry, Mapping) else entry)
            yield from _file_problems(kind, source, (compose.get(kind) or {}).get(source), name)


def _file_problems(kind: str, source: str, definition: Any, name: str) -> Iterator[str]:
    what = kind[:-1]
    if not isinstance(definition, Mapping):
        yield f"expected {what} {source} of service {name} under `{kind}`, found no such {what}: add it there"
    elif definition.get("external"):
        yield (
            f"expected {what} {source} of service {name} with a `file` or `environment`, found `external`, which only"
            " a swarm has: name a file on the host"
        )
    elif definition.get("file") and not str(definition["file"]).startswith(("/", "$")):
        yield (
            f"expected an absolute host path for {what} {source} of service {name}, found {definition['file']}: only"
            " the compose file and its environment files are copied to the hosts. Name its path on the host, or give"
            f" the {what} by `environment` from release_app_environment"
        )


def _neighbour_problems(
    compose: Mapping[str, Any], name: str, definition: Mapping[str, Any], application: Application
) -> Iterator[str]:
    """Other services that a service needs: they must exist, and live where it lives."""
    known = compose["services"]
    for other in document.needed(definition):
        if other not in known:
            yield f"expected service {other}, on which {name} depends, in the compose file, found none: correct it"
    own = application.shared if name in application.shared else application.services
    for other, alias in document.links(definition):
        if other in known and other not in own and alias != other:
            yield (
                f"expected service {name} to reach {other} by its name, found the link {other}:{alias}: {other} runs in"
                f" another compose project. Use the name {other} and remove the link"
            )
    mode = str(definition.get("network_mode") or "")
    joined = [mode.removeprefix("service:")] if mode.startswith("service:") else []
    joined += [str(one).split(":")[0] for one in definition.get("volumes_from") or []]
    for other in joined:
        alone = other in application.singletons and name not in application.singletons
        if other not in own or alone:
            yield (
                f"expected service {name} to share network and volumes with services that run beside it, found"
                f" {other}: put both into release_services, or remove `network_mode` or `volumes_from`"
            )
    if mode.startswith("container:") or any(str(one).startswith("container:") for one in joined):
        yield (
            f"expected service {name} to share nothing with a fixed container, found `container:`: name a service of"
            " the compose file"
        )
