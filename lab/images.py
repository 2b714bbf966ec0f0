# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of the lab's hosts: built when their folder's content is new, shared by all labs of the machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab.base_image import ensure_base_image, image_exists
from lab.process import run, step

_HOSTS = Path(__file__).parent / "hosts"
_KINDS = ("lb", "app", "db", "mon", "registry")
# What tools and readers leave in a folder without any image being different for it.
_SKIPPED = {"__pycache__", "README.md"}


def folder_hash(folder: Path) -> str:
    """Twelve hex digits of the names, modes and contents of a folder's files."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") and part != ".dockerignore" for part in parts)
        if path.is_file() and not hidden and not _SKIPPED & set(parts):
            executable = "x" if path.stat().st_mode & 0o100 else "-"
            total.update(f"{path.relative_to(folder)}\0{executable}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12]


def host_images() -> dict[str, str]:
    """Kind of host -> name of its image, for the folder as it is now."""
    content = folder_hash(_HOSTS)
    return {kind: f"bluegreen-lab-{kind}:{content}" for kind in _KINDS}


def ensure_host_images() -> dict[str, str]:
    """Build what is missing; returns the images by kind."""
    images = host_images()
    if all(image_exists(image) for image in images.values()):
        return images
    ensure_base_image()
    with step("building the images of the lab's hosts (once, about a minute)"):
        run(
            ["docker", "compose", "--progress", "plain", "-f", str(_HOSTS / "build.yml"), "build"],
            remedy="check that this machine reaches its Debian mirror, then run this command again",
            timeout_seconds=900,
            environment={"LAB_HOSTS_HASH": folder_hash(_HOSTS)},
        )
    return images
