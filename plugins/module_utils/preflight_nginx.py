# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge the whole configuration of nginx on a proxy, as it is before anything of ours is changed. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Dump, Server
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_addresses import listen_port
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Site

# In the first line of every file of ours.
MARK = "Managed by bluegreen.release"


def judge_nginx(site: Site, dump: Dump) -> Iterator[Problem]:
    """Give what stands in the way of our site in a configuration that nginx itself finds good."""
    yield from _other_way(site, dump)
    if site.mode == "include":
        # What adoption puts in is written by a person who asks for it; only its outcome can be judged.
        if not site.replaces:
            yield from _http_file_unread(site, dump)
            yield from _server_file_unread(site, dump)
        yield from _cached(site, dump)
    elif not site.replaces:
        yield from _site_file_unread(site, dump)
    yield from _taken(site, dump)


def notes(site: Site, dump: Dump) -> Iterator[str]:
    """Give what nobody is stopped by and somebody may wonder about."""
    for one in dump.http:
        if one.name == "add_header" and site.mode == "site" and one.args:
            yield (
                f"add_header {one.args[0]} at the http level ({one.place}) does not reach the site, which has its own; "
                "put it into a file of nginx_switchover_includes"
            )


def misses_only_ours(site: Site, output: str) -> bool:
    """Tell whether nginx lacks nothing but a file of ours, which a first install is going to write."""
    lacking = re.findall(r'open\(\) "([^"]+)" failed \(2:', output)
    ours = (site.http_file, site.server_file)
    return site.mode == "include" and bool(lacking) and all(path in ours for path in lacking)


def _own(site: Site, dump: Dump) -> tuple[str, ...]:
    """Give the files that are ours, those of the other way of routing included when they are there."""
    other = site.site_file if site.mode == "include" else site.http_file
    return (*site.files, other) if MARK in dump.files.get(other, "") else site.files


def _other_way(site: Site, dump: Dump) -> Iterator[Problem]:
    """Refuse to have a site of ours and files in somebody's server at once: the upstreams would be there twice."""
    for path in _own(site, dump):
        if path not in site.files and path not in site.replaces:
            yield Problem(
                "The other way of routing is still in nginx",
                f"nothing of it, as nginx_switchover_mode is {site.mode}",
                f"{path}, which nginx reads",
                "set nginx_switchover_mode back; or name that file in nginx_switchover_replaces with an empty text",
            )


def _main(dump: Dump) -> str:
    return next(iter(dump.files))


def _site_file_unread(site: Site, dump: Dump) -> Iterator[Problem]:
    if not dump.reads(site.site_file, ("http",)):
        folders = [one.pattern for one in dump.inclusions if one.context == ("http",) and "*" in one.pattern]
        yield Problem(
            "nginx does not read the place of the site",
            f"an include of {site.site_file} at the http level of {_main(dump)}",
            f"includes of {listed(folders)}" if folders else "no include of a folder",
            f"add it there: include {os.path.dirname(site.site_file)}/*{os.path.splitext(site.site_file)[1]};"
            " or set nginx_switchover_site_file to a place that is included",
        )


def _masked(path: str) -> str:
    """A star, so that nginx also starts while the file is not there yet."""
    stem, extension = os.path.splitext(path)
    return f"include {stem}*{extension};"


def _http_file_unread(site: Site, dump: Dump) -> Iterator[Problem]:
    if not dump.reads(site.http_file, ("http",)):
        yield Problem(
            "nginx does not include the http file",
            f"an include of {site.http_file} at the http level, as nginx_switchover_mode is include",
            "no such include",
            f"add this line beside your servers, beneath them, and reload nginx: {_masked(site.http_file)}",
        )


def _server_file_unread(site: Site, dump: Dump) -> Iterator[Problem]:
    servers = _users(site, dump)
    expected = f"your server for {listed(list(site.server_names))}, as nginx_switchover_mode is include"
    line = _masked(site.server_file)
    if not servers:
        remedy = f"write one with this line in it: {line} or use nginx_switchover_mode: site"
        yield Problem("nginx has no server for the application", expected, "none with such a name", remedy)
    elif not any(dump.read_by(one, site.server_file) for server in servers for one in server.directives):
        yield Problem(
            "The server does not include the server file",
            f"{expected}, with an include of {site.server_file}",
            f"no such include in {listed([one.place for one in servers])}",
            f"add this line inside that server and reload nginx: {line}",
        )


def _users(site: Site, dump: Dump) -> list[Server]:
    """Give the servers for our names that are not ours."""
    names = {name.lower() for name in site.server_names}
    return [one for one in dump.servers if names & set(one.names) and one.file not in _own(site, dump)]


def _cached(site: Site, dump: Dump) -> Iterator[Problem]:
    """Refuse a cache of open files in a user's server. At the http level ours switches it off for its server."""
    for server in _users(site, dump):
        for one in server.directives:
            if one.name == "open_file_cache" and one.file not in site.files:
                yield Problem(
                    "A cache of open files would hide the switch",
                    "no open_file_cache in the server that includes ours, which switches it off",
                    f"open_file_cache {' '.join(one.args)} at {one.place}",
                    "move it into those locations that need it: a cache keeps the former flag for a while",
                )


def _taken(site: Site, dump: Dump) -> Iterator[Problem]:
    """Refuse another site on our names: nginx uses the one that it reads first, and says nothing."""
    ours = {site.preview_name.lower()}
    if site.mode == "site":
        ours |= {name.lower() for name in site.server_names}
    ports = {port for one in site.listens if (port := listen_port(one)) is not None}
    for one in dump.servers:
        names = sorted(ours & set(one.names))
        same = [listen.text for listen in one.listens if listen.port in ports]
        if names and same and one.file not in (*_own(site, dump), *site.replaces):
            yield Problem(
                "Another site is on the name of the application",
                f"no other server for {names[0]}",
                f"one at {one.place}, listen {same[0]}",
                "take the name out of that file, or let an adoption take over what it serves",
            )
