# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe a Docker engine, and an image in its registry, with two commands that run beside the questions."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import preflight_proc as proc
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import (
    Engine,
    EngineError,
    manifest_bytes,
    registry_key,
    registry_login,
)

# What a kernel calls its machine, and what images are built for. Others have one name for both.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386", "i386": "386"}


@contextmanager
def client_login(image: str, username: str, password: str) -> Iterator[dict[str, str]]:
    """Give the environment in which the docker command is logged in to the image's registry; nothing stays behind.

    Without a username it is the user's own login that counts.
    """
    if not username:
        yield {}
        return
    folder = tempfile.mkdtemp(prefix="bluegreen-login-")  # 0700
    try:
        entry = base64.b64encode(f"{username}:{password}".encode()).decode()
        descriptor = os.open(os.path.join(folder, "config.json"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as config:
            json.dump({"auths": {registry_key(image): {"auth": entry}}}, config)
        yield {"DOCKER_CONFIG": folder}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(command: list[str], environment: dict[str, str] | None = None) -> Any:
    """Start a command without waiting; None when there is no such program."""
    try:
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(environment or {})},
        )
    except OSError:
        return None


def finish(running: Any, seconds: float) -> tuple[bool, str]:
    """Wait for a started command; give whether it succeeded and what it printed."""
    if running is None:
        return False, "no such program"
    try:
        output, _ = running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        return False, f"no answer in {seconds:g} s"
    return running.returncode == 0, str(output).strip()


def describe_docker(engine: Engine, compose: Any, seconds: float) -> dict[str, Any]:
    """Give versions and disk space of the engine."""
    try:
        info = engine.get("/info")
    except EngineError as error:
        finish(compose, seconds)
        return {"problem": str(error)}
    succeeded, version = finish(compose, seconds)
    root = str(info.get("DockerRootDir", "/var/lib/docker"))
    return {
        "version": info.get("ServerVersion"),
        "compose": version.splitlines()[-1].lstrip("v") if succeeded and version else None,
        "root": {"path": root, **proc.space(root)},
        "platform": platform_of(info),
        "problem": None,
    }


def platform_of(info: dict[str, Any]) -> str | None:
    """Give what an engine's images must be built for, such as linux/amd64; None when it does not say."""
    machine = str(info.get("Architecture") or "")
    return f"{info.get('OSType') or 'linux'}/{_ARCHITECTURES.get(machine, machine)}" if machine else None


def describe_image(engine: Engine, image: str, login: tuple[str, str], manifest: Any, seconds: float) -> dict[str, Any]:
    """Give digest, platforms and size of an image in its registry.

    :param login: username and password of the registry; empty for the user's own.
    """
    repository = image.rpartition(":")[0]
    try:
        digest, platforms = engine.distribution(image, registry_login(image, Path.home(), *login))
        local = engine.has_image(f"{repository}@{digest}")
    except EngineError as error:
        finish(manifest, seconds)
        nothing: dict[str, Any] = {"found": False, "digest": None, "bytes": None, "local": False, "platforms": []}
        return {**nothing, "problem": str(error)}
    succeeded, output = finish(manifest, seconds)
    size = None
    if succeeded:
        try:
            size = manifest_bytes(json.loads(output))
        except ValueError:
            size = None
    return {
        "found": True,
        "digest": f"{repository}@{digest}",
        "bytes": size,
        "local": local,
        "platforms": platforms,
        "problem": None,
    }
