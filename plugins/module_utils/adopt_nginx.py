# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge the user's own nginx configuration on one proxy: what of it does the routing replace. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import adopt_include, adopt_retire, adopt_site
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import View, Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Dump, DumpError, Server, parse
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import SLOTS
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem


@dataclass
class Routing:
    """What changes on one proxy. replaces: path to new content, empty for a file that goes away."""

    replaces: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    stale_flags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Backends:
    """Where the running project answers. names: of the application hosts; ports: of the service on them."""

    names: frozenset[str]
    ports: frozenset[int]

    def has(self, address: str) -> bool:
        """Whether host:port is the running project."""
        name, _, port = address.rpartition(":")
        return port.isdecimal() and int(port) in self.ports and name.strip("[]") in self.names


def judge_proxy(wanted: Wanted, view: View, backends: Backends, slot: str) -> Routing:
    """Give what changes on a proxy, with every problem of its configuration."""
    routing = Routing()
    nginx: Mapping[str, Any] = (view.probe or {}).get("nginx") or {}
    routing.problems += _before(wanted, nginx, view)
    if routing.problems:
        return routing
    try:
        dump = parse(str(nginx["dump"]))
        after = dump.after(wanted.files)
    except DumpError as error:
        remedy = "correct the file named; nginx -T must show a whole configuration"
        routing.problems.append(Problem("The configuration of nginx cannot be read", "files", str(error), remedy))
        return routing
    routing.replaces = {path: text for path, text in wanted.files.items() if path in dump.files or text}
    routing.stale_flags = [slot_ for slot_ in _flags(view) if slot_ != slot]
    if wanted.mode == "include":
        adopt_include.judge(wanted, dump, after, backends.has, routing.problems)
    else:
        _site(wanted, dump, after, backends, routing)
    for path, text in sorted(routing.replaces.items()):
        gone = "is ours from now on" if path in wanted.site_files else "goes away"
        routing.lines.append(f"{path} {'gets the content given' if text else f'{gone} (your content is kept)'}")
    return routing


def _before(wanted: Wanted, nginx: Mapping[str, Any], view: View) -> Iterator[Problem]:
    """What is wrong before we come."""
    if nginx.get("problem"):
        remedy = "make nginx -t pass there first; what is broken before would look broken by the adoption"
        yield Problem("nginx cannot show its configuration", "a configuration that passes", nginx["problem"], remedy)
    elif not nginx.get("dump"):
        remedy = "run again with -v and look at the task that describes the host"
        yield Problem("nginx was not asked", "the output of nginx -T", "nothing", remedy)
    if missing := [path for path in nginx.get("missing") or [] if not wanted.files.get(path)]:
        yield Problem(
            "A file to include is not there",
            "every file of nginx_switchover_includes on the proxy",
            f"no {', '.join(missing)}",
            "put it there on every proxy, or give it as path and content in adopt_nginx_files; or correct the path",
        )
    probe = (view.proxy or {}).get("probe")
    if probe in SLOTS:
        expected = "a proxy that these playbooks do not route yet, or a record that says they do"
        remedy = "playbooks/status.yml; take our site file away if a first install failed here, then adopt again"
        yield Problem("nginx already routes by our flags", expected, f"it answers {probe}", remedy)


def _flags(view: View) -> list[str]:
    found = str((view.proxy or {}).get("file") or "none")
    return list(SLOTS) if found == "unknown" else [found] if found in SLOTS else []


def _site(wanted: Wanted, dump: Dump, after: Dump, backends: Backends, routing: Routing) -> None:
    """A whole site of ours: whatever answered for the application before must go away in the same reload."""
    ours = wanted.site_files[0]
    files = [] if wanted.files else [one.file for one in _relevant(wanted, dump, backends)]
    if ours in dump.files and ours not in wanted.files:
        files.append(ours)  # The user's own file at our path: kept, and put back by an undo.
    for path in dict.fromkeys(files):
        routing.problems += adopt_retire.judge(wanted, dump, path, backends.has)
        routing.notes += adopt_retire.notes(wanted, dump, path)
        routing.replaces[path] = ""
    routing.problems += adopt_retire.caught(wanted, dump, routing.replaces)
    if wanted.files.get(ours):
        remedy = f'give {ours} as "" in adopt_nginx_files, or set nginx_switchover_site_file to another path'
        routing.problems.append(Problem("Two contents for one file", "our site at its path", ours, remedy))
    remaining = [one for one in _relevant(wanted, after, backends) if one.file not in routing.replaces]
    if wanted.files:
        routing.problems += [_left(one, wanted) for one in remaining if not _beside(one, wanted)]
    if not routing.replaces:
        routing.notes.append(f"no server answers for {', '.join(wanted.names)} yet; nothing of nginx is replaced")
    # Whoever names a file in adopt_nginx_files has decided about it: what goes with it is told, not refused.
    decided = [path for path, text in routing.replaces.items() if not text and path in wanted.files]
    if lost := _lost(wanted, dump, decided):
        places = adopt_retire.places_of(dump, lost, decided)
        routing.notes.append(f"nobody answers on port {', '.join(map(str, lost))} from now on: {places}")
    gone = [path for path in routing.replaces if path not in wanted.files]
    if lost := _lost(wanted, dump, gone):
        routing.problems.append(adopt_retire.lost_ports(dump, lost, wanted, gone))


def _lost(wanted: Wanted, dump: Dump, paths: Sequence[str]) -> list[int]:
    """Give the ports of the files on which our site does not listen; a socket has none."""
    known = {listen.port for one in dump.servers if one.file in paths for listen in one.listens}
    return sorted(known - set(wanted.listens) - {0})


def _beside(server: Server, wanted: Wanted) -> bool:
    """Whether a server may stay beside ours: it sends users on, from ports on which our site does not listen."""
    ports = {listen.port for listen in server.listens}
    return adopt_site.only_redirects(server) and not ports & set(wanted.listens)


def _relevant(wanted: Wanted, dump: Dump, backends: Backends) -> list[Server]:
    """Give the servers that have our name or pass to the running project."""
    return [
        one for one in dump.servers if set(one.names) & set(wanted.names) or any(map(backends.has, dump.backends(one)))
    ]


def _left(server: Server, wanted: Wanted) -> Problem:
    name = " ".join(server.names) or "(no name)"
    remedy = f'name its file in adopt_nginx_files: {{"{server.file}": ""}} (goes away) or a new version of it'
    expected = f"no other server for {', '.join(wanted.names)} or its backend beside ours"
    return Problem("A server of your own would stay", expected, f"{server.place} server_name {name}", remedy)


def backends_of(
    addresses: Mapping[str, Sequence[str]], published: Mapping[str, frozenset[int]], proxy: str
) -> Backends:
    """Give where a proxy finds the running project; a host that is both reaches it at its own loopback too."""
    names = {name for known in addresses.values() for name in known}
    if proxy in addresses:
        names |= {"127.0.0.1", "localhost", "::1"}
    return Backends(frozenset(names), frozenset(port for ports in published.values() for port in ports))
