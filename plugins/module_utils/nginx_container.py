# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The container that nginx runs in: does it run, and does it see our files where the host has them. Pure."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed

_ROOT = ("", "0", "root")


class ContainerError(Exception):
    """The text is not what C(docker inspect) says of one container."""


@dataclass(frozen=True)
class Mount:
    """What the container has at *target*. source: empty when it is not a path of the host that one may write to."""

    source: str
    target: str

    def shows(self, path: str) -> bool:
        """Whether *path* lies in it."""
        return path == self.target or path.startswith(self.target.rstrip("/") + "/")


@dataclass(frozen=True)
class Container:
    """A container. gateways: the addresses from which the host itself asks it; none on the network of the host."""

    name: str
    state: str
    user: str
    mounts: tuple[Mount, ...]
    gateways: tuple[str, ...]

    def mount_of(self, path: str) -> Mount | None:
        """The innermost mount that shows *path*."""
        return max((one for one in self.mounts if one.shows(path)), key=lambda one: len(one.target), default=None)


@dataclass(frozen=True)
class Needs:
    """What it must see: the directory of each file, where it is written by rename, and that of the flags."""

    files: tuple[str, ...]
    flags: str

    @property
    def directories(self) -> list[str]:
        """All of them, each once."""
        return list(dict.fromkeys((*(os.path.dirname(path) for path in self.files), self.flags)))


def name_in(command: Sequence[str]) -> str:
    """The container in which a command runs nginx; empty when it is not one that is understood."""
    words = list(command[:3])
    return words[2] if words[:2] == ["docker", "exec"] and len(words) == 3 and not words[2].startswith("-") else ""


def inspection(name: str) -> list[str]:
    """The command that describes the container."""
    return ["docker", "container", "inspect", name]


def parse_container(text: str) -> Container:
    """Understand what the engine says. ContainerError when it is not that."""
    try:
        document: Mapping[str, Any] = json.loads(text)[0]
        networks: Mapping[str, Any] = document["NetworkSettings"]["Networks"] or {}
        return Container(
            name=str(document["Name"]).lstrip("/"),
            state="paused" if document["State"].get("Paused") else str(document["State"]["Status"]),
            user=str(document["Config"].get("User") or "").partition(":")[0],
            mounts=tuple(_mount(one) for one in document.get("Mounts") or []),
            gateways=tuple(one["Gateway"] for one in networks.values() if one.get("Gateway")),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ContainerError(f"expected the description of a container by docker inspect, found: {error!r}") from error


def _mount(one: Mapping[str, Any]) -> Mount:
    source = os.path.normpath(str(one["Source"])) if one.get("Type") == "bind" else ""
    return Mount(source, os.path.normpath(str(one["Destination"])))


def container_problems(container: Container, needs: Needs) -> Iterator[Problem]:
    """Give what keeps this nginx from our files and flags."""
    if container.state != "running":
        yield Problem(
            "nginx's container does not run",
            f"container {container.name} at work, to be told of the site",
            f"its state is {container.state}",
            f"start it, and look why it does not run: docker logs {container.name}",
        )
    yield from _unshown(container, needs)
    yield from _single(container, needs)
    if container.user not in _ROOT:
        yield Problem(
            "nginx's container does not run as root",
            "root, as the file with the preview's secret is for root alone (nginx's workers have their own user)",
            f"user {container.user} in container {container.name}",
            "start it without that user, from an image whose nginx begins as root",
        )


def _unshown(container: Container, needs: Needs) -> Iterator[Problem]:
    faults = {path: fault for path in needs.directories if (fault := _fault(container.mount_of(path), path))}
    if faults:
        options = " ".join(f"-v {path}:{path}" for path in faults)
        yield Problem(
            "nginx's container does not see the directories of the host",
            f"{listed(list(faults))} mounted in container {container.name}, at the same paths",
            "; ".join(f"{path} {fault}" for path, fault in faults.items()),
            f"start it anew with these directories, or ones above them: {options}",
        )


def _fault(mount: Mount | None, path: str) -> str:
    if mount is None:
        return "is not mounted"
    if not mount.source:
        return f"is in a volume mounted at {mount.target}"
    there = os.path.normpath(os.path.join(mount.source, os.path.relpath(path, mount.target)))
    return f"shows the host's {there}" if there != path else ""


def _single(container: Container, needs: Needs) -> Iterator[Problem]:
    targets = {mount.target for mount in container.mounts}
    for path in needs.files:
        if path in targets:
            yield Problem(
                "nginx's container has a single file mounted",
                f"the directory of {path} mounted in container {container.name}",
                f"{path} mounted as a file, which keeps showing its former content when it is replaced",
                f"start it anew with -v {os.path.dirname(path)}:{os.path.dirname(path)} in place of that mount",
            )


def unanswered(container: Container, addresses: Iterable[str]) -> Iterator[Problem]:
    """Refuse a host that its own proxy would not answer: behind a published port it comes from the gateway.

    addresses: those from which the preview and the probe may be asked, beside the loopback.
    """
    networks = [network for one in addresses if (network := _network(one))]
    missing = [one for one in container.gateways if not any(ipaddress.ip_address(one) in net for net in networks)]
    if container.gateways and len(missing) == len(container.gateways):
        yield Problem(
            "nginx's container would not answer its own host",
            f"an address in nginx_switchover_preview_addresses from which the host asks container {container.name}",
            f"the host comes from {' or '.join(missing)}, the gateway of the container's network",
            f'run it with --network host; or set nginx_switchover_preview_addresses: ["{missing[0]}"], and mind that '
            "others may come from there too and are then kept out by the secret alone",
        )


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None  # The check of the inputs says so.
