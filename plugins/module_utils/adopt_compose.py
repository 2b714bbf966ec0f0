# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the compose file says that the plan of an adoption must know. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import compose_document as document

_NAME = re.compile(r"^[ \t]*(?:export[ \t]+)?([^\s=:#]+)[ \t]*(?:[=:]|$)", re.MULTILINE)


def names_given(compose: Mapping[str, Any], service: str, read: Callable[[str], str]) -> set[str]:
    """Names of the environment that a service has by the compose file and its environment files.

    read: gives the text of an environment file as it is written there, empty for one that is not beside it.
    """
    definition = document.resolved(compose)["services"].get(service) or {}
    found = document.environment_names(definition)
    for one in document.environment_files(definition):
        found |= set(_NAME.findall(read(one.path)))
    return found


def unreached(compose: Mapping[str, Any], services: Sequence[str], shared: Sequence[str]) -> list[str]:
    """Give, in words, what a slot's services depend on that a slot does not have and that no shared service is."""
    known = document.resolved(compose)["services"]
    return [
        f"{name} depends on {one}"
        for name in services
        for one in document.needed(known.get(name) or {})
        if one not in services and one not in shared
    ]
