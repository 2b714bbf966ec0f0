# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What users would lose with a file of the user's nginx, by the values of its directives. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_site import (
    address_of,
    included,
    inputs_of,
    meets,
    only_redirects,
    our_listens,
)
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Directive, Dump, Server, walk
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_servers import Listen, Pass

HEADERS = re.compile(r"host|connection|upgrade|x-real-ip|x-forwarded-\w+|accept-encoding", re.IGNORECASE)
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
BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


@dataclass(frozen=True)
class Loss:
    """What users would lose. setting: what keeps it. small: of too little consequence to refuse it."""

    text: str
    setting: str = ""
    small: bool = False


def losses(wanted: Wanted, dump: Dump, server: Server) -> Iterator[Loss]:
    """What differs by its value only."""
    if only_redirects(server):
        return
    yield from _of_listens(wanted, dump, server)
    for location in server.locations:
        for passed in location.passes:
            yield from _of_pass(passed, location.path)
    written = [one for one in walk(server.directives) if not included(wanted, one)]
    names = {one.name for one in written}
    # Our site overrides these, so what the http level says of them is lost as well.
    written += [one for one in dump.http if one.name in _OVERRIDDEN and one.name not in names]
    for one in written:
        if one.args:
            yield from _of_value(wanted, dump, server, one)


def _of_value(wanted: Wanted, dump: Dump, server: Server, one: Directive) -> Iterator[Loss]:
    if one.name == "proxy_set_header":
        yield from _of_header(wanted, server, one)
    elif one.name == "client_max_body_size":
        yield from _of_size(wanted, server, one)
    elif one.name in _OWN_TIMEOUTS or one.name in _USER_TIMEOUTS:
        yield from _of_timeout(wanted, one)
    elif one.name == "access_log" and one.args[0] != "off":
        yield Loss(f"{_as_written(one)}: ours is JSON, at nginx_switchover_access_log", small=True)
    elif one.name in _SWITCHES:
        name = _SWITCHES[one.name]
        if one.args[0] == "off" and boolean(inputs_of(wanted)[name], strict=False):
            yield Loss(_as_written(one), f"nginx_switchover_{name}: false")
    elif one.name in _TLS and not any((each.name, each.args) == (one.name, one.args) for each in dump.http):
        text = f"{one.name} {' '.join(one.args)}"
        setting = f"[{one.file}]" if one.file != server.file else f'a file with "{text};"'
        yield includable(wanted, one.place, text, setting)


def _as_written(one: Directive) -> str:
    return f"{one.place} {one.name} {' '.join(one.args)}"


def includable(wanted: Wanted, place: str, text: str, setting: str) -> Loss:
    """The loss of what a file in nginx_switchover_includes can keep; whether one that is given does, is not known."""
    if inputs_of(wanted)["includes"]:
        return Loss(f"{place} {text}: look whether a file in nginx_switchover_includes keeps it", small=True)
    return Loss(f"{place} {text}", f"nginx_switchover_includes: {setting}")


def _of_listens(wanted: Wanted, dump: Dump, server: Server) -> Iterator[Loss]:
    unsaid = Directive("listen", ("80",), server.file, server.line, server.line)
    written = [one for one in server.directives if one.name == "listen" and one.args] or [unsaid]
    ours = our_listens(wanted)
    for one, listen in zip(written, server.listens):
        same = [each for each in ours if each.port == listen.port]
        if included(wanted, one) or (listen.port and not same):
            continue  # A whole port is a problem of its own.
        twin = next((each for each in same if address_of(each) == address_of(listen)), None)
        if twin is None:
            yield _of_address(wanted, server, one, listen, same)
        else:
            yield from _of_words(dump, server, one, listen, twin)


def _of_address(wanted: Wanted, server: Server, one: Directive, listen: Listen, same: Sequence[Listen]) -> Loss:
    """The loss of an address; a second one beside ours can be given by an included file only."""
    beside = {address_of(each) for each in server.listens if each.port == listen.port}
    if not listen.port or beside & {address_of(each) for each in same}:
        # Two servers of ours include that file, and nginx takes options of a listen in one of them only.
        line = f"listen {one.args[0]}{' ssl' if listen.ssl else ''};"
        return includable(wanted, one.place, f"listen {listen.text}", f'a file with "{line}"')
    tls = "tls_" if listen.ssl and inputs_of(wanted)["tls_certificate"] else ""
    return Loss(f"{one.place} listen {listen.text}", f'nginx_switchover_{tls}listen: "{one.args[0]}"')


def _of_words(dump: Dump, server: Server, one: Directive, listen: Listen, ours: Listen) -> Iterator[Loss]:
    """What is said behind the address of a listen that is ours too."""
    place = f"{one.place} listen {listen.text}"
    if listen.ssl and not ours.ssl:
        setting = f'nginx_switchover_tls_certificate and ..._key, nginx_switchover_tls_listen: "{one.args[0]}"'
        yield Loss(f"{place} (TLS, ours is plain)", setting)
    elif ours.ssl and not listen.ssl:
        yield Loss(f"{place} (plain, ours has TLS)")
    words = set(one.args[1:]) - set(ours.text.split()[1:]) - {"ssl", "default_server", "default", "ipv6only=on"}
    if words & {"proxy_protocol", "quic", "ipv6only=off"}:
        yield Loss(f"{place} ({', '.join(sorted(words))})")
    elif words:
        yield Loss(f"{place}: our site listens there without {', '.join(sorted(words))}", small=True)
    # Alone on its address our site is the default server without the word; beside another it may not be.
    others = [each for each in dump.servers if each.file != server.file and meets(each, listen)]
    if listen.default and not ours.default and others:
        yield Loss(f"{place} (unknown names could get {others[0].place})")


def _of_pass(one: Pass, path: str) -> Iterator[Loss]:
    match = re.match(r"(https?)://[^/?]*(.*)", one.value, re.IGNORECASE)
    place = f"{one.file}:{one.line} proxy_pass {one.value}"
    if match and match[1].lower() == "https":
        yield Loss(f"{place} (TLS)")
    if match and match[2] and match[2] != path:
        yield Loss(f"{place} (a path of its own)")


def _of_header(wanted: Wanted, server: Server, one: Directive) -> Iterator[Loss]:
    name, value = one.args[0].lower(), " ".join(one.args[1:])
    if not HEADERS.fullmatch(name) or name in ("connection", "accept-encoding") or (not value and name != "host"):
        return
    if name == "x-forwarded-proto":
        told = str(inputs_of(wanted)["forwarded_proto"])
        schemes = {"https" if each.ssl else "http" for each in server.listens}
        if value != told and not (told == "$scheme" and schemes == {value}):
            yield Loss(_as_written(one), f"nginx_switchover_forwarded_proto: {value}")
    elif value == "$host:$server_port" and name in ("host", "x-forwarded-host"):
        yield Loss(f"{_as_written(one)}: as the user sent it from now on", small=True)
    elif value not in _SAME_HEADERS.get(name, ()):
        yield Loss(_as_written(one))


def _of_size(wanted: Wanted, server: Server, one: Directive) -> Iterator[Loss]:
    told = str(inputs_of(wanted)["client_max_body_size"])
    theirs, ours = (amount_of(text.lower(), BYTES) for text in (one.args[0], told))
    if theirs is None or ours is None:
        return
    theirs, ours = (number or float("inf") for number in (theirs, ours))  # 0 is no limit.
    if theirs > ours:
        yield Loss(_as_written(one), f"nginx_switchover_client_max_body_size: {one.args[0]}")
    elif theirs < ours and one.file == server.file:
        yield Loss(f"{_as_written(one)}: {told} from now on (nginx_switchover_client_max_body_size)", small=True)


def _of_timeout(wanted: Wanted, one: Directive) -> Iterator[Loss]:
    parts = [amount_of(part, _SECONDS) for part in re.findall(r"\d+[a-zA-Z]*", " ".join(one.args))]
    theirs = sum(part or 0 for part in parts)
    if one.name in _USER_TIMEOUTS:
        if theirs > _USER_SECONDS:
            text = f"{one.name} {' '.join(one.args)}"
            yield includable(wanted, one.place, text, f'a file with "{text};"')
        return
    name = f"{one.name.removeprefix('proxy_')}_seconds"
    if theirs <= float(inputs_of(wanted)[name]):
        return
    if one.name == "proxy_connect_timeout":
        ours = f"{inputs_of(wanted)[name]} s from now on (nginx_switchover_{name})"
        yield Loss(f"{_as_written(one)}: {ours}", small=True)
    else:
        yield Loss(_as_written(one), f"nginx_switchover_{name}: {math.ceil(theirs)}")


def amount_of(text: str, units: Mapping[str, float]) -> float | None:
    """Give a time or a size as nginx writes it; None for what is none."""
    match = re.fullmatch(r"(\d+)([a-zA-Z]*)", text)
    return int(match[1]) * units[match[2]] if match and match[2] in units else None
