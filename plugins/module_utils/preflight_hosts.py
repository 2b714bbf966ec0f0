# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge each host by itself: reach, rights, versions, space, ports, clock and the image. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_image import judge_image
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_nginx import misses_only_ours
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_proxy import judge_proxy, unhoused
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_reach import no_root, silent
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import (
    Findings,
    Views,
    Wanted,
    megabytes,
)

PYTHON = (3, 9)
COMPOSE = (2, 24, 4)
STATE_BYTES = 16 * 1024**2


def judge_hosts(wanted: Wanted, views: Views, findings: Findings) -> None:
    """Add what is wrong with single hosts."""
    findings.add_for_hosts((host, silent(view.reason)) for host, view in views.items() if not view.reachable)
    for judge in (_system, _state):
        findings.add_for_hosts((host, problem) for host in views for problem in judge(host, wanted, views))
    for judge in (_docker, judge_image, _ports, _shared):
        findings.add_for_hosts((host, problem) for host in wanted.app_hosts for problem in judge(host, wanted, views))
    findings.add_for_hosts((host, problem) for host in wanted.lb_hosts for problem in judge_proxy(wanted, views[host]))
    _clocks(wanted, views, findings)


def _probe(host: str, views: Views) -> Mapping[str, Any]:
    view = views.get(host)
    return (view.probe if view else None) or {}


def _system(host: str, wanted: Wanted, views: Views) -> Iterator[Problem]:
    python = _probe(host, views).get("python")
    if python and _version(python) < PYTHON:
        yield Problem("Python is too old", "3.9 or newer", python, "install it and set ansible_python_interpreter")
    privileged = views[host].privileged
    if privileged is None or privileged["succeeded"]:
        return
    output = privileged["output"] or "no output"
    if host in wanted.lb_hosts and wanted.site and misses_only_ours(wanted.site, output):
        return
    refused = no_root(output)
    if refused or host not in wanted.lb_hosts:
        remedy = refused.do if refused else "give the SSH user sudo there, or ansible_become_password"
        yield Problem("Commands cannot be run as root", "become works for the SSH user", output, remedy)
        return
    if unhoused(views[host]):
        return  # Said already, in better words.
    expected = "nginx -t succeeds as root, before anything of ours is changed"
    remedy = "correct what it names; nginx would not start anew with it either"
    yield Problem("The test of nginx's configuration failed", expected, output, remedy)


def _state(host: str, wanted: Wanted, views: Views) -> Iterator[Problem]:
    state = _probe(host, views).get("state")
    if not state:
        return
    places = [("The state directory", state)]
    if host in wanted.lb_hosts:
        places.append(("The flags directory", state["flags"]))
    for what, place in places:
        if place.get("read_only"):
            found = f"{place['path']} is on a read-only file system"
            yield Problem(f"{what} is read-only", "a writable local directory", found, "look at dmesg and remount it")
        elif place["exists"] and not place["writable"]:
            found = f"{place['path']} is not writable for the SSH user"
            yield Problem(
                f"{what} is not writable", "a directory of the SSH user", found, f"sudo chown it: {place['path']}"
            )
    free = state.get("free_bytes")
    if free is not None and free < STATE_BYTES:
        found = f"{megabytes(free)} free at {state['path']}"
        yield Problem("There is no space for the record", f"{megabytes(STATE_BYTES)} free", found, "make room there")


def _docker(host: str, wanted: Wanted, views: Views) -> Iterator[Problem]:
    docker = _probe(host, views).get("docker")
    if docker is not None:
        yield from judge_engine(docker)


def judge_engine(docker: Mapping[str, Any]) -> Iterator[Problem]:
    """Give what is wrong with an engine: ``problem`` when it does not answer, and the version of ``compose``."""
    if docker.get("problem"):
        remedy = "start Docker, and put the SSH user into group docker"
        yield Problem("The Docker engine does not answer", "an engine the SSH user may use", docker["problem"], remedy)
        return
    needed = ".".join(str(part) for part in COMPOSE)
    found = docker.get("compose")
    if not found or _version(found) < COMPOSE:
        remedy = "install a newer Docker Compose plugin (docker-compose-plugin)"
        yield Problem("Docker Compose is too old or missing", f"{needed} or newer", found or "none", remedy)


def _ports(host: str, wanted: Wanted, views: Views) -> Iterator[Problem]:
    for slot, seen in sorted((_probe(host, views).get("slots") or {}).items()):
        listener = seen.get("listener")
        if listener:
            remedy = f"stop it (sudo ss -ltnp shows it), or give {slot} another port in release_slots"
            what = f"The port of slot {slot} is taken by something else"
            yield Problem(what, f"{seen['port']} free or held by slot {slot}", _holder(listener), remedy)


def _shared(host: str, wanted: Wanted, views: Views) -> Iterator[Problem]:
    """Refuse to start a second, empty copy of what runs in another project, such as that of a plain estate."""
    if not wanted.shared:
        return
    seen, project = _probe(host, views).get("shared") or [], wanted.shared.project
    there = {one["service"] for one in seen if one["project"] == project}
    for one in seen:
        strange = one["slot"] or one["application"] not in (None, wanted.shared.application)
        if one["service"] in there or strange or one["project"] in wanted.shared.others:
            continue
        yield Problem(
            "A shared service is in another project",
            f"{one['service']} in project {project} (release_shared_project), or nowhere yet",
            f"container {one['name']} of project {one['project']}; a second {one['service']} would be started, empty",
            f"set release_shared_project to {one['project']}, and adopt what runs (playbooks/adopt.yml); if"
            f" {one['project']} is another application's, add it to preflight_other_projects",
        )


def _holder(listener: dict[str, Any]) -> str:
    if listener.get("container"):
        return f"container {listener['container']}"
    process = f"process {listener['pid']} ({listener['command']})" if listener.get("pid") else "a process"
    return f"{process} of user {listener['user']}"


def _clocks(wanted: Wanted, views: Views, findings: Findings) -> None:
    """Compare the clocks of hosts. They were read within one window, so that much is no proof of a difference."""
    clocks = {host: float(view.probe["clock"]) for host, view in views.items() if view.probe and "clock" in view.probe}
    if len(clocks) < 2:
        return
    early, late = min(clocks, key=clocks.__getitem__), max(clocks, key=clocks.__getitem__)
    skew = clocks[late] - clocks[early] - wanted.window
    if skew > wanted.clock_skew:
        expected = f"clocks within {wanted.clock_skew:g} s of each other"
        found = f"{late} is at least {skew:.0f} s ahead of {early}"
        findings.add("The clocks of the hosts differ", expected, found, "make NTP work on both: chronyc tracking")


def _version(text: str) -> tuple[int, ...]:
    """Give the leading numbers of a version: 2.26.1-4 is (2, 26, 1)."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found.group().split(".")) if found else (0,)
