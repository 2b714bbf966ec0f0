# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge whether the user's own configuration includes our two files, and say exactly what is missing. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Dump, Server
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed

Has = Callable[[str], bool]


def judge(wanted: Wanted, dump: Dump, after: Dump, has: Has, problems: list[Problem]) -> None:
    """Add what is missing in the configuration as it will be (after)."""
    http_file, server_file = wanted.site_files[:2]
    named = [one for one in after.servers if set(one.names) & set(wanted.names)]
    passing = [one for one in dump.servers if any(map(has, dump.backends(one)))]
    if not named:
        found = listed([one.place for one in passing]) or "no server with that name, and none that passes to it"
        remedy = "correct nginx_switchover_server_names, or use nginx_switchover_mode site"
        problems.append(Problem("No server has our name", f"a server for {', '.join(wanted.names)}", found, remedy))
        return
    missing = [] if after.reads(http_file, ("http",)) else [_http_line(named[0], http_file)]
    lacking = [one for one in named if _routes(one) and not _includes(after, one, server_file)]
    missing += [_server_line(one, server_file) for one in lacking]
    if missing:
        remedy = (
            f"copy {listed(sorted({one.file for one in lacking or named}))} to the controller, change it so, and set "
            "adopt_nginx_files: {path on the proxy: path of the copy}; it is put in together with the two files"
        )
        problems.append(
            Problem("Our two files are not included", "; ".join(missing), "no such include in nginx -T", remedy)
        )
    elif _before(after, http_file, named[0]):
        expected = f"{http_file} included below the server at {named[0].place}"
        remedy = "move that line to the end of the file: read first, our preview would answer every unknown name"
        problems.append(Problem("Our file is read before your server", expected, "it above it", remedy))
    for server in named:
        double = next(
            (one for one in server.locations if _whole(one.path, one.modifier) and one.file != server_file), None
        )
        if double is not None and server not in lacking:
            remedy = "take that location out of the new version of the file: the included file brings its own"
            found = f"{double.file}:{double.line}"
            problems.append(Problem("location / would be there twice", "one location /", found, remedy))


def _routes(server: Server) -> bool:
    """Whether users get content of this server; one that only sends them elsewhere needs no include."""
    return bool(server.locations) or not any(one.name == "return" for one in server.directives)


def _includes(dump: Dump, server: Server, path: str) -> bool:
    return any(dump.read_by(one, path) for one in server.directives)


def _before(dump: Dump, path: str, server: Server) -> bool:
    """Whether the file is read before a server that is no default server; the first on an address is its default."""
    if any(listen.default for listen in server.listens):
        return False
    for one in dump.http:
        if dump.read_by(one, path):
            return True
        if (one.file, one.line) == (server.file, server.line):
            return False
    return False


def _whole(path: str, modifier: str) -> bool:
    return path == "/" and not modifier


def _http_line(server: Server, path: str) -> str:
    return f'"include {path};" at the http level, below the server at {server.place}'


def _server_line(server: Server, path: str) -> str:
    place = next((one for one in server.locations if _whole(one.path, one.modifier)), None)
    instead = f" in place of location / at {place.file}:{place.line}" if place else ""
    passes = place.passes[0] if place and place.passes else next(iter(server.passes), None)
    where = f" (proxy_pass {passes.value} at {passes.file}:{passes.line})" if passes else ""
    return f'"include {path};" in the server at {server.place}{instead}{where}'
