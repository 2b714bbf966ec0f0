# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What building an image needs beside the application's compose file; pure functions, no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import compose_document as document

_LAST_LINES = 20


def build_problem(compose: Mapping[str, Any], service: str, path: str, engine: Mapping[str, Any]) -> str:
    """Why the image cannot be built here; empty when it can. engine: result of asking docker for its context."""
    if engine.get("rc") != 0:
        said = str(engine.get("stderr") or engine.get("msg") or "no answer").strip()
        return (
            f"Expected Docker with compose on the controller, because release_build is push, found: {said}. Install it"
            " there, or build and push elsewhere and set release_build to never."
        )
    definition = _services(compose).get(service)
    if not isinstance(definition, Mapping) or not definition.get("build"):
        return (
            f"Expected build in service {service} of {path}, because release_build is push, found none. Add it, or"
            " build and push elsewhere and set release_build to never."
        )
    return ""


def _services(compose: Mapping[str, Any]) -> Mapping[str, Any]:
    """The services with what they inherit, which may be their build or their environment files."""
    services: Mapping[str, Any] = document.resolved({"services": compose.get("services") or {}})["services"]
    return services


def build_failure(result: Mapping[str, Any], image: str) -> str:
    """What a task that failed says to a person. result: of that task."""
    if "cmd" not in result:
        return str(result.get("msg") or "a task failed; its message is further up")
    words = result["cmd"]
    command = words if isinstance(words, str) else " ".join(str(word) for word in words)
    if result.get("rc") == 0:
        return (
            f"Expected no {image} in its registry after the build, found one: somebody pushed it meanwhile, and a tag"
            " is never overwritten. Release again to release theirs, or release under another version."
        )
    said = "\n".join(str(result.get(key) or "").strip() for key in ("stdout", "stderr")).strip()
    said = said or str(result.get("msg") or "no output")
    last = "\n".join(said.splitlines()[-_LAST_LINES:])
    return (
        f"Expected `{command}` to succeed, so that {image} is in its registry, found exit code"
        f" {result.get('rc', 'none')}. No host was touched; correct it and release again. Its last lines:\n{last}"
    )


def build_override(compose: Mapping[str, Any], service: str, image: str) -> str:
    """The text of a compose file that names the image and takes away environment files, which a build has not."""
    services = {}
    for name, definition in _services(compose).items():
        lines = [f"    image: {json.dumps(str(image))}"] if name == service else []
        lines += ["    env_file: !reset []"] if isinstance(definition, Mapping) and definition.get("env_file") else []
        services[name] = lines
    text = [line for name, lines in services.items() if lines for line in (f"  {json.dumps(str(name))}:", *lines)]
    return "\n".join(["services:", *text, ""])
