# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the hosts of an inventory are: one machine under two names, and slots on a port of a proxy. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed

VARIABLES = ("ansible_host", "ansible_port")


class Place(NamedTuple):
    """Where Ansible reaches a host. On the same machine the ports of SSH differ between containers only."""

    address: str
    port: str


def place(host: str, variables: Mapping[str, Any]) -> Place:
    """Give where a host is, of its evaluated variables ``ansible_host`` and ``ansible_port``."""
    address = str(variables.get("ansible_host") or host).strip().lower().rstrip(".")
    return Place(address, str(variables.get("ansible_port") or 22))


def check_places(values: Mapping[str, Any], places: Mapping[str, Place]) -> list[Problem]:
    """Give the hosts that are one machine under two names, in one role.

    A machine that is proxy and application host at once may have a name for each.
    """
    problems = []
    for name, what in (("release_lb_hosts", "proxies"), ("release_app_hosts", "application hosts")):
        hosts = _hosts(values, name)
        twice = [host for host in dict.fromkeys(hosts) if hosts.count(host) > 1]
        if twice:
            found = f"{listed(twice)} more than once"
            problems.append(Problem(f"{name} has a host twice", "each host once", found, f"correct {name}"))
        for where, names in _shared(hosts, places):
            problems.append(
                Problem(
                    f"Two {what} are one machine",
                    "one name for each machine",
                    f"{listed(names)} at {where.address} port {where.port}",
                    f"take {names[-1]} out of the inventory, or correct its ansible_host",
                )
            )
    return problems


def check_ports(values: Mapping[str, Any], places: Mapping[str, Place]) -> list[Problem]:
    """Give each slot whose port a proxy on the same machine listens on for users."""
    listens = [values.get("nginx_switchover_listen", "80")]
    if values.get("nginx_switchover_tls_certificate"):
        listens.append(values.get("nginx_switchover_tls_listen", "443"))
    taken = {port for one in listens if (port := listen_port(one)) is not None}
    slots = values.get("release_slots")
    apps = {place_name(host, places): host for host in _hosts(values, "release_app_hosts")}
    proxies = [place_name(host, places) for host in _hosts(values, "release_lb_hosts")]
    both = [apps[address] for address in proxies if address in apps]
    problems = []
    for slot, one in slots.items() if isinstance(slots, Mapping) and both else ():
        port = listen_port(one.get("port")) if isinstance(one, Mapping) else None
        if port in taken:
            expected = f"a port that nginx does not listen on, as {listed(sorted(set(both)))} is a proxy as well"
            remedy = f"give {slot} another port in release_slots"
            problems.append(
                Problem(f"The port of slot {slot} is the proxy's own", expected, f"{port} for both", remedy)
            )
    return problems


def instances(
    values: Mapping[str, Any], given: Mapping[str, Mapping[str, Any]], places: Mapping[str, Place]
) -> list[dict[str, str]]:
    """Give each application host with the address at which the proxies reach it, as the role nginx_switchover does."""
    found = []
    for host in _hosts(values, "release_app_hosts"):
        known = place_name(host, places)
        address = given.get(host, {}).get("release_address")
        address = address if isinstance(address, str) and address else known
        bare = ":" in address and not address.startswith("[")
        found.append({"host": host, "address": f"[{address}]" if bare else address})
    return found


def place_name(host: str, places: Mapping[str, Place]) -> str:
    """Give the address of a host, or its name where that is not known."""
    return places[host].address if host in places else host


def listen_port(listen: Any) -> int | None:
    """Give the port of a ``listen`` of nginx: ``80``, ``127.0.0.1:80``, ``[::]:80``; None where it names none."""
    text = str(listen).strip()
    found = re.fullmatch(r"(?:.*:)?(\d+)", text) if not text.endswith("]") else None
    return int(found.group(1)) if found else None


def _hosts(values: Mapping[str, Any], name: str) -> list[str]:
    found = values.get(name)
    return [str(host) for host in found] if isinstance(found, Sequence) and not isinstance(found, str) else []


def _shared(hosts: Sequence[str], places: Mapping[str, Place]) -> Iterator[tuple[Place, list[str]]]:
    names: dict[Place, list[str]] = {}
    for host in dict.fromkeys(hosts):
        if host in places:
            names.setdefault(places[host], []).append(host)
    yield from ((where, found) for where, found in names.items() if len(found) > 1)
