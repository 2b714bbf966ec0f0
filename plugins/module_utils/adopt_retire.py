# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge whether a file of the user's nginx may go away: only when our site does all that it did. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Directive, Dump, Server, walk
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem

Has = Callable[[str], bool]
# What our site does itself, or what is of no consequence for users.
_PLAIN = re.compile(
    r"listen|server_name|include|access_log|error_log|location|client_\w+|send_timeout|keepalive\w*|server_tokens"
    r"|proxy_(pass|http_version|buffer\w*|busy_buffers_size|request_buffering|\w+_timeout|next_upstream\w*)"
    r"|ssl_(certificate|certificate_key|protocols|ciphers|prefer_server_ciphers|session_\w+|dhparam|ecdh_curve)"
    r"|http2|tcp_nodelay|tcp_nopush|sendfile|charset"
)
_HEADERS = re.compile(r"host|connection|upgrade|x-real-ip|x-forwarded-\w+|accept-encoding", re.IGNORECASE)
_SHOWN = 6


def judge(wanted: Wanted, dump: Dump, path: str, has: Has) -> Iterator[Problem]:
    """Give why the file may not go away by itself."""
    servers = [one for one in dump.servers if one.file == path]
    found = [*_foreign(wanted, dump, path, has)]
    for server in servers:
        names = [name for name in server.names if name not in wanted.names]
        if names or not server.names:
            found.append(f"{server.place} server_name {' '.join(names) or '(none: any name)'}")
        found += _unlike(dump, server, has)
    if not found:
        return
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    others = list(dict.fromkeys(name for one in servers for name in one.names if name not in wanted.names))
    added = f"if users ask for {', '.join(others)}: add it to nginx_switchover_server_names; " if others else ""
    remedy = added + (
        f'if that may go: adopt_nginx_files: {{"{path}": ""}}; if it must stay: adopt_nginx_files with a new version '
        "of the file that keeps it, nginx_switchover_includes for what belongs into the site, or "
        "nginx_switchover_mode include"
    )
    expected = f"a file with nothing but servers and upstreams of {wanted.application}, which our site can stand for"
    yield Problem(f"{path} does not go away by itself", expected, "; ".join(found[:_SHOWN]) + more, remedy)


def _foreign(wanted: Wanted, dump: Dump, path: str, has: Has) -> Iterator[str]:
    """What in the file is neither a server nor an upstream of the running project."""
    upstreams = {(one.file, one.line): one for one in dump.upstreams}
    for one in dump.trees[path]:
        upstream = upstreams.get((one.file, one.line)) if one.name == "upstream" else None
        if upstream is not None:
            others = [address for address in upstream.servers if not has(address)]
            if others:
                yield f"{one.place} upstream {upstream.name} with {others[0]}"
        elif one.name != "server":
            yield f"{one.place} {one.name}"


def _unlike(dump: Dump, server: Server, has: Has) -> Iterator[str]:
    """What a server does that our site does not."""
    redirects = any(one.name == "return" for one in server.directives)
    for one in walk(server.directives):
        if one.name == "proxy_pass":
            addresses = dump.addresses(one.args[0])
            if not addresses or not all(has(address) for address in addresses):
                yield f"{one.place} proxy_pass {one.args[0]}"
        elif one.name == "proxy_set_header":
            if not one.args or not _HEADERS.fullmatch(one.args[0]):
                yield f"{one.place} proxy_set_header {' '.join(one.args[:1])}"
        elif not _PLAIN.fullmatch(one.name) and not (redirects and _of_redirect(one)):
            yield f"{one.place} {one.name}"
    if not redirects and not any(one.path == "/" and not one.modifier and one.passes for one in server.locations):
        yield f"{server.place} no location / that passes to the application"


def _of_redirect(one: Directive) -> bool:
    return one.name in ("return", "if", "rewrite")


def lost_ports(dump: Dump, ports: Sequence[int], wanted: Wanted, paths: Sequence[str]) -> Problem:
    """The problem of ports on which users would find nobody any more."""
    served = ", ".join(map(str, wanted.listens))
    places = [
        f"{one.place} listen {listen.text}"
        for one in dump.servers
        if one.file in paths
        for listen in one.listens
        if listen.port in ports
    ]
    certificates = {
        directive.name: directive.args[0]
        for one in dump.servers
        if one.file in paths
        for directive in one.directives
        if directive.name in ("ssl_certificate", "ssl_certificate_key") and directive.args
    }
    given = ", ".join(f"nginx_switchover_tls_{name[4:]}: {value}" for name, value in sorted(certificates.items()))
    remedy = f"set {given}" if given else "set nginx_switchover_listen, or use nginx_switchover_mode include"
    expected = f"only listens that our site has too (port {served})"
    return Problem("Users of a port would find nobody", expected, "; ".join(places), remedy)
