# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge whether a file of the user's nginx may go away: only when our site does all that it did. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from ansible_collections.bluegreen.release.plugins.module_utils.adopt_losses import (
    BYTES,
    HEADERS,
    Loss,
    amount_of,
    includable,
    losses,
)
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_site import (
    included,
    meets,
    only_redirects,
    our_listens,
)
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Directive, Dump, Server, walk
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_servers import Listen
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem

Has = Callable[[str], bool]
# What our site does itself, what is of no consequence for users, or whose value is looked at below.
_PLAIN = re.compile(
    r"listen|server_name|include|access_log|error_log|location|client_\w+|send_timeout|keepalive\w*|server_tokens"
    r"|proxy_(pass|http_version|buffer\w*|busy_buffers_size|request_buffering|\w+_timeout|next_upstream\w*)"
    r"|ssl_(certificate|certificate_key|protocols|ciphers|prefer_server_ciphers|session_\w+|dhparam|ecdh_curve)"
    r"|http2|tcp_nodelay|tcp_nopush|sendfile|charset"
)
_SHOWN = 6
# What our site says itself, so that nginx takes nothing of the same name from the http level.
_HIDDEN = ("add_header", "proxy_set_header", "proxy_hide_header")
_BUFFERS = ("proxy_buffer_size", "proxy_buffers", "proxy_busy_buffers_size")
_PAGE = 4096  # nginx's own default on most machines.


def judge(wanted: Wanted, dump: Dump, path: str, has: Has) -> Iterator[Problem]:
    """Give why the file may not go away by itself."""
    servers = [one for one in dump.servers if one.file == path]
    found = [*_foreign(wanted, dump, path, has), *(one.text for one in _balanced(dump, path) if not one.small)]
    settings: list[str] = []
    for server in servers:
        names = [name for name in server.names if name not in wanted.names]
        if names or not server.names:
            found.append(f"{server.place} server_name {' '.join(names) or '(none: any name)'}")
        found += _unlike(wanted, dump, _whole(dump, server), has)
        lost = [one for one in _lost(wanted, dump, server) if not one.small]
        found += [one.text for one in lost]
        settings += [one.setting for one in lost if one.setting]
    yield from _in_clear(wanted, dump, path)
    if not found:
        return
    found = list(dict.fromkeys(found))  # What two servers inherit is lost once.
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    others = list(dict.fromkeys(name for one in servers for name in one.names if name not in wanted.names))
    added = f"if users ask for {', '.join(others)}: add it to nginx_switchover_server_names; " if others else ""
    kept = f"set {', '.join(dict.fromkeys(settings))}; " if settings else ""
    if "nginx_switchover_includes" in kept:
        kept += "the file that you include is yours to put on every proxy first; "
    remedy = (
        f'{added}{kept}if that may go: adopt_nginx_files: {{"{path}": ""}}; if it must stay: adopt_nginx_files with a '
        "new version of the file that keeps it, nginx_switchover_includes for what belongs into the site, or "
        "nginx_switchover_mode include"
    )
    expected = f"a file with nothing but servers and upstreams of {wanted.application}, which our site can stand for"
    yield Problem(f"{path} does not go away by itself", expected, "; ".join(found[:_SHOWN]) + more, remedy)


def notes(wanted: Wanted, dump: Dump, path: str) -> Iterator[str]:
    """Give what users lose with the file, where that is too little to refuse it."""
    yield from (one.text for one in _balanced(dump, path) if one.small)
    for server in dump.servers:
        if server.file == path:
            yield from (one.text for one in _lost(wanted, dump, server) if one.small)
            for directive, listen in _redirected(wanted, dump, server):
                if listen.ssl:
                    yield f"{directive.place} return {' '.join(directive.args)}: our site answers there itself"


def _lost(wanted: Wanted, dump: Dump, server: Server) -> Iterator[Loss]:
    whole = _whole(dump, server)
    yield from losses(wanted, dump, whole)
    yield from _of_buffers(wanted, dump, server)
    for one in walk(whole.directives):
        if one.name == "add_header" and not included(wanted, one):
            text = f"{one.name} {' '.join(one.args)}"
            yield includable(wanted, one.place, text, f'a file with "{text};"')


def _whole(dump: Dump, server: Server) -> Server:
    """Give a server with what the http level gives it and ours would hide, by saying one of the same name itself."""
    if not server.passes:
        return server
    own = {one.name for one in walk(server.directives)}
    inherited = tuple(one for one in dump.http if one.name in _HIDDEN and one.name not in own and one.args)
    return replace(server, directives=(*server.directives, *inherited))


def _of_buffers(wanted: Wanted, dump: Dump, server: Server) -> Iterator[Loss]:
    """Buffers that hold a larger head of an answer: without them nginx answers 502 to those who get one."""
    written = [one for one in walk(server.directives) if one.name in _BUFFERS]
    for one in written:
        size = amount_of(one.args[0].lower(), BYTES) if one.name == "proxy_buffer_size" and one.args else None
        if size is None or size <= _PAGE:
            continue
        if not any((each.name, each.args) == (one.name, one.args) for each in dump.http):
            # All of them in one: nginx refuses a size that its fellows do not suffice for.
            lines = "; ".join(dict.fromkeys(f"{each.name} {' '.join(each.args)}" for each in written))
            yield includable(wanted, one.place, f"{one.name} {one.args[0]}", f'a file with "{lines};"')


def _balanced(dump: Dump, path: str) -> Iterator[Loss]:
    """How the upstreams of a file choose a host, where users could tell: ours take all hosts in turn."""
    for upstream in (one for one in dump.trees[path] if one.name == "upstream"):
        for one in upstream.block or ():
            text = f"{one.place} {one.name} {' '.join(one.args)}".rstrip()
            if one.name in ("ip_hash", "hash", "sticky") or (one.name == "server" and {"backup", "down"} & {*one.args}):
                yield Loss(f"{text} (our site takes the hosts in turn, in mode include too)")
            elif one.name in ("least_conn", "random", "least_time") or any(arg[:7] == "weight=" for arg in one.args):
                yield Loss(f"{text}: our site takes the hosts in turn", small=True)


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


def _unlike(wanted: Wanted, dump: Dump, server: Server, has: Has) -> Iterator[str]:
    """What a server does that our site does not."""
    redirects = _return_of(server) is not None
    for one in walk(server.directives):
        if included(wanted, one):
            continue
        if one.name == "proxy_pass":
            addresses = dump.addresses(one.args[0])
            if not addresses or not all(has(address) for address in addresses):
                yield f"{one.place} proxy_pass {one.args[0]}"
        elif one.name == "proxy_set_header":
            if not one.args or not HEADERS.fullmatch(one.args[0]):
                yield f"{one.place} proxy_set_header {' '.join(one.args[:1])}"
        elif one.name == "add_header":
            continue  # An included file can keep it: it is looked at with what is lost by its value.
        elif not _PLAIN.fullmatch(one.name) and not (redirects and _of_redirect(one)):
            yield f"{one.place} {one.name}"
    if not redirects and not any(one.path == "/" and not one.modifier and one.passes for one in server.locations):
        yield f"{server.place} no location / that passes to the application"


def _of_redirect(one: Directive) -> bool:
    return one.name in ("return", "if", "rewrite")


def _redirected(wanted: Wanted, dump: Dump, server: Server) -> Iterator[tuple[Directive, Listen]]:
    """Give the return of a server, and the listen of ours that answers in its place from now on."""
    directive = _return_of(server)
    if directive is None:
        return
    ours = {each.port: each for each in our_listens(wanted)}
    for listen in server.listens:
        others = [one for one in dump.servers if set(one.names) & set(server.names) and meets(one, listen)]
        served = any(one.passes and _return_of(one) is None for one in others)
        if listen.port in ours and not served:
            yield directive, ours[listen.port]


def _return_of(server: Server) -> Directive | None:
    """Give the return of a whole server: nobody reaches its locations, if it has any."""
    return next((one for one in server.directives if one.name == "return"), None)


def _in_clear(wanted: Wanted, dump: Dump, path: str) -> Iterator[Problem]:
    """Refuse that our site answers over plain HTTP where users were sent to TLS, or away."""
    servers = [one for one in dump.servers if one.file == path]
    found = [pair for one in servers for pair in _redirected(wanted, dump, one) if not pair[1].ssl]
    if not found:
        return
    ports = ", ".join(sorted({str(listen.port) for _, listen in found}))
    yield Problem(
        "What was redirected would be served in clear",
        f"no redirect on port {ports}, where our site answers by itself over plain HTTP",
        "; ".join(dict.fromkeys(f"{one.place} return {' '.join(one.args)}" for one, _ in found)),
        'set nginx_switchover_listen: "" (TLS only) and give, in adopt_nginx_files, a new version of the file with '
        "that server alone; or use nginx_switchover_mode include, where it stays yours; if users may come in clear: "
        f'adopt_nginx_files: {{"{path}": ""}}',
    )


def caught(wanted: Wanted, dump: Dump, paths: Collection[str]) -> Iterator[Problem]:
    """Refuse the same where a server of other names, or of all, sent our users on. paths: judged by themselves."""
    for listen in our_listens(wanted):
        server = None if listen.ssl else _without_a_name(wanted, dump, listen)
        directive = _return_of(server) if server else None
        if server is None or directive is None or not _sends_on(directive) or server.file in paths:
            continue
        yield Problem(
            "What was redirected would be served in clear",
            f"no redirect on port {listen.port}, where our site answers by itself over plain HTTP",
            f"{directive.place} return {' '.join(directive.args)}, for every name that no other server there has",
            'set nginx_switchover_listen: "" (TLS only), and that server goes on as it is; if users may come in clear: '
            f'adopt_nginx_files: {{"{server.file}": an unchanged copy of it on the controller}}',
        )


def _without_a_name(wanted: Wanted, dump: Dump, listen: Listen) -> Server | None:
    """Give the server that nginx chooses on this listen for our users, where none has their name."""
    there = [one for one in dump.servers if meets(one, listen)]
    if any(set(one.names) & set(wanted.names) for one in there):
        return None
    wild = [one for one in there for name in one.names if name.startswith(("*", ".")) and _is_below(wanted.names, name)]
    chosen = [one for one in there if any(each.default and each.port == listen.port for each in one.listens)]
    return next(iter([*wild, *chosen, *there]), None)


def _is_below(names: Sequence[str], wildcard: str) -> bool:
    return any(name.endswith(wildcard.lstrip("*")) for name in names)


def _sends_on(directive: Directive) -> bool:
    """Whether a return leads elsewhere; one with a code of its own, such as 444, turns users away."""
    return bool(directive.args) and re.match(r"30\d$|https?://|\$", directive.args[0]) is not None


def lost_ports(dump: Dump, ports: Sequence[int], wanted: Wanted, paths: Sequence[str]) -> Problem:
    """The problem of ports on which users would find nobody any more."""
    served = ", ".join(map(str, wanted.listens))
    losing = [one for one in dump.servers if one.file in paths and {each.port for each in one.listens} & set(ports)]
    certificates = {
        directive.name: directive.args[0]
        for one in losing
        for directive in one.directives
        if directive.name in ("ssl_certificate", "ssl_certificate_key") and directive.args
    }
    given = ", ".join(f"nginx_switchover_tls_{name[4:]}: {value}" for name, value in sorted(certificates.items()))
    remedy = f"set {given}" if given else "set nginx_switchover_listen, or use nginx_switchover_mode include"
    if all(only_redirects(one) for one in losing):
        # Nothing that our site could be told redirects, and the server may stay beside it.
        remedy = (
            "give, in adopt_nginx_files, a new version of the file with that server alone, which only redirects; "
            "or use nginx_switchover_mode include"
        )
    expected = f"only listens that our site has too (port {served})"
    return Problem("Users of a port would find nobody", expected, places_of(dump, ports, paths), remedy)


def places_of(dump: Dump, ports: Sequence[int], paths: Sequence[str]) -> str:
    """Give the listens on these ports in these files, for a message."""
    return "; ".join(
        f"{one.place} listen {listen.text}"
        for one in dump.servers
        if one.file in paths
        for listen in one.listens
        if listen.port in ports
    )
