# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a compose file takes values from: variables and environment files; pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import compose_document as document
from ansible_collections.bluegreen.release.plugins.module_utils.compose_document import Application
from ansible_collections.bluegreen.release.plugins.module_utils.compose_variables import demanded, interpolate, unset

_BY_COMPOSE = {"COMPOSE_PROJECT_NAME": ""}


def carried(
    compose: Mapping[str, Any], services: Sequence[str], application: Application, exists: Callable[[str], bool]
) -> dict[str, str]:
    """Environment file, as it is written, to its name in the slot's directory; one of the host stays where it is.

    Those that the inventory replaces, and those that are not there, are left out.
    """
    whole, found = document.resolved(compose), {}
    entries = [one for name in services for one in document.environment_files(whole["services"][name])]
    beside = 0
    for entry in entries:
        if entry.path in found or entry.path in application.replaced:
            continue
        if entry.on_host:
            found[entry.path] = entry.path
        elif exists(interpolate(entry.path, application.environment)):
            beside += 1
            found[entry.path] = f"{beside:02d}.env"
    return found


def environment_problems(
    compose: Mapping[str, Any], application: Application, exists: Callable[[str], bool]
) -> Iterator[str]:
    """Variables that nobody gives, and environment files that are not there."""
    given = {**_BY_COMPOSE, **application.environment}
    everywhere = {name: value for name, value in compose.items() if not str(name).startswith("x-")}
    for variable in demanded(everywhere, given):
        yield (
            f"expected a value for ${{{variable}}}, found none, and the compose file demands one: add {variable} to"
            " release_app_environment"
        )
    released = document.released_services(compose, application.services, application.service)
    for name in [*application.services, *application.shared]:
        definition = dict(compose["services"][name])
        for key in (*_replaced(name, application), *(("image", "build") if name in released else ())):
            definition.pop(key, None)
        for variable in unset(definition, given):
            yield (
                f"expected a value for ${{{variable}}} in service {name}, found none: add {variable} to"
                " release_app_environment, or write a default, ${" + variable + ":-...}. A .env file beside the compose"
                " file gives values to nobody but its developers"
            )
        yield from _file_problems(name, compose["services"][name], application, exists)
    for kind in ("networks", "volumes", "configs", "secrets"):
        for variable in unset(compose.get(kind), given):
            yield (
                f"expected a value for ${{{variable}}} in `{kind}`, found none: add {variable} to"
                " release_app_environment, or write a default, ${" + variable + ":-...}"
            )
    for kind in ("configs", "secrets"):
        yield from _given_problems(kind, compose, application)


def _replaced(name: str, application: Application) -> tuple[str, ...]:
    return ("env_file",) if name in application.shared else document.OVERRIDDEN


def _file_problems(
    name: str, definition: Mapping[str, Any], application: Application, exists: Callable[[str], bool]
) -> Iterator[str]:
    for entry in document.environment_files(definition):
        if entry.path in application.replaced:
            continue
        missing = unset(entry.path, application.environment)
        path = interpolate(entry.path, application.environment)
        if missing:
            yield (
                f"expected a value for ${{{missing[0]}}} in env_file of service {name}, found none: add {missing[0]} to"
                " release_app_environment"
            )
        elif not entry.on_host and entry.required and not exists(path):
            yield (
                f"expected the env_file {path} of service {name} beside the compose file, found no such file: write it,"
                f" or give its values in release_app_environment and list {entry.path} in"
                " green_provision_replaced_env_files"
            )


def _given_problems(kind: str, compose: Mapping[str, Any], application: Application) -> Iterator[str]:
    """Configs and secrets of the used services that take their content from a variable."""
    for name in [*application.services, *application.shared]:
        for entry in compose["services"][name].get(kind) or []:
            source = str(entry.get("source") if isinstance(entry, Mapping) else entry)
            definition = (compose.get(kind) or {}).get(source)
            variable = str(definition.get("environment") or "") if isinstance(definition, Mapping) else ""
            if variable and variable not in application.environment:
                yield (
                    f"expected a value for {variable}, from which {kind[:-1]} {source} of service {name} is made, found"
                    f" none: add {variable} to release_app_environment"
                )


def environment_file(environment: Mapping[str, Any]) -> str:
    """The text of an environment file that compose reads back as exactly these values.

    Raises ValueError for a name that is no environment variable's. The text holds secrets.
    """
    lines = []
    for name, value in sorted(environment.items()):
        if not str(name).isidentifier() or not str(name).isascii():
            raise ValueError(f"expected names like DATABASE_URL in release_app_environment, found {name!r}")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError(
                f"expected a string as the value of {name} in release_app_environment, found {type(value).__name__}:"
                " quote it"
            )
        lines.append(f"{name}={_quoted(str(value))}")
    return "".join(f"{line}\n" for line in lines)


def _quoted(value: str) -> str:
    """In single quotes nothing is replaced; a value with one goes into double quotes, escaped."""
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return f'"{escaped}"'
