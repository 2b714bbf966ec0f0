# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may ask a proxy through its preview."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Iterable, Mapping

DOCUMENTATION = r"""
name: nginx_allowed
short_description: The networks that may reach the preview of a proxy
version_added: 0.1.0
author: bluegreen.release maintainers (@bluegreen-release)
description:
  - Adds the addresses of the proxies, which ask each other before they start. A name among those is left out, because
    nginx compares addresses only; the loopback is left out, since it is always allowed.
positional: proxies
options:
  _input:
    description: Addresses and networks of the inventory.
    type: list
    elements: str
    required: true
  proxies:
    description: All proxies, each with C(host) and C(address).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show who may reach the preview
  ansible.builtin.debug:
    msg: "{{ ['192.0.2.0/24'] | bluegreen.release.nginx_allowed([{'host': 'lb2', 'address': '198.51.100.2'}]) }}"
"""

RETURN = r"""
_value:
  description: The networks, each once.
  type: list
  elements: str
"""


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

    def filters(self) -> dict[str, Callable[..., object]]:
        """Name to function."""
        return {"nginx_allowed": nginx_allowed}
