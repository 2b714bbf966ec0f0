# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an application's compose file cannot run in two slots on one host; pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import compose_document as document
from ansible_collections.bluegreen.release.plugins.module_utils.compose_document import Application
from ansible_collections.bluegreen.release.plugins.module_utils.compose_environment import environment_problems
from ansible_collections.bluegreen.release.plugins.module_utils.compose_parts import part_problems
from ansible_collections.bluegreen.release.plugins.module_utils.compose_route import route_problems
from ansible_collections.bluegreen.release.plugins.module_utils.compose_shared import shared_problems, stateful


def compose_problems(
    compose: Any, application: Application, exists: Callable[[str], bool] = lambda path: True
) -> list[str]:
    """Everything that keeps the services from running in a slot; empty when nothing does.

    compose: the parsed file. exists: whether a path, relative to the file, is there on the controller.
    """
    known = compose.get("services") if isinstance(compose, Mapping) else None
    if not isinstance(known, Mapping) or not known:
        return ["expected a compose file with services, found none: check release_compose_file"]
    problems = [*_list_problems(known, application), *_inheritance_problems(compose, application)]
    if problems:
        return problems  # what follows reads those services
    whole = document.resolved(compose)
    used = [*application.services, *application.shared]
    checks: list[Iterator[str]] = [
        route_problems(whole["services"], application),
        *(_state_problems(whole, name, application) for name in application.services),
        *(part_problems(whole, name, application) for name in used),
        _network_problems(whole, application),
        shared_problems(whole, application),
        _profile_problems(whole["services"], application),
        _build_problems(whole, application),
        environment_problems(whole, application, exists),
    ]
    return list(dict.fromkeys(problem for check in checks for problem in check))


def _list_problems(known: Mapping[str, Any], application: Application) -> Iterator[str]:
    wanted = dict.fromkeys([*application.services, application.service, *application.shared])
    missing = [name for name in wanted if not isinstance(known.get(name), Mapping)]
    if missing:
        yield (
            f"expected the services {', '.join(missing)} in the compose file, found only"
            f" {', '.join(sorted(str(name) for name in known))}: correct release_services, release_service or"
            " release_shared_services"
        )
    if application.service not in application.services:
        yield (
            f"expected release_service {application.service!r} to be one of release_services, found"
            f" {', '.join(application.services)}: add it to them"
        )
    both = [name for name in application.shared if name in application.services]
    if both:
        yield (
            f"expected a service either in a slot or beside the slots, found {', '.join(both)} in release_services and"
            " in release_shared_services: remove it from one of them"
        )
    strangers = [name for name in application.singletons if name not in application.services]
    if strangers:
        yield (
            "expected release_singleton_services to be some of release_services, found"
            f" {', '.join(strangers)} beside them: add {', '.join(strangers)} to release_services"
        )
    if application.service in application.singletons:
        yield (
            f"expected release_service {application.service} to run in both slots, found it in"
            " release_singleton_services: remove it from them"
        )


def _inheritance_problems(compose: Mapping[str, Any], application: Application) -> Iterator[str]:
    if compose.get("include"):
        yield (
            "expected one self-contained compose file, found `include`: write the included files into it"
            " (`docker compose config --no-interpolate` prints them as one)"
        )
    circle = document.cycle({name: one for name, one in compose["services"].items() if isinstance(one, Mapping)})
    if circle:
        yield (
            f"expected services that can start one after the other, found {' -> '.join(circle)}: remove one of these"
            " dependencies"
        )
    for name in dict.fromkeys([*application.services, *application.shared]):
        if not isinstance(compose["services"].get(name), Mapping):
            continue  # told already
        try:
            document.extended(compose["services"], name)
        except ValueError as error:
            yield (
                f"expected one self-contained compose file, found service {name} extending {error}: write what it"
                f" inherits into service {name}"
            )


def _state_problems(compose: Mapping[str, Any], name: str, application: Application) -> Iterator[str]:
    definition = compose["services"][name]
    if stateful(definition) and name not in application.slot_state:
        yield (
            f"expected no database in a slot, found service {name} with image {document.image_name(definition)}: each"
            f" slot would have its own data, the second one empty. Move {name} from release_services to"
            " release_shared_services, which run once beside the slots; or list it in green_provision_slot_state when"
            " losing its data is harmless (a cache)"
        )
    volumes = compose.get("volumes") or {}
    for kind, source in document.mounts(definition):
        external = (volumes.get(source) or {}).get("external")
        if kind == "volume" and source in volumes and not external and source not in application.slot_state:
            yield (
                f"expected data outside the slots, found named volume {source} in service {name}: each slot would have"
                f" its own copy, the second one empty. Move {name} to release_shared_services when it may run once"
                " beside the slots; else make the volume `external: true`, use an absolute host path, or list it in"
                " green_provision_slot_state when its content is no data (a cache)"
            )


def _network_problems(compose: Mapping[str, Any], application: Application) -> Iterator[str]:
    definitions = compose.get("networks") or {}
    used = {network for name in application.services for network in document.networks(compose["services"][name])}
    for network in sorted(used & {str(name) for name in definitions}):
        definition = definitions[network] or {}
        if definition.get("external"):
            continue
        if definition.get("name"):
            yield (
                f"expected each slot to have its own network, found network {network} with the fixed name"
                f" {definition['name']}: remove `name`, or create the network beside the slots and make it"
                " `external: true`"
            )
        if any(isinstance(one, Mapping) and one.get("subnet") for one in _ipam(definition)):
            yield (
                f"expected each slot to have its own network, found network {network} with a fixed subnet, which only"
                " one slot can have: remove `ipam` from it"
            )


def _ipam(definition: Mapping[str, Any]) -> Sequence[Any]:
    found: Sequence[Any] = (definition.get("ipam") or {}).get("config") or []
    return found


def _profile_problems(services: Mapping[str, Any], application: Application) -> Iterator[str]:
    for name in [*application.services, *application.shared]:
        own = [str(one) for one in services[name].get("profiles") or []]
        if own and not {*own, "*"} & set(application.profiles):
            yield (
                f"expected service {name} to be active, found it in profile {', '.join(own)}, which is not active: add"
                f" {own[0]} to release_profiles"
            )


def _build_problems(compose: Mapping[str, Any], application: Application) -> Iterator[str]:
    released = document.released_services(compose, application.services, application.service)
    for name in [*application.services, *application.shared]:
        if name in released or not compose["services"][name].get("build"):
            continue
        policy = "with release_build never nothing is built" if application.build == "never" else "only that is built"
        yield (
            f"expected service {name} to have an image in a registry, found `build` for another image than the"
            f" release's ({policy}): push its image, name it in `image`, and keep `build` in a compose.override.yml of"
            " the developers"
        )
