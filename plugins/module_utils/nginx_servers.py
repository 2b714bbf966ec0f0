# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Servers, locations and upstreams of an nginx configuration. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_syntax import Directive


@dataclass(frozen=True)
class Listen:
    """One listen of a server; port 0 for a unix socket."""

    text: str
    address: str
    port: int
    ssl: bool
    default: bool


@dataclass(frozen=True)
class Pass:
    """One proxy_pass: its value as written and where it stands."""

    value: str
    file: str
    line: int


@dataclass(frozen=True)
class Location:
    """One location; passes: its proxy_pass directives, those inside an if included, those of nested locations not."""

    path: str
    modifier: str
    file: str
    line: int
    passes: tuple[Pass, ...]


@dataclass(frozen=True)
class Server:
    """One server of the http level. locations: nested ones included, flat."""

    file: str
    line: int
    end_line: int
    listens: tuple[Listen, ...]
    names: tuple[str, ...]
    locations: tuple[Location, ...]
    directives: tuple[Directive, ...]

    @property
    def passes(self) -> tuple[Pass, ...]:
        """Give every proxy_pass of every location."""
        return tuple(one for location in self.locations for one in location.passes)

    @property
    def place(self) -> str:
        """Give file:line."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Upstream:
    """One upstream of the http level with the addresses of its servers, each with a port."""

    name: str
    file: str
    line: int
    servers: tuple[str, ...]


def server_of(directive: Directive) -> Server:
    """Understand one server block."""
    block = directive.block or ()
    listens = tuple(_listen(one.args) for one in block if one.name == "listen" and one.args)
    return Server(
        file=directive.file,
        line=directive.line,
        end_line=directive.end_line,
        listens=listens or (Listen("80", "*", 80, False, False),),
        names=tuple(name.lower() for one in block if one.name == "server_name" for name in one.args),
        locations=tuple(_locations(block)),
        directives=block,
    )


def _listen(args: Sequence[str]) -> Listen:
    text, flags = args[0], args[1:]
    address, port = text, "80"
    if text.startswith("unix:"):
        port = "0"
    elif text.isdecimal():
        address, port = "*", text
    elif match := re.fullmatch(r"(.*):(\d+)", text):
        address, port = match[1], match[2]
    default = "default_server" in flags or "default" in flags
    return Listen(" ".join(args), address, int(port), "ssl" in flags, default)


def _locations(block: Sequence[Directive]) -> Iterator[Location]:
    """Give the locations of a block, each before those nested in it; an if is a part of what is around it."""
    for one in block:
        if one.name == "if":
            yield from _locations(one.block or ())
        if one.name != "location" or not one.args:
            continue
        path, modifier = _path(one.args)
        yield Location(path, modifier, one.file, one.line, tuple(_passes(one.block or ())))
        yield from _locations(one.block or ())


def _path(args: Sequence[str]) -> tuple[str, str]:
    """Give path and modifier: nginx takes "= /x" as well as "=/x"."""
    if len(args) > 1:
        return args[1], args[0]
    match = re.fullmatch(r"(=|~\*|~|\^~)(.*)", args[0])
    return (match[2], match[1]) if match else (args[0], "")


def _passes(block: Sequence[Directive]) -> Iterator[Pass]:
    for one in block:
        if one.name == "proxy_pass" and one.args:
            yield Pass(one.args[0], one.file, one.line)
        elif one.name in ("if", "limit_except"):
            yield from _passes(one.block or ())


def upstream_of(directive: Directive) -> Upstream:
    """Understand one upstream block."""
    servers = (one.args[0] for one in directive.block or () if one.name == "server" and one.args)
    name = directive.args[0] if directive.args else ""
    return Upstream(name, directive.file, directive.line, tuple(with_port(one, 80) for one in servers))


def with_port(address: str, port: int) -> str:
    """Give an address its default port when it has none."""
    if address.startswith("unix:") or re.search(r":\d+$", address):
        return address
    return f"{address}:{port}"
