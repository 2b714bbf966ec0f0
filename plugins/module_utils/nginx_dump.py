# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What C(nginx -T) prints, understood: files, servers, locations, upstreams, includes. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_includes import (
    DumpError,
    Include,
    expand,
    files_of,
    matches,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_servers import (
    Server,
    Upstream,
    server_of,
    upstream_of,
    with_port,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_syntax import (
    Directive,
    SyntaxProblem,
    parse_file,
)

__all__ = ["Directive", "Dump", "DumpError", "Include", "Server", "Upstream", "parse", "parse_files", "walk"]

_URL = re.compile(r"^(https?)://(unix:[^:]+|[^/?#]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Dump:
    """A whole configuration.

    files: path to text, the main file first. trees: path to its own directives. main: the first file with every include
    followed. http: the directives of the http level of it, those of included files behind their include.
    """

    files: dict[str, str]
    trees: dict[str, tuple[Directive, ...]]
    main: tuple[Directive, ...]
    http: tuple[Directive, ...]
    servers: tuple[Server, ...]
    upstreams: tuple[Upstream, ...]
    inclusions: tuple[Include, ...]

    def reads(self, path: str, context: tuple[str, ...]) -> bool:
        """Whether nginx reads this file at a level, or would if it were there."""
        return any(one.context == context and matches(path, one.pattern) for one in self.inclusions)

    def read_by(self, one: Directive, path: str) -> bool:
        """Whether a directive is an include of this file, there or not."""
        prefix = os.path.dirname(next(iter(self.files)))
        return one.name == "include" and bool(one.args) and matches(path, os.path.join(prefix, one.args[0]))

    def included_in(self, path: str) -> list[tuple[str, ...]]:
        """Give the context of each place that includes the file, such as [("http",)]; () is the main level."""
        return [one.context for one in self.inclusions if path in one.paths]

    def after(self, changes: Mapping[str, str]) -> Dump:
        """Give the configuration with other texts in some files; an empty text takes a file away."""
        files = {**self.files, **changes}
        return parse_files({path: text for path, text in files.items() if text or path not in changes})

    def addresses(self, value: str) -> tuple[str, ...]:
        """Give host:port of what a proxy_pass leads to; nothing when that is decided by a variable."""
        match = _URL.match(value)
        if not match or "$" in match[2]:
            return ()
        known = next((one for one in self.upstreams if one.name.lower() == match[2].lower()), None)
        return known.servers if known else (with_port(match[2], 443 if match[1].lower() == "https" else 80),)

    def backends(self, server: Server) -> tuple[str, ...]:
        """Give host:port of all that a server passes to."""
        return tuple(address for one in server.passes for address in self.addresses(one.value))


def parse(text: str) -> Dump:
    """Understand the output of nginx -T. DumpError when it is not that."""
    files = files_of(text)
    if not files:
        raise DumpError('expected the output of nginx -T, found no line "# configuration file /...:"')
    return parse_files(files)


def parse_files(files: dict[str, str]) -> Dump:
    """Understand a configuration by its files, the main file first. DumpError when it is none."""
    try:
        trees = {path: parse_file(content, path) for path, content in files.items()}
    except SyntaxProblem as problem:
        raise DumpError(f"not a configuration of nginx: {problem}") from problem
    inclusions: list[Include] = []
    first = next(iter(files))
    main = expand(trees[first], trees, os.path.dirname(first), (), (first,), inclusions)
    http = tuple(one for block in main if block.name == "http" for one in block.block or ())
    return Dump(
        files=files,
        trees=trees,
        main=main,
        http=http,
        servers=tuple(server_of(one) for one in http if one.name == "server" and one.block is not None),
        upstreams=tuple(upstream_of(one) for one in http if one.name == "upstream"),
        inclusions=tuple(inclusions),
    )


def walk(directives: Sequence[Directive]) -> Iterator[Directive]:
    """Give each directive and then those of its block, in order."""
    for one in directives:
        yield one
        yield from walk(one.block or ())
