# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether nginx reads our files where they belong, and no other site is on our names: from C(nginx -T). No I/O."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Dump
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_servers import Server


@dataclass(frozen=True)
class Placement:
    """Our files and names. server_file: empty when the whole site is ours. preview_name: of the preview server."""

    site_file: str
    server_file: str
    server_names: Collection[str]
    preview_name: str

    def problem(self, dump: Dump) -> str:
        """The first thing that is not as it must be, and what to do about it; empty when all is well."""
        if self.server_file:
            return self._not_http(dump) or self._not_in_server(dump) or self._takes_over(dump)
        return self._not_http(dump) or self._taken(dump)

    def _not_http(self, dump: Dump) -> str:
        if ("http",) in dump.included_in(self.site_file):
            return ""
        if not self.server_file:
            return (
                f"expected nginx to read {self.site_file}, found that its configuration does not include it. Add this "
                f"line to the http block of {_main_file(dump)}, reload nginx, and run again:\n"
                f"    include {os.path.dirname(self.site_file)}/*{os.path.splitext(self.site_file)[1]};\n"
                f"or let nginx_switchover_site_file lie where it is included ({_included(dump)})."
            )
        return (
            f"expected nginx to read {self.site_file}, found that its configuration does not include it. Add this line "
            f"at the http level{self._beneath(dump)}, reload nginx, and run again:\n    include {mask(self.site_file)};"
        )

    def _beneath(self, dump: Dump) -> str:
        mine = self._servers(dump)
        return f", beneath your server (it ends at {mine[0].file}:{mine[0].end_line})" if mine else ""

    def _servers(self, dump: Dump) -> list[Server]:
        """Servers for the names that users ask for, other than ours."""
        names = {name.lower() for name in self.server_names}
        return [one for one in dump.servers if names & set(one.names) and one.file != self.site_file]

    def _not_in_server(self, dump: Dump) -> str:
        servers, first = self._servers(dump), min(self.server_names)
        if any(any(part.file == self.server_file for part in one.directives) for one in servers):
            return ""
        line = f"    include {mask(self.server_file)};"
        if not servers:
            return (
                f"expected a server of yours for {first}, found none. With nginx_switchover_mode include, this line "
                f"goes into it:\n{line}\nWrite one, or use nginx_switchover_mode site."
            )
        return (
            f"expected your server for {first} to include {self.server_file}, found that it does not. Add this line "
            f"inside the server at {' or '.join(one.place for one in servers)}, reload nginx, and run again:\n{line}"
        )

    def _takes_over(self, dump: Dump) -> str:
        """Refuse a preview server that would become the default of an address that was somebody else's."""
        listens: dict[str, list[tuple[bool, Server]]] = {}
        for one in dump.servers:
            for listen in one.listens:
                listens.setdefault(f"{listen.address}:{listen.port}", []).append((listen.default, one))
        for address, servers in listens.items():
            ours = servers[0][1].file == self.site_file
            if len(servers) > 1 and ours and not any(default for default, _ in servers):
                return (
                    f"expected {self.site_file} to be read after your own servers, found it before them: our preview "
                    f"would answer every unknown name on {address}. Move the line that includes it beneath your "
                    f"server at {servers[1][1].place}, or write default_server into that server's listen."
                )
        return ""

    def _taken(self, dump: Dump) -> str:
        """Refuse when another site is on one of the names, on an address of ours."""
        ours = {(one.address, one.port) for own in self._own(dump) for one in own.listens}
        names = {name.lower() for name in (*self.server_names, self.preview_name)}
        for one in dump.servers:
            both = sorted(names & set(one.names))
            shared = [listen.text for listen in one.listens if (listen.address, listen.port) in ours]
            if one.file != self.site_file and both and shared:
                return (
                    f"expected no other site for {both[0]}, found one at {one.place} (listen {shared[0]}): nginx would "
                    f"use the one that it reads first. Name that file in nginx_switchover_replaces (an empty text "
                    f"takes it away and keeps it), or take the name out of it."
                )
        return ""

    def _own(self, dump: Dump) -> list[Server]:
        return [one for one in dump.servers if one.file == self.site_file]


def mask(path: str) -> str:
    """The path with a star: nginx starts also when the file is not there yet."""
    stem, extension = os.path.splitext(path)
    return f"{stem}*{extension}"


def _main_file(dump: Dump) -> str:
    return next(iter(dump.files))


def _included(dump: Dump) -> str:
    patterns = [one.pattern for one in dump.inclusions if one.context == ("http",) and "*" in one.pattern]
    return ", ".join(patterns) or "nothing is included by a mask there"
