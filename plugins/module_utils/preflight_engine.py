# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask a Docker engine over its socket. Read only; no subprocess but for a login kept by a credential helper."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

HUB = "docker.io"
HUB_LOGIN = "https://index.docker.io/v1/"


class EngineError(Exception):
    """The engine cannot be asked, or refuses; the text is its own reason."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class EngineSilence(EngineError):
    """The engine gave no answer in time."""


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """A Docker engine behind a Unix socket.

    :param timeout: seconds that one answer may take.
    """

    def __init__(self, path: str, timeout: float) -> None:
        self._path = path
        self._timeout = timeout

    def get(self, target: str, headers: dict[str, str] | None = None) -> Any:
        """Give the JSON answer of a GET request.

        :raises EngineError: no such socket, no right to use it, no answer in time, or an error status.
        """
        connection = _SocketConnection(self._path, self._timeout)
        try:
            connection.request("GET", target, headers=headers or {})
            answer = connection.getresponse()
            body = answer.read()
        except TimeoutError as error:
            raise EngineSilence(f"{self._path}: no answer in {self._timeout:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(f"{self._path}: {error}") from error
        finally:
            connection.close()
        try:
            content = json.loads(body)
        except ValueError as error:
            raise EngineError(f"{self._path}: no JSON in the answer to {target}", answer.status) from error
        if answer.status >= 400:
            raise EngineError(str(content.get("message", answer.reason)), answer.status)
        return content

    def containers(self) -> list[dict[str, Any]]:
        """Give every container, running or not, as the engine describes it."""
        found: list[dict[str, Any]] = self.get("/containers/json?all=1")
        return found

    def container(self, identity: str) -> dict[str, Any]:
        """Give the details of one container."""
        found: dict[str, Any] = self.get(f"/containers/{quote(identity)}/json")
        return found

    def distribution(self, image: str, login: str) -> tuple[str, list[str]]:
        """Ask the registry of an image for its digest and platforms, with the engine's own trust.

        :param image: repository and tag.
        :param login: as registry_login gives it.
        :raises EngineError: status 404 (or 401, 403) when the registry has no such image for this user.
        """
        try:
            found = self.get(f"/distribution/{quote(image, safe='/:@')}/json", {"X-Registry-Auth": login})
        except EngineSilence as error:
            # It waits for the registry, or for a name server that is silent about it.
            raise EngineError(f"no answer from {registry_of(image)} in {self._timeout:g} s") from error
        platforms = [f"{one.get('os')}/{one.get('architecture')}" for one in found.get("Platforms") or []]
        return str(found["Descriptor"]["digest"]), sorted({one for one in platforms if "unknown" not in one})

    def has_image(self, reference: str) -> bool:
        """Tell whether the engine has an image already."""
        try:
            self.get(f"/images/{quote(reference, safe='/:@')}/json")
        except EngineError as error:
            if error.status == 404:
                return False
            raise
        return True


def registry_of(image: str) -> str:
    """Give the registry of an image: what is before the first slash, if that is a host name."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else HUB


def registry_key(image: str) -> str:
    """Give the name under which Docker keeps the login of an image's registry."""
    registry = registry_of(image)
    return HUB_LOGIN if registry == HUB else registry


def registry_login(image: str, home: Path, username: str = "", password: str = "") -> str:
    """Give a login as the engine expects it in a header: the one given, else the user's own, else an empty one."""
    key = registry_key(image)
    login = {"username": username, "password": password} if username else _own_login(key, home)
    if login:
        login["serveraddress"] = key
    return base64.urlsafe_b64encode(json.dumps(login).encode()).decode()


def _own_login(key: str, home: Path) -> dict[str, str]:
    """Give the login that the user keeps for a registry."""
    try:
        config = json.loads((home / ".docker/config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    return _from_helper(config, key) or _from_file(config, key)


def _from_file(config: dict[str, Any], key: str) -> dict[str, str]:
    entry = config.get("auths", {}).get(key) or {}
    if entry.get("identitytoken"):
        return {"identitytoken": entry["identitytoken"]}
    try:
        user, _, secret = base64.b64decode(entry.get("auth", "")).decode().partition(":")
    except ValueError:
        return {}
    return {"username": user, "password": secret} if user else {}


def _from_helper(config: dict[str, Any], key: str) -> dict[str, str]:
    helper = config.get("credHelpers", {}).get(key) or config.get("credsStore")
    if not helper:
        return {}
    try:
        done = subprocess.run(
            [f"docker-credential-{helper}", "get"], input=key, capture_output=True, text=True, timeout=5, check=True
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}
    if found.get("Username") == "<token>":
        return {"identitytoken": found["Secret"]}
    return {"username": found["Username"], "password": found["Secret"]}


def manifest_bytes(entries: Any) -> int | None:
    """Give the compressed size of the largest image of ``docker manifest inspect --verbose``, in bytes.

    :param entries: its JSON: one object, or a list of one object a platform.
    """
    sizes = []
    for entry in entries if isinstance(entries, list) else [entries]:
        manifest = entry.get("SchemaV2Manifest") or entry.get("OCIManifest") or {}
        layers = manifest.get("layers") or []
        if layers:
            sizes.append(sum(int(layer.get("size", 0)) for layer in layers))
    return max(sizes) if sizes else None
