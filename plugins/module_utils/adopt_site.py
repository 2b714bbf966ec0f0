# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What our site does, as far as it decides what the user's own nginx file did that users would lose. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Directive, Server
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_includes import matches
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_servers import Listen, server_of
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_syntax import SyntaxProblem, parse_file

# The inputs of nginx_switchover that decide what our site does, with their defaults.
TOLD: dict[str, Any] = {
    "listen": "80",
    "tls_listen": "443",
    "tls_certificate": "",
    "http2": True,
    "includes": [],
    "client_max_body_size": "100m",
    "request_buffering": True,
    "response_buffering": True,
    "forwarded_proto": "$scheme",
    "connect_timeout_seconds": 3,
    "send_timeout_seconds": 60,
    "read_timeout_seconds": 60,
}


@dataclass(frozen=True)
class Sited(Wanted):
    """An adoption with what our site is told: the inputs of nginx_switchover by name, without its prefix."""

    told: Mapping[str, Any] = field(default_factory=lambda: dict(TOLD))


def inputs_of(wanted: Wanted) -> Mapping[str, Any]:
    """Give the inputs of nginx_switchover; their defaults where an adoption names none."""
    return {**TOLD, **wanted.told} if isinstance(wanted, Sited) else TOLD


def our_listens(wanted: Wanted) -> tuple[Listen, ...]:
    """Give what our site listens on; nothing for what nginx could not read."""
    told = inputs_of(wanted)
    texts = [str(told["listen"])]
    if told["tls_certificate"]:
        texts.append(f"{told['tls_listen']} ssl{' http2' if boolean(told['http2'], strict=False) else ''}")
    lines = "".join(f"listen {text};" for text in texts if text.strip())
    try:
        return server_of(parse_file(f"server {{ {lines} }}")[0]).listens if lines else ()
    except SyntaxProblem:
        return ()


def included(wanted: Wanted, one: Directive) -> bool:
    """Whether our site includes the file of a directive too; our own location overrides what it says of proxy_..."""
    kept = any(matches(one.file, str(pattern)) for pattern in inputs_of(wanted)["includes"])
    return kept and not one.name.startswith("proxy_")


def only_redirects(server: Server) -> bool:
    """Whether a server sends its users elsewhere, or away, and passes nothing on."""
    return not server.passes and any(one.name == "return" for one in server.directives)


def meets(server: Server, listen: Listen) -> bool:
    """Whether a server answers on an address and port."""
    return any((each.port, address_of(each)) == (listen.port, address_of(listen)) for each in server.listens)


def address_of(listen: Listen) -> str:
    """Give its address, one for all that means any."""
    return "*" if listen.address == "0.0.0.0" else listen.address
