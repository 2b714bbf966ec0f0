# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hand what was seen of every host to the pure plan of an adoption, on the controller."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.filter.compose import parse_compose
from ansible_collections.bluegreen.release.plugins.module_utils import adopt_compose
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_plan import adopt_plan, summary
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_site import TOLD, Sited
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import View
from ansible_collections.bluegreen.release.plugins.module_utils.options import ESTATE, Options
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.plugin_utils.judging import Judged, Judging, looked, views

TEXTS = (
    "application", "project", "service", "version", "shared_project", "singleton_host", "mode", "listen",
    "tls_listen", "tls_certificate", "compose_file",
)  # fmt: skip
LISTS = ("services", "singletons", "shared", "names", "environment", "site_files")
DICTS = ("projects", "slots", "files", "limits")
SPEC: Options = {
    **ESTATE,
    **{name: {"type": "str", "required": True} for name in TEXTS},
    **{name: {"type": "list", "elements": "str", "required": True} for name in LISTS},
    **{name: {"type": "dict", "required": True} for name in DICTS},
    "container_port": {"type": "int", "required": True},
    "undo": {"type": "bool", "required": True},
}
# The first word of a listen ends with its port; words such as default_server may follow.
_PORT = re.compile(r"(?:\S*:)?(\d+)(?:\s|$)")


class Compose(NamedTuple):
    """A compose file. read: gives the text of a file named in it, empty for none."""

    document: Mapping[str, Any]
    read: Callable[[str], str]


class ActionModule(Judging):
    """Plan an adoption, or its undoing."""

    SPEC = SPEC

    def judged(self, given: dict[str, Any], hostvars: Mapping[str, Any]) -> Judged:
        """Judge what stands in the way, and plan it."""
        files, problems = self._contents(given["files"])
        wanted = wanted_of({**given, "told": self._told()}, files, hostvars, self._compose(given["compose_file"]))
        hosts = dict.fromkeys([*wanted.lb_hosts, *wanted.app_hosts])
        found = adopt_plan(wanted, views(hosts, hostvars, view_of))
        name = wanted.application
        title = f"The adoption of {name} cannot be undone" if wanted.undo else f"{name} cannot be adopted"
        return Judged(title, [*problems, *found.problems], found.plan, summary(found))

    def _told(self) -> dict[str, Any]:
        """Give what the task sees of the inputs of nginx_switchover: of its defaults, the inventory, -e."""
        variables = self._templar.available_variables
        given = {name: f"nginx_switchover_{name}" for name in TOLD}
        return {name: self._templar.template(variables[full]) for name, full in given.items() if full in variables}

    def _compose(self, path: str) -> Compose:
        """Read the compose file on the controller; the inputs were judged before, so it is there and whole."""
        folder = Path(path).parent

        def read(name: str) -> str:
            place = folder / name
            return place.read_text(encoding="utf-8", errors="replace") if place.is_file() else ""

        return Compose(parse_compose(Path(path).read_text(encoding="utf-8")), read)

    def _contents(self, sources: Mapping[str, Any]) -> tuple[dict[str, str], list[Problem]]:
        """Read the new versions of the user's files on the controller; empty text for those that go away."""
        contents, problems = {}, []
        for path, source in sources.items():
            if not source:
                contents[str(path)] = ""
                continue
            place = self._loader.path_dwim(os.path.expanduser(str(source)))
            try:
                contents[str(path)] = Path(place).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                remedy = f'correct adopt_nginx_files["{path}"]: a file on the controller, or "" when it goes away'
                problems.append(Problem("A new version of a file of nginx is missing", place, str(error), remedy))
        return contents, problems


def wanted_of(
    given: Mapping[str, Any], files: Mapping[str, str], hostvars: Mapping[str, Any], compose: Compose
) -> Sited:
    """Give what is asked for, in the words of the plan."""
    known = adopt_compose.names_given(compose.document, given["service"], compose.read)
    listens = [given["listen"], *([given["tls_listen"]] if given["tls_certificate"] else [])]
    same = (
        "application", "lb_hosts", "app_hosts", "project", "service", "services", "names", "image", "version", "undo",
        "singletons", "singleton_host", "shared", "shared_project", "projects", "container_port",
        "mode", "site_files", "limits",
    )  # fmt: skip
    told = {name: given[name] for name in ("listen", "tls_listen", "tls_certificate")}
    return Sited(
        **{name: given[name] for name in same},
        ports={slot: int(one["port"]) for slot, one in given["slots"].items()},
        listens=[int(found[1]) for one in listens if (found := _PORT.match(str(one).strip()))],
        told={**TOLD, **given.get("told", {}), **told},
        files=files,
        environment=[*given["environment"], *sorted(known)],
        unreached=adopt_compose.unreached(compose.document, given["services"], given["shared"]),
        addresses={host: _addresses(host, hostvars[host]) for host in given["app_hosts"] if host in hostvars},
    )


def _addresses(host: str, variables: Mapping[str, Any]) -> list[str]:
    names = [host, variables.get("release_address"), variables.get("ansible_host")]
    return list(dict.fromkeys(str(name) for name in names if name))


def view_of(variables: Mapping[str, Any]) -> View:
    """Read what the observing tasks left in the variables of one host."""
    return View(**looked(variables, "__adopt_probe", ["nginx", "docker"]))
