# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judging what goes into the nginx configuration, and naming a configuration by its generation. No I/O."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import SLOTS

PLACEHOLDER = "@GENERATION@"
HTTP2_LISTEN = "@HTTP2_LISTEN@"
HTTP2_ON = "@HTTP2_ON@"
_HTTP2_DIRECTIVE = (1, 25, 1)
_APPLICATION = re.compile(r"[a-z][a-z0-9-]*")
_NAME = re.compile(r"[A-Za-z0-9.*-]+")
_ADDRESS = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
_ROUNDS = 20_000


def generation_of(site: str, preview: str, server: str = "") -> str:
    """16 hexadecimal digits that name this configuration. Stretched, so that it does not give the secret away."""
    return hashlib.pbkdf2_hmac("sha256", preview.encode(), (site + server).encode(), _ROUNDS)[:8].hex()


def with_generation(site: str, generation: str) -> str:
    """The site with its generation filled in. ValueError when it has no place for it."""
    if PLACEHOLDER not in site:
        raise ValueError(f"expected {PLACEHOLDER} in the site, found none: without it a reload cannot be proved.")
    return site.replace(PLACEHOLDER, generation)


def with_http2(text: str, version: str) -> str:
    """The text with HTTP/2 in the words of this nginx: a directive from 1.25.1, a word of the listen before that."""
    found = re.search(r"/(\d+)\.(\d+)\.(\d+)", version)
    modern = found is not None and tuple(int(part) for part in found.groups()) >= _HTTP2_DIRECTIVE
    text = text.replace(HTTP2_LISTEN, "" if modern else " http2")
    return text.replace(HTTP2_ON, "http2 on;" if modern else "# HTTP/2: in the listen above.")


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def _slot_problems(slots: Mapping[str, Any]) -> list[str]:
    if sorted(slots) != sorted(SLOTS):
        return [f"release_slots: expected exactly blue and green, found {sorted(slots)}."]
    ports = {slot: (slots[slot] or {}).get("port") for slot in SLOTS}
    problems = [
        f"release_slots.{slot}.port: expected a number from 1 to 65535, found {port!r}."
        for slot, port in ports.items()
        if not _is_port(port)
    ]
    if ports["blue"] == ports["green"]:
        problems.append(f"release_slots: expected two ports, found {ports['blue']} for both.")
    return problems


def _instance_problems(instances: list[Mapping[str, Any]]) -> list[str]:
    if not instances:
        return ["nginx_switchover_instances: expected at least one application host, found none."]
    problems, addresses = [], [str(instance.get("address") or "") for instance in instances]
    for instance, address in zip(instances, addresses):
        if not _ADDRESS.fullmatch(address):
            problems.append(
                f"nginx_switchover_instances: expected a host name, an IPv4 address or a bracketed IPv6 address for "
                f"{instance.get('host')}, found {address!r}. Set release_address for that host."
            )
    if len(set(addresses)) != len(addresses):
        problems.append(f"nginx_switchover_instances: expected different addresses, found {addresses}.")
    return problems


def _name_problems(server_names: list[str], preview_name: str) -> list[str]:
    problems = []
    if not server_names:
        problems.append("nginx_switchover_server_names: expected the host names that users ask for, found none.")
    for name in [*server_names, preview_name]:
        if not _NAME.fullmatch(name):
            problems.append(f"server names: expected letters, digits, dots and hyphens, found {name!r}.")
    if preview_name in server_names:
        problems.append(
            f"nginx_switchover_preview_server_name: expected a name of its own, found {preview_name!r}, "
            "which users ask for."
        )
    return problems


def _preview_problems(addresses: list[str], secret: str) -> list[str]:
    problems = []
    for address in addresses:
        try:
            network = ipaddress.ip_network(address, strict=False)
        except ValueError:
            problems.append(f"nginx_switchover_preview_addresses: expected an address or a network, found {address!r}.")
            continue
        if network.prefixlen == 0:
            problems.append(f"nginx_switchover_preview_addresses: expected less than everybody, found {address!r}.")
    if not _SECRET.fullmatch(secret):
        problems.append(
            "nginx_switchover_preview_secret: expected 16 to 256 letters, digits, hyphens or underscores, found "
            f"{len(secret)} characters (not shown). Make one with: openssl rand -hex 24"
        )
    return problems


def input_problems(inputs: Mapping[str, Any]) -> list[str]:
    """Every reason not to render a site from *inputs*, each saying expected, found and what to do. Empty when good."""
    problems = []
    if not _APPLICATION.fullmatch(inputs["application"]):
        problems.append(
            "release_application: expected lower case letters, digits and hyphens, beginning with a letter, found "
            f"{inputs['application']!r}."
        )
    problems += _slot_problems(inputs["slots"])
    problems += _instance_problems(inputs["instances"])
    problems += _name_problems(inputs["server_names"], inputs["preview_server_name"])
    problems += _preview_problems(inputs["preview_addresses"], inputs["preview_secret"])
    return problems
