# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge whether a file of the user's nginx may go away: only when our site does all that it did. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Directive, Dump, Server, walk
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_includes import matches
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_servers import Listen, Pass, server_of
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_syntax import SyntaxProblem, parse_file
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem

Has = Callable[[str], bool]
# What our site does itself, what is of no consequence for users, or whose value is looked at below.
_PLAIN = re.compile(
    r"listen|server_name|include|access_log|error_log|location|client_\w+|send_timeout|keepalive\w*|server_tokens"
    r"|proxy_(pass|http_version|buffer\w*|busy_buffers_size|request_buffering|\w+_timeout|next_upstream\w*)"
    r"|ssl_(certificate|certificate_key|protocols|ciphers|prefer_server_ciphers|session_\w+|dhparam|ecdh_curve)"
    r"|http2|tcp_nodelay|tcp_nopush|sendfile|charset"
)
_HEADERS = re.compile(r"host|connection|upgrade|x-real-ip|x-forwarded-\w+|accept-encoding", re.IGNORECASE)
# Values of a header that are ours in other words; an empty one tells the application less than ours does.
_SAME_HEADERS = {
    "host": ("$host", "$http_host"),
    "upgrade": ("$http_upgrade",),
    "x-real-ip": ("$remote_addr",),
    "x-forwarded-for": ("$proxy_add_x_forwarded_for",),
    "x-forwarded-host": ("$host", "$http_host"),
}
_OWN_TIMEOUTS = ("proxy_read_timeout", "proxy_send_timeout", "proxy_connect_timeout")
_USER_TIMEOUTS = ("client_body_timeout", "client_header_timeout", "send_timeout")
_USER_SECONDS = 60.0  # nginx's own default of each, which our site leaves as it is.
_SWITCHES = {"proxy_buffering": "response_buffering", "proxy_request_buffering": "request_buffering"}
_OVERRIDDEN = ("client_max_body_size", *_OWN_TIMEOUTS, *_SWITCHES)
_TLS = ("ssl_protocols", "ssl_ciphers")
_SECONDS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_SHOWN = 6

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


@dataclass(frozen=True)
class _Loss:
    """What users would lose. setting: what keeps it. small: of too little consequence to refuse it."""

    text: str
    setting: str = ""
    small: bool = False


def judge(wanted: Wanted, dump: Dump, path: str, has: Has) -> Iterator[Problem]:
    """Give why the file may not go away by itself."""
    servers = [one for one in dump.servers if one.file == path]
    found = [*_foreign(wanted, dump, path, has)]
    settings: list[str] = []
    for server in servers:
        names = [name for name in server.names if name not in wanted.names]
        if names or not server.names:
            found.append(f"{server.place} server_name {' '.join(names) or '(none: any name)'}")
        found += _unlike(wanted, dump, server, has)
        lost = [one for one in _losses(wanted, dump, server) if not one.small]
        found += [one.text for one in lost]
        settings += [one.setting for one in lost if one.setting]
    yield from _in_clear(wanted, dump, path)
    if not found:
        return
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    others = list(dict.fromkeys(name for one in servers for name in one.names if name not in wanted.names))
    added = f"if users ask for {', '.join(others)}: add it to nginx_switchover_server_names; " if others else ""
    kept = f"set {', '.join(dict.fromkeys(settings))}; " if settings else ""
    remedy = (
        f'{added}{kept}if that may go: adopt_nginx_files: {{"{path}": ""}}; if it must stay: adopt_nginx_files with a '
        "new version of the file that keeps it, nginx_switchover_includes for what belongs into the site, or "
        "nginx_switchover_mode include"
    )
    expected = f"a file with nothing but servers and upstreams of {wanted.application}, which our site can stand for"
    yield Problem(f"{path} does not go away by itself", expected, "; ".join(found[:_SHOWN]) + more, remedy)


def notes(wanted: Wanted, dump: Dump, path: str) -> Iterator[str]:
    """Give what users lose with the file, where that is too little to refuse it."""
    for server in dump.servers:
        if server.file == path:
            yield from (one.text for one in _losses(wanted, dump, server) if one.small)
            for directive, listen in _redirected(wanted, dump, server):
                if listen.ssl:
                    yield f"{directive.place} return {' '.join(directive.args)}: our site answers there itself"


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
    redirects = any(one.name == "return" for one in server.directives)
    for one in walk(server.directives):
        if _included(wanted, one):
            continue
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


def only_redirects(server: Server) -> bool:
    """Whether a server sends its users elsewhere, or away, and passes nothing on."""
    return not server.passes and any(one.name == "return" for one in server.directives)


def our_listens(wanted: Wanted) -> tuple[Listen, ...]:
    """Give what our site listens on; nothing for what nginx could not read."""
    told = _told(wanted)
    texts = [str(told["listen"])]
    if told["tls_certificate"]:
        texts.append(f"{told['tls_listen']} ssl{' http2' if boolean(told['http2'], strict=False) else ''}")
    lines = "".join(f"listen {text};" for text in texts if text.strip())
    try:
        return server_of(parse_file(f"server {{ {lines} }}")[0]).listens if lines else ()
    except SyntaxProblem:
        return ()


def _told(wanted: Wanted) -> Mapping[str, Any]:
    return {**TOLD, **wanted.told} if isinstance(wanted, Sited) else TOLD


def _included(wanted: Wanted, one: Directive) -> bool:
    """Whether our site includes the file of a directive too; our own location overrides what it says of proxy_..."""
    kept = any(matches(one.file, str(pattern)) for pattern in _told(wanted)["includes"])
    return kept and not one.name.startswith("proxy_")


def _includable(wanted: Wanted, place: str, text: str, setting: str) -> _Loss:
    """The loss of what a file in nginx_switchover_includes can keep; whether one that is given does, is not known."""
    if _told(wanted)["includes"]:
        return _Loss(f"{place} {text}: look whether a file in nginx_switchover_includes keeps it", small=True)
    return _Loss(f"{place} {text}", f"nginx_switchover_includes: {setting}")


def _losses(wanted: Wanted, dump: Dump, server: Server) -> Iterator[_Loss]:
    """What differs by its value only."""
    if only_redirects(server):
        return
    yield from _of_listens(wanted, dump, server)
    for location in server.locations:
        for passed in location.passes:
            yield from _of_pass(passed, location.path)
    written = [one for one in walk(server.directives) if not _included(wanted, one)]
    names = {one.name for one in written}
    # Our site overrides these, so what the http level says of them is lost as well.
    written += [one for one in dump.http if one.name in _OVERRIDDEN and one.name not in names]
    for one in written:
        if one.args:
            yield from _of_value(wanted, dump, server, one)


def _of_value(wanted: Wanted, dump: Dump, server: Server, one: Directive) -> Iterator[_Loss]:
    if one.name == "proxy_set_header":
        yield from _of_header(wanted, server, one)
    elif one.name == "client_max_body_size":
        yield from _of_size(wanted, server, one)
    elif one.name in _OWN_TIMEOUTS or one.name in _USER_TIMEOUTS:
        yield from _of_timeout(wanted, one)
    elif one.name in _SWITCHES:
        name = _SWITCHES[one.name]
        if one.args[0] == "off" and boolean(_told(wanted)[name], strict=False):
            yield _Loss(_as_written(one), f"nginx_switchover_{name}: false")
    elif one.name in _TLS and not any((each.name, each.args) == (one.name, one.args) for each in dump.http):
        text = f"{one.name} {' '.join(one.args)}"
        setting = f"[{one.file}]" if one.file != server.file else f'a file with "{text};"'
        yield _includable(wanted, one.place, text, setting)


def _as_written(one: Directive) -> str:
    return f"{one.place} {one.name} {' '.join(one.args)}"


def _of_listens(wanted: Wanted, dump: Dump, server: Server) -> Iterator[_Loss]:
    unsaid = Directive("listen", ("80",), server.file, server.line, server.line)
    written = [one for one in server.directives if one.name == "listen" and one.args] or [unsaid]
    ours = our_listens(wanted)
    for one, listen in zip(written, server.listens):
        same = [each for each in ours if each.port == listen.port]
        if _included(wanted, one) or (listen.port and not same):
            continue  # A whole port is a problem of its own.
        twin = next((each for each in same if _address(each) == _address(listen)), None)
        if twin is None:
            yield _of_address(wanted, server, one, listen, same)
        else:
            yield from _of_words(dump, server, one, listen, twin)


def _of_address(wanted: Wanted, server: Server, one: Directive, listen: Listen, same: Sequence[Listen]) -> _Loss:
    """The loss of an address; a second one beside ours can be given by an included file only."""
    beside = {_address(each) for each in server.listens if each.port == listen.port}
    if not listen.port or beside & {_address(each) for each in same}:
        # Two servers of ours include that file, and nginx takes options of a listen in one of them only.
        line = f"listen {one.args[0]}{' ssl' if listen.ssl else ''};"
        return _includable(wanted, one.place, f"listen {listen.text}", f'a file with "{line}"')
    tls = "tls_" if listen.ssl and _told(wanted)["tls_certificate"] else ""
    return _Loss(f"{one.place} listen {listen.text}", f'nginx_switchover_{tls}listen: "{one.args[0]}"')


def _of_words(dump: Dump, server: Server, one: Directive, listen: Listen, ours: Listen) -> Iterator[_Loss]:
    """What is said behind the address of a listen that is ours too."""
    place = f"{one.place} listen {listen.text}"
    if listen.ssl and not ours.ssl:
        setting = f'nginx_switchover_tls_certificate and ..._key, nginx_switchover_tls_listen: "{one.args[0]}"'
        yield _Loss(f"{place} (TLS, ours is plain)", setting)
    elif ours.ssl and not listen.ssl:
        yield _Loss(f"{place} (plain, ours has TLS)")
    words = set(one.args[1:]) - set(ours.text.split()[1:]) - {"ssl", "default_server", "default", "ipv6only=on"}
    if words & {"proxy_protocol", "quic", "ipv6only=off"}:
        yield _Loss(f"{place} ({', '.join(sorted(words))})")
    elif words:
        yield _Loss(f"{place}: our site listens there without {', '.join(sorted(words))}", small=True)
    # Alone on its address our site is the default server without the word; beside another it may not be.
    others = [each for each in dump.servers if each.file != server.file and _meets(each, listen)]
    if listen.default and not ours.default and others:
        yield _Loss(f"{place} (unknown names could get {others[0].place})")


def _meets(server: Server, listen: Listen) -> bool:
    return any((each.port, _address(each)) == (listen.port, _address(listen)) for each in server.listens)


def _address(listen: Listen) -> str:
    return "*" if listen.address == "0.0.0.0" else listen.address


def _of_pass(one: Pass, path: str) -> Iterator[_Loss]:
    match = re.match(r"(https?)://[^/?]*(.*)", one.value, re.IGNORECASE)
    place = f"{one.file}:{one.line} proxy_pass {one.value}"
    if match and match[1].lower() == "https":
        yield _Loss(f"{place} (TLS)")
    if match and match[2] and match[2] != path:
        yield _Loss(f"{place} (a path of its own)")


def _of_header(wanted: Wanted, server: Server, one: Directive) -> Iterator[_Loss]:
    name, value = one.args[0].lower(), " ".join(one.args[1:])
    if not _HEADERS.fullmatch(name) or name in ("connection", "accept-encoding") or (not value and name != "host"):
        return
    if name == "x-forwarded-proto":
        told = str(_told(wanted)["forwarded_proto"])
        schemes = {"https" if each.ssl else "http" for each in server.listens}
        if value != told and not (told == "$scheme" and schemes == {value}):
            yield _Loss(_as_written(one), f"nginx_switchover_forwarded_proto: {value}")
    elif value == "$host:$server_port" and name in ("host", "x-forwarded-host"):
        yield _Loss(f"{_as_written(one)}: as the user sent it from now on", small=True)
    elif value not in _SAME_HEADERS.get(name, ()):
        yield _Loss(_as_written(one))


def _of_size(wanted: Wanted, server: Server, one: Directive) -> Iterator[_Loss]:
    told = str(_told(wanted)["client_max_body_size"])
    theirs, ours = (_amount(text.lower(), _BYTES) for text in (one.args[0], told))
    if theirs is None or ours is None:
        return
    theirs, ours = (number or float("inf") for number in (theirs, ours))  # 0 is no limit.
    if theirs > ours:
        yield _Loss(_as_written(one), f"nginx_switchover_client_max_body_size: {one.args[0]}")
    elif theirs < ours and one.file == server.file:
        yield _Loss(f"{_as_written(one)}: {told} from now on (nginx_switchover_client_max_body_size)", small=True)


def _of_timeout(wanted: Wanted, one: Directive) -> Iterator[_Loss]:
    parts = [_amount(part, _SECONDS) for part in re.findall(r"\d+[a-zA-Z]*", " ".join(one.args))]
    theirs = sum(part or 0 for part in parts)
    if one.name in _USER_TIMEOUTS:
        if theirs > _USER_SECONDS:
            text = f"{one.name} {' '.join(one.args)}"
            yield _includable(wanted, one.place, text, f'a file with "{text};"')
        return
    name = f"{one.name.removeprefix('proxy_')}_seconds"
    if theirs <= float(_told(wanted)[name]):
        return
    if one.name == "proxy_connect_timeout":
        ours = f"{_told(wanted)[name]} s from now on (nginx_switchover_{name})"
        yield _Loss(f"{_as_written(one)}: {ours}", small=True)
    else:
        yield _Loss(_as_written(one), f"nginx_switchover_{name}: {math.ceil(theirs)}")


def _amount(text: str, units: Mapping[str, float]) -> float | None:
    """Give a time or a size as nginx writes it; None for what is none."""
    match = re.fullmatch(r"(\d+)([a-zA-Z]*)", text)
    return int(match[1]) * units[match[2]] if match and match[2] in units else None


def _redirected(wanted: Wanted, dump: Dump, server: Server) -> Iterator[tuple[Directive, Listen]]:
    """Give the return of a server, and the listen of ours that answers in its place from now on."""
    directive = next((one for one in server.directives if one.name == "return"), None)
    if directive is None or not only_redirects(server):
        return
    ours = {each.port: each for each in our_listens(wanted)}
    for listen in server.listens:
        served = any(set(one.names) & set(server.names) and one.passes and _meets(one, listen) for one in dump.servers)
        if listen.port in ours and not served:
            yield directive, ours[listen.port]


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


def lost_ports(dump: Dump, ports: Sequence[int], wanted: Wanted, paths: Sequence[str]) -> Problem:
    """The problem of ports on which users would find nobody any more."""
    served = ", ".join(map(str, wanted.listens))
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
