# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network: a subnet that Docker found free, fixed so that hosts keep their addresses."""

from __future__ import annotations

import ipaddress
import json

from lab.errors import LabError
from lab.process import attempt, run
from lab.settings import Settings

_REMEDY = "look at `docker network ls`; remove unused networks with `docker network prune`"


def find_subnet(settings: Settings) -> str | None:
    """The subnet of the lab's network, or None when there is no such network."""
    done = attempt(["docker", "network", "inspect", settings.network])
    return subnet_of(done.stdout) if done.returncode == 0 else None


def subnet_of(inspected: str) -> str:
    """The IPv4 subnet in the answer of `docker network inspect`.

    Raises:
        LabError: there is none.
    """
    for entry in json.loads(inspected)[0]["IPAM"]["Config"] or []:
        if ":" not in entry["Subnet"]:
            return str(entry["Subnet"])
    raise LabError("a network with an IPv4 subnet", inspected.strip()[:300], _REMEDY)


def ensure_network(settings: Settings) -> tuple[str, bool]:
    """Have the lab's network; returns its subnet and whether it was made just now.

    Docker allows fixed addresses only in a subnet that was asked for, so a first network finds a free one.
    """
    subnet = find_subnet(settings)
    if subnet is not None:
        return subnet, False
    scout = f"{settings.network}-scout"
    attempt(["docker", "network", "rm", scout])
    run(["docker", "network", "create", "--label", settings.label, scout], remedy=_REMEDY)
    subnet = subnet_of(run(["docker", "network", "inspect", scout], remedy=_REMEDY))
    run(["docker", "network", "rm", scout], remedy=_REMEDY)
    fixed = ["--label", settings.label, "--subnet", subnet]
    run(["docker", "network", "create", *fixed, settings.network], remedy=_REMEDY)
    return subnet, True


def address_in(subnet: str, offset: int) -> str:
    """The address that many places after the subnet's own."""
    return str(ipaddress.ip_network(subnet).network_address + offset)
