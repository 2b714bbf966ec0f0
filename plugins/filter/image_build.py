# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters around the building of an image on the controller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.filter.compose import parse_compose
from ansible_collections.bluegreen.release.plugins.module_utils import image_build
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import registry_of
from ansible_collections.bluegreen.release.plugins.module_utils.slot_registry import login_words


def build_problem(text: str, service: str, path: str, engine: Mapping[str, Any]) -> str:
    """Why the image cannot be built here; see module_utils.image_build."""
    return image_build.build_problem(parse_compose(text), str(service), str(path), engine)


def build_failure(result: Mapping[str, Any], image: str) -> str:
    """What a task that failed says to a person; see module_utils.image_build."""
    return image_build.build_failure(result, str(image))


def build_override(text: str, service: str, image: str) -> str:
    """The text of the compose file beside the application's; see module_utils.image_build."""
    return image_build.build_override(parse_compose(text), str(service), str(image))


def build_login(image: str, username: str) -> list[str]:
    """The command that logs in to the registry of an image; the password is its standard input."""
    return ["docker", *login_words(str(image), str(username))]


class FilterModule:
    """Filters of the collection around the building of an image."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "build_failure": build_failure,
            "build_login": build_login,
            "build_override": build_override,
            "build_problem": build_problem,
            "build_registry": registry_of,
        }
