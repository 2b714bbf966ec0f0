# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The login of an image registry, as the Docker command keeps it for its user."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import (
    HUB,
    registry_key,
    registry_of,
)

# Takes a command and what it reads, returns exit code, standard output and standard error.
RunWith = Callable[[list[str], str], "tuple[int, str, str]"]

_REFUSED = ("401", "unauthorized", "incorrect username or password", "denied", "authentication required")


class LoginError(Exception):
    """There is no login; the text says why and what to do, and holds no password."""


def configuration_directory(environment: dict[str, str]) -> str:
    """Where the Docker command keeps logins: its own default for this user."""
    return environment.get("DOCKER_CONFIG") or os.path.join(os.path.expanduser("~"), ".docker")


def is_logged_in(directory: str, image: str, username: str, password: str) -> bool:
    """Whether exactly this login is kept already; a credential helper is not asked, and counts as no."""
    try:
        with open(os.path.join(directory, "config.json"), encoding="utf-8") as stream:
            kept = json.load(stream)["auths"][registry_key(image)]["auth"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(kept == base64.b64encode(f"{username}:{password}".encode()).decode())


def login_words(image: str, username: str) -> list[str]:
    """The arguments of the Docker command that log in to the registry of an image; the password is its input."""
    registry = registry_of(image)
    return ["login", "--username", username, "--password-stdin", *([] if registry == HUB else [registry])]


def log_in(run: RunWith, cli: str, image: str, username: str, password: str) -> None:
    """Log in to the registry of an image. The password goes through standard input. Raises LoginError."""
    registry = registry_of(image)
    code, out, err = run([cli, *login_words(image, username)], password)
    if code == 0:
        return
    said = " ".join((err or out).replace(password, "********").split())[-300:]
    if any(word in said.lower() for word in _REFUSED):
        raise LoginError(
            f"expected registry {registry} to know user {username} by release_registry_password, found that it refuses"
            f" them: {said}. Correct release_registry_username and release_registry_password (a token may have ended)."
        )
    raise LoginError(
        f"expected to log in to registry {registry}, found: {said}. Is it up, does this host reach it, and does its"
        " engine trust it (a certificate, or insecure-registries for plain HTTP)?"
    )
