# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe a Docker engine, and an image in its registry, with two commands that run beside the questions."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import preflight_proc as proc
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import (
    Engine,
    EngineError,
    manifest_bytes,
)


def start(command: list[str]) -> Any:
    """Start a command without waiting; None when there is no such program."""
    try:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
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
        "problem": None,
    }


def describe_image(engine: Engine, image: str, manifest: Any, seconds: float) -> dict[str, Any]:
    """Give digest and size of an image in its registry."""
    repository = image.rpartition(":")[0]
    try:
        digest = engine.digest(image, os.path.expanduser("~"))
        local = engine.has_image(f"{repository}@{digest}")
    except EngineError as error:
        finish(manifest, seconds)
        return {"found": False, "digest": None, "bytes": None, "local": False, "problem": str(error)}
    succeeded, output = finish(manifest, seconds)
    size = None
    if succeeded:
        try:
            size = manifest_bytes(json.loads(output))
        except ValueError:
            size = None
    return {"found": True, "digest": f"{repository}@{digest}", "bytes": size, "local": local, "problem": None}
