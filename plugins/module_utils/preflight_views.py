# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What preflight was asked for, what it saw of each host, and what it concludes. Data only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_container import Container
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Dump
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed


@dataclass(frozen=True)
class Site:
    """What the role nginx_switchover is to write on a proxy, and where; of its inputs."""

    site_file: str
    http_file: str
    server_file: str
    preview_file: str
    flags: str
    server_names: tuple[str, ...]
    preview_name: str
    listens: tuple[str, ...] = ("80",)
    mode: str = "site"
    container: str = ""
    replaces: tuple[str, ...] = ()
    preview_addresses: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Files that are ours."""
        own = (self.site_file,) if self.mode == "site" else (self.http_file, self.server_file)
        return (*own, self.preview_file)


@dataclass(frozen=True)
class Shared:
    """Where the services beside the slots are to run. others: projects that belong to other applications."""

    application: str
    project: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dumps:
    """A dump before a migration. host: that makes it. user: of the database. verify: it is restored. spare: bytes."""

    host: str
    user: str
    verify: bool
    spare: int


@dataclass(frozen=True)
class Wanted:
    """The release that is asked for, and the limits it must keep. Sizes in bytes, times in seconds."""

    version: str
    image: str
    lb_hosts: list[str]
    app_hosts: list[str]
    horizon: int = 86400
    replace_standby: bool = False
    takeover: bool = False
    disk_margin: int = 512 * 1024**2
    assumed_image: int = 500 * 1024**2
    clock_skew: float = 5.0
    window: float = 0.0
    now: float = 0.0
    logs_in: bool = False
    site: Site | None = None
    shared: Shared | None = None
    dumps: Dumps | None = None


@dataclass(frozen=True)
class Look:
    """What every host is asked for. A part is None when it was not asked, or could not be.

    probe: result of the module that describes it. record: fact release_record_view. proxy: fact nginx_switchover_view.
    """

    reason: str = ""
    probe: Mapping[str, Any] | None = None
    record: Mapping[str, Any] | None = None
    proxy: Mapping[str, Any] | None = None

    @property
    def reachable(self) -> bool:
        """Whether the host could be looked at."""
        return self.probe is not None


@dataclass(frozen=True)
class View(Look):
    """What was seen of one host before a release.

    privileged: result of a command run as root. nginx: the whole configuration of a proxy, when nginx finds it good.
    container: the one that nginx runs in; uncontained: what the engine said when there is none.
    database: why it gave no answer to this host, and what is not well with it.
    dumps: what the host of the dumps said, to the one that asked it; None where no dump is to be made.
    """

    privileged: dict[str, Any] | None = None
    nginx: Dump | None = None
    container: Container | None = None
    uncontained: str = ""
    database: tuple[str, ...] = ()
    dumps: Mapping[str, Any] | None = None


Views = dict[str, View]


class Judgement(NamedTuple):
    """The plan is None as long as there is a problem. notes: worth a line, refusing nothing."""

    problems: list[Problem]
    notes: list[str]
    plan: dict[str, Any] | None


@dataclass
class Findings:
    """Problems refuse the release; notes are worth a line."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, what: str, expected: str, found: str, do: str) -> None:
        """Add one problem."""
        self.problems.append(Problem(what, expected, found, do))

    def add_for_hosts(self, found: Iterable[tuple[str, Problem]]) -> None:
        """Add problems seen on hosts; the same problem of several hosts becomes one."""
        carriers: dict[Problem, list[str]] = {}
        for host, problem in found:
            carriers.setdefault(problem, []).append(host)
        for problem, hosts in carriers.items():
            what = problem.what if "{hosts}" in problem.what else problem.what + " on {hosts}"
            self.problems.append(problem._replace(what=what.replace("{hosts}", listed(hosts))))


def megabytes(size: float) -> str:
    """Write a number of bytes for a person."""
    return f"{size / 1024**2:,.0f} MiB"
