# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the common inputs must be to each other: services, projects, profiles, login, hosts. Pure: no I/O.

A value that is absent or of a wrong type is reported by its own name elsewhere, and passed over here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_types import nearest

PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]*")
PROFILE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


def check_common(values: Mapping[str, Any]) -> list[Problem]:
    """Give every contradiction between the common inputs."""
    return [
        *_services(values),
        *_projects(values),
        *_profiles(values),
        *_login(values),
        *_singleton_host(values),
    ]


def _texts(values: Mapping[str, Any], name: str) -> list[str]:
    found = values.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, (list, tuple)) else []


def _services(values: Mapping[str, Any]) -> Iterator[Problem]:
    services, answering = _texts(values, "release_services"), values.get("release_service")
    singletons, shared = _texts(values, "release_singleton_services"), _texts(values, "release_shared_services")
    for name in ("release_services", "release_singleton_services", "release_shared_services", "release_profiles"):
        yield from _repeated(name, _texts(values, name))
    for one in dict.fromkeys(singletons):
        if services and one not in services:
            close = nearest(one, services)
            remedy = f"rename it to {close}" if close else f"add {one} to release_services, or take it out"
            expected = f"some of release_services: {listed(services)}"
            yield Problem("release_singleton_services names a service that is not in a slot", expected, one, remedy)
    if answering in singletons:
        yield Problem(
            "The service that answers HTTP is a singleton",
            "release_service in both slots, as it is checked in one while the other serves",
            f"{answering} in release_singleton_services",
            f"take {answering} out of release_singleton_services",
        )
    both = [one for one in dict.fromkeys(shared) if one in services]
    if both:
        yield Problem(
            "A shared service is in a slot",
            "release_shared_services and release_services without a service in common",
            listed(both),
            f"take {listed(both)} out of release_services; a shared service exists once, beside the slots",
        )


def _repeated(name: str, values: list[str]) -> Iterator[Problem]:
    twice = [one for one in dict.fromkeys(values) if values.count(one) > 1]
    if twice:
        yield Problem(f"{name} has an entry twice", "each name once", listed(twice), "take the second one out")


def _projects(values: Mapping[str, Any]) -> Iterator[Problem]:
    given = values.get("release_projects")
    projects = {
        f"release_projects.{slot}": name
        for slot, name in (given.items() if isinstance(given, Mapping) else ())
        if isinstance(name, str) and slot in ("blue", "green")
    }
    # An empty list of shared services makes no project; its name then matters to nobody. It may be that of a slot, as a
    # project is that ran before: what then cannot be is said by the check of the compose file.
    shared = values.get("release_shared_project")
    beside = {"release_shared_project": shared} if isinstance(shared, str) else {}
    if not _texts(values, "release_shared_services"):
        beside = {}
    for where, name in {**projects, **beside}.items():
        if not PROJECT.fullmatch(name):
            expected = "lower case letters, digits, hyphens and underscores, a letter or digit first"
            yield Problem(f"{where} is no name of a compose project", expected, repr(name), f"correct {where}")
    for name in dict.fromkeys(projects.values()):
        places = [place for place, other in projects.items() if other == name]
        if len(places) > 1:
            yield Problem(
                "Two compose projects have one name",
                "a project of its own for each slot and for the shared services",
                f"{name} in {listed(places)}",
                f"give {places[-1]} another name; else one would take the containers of the other for its own",
            )


def _profiles(values: Mapping[str, Any]) -> Iterator[Problem]:
    for one in _texts(values, "release_profiles"):
        if not PROFILE.fullmatch(one):
            expected = "letters, digits, dots, hyphens and underscores, a letter or digit first"
            yield Problem("release_profiles has no name of a profile", expected, repr(one), "correct release_profiles")


def _login(values: Mapping[str, Any]) -> Iterator[Problem]:
    user, secret = values.get("release_registry_username", ""), values.get("release_registry_password", "")
    if not isinstance(user, str) or not isinstance(secret, str) or bool(user) == bool(secret):
        return
    missing, given = ("password", "username") if user else ("username", "password")
    yield Problem(
        "The login of the registry is half given",
        "release_registry_username and release_registry_password, or neither",
        f"a {given} without a {missing}",
        f"set release_registry_{missing}" + (" from a vault" if user else "") + f", or remove release_registry_{given}",
    )


def _singleton_host(values: Mapping[str, Any]) -> Iterator[Problem]:
    host, hosts = values.get("release_singleton_host"), _texts(values, "release_app_hosts")
    if not _texts(values, "release_singleton_services") or not isinstance(host, str) or not hosts or host in hosts:
        return
    close = nearest(host, hosts)
    remedy = f"set release_singleton_host to {close or hosts[0]}, or leave it out: the first is taken"
    yield Problem("release_singleton_host is no application host", f"one of {listed(hosts)}", repr(host), remedy)


def check_compose_names(values: Mapping[str, Any], compose: Mapping[str, Any]) -> list[Problem]:
    """Name the profiles and shared services that the compose file does not have; nothing would come of them."""
    services = compose.get("services")
    if not isinstance(services, Mapping):
        return []  # Refused by the check of the compose file itself.
    profiles = {
        str(profile)
        for service in services.values()
        if isinstance(service, Mapping) and isinstance(service.get("profiles"), (list, tuple))
        for profile in service["profiles"]
    }
    wanted = [one for one in _texts(values, "release_profiles") if one != "*"]
    return [
        *_unknown("release_profiles", "profile", wanted, sorted(profiles)),
        *_unknown("release_shared_services", "service", _texts(values, "release_shared_services"), list(services)),
    ]


def _unknown(name: str, kind: str, wanted: Iterable[str], known: list[str]) -> Iterator[Problem]:
    for one in wanted:
        if one not in known:
            close = nearest(one, known)
            expected = f"one of the {kind}s of the compose file: {listed(known) or 'it has none'}"
            remedy = f"rename it to {close}" if close else f"take it out of {name}"
            yield Problem(f"{name} names an unknown {kind}", expected, repr(one), remedy)
