# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's image registry: filled from this machine's engine, read by the application hosts' engines.

It is published on 127.0.0.1, which every Docker engine takes for an insecure registry without being told.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from lab.containers import inside
from lab.process import run
from lab.settings import Settings

REGISTRY = "registry1:5000"
# The same images for those who log in.
PRIVATE_REGISTRY = "registry1:5001"
REGISTRY_USER = "release"
_HASH = """
import crypt, sys
print(sys.argv[1] + ":" + crypt.crypt(sys.stdin.read(), crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=64)))
"""
_REMEDY = "read: docker logs of the container registry1; then: bin/lab down, bin/lab up"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def registry_address(settings: Settings) -> str:
    """Where this machine reaches the registry, as 127.0.0.1:port."""
    listed = run(["docker", "port", settings.container("registry1"), "5000/tcp"], remedy=_REMEDY)
    return listed.splitlines()[0].strip()


def let_in(settings: Settings, password: str) -> None:
    """Have the user of the private registry, with this password and no other; the registry reads it at once."""
    script = f"python3 -W ignore -c '{_HASH}' {REGISTRY_USER} > /etc/docker/registry/htpasswd"
    inside(settings, "registry1", ["sh", "-ec", script], stdin=password.encode())


def push(settings: Settings, image: str) -> bool:
    """Have a local image in the registry under the same name; False when it is there already."""
    address = registry_address(settings)
    repository, tag = image.rsplit(":", 1)
    identity = run(["docker", "image", "inspect", "--format", "{{.Id}}", image], remedy=_REMEDY).strip()
    if _held(address, repository, tag) == identity:
        return False
    target = f"{address}/{image}"
    run(["docker", "tag", image, target], remedy=_REMEDY)
    try:
        run(["docker", "push", "--quiet", target], remedy=_REMEDY, timeout_seconds=180)
    finally:
        run(["docker", "image", "rm", "--no-prune", target], remedy=_REMEDY)
    return True


def tags(settings: Settings, repository: str) -> list[str]:
    """Tags that the registry has of a repository."""
    answer = _get(registry_address(settings), f"{repository}/tags/list")
    return list(answer.get("tags") or []) if answer else []


def _held(address: str, repository: str, tag: str) -> str | None:
    """Id of the image that the registry has under a tag."""
    manifest = _get(address, f"{repository}/manifests/{tag}")
    return str(manifest["config"]["digest"]) if manifest and "config" in manifest else None


def _get(address: str, path: str) -> dict[str, Any] | None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"http://{address}/v2/{path}", headers={"Accept": _MANIFEST})
    try:
        with opener.open(request, timeout=10) as answer:
            document: dict[str, Any] = json.load(answer)
            return document
    except urllib.error.HTTPError:
        return None
