# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hand what preflight saw of every host to the pure judge, on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_container import ContainerError, parse_container
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Dump, DumpError, parse
from ansible_collections.bluegreen.release.plugins.module_utils.options import ESTATE, Options
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_judge import judge, summary
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_reach import no_root
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import (
    Dumps,
    Shared,
    Site,
    View,
    Wanted,
)
from ansible_collections.bluegreen.release.plugins.plugin_utils.judging import (
    Judged,
    Judging,
    looked,
    registered,
    views,
)

MEGABYTE = 1024**2
SPEC: Options = {
    **ESTATE,
    "version": {"type": "str", "required": True},
    "horizon_seconds": {"type": "int", "required": True},
    "replace_standby": {"type": "bool", "required": True},
    "takeover": {"type": "bool", "required": True},
    "disk_margin_megabytes": {"type": "int", "required": True},
    "image_megabytes": {"type": "int", "required": True},
    "clock_skew_seconds": {"type": "float", "required": True},
    "logs_in": {"type": "bool", "required": True},
    "site": {"type": "dict", "required": True},
    "shared": {"type": "dict", "required": True},
    "dumps": {"type": "dict", "required": True},
    "started": {"type": "float", "required": True},
    "ended": {"type": "float", "required": True},
}


class ActionModule(Judging):
    """Judge whether a release may begin."""

    SPEC = SPEC

    def judged(self, given: dict[str, Any], hostvars: Mapping[str, Any]) -> Judged:
        """Judge it, and plan it."""
        wanted = _wanted(given)
        found = judge(wanted, views([*wanted.lb_hosts, *wanted.app_hosts], hostvars, view_of))
        title = f"Version {wanted.version} cannot be released"
        return Judged(title, found.problems, found.plan, summary(wanted, found))


def _wanted(given: Mapping[str, Any]) -> Wanted:
    return Wanted(
        version=given["version"],
        image=given["image"],
        lb_hosts=given["lb_hosts"],
        app_hosts=given["app_hosts"],
        horizon=given["horizon_seconds"],
        replace_standby=given["replace_standby"],
        takeover=given["takeover"],
        disk_margin=given["disk_margin_megabytes"] * MEGABYTE,
        assumed_image=given["image_megabytes"] * MEGABYTE,
        clock_skew=given["clock_skew_seconds"],
        window=given["ended"] - given["started"],
        now=given["ended"],
        logs_in=given["logs_in"],
        site=_site(given["site"]),
        shared=Shared(
            application=str(given["shared"]["application"]),
            project=str(given["shared"]["project"]),
            others=tuple(str(one) for one in given["shared"]["others"]),
        ),
        dumps=Dumps(
            host=str(given["dumps"]["host"]),
            user=str(given["dumps"]["user"]),
            verify=bool(given["dumps"]["verify"]),
            spare=int(given["dumps"]["spare_megabytes"]) * MEGABYTE,
        ),
    )


def _site(given: Mapping[str, Any]) -> Site:
    texts = ("mode", "site_file", "http_file", "server_file", "preview_file", "flags", "preview_name", "container")
    listens = (given["listen"], given["tls_listen"] if given["tls_certificate"] else "")
    return Site(
        **{name: str(given[name]) for name in texts},
        server_names=tuple(str(one) for one in given["server_names"]),
        listens=tuple(str(one) for one in listens if one),
        replaces=tuple(str(one) for one in given["replaces"]),
        preview_addresses=tuple(str(one) for one in given["preview_addresses"]),
    )


def view_of(variables: Mapping[str, Any]) -> View:
    """Read what the observing tasks left in the variables of one host."""
    privileged = registered(variables.get("__preflight_privileged"))
    # What nginx prints of a good configuration is for the judge alone.
    output = _said(privileged)
    return View(
        **looked(variables, "__preflight_probe", ["clock"]),
        privileged={"succeeded": privileged.get("rc") == 0, "output": output[-600:]} if privileged else None,
        nginx=_dump(privileged),
        database=_database(registered(variables.get("__preflight_database"))),
        dumps=registered(variables.get("__backup_look")) or None,
        **_container(variables, privileged),
    )


def _database(asked: Mapping[str, Any]) -> tuple[str, ...]:
    """What is not well with the database, as the host that was told to ask it saw it."""
    return tuple(str(one) for one in asked.get("problems") or ())


def _container(variables: Mapping[str, Any], privileged: Mapping[str, Any]) -> dict[str, Any]:
    """Read what was said of nginx's container. Where nginx answers all the same, another engine than Docker has it."""
    described = registered(variables.get("__preflight_container"))
    if not described:
        return {}
    try:
        return {"container": parse_container(str(described.get("stdout") or ""))}
    except ContainerError as error:
        refused = privileged.get("rc") == 0 or no_root(_said(described))
        return {} if refused else {"uncontained": _said(described) or str(error)}


def _said(result: Mapping[str, Any]) -> str:
    """Give what a command said; Ansible's own word for its failure only where that is all there is."""
    parts = [str(result.get(key) or "").strip() for key in ("module_stderr", "stderr", "msg")]
    told = [part for part in parts if part]
    return "\n".join(part for part in told if part != "non-zero return code" or len(told) == 1)


def _dump(privileged: Mapping[str, Any]) -> Dump | None:
    """Understand what nginx printed; None where it printed nothing, or what is no configuration."""
    if privileged.get("rc") != 0:
        return None
    try:
        return parse(str(privileged.get("stdout") or ""))
    except DumpError:
        return None
