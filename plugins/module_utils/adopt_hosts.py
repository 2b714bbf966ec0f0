# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge what runs on the application hosts: can it be taken as a slot, or what would its twin be. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import View, Views, Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import SLOTS
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_hosts import judge_engine
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_rules import TAG
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Findings


@dataclass(frozen=True)
class Running:
    """What runs. way: in_place or twin. published: application host to the ports of the service on it."""

    way: str
    slot: str
    version: str
    image: str
    digest: str
    published: Mapping[str, frozenset[int]]


def judge_hosts(wanted: Wanted, views: Views, findings: Findings) -> Running | None:
    """Add what stands in the way on application hosts; give what runs when that is known."""
    hosts = [host for host in wanted.app_hosts if views[host].probe is not None]
    findings.add_for_hosts((host, one) for host in hosts for one in _host(wanted, views[host]))
    mains = {host: views[host].containers(wanted.project, [wanted.service]) for host in hosts}
    if not hosts or not all(mains.values()) or not all(_one_runs(found) for found in mains.values()):
        return None
    published = {host: _published(found[0], wanted.container_port) for host, found in mains.items()}
    slot = in_place_slot(wanted)
    if slot:
        findings.add_for_hosts((host, one) for host in hosts for one in _in_place(wanted, slot, published[host]))
        findings.add_for_hosts((host, one) for host in hosts for one in _in_its_place(wanted, host, views[host]))
    else:
        findings.add_for_hosts((host, one) for host in hosts for one in _twin(wanted, views[host]))
    containers = {host: found[0] for host, found in mains.items()}
    digest = _digest(wanted, containers, findings)
    version = wanted.version or _version(containers, findings)
    if digest is None or not version:
        return None
    image = str(next(iter(containers.values()))["image"])
    return Running("in_place" if slot else "twin", slot or "blue", version, image, digest, published)


def in_place_slot(wanted: Wanted) -> str:
    """Give the slot whose project is the running one; empty when there is none."""
    return next((slot for slot in SLOTS if wanted.projects.get(slot) == wanted.project), "")


def _one_runs(containers: list[Mapping[str, Any]]) -> bool:
    return len(containers) == 1 and containers[0]["state"] == "running"


def _published(container: Mapping[str, Any], port: int) -> frozenset[int]:
    return frozenset(int(one["port"]) for one in container["ports"] if int(one["container_port"]) == port)


def _host(wanted: Wanted, view: View) -> Iterator[Problem]:
    """What every way of adopting needs of a host."""
    yield from judge_engine((view.probe or {}).get("docker") or {})
    mains = view.containers(wanted.project, [wanted.service])
    if not mains:
        services = sorted({str(one["service"]) for one in view.containers(wanted.project)})
        found = f"only {listed(services)} of that project" if services else "no container of that project"
        remedy = "correct adopt_project and adopt_service (docker compose ls; docker compose ps), or release_app_hosts"
        yield Problem("The application does not run", f"service {wanted.service} of {wanted.project}", found, remedy)
        return
    if len(mains) > 1:
        remedy = "scale it to one before adopting: a slot has one container of each service"
        names = listed([str(one["name"]) for one in mains])
        yield Problem("The service has several containers", "one container on each host", names, remedy)
    for one in view.containers(wanted.project, [*wanted.services, *wanted.shared]):
        if one["state"] != "running" or one["health"] not in ("healthy", "none"):
            found = f"{one['name']} is {one['state']}, health {one['health']}"
            remedy = "make it healthy first: nothing can be proved against an application that is not"
            yield Problem("What runs is not well", "running and healthy containers", found, remedy)
    if len(mains) == 1 and not _published(mains[0], wanted.container_port):
        ports = ", ".join(f"{one['port']} to {one['container_port']}" for one in mains[0]["ports"]) or "no port"
        remedy = "set release_container_port to the port inside the container, or publish it in the compose file"
        expected = f"port {wanted.container_port} of the container published"
        yield Problem("The port of the service is not published", expected, f"{ports} published", remedy)
    yield from _shared(wanted, view)


def _shared(wanted: Wanted, view: View) -> Iterator[Problem]:
    """A shared service that would be looked for elsewhere than it runs would be started a second time, empty."""
    for service in wanted.shared:
        if view.containers(wanted.project, [service]) and wanted.shared_project != wanted.project:
            expected = f"release_shared_project: {wanted.project}, where {service} runs"
            remedy = f"set release_shared_project to {wanted.project}, or a second, empty {service} would be started"
            yield Problem("A shared service runs elsewhere", expected, wanted.shared_project, remedy)


def _in_place(wanted: Wanted, slot: str, published: frozenset[int]) -> Iterator[Problem]:
    port = wanted.ports[slot]
    if published and port not in published:
        expected = f"port {port} (release_slots.{slot}.port) published by {wanted.project}"
        remedy = (
            f"set release_slots.{slot}.port to {min(published)}; or name another project in release_projects.{slot}, "
            "and a twin is started"
        )
        found = listed([str(one) for one in sorted(published)])
        yield Problem("The running project is not on its slot's port", expected, found, remedy)


def _in_its_place(wanted: Wanted, host: str, view: View) -> Iterator[Problem]:
    """What runs once: in place nothing is moved, so it must be where a release would have it."""
    for service in wanted.singletons:
        running = any(one["state"] == "running" for one in view.containers(wanted.project, [service]))
        if running == (host == wanted.singleton_host):
            continue
        verb, name = ("stop", "there too") if running else ("start", "not running there")
        yield Problem(
            "What runs once is not in its place",
            f"{service} of {wanted.project} running on {wanted.singleton_host} (release_singleton_host), nowhere else",
            name,
            f"in place no container is touched: docker compose -p {wanted.project} {verb} {service} on this host; "
            f"or name another project in release_projects.{in_place_slot(wanted)}, and a twin is started",
        )


def _twin(wanted: Wanted, view: View) -> Iterator[Problem]:
    """Blue is where the twin goes; green is where the first release goes."""
    probe = view.probe or {}
    for slot in SLOTS:
        port = wanted.ports[slot]
        holder = (probe.get("listeners") or {}).get(str(port))
        if holder and holder.get("project") != wanted.projects[slot]:
            who = holder.get("container") or holder.get("command") or "a process"
            remedy = f"give {slot} a free port in release_slots"
            if holder.get("project") == wanted.project:
                remedy += f", or take the project in place: release_projects.{slot}: {wanted.project}"
            yield Problem(f"The port of slot {slot} is taken", f"port {port} free", f"held by {who}", remedy)


def _digest(wanted: Wanted, containers: Mapping[str, Mapping[str, Any]], findings: Findings) -> str | None:
    """Give the one image of all hosts: by digest where a registry gave one, else by its id."""
    known = [set(map(str, one["digests"])) for one in containers.values()]
    shared = set.intersection(*known)
    if shared:
        own = sorted(one for one in shared if one.startswith(f"{wanted.image}@"))
        return (own or sorted(shared))[0]
    ids = {host: str(one["image_id"]) for host, one in containers.items()}
    if len(set(ids.values())) == 1:
        return next(iter(ids.values()))
    found = ", ".join(f"{host} {one[:19]}" for host, one in sorted(ids.items()))
    remedy = "start the same image on every host first; a slot is one version on all of them"
    findings.add("The hosts run different images", "one image on all application hosts", found, remedy)
    return None


def _version(containers: Mapping[str, Mapping[str, Any]], findings: Findings) -> str:
    """Give the tag of the running image when it says anything; a problem otherwise."""
    tags = {str(one["image"]).partition("@")[0].rpartition("/")[2].partition(":")[2] for one in containers.values()}
    tag = tags.pop() if len(tags) == 1 else ""
    if tag and tag != "latest" and TAG.fullmatch(tag):
        return tag
    found = listed(sorted({str(one["image"]) for one in containers.values()}))
    remedy = "set adopt_version to the version that runs: -e adopt_version=1.4.2"
    findings.add("The version that runs is not known", "an image with a version as its tag", found, remedy)
    return ""
