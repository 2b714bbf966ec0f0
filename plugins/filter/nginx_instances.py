# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses of hosts: as others reach them, and as nginx lets them in."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: nginx_instances
short_description: The instances of an application as the proxies reach them
version_added: 0.1.0
author: bluegreen.release maintainers (@bluegreen-release)
description:
  - Gives each host the first of C(release_address), C(ansible_host) and its own name. A bare IPv6 address is bracketed.
positional: hostvars
options:
  _input:
    description: Names of the hosts that run the application.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of all hosts.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show where the proxies reach the application
  ansible.builtin.debug:
    msg: "{{ release_app_hosts | bluegreen.release.nginx_instances(hostvars) }}"
"""

RETURN = r"""
_value:
  description: One entry per host, in the same order, with C(host) and C(address).
  type: list
  elements: dict
"""


def nginx_instances(hosts: list[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """One {host, address} per host, in the same order."""
    found = []
    for host in hosts:
        known = hostvars.get(host, {})
        address = str(known.get("release_address") or known.get("ansible_host") or host)
        bare_ipv6 = ":" in address and not address.startswith("[")
        found.append({"host": host, "address": f"[{address}]" if bare_ipv6 else address})
    return found


def nginx_allowed(addresses: Iterable[str], proxies: Iterable[Mapping[str, str]]) -> list[str]:
    """The networks of the inventory and the addresses of the proxies, each once."""
    found = [str(address) for address in addresses]
    for proxy in proxies:
        with contextlib.suppress(ValueError):
            address = ipaddress.ip_address(proxy["address"].strip("[]"))
            if not address.is_loopback:
                found.append(str(address))
    return list(dict.fromkeys(found))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"nginx_allowed": nginx_allowed, "nginx_instances": nginx_instances}
