# SPDX-License-Identifier: GPL-3.0-or-later
"""The base image of hosts and application: pulled where a registry answers, else made from Debian's packages."""

from __future__ import annotations

import subprocess
import tempfile

from lab.engine import apt_install
from lab.errors import LabError
from lab.process import as_root, attempt, last_lines, say, step

BASE_IMAGE = "debian:bookworm-slim"
_PULL_SECONDS = 60
_PROBE_SECONDS = 8
_SMALLER = ("--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*")
_REMEDY = f"load an image by hand: docker load, then docker tag ... {BASE_IMAGE}"


def image_exists(reference: str) -> bool:
    """Whether the engine has an image of that name."""
    return attempt(["docker", "image", "inspect", reference], timeout_seconds=30).returncode == 0


def ensure_base_image() -> None:
    """Have the base image in the engine under the name that the Dockerfiles use.

    Raises:
        LabError: it can neither be pulled nor be made.
    """
    if image_exists(BASE_IMAGE):
        return
    if _registry_answers():
        pulled = attempt(["docker", "pull", "--quiet", BASE_IMAGE], timeout_seconds=_PULL_SECONDS)
        if pulled.returncode == 0:
            say(f"base image {BASE_IMAGE}: pulled")
            return
    with step(f"base image {BASE_IMAGE}: no registry gives it, making it from Debian's packages"):
        _make()


def _registry_answers() -> bool:
    """A registry that does not answer at once would hold the pull for its whole timeout."""
    return attempt(["docker", "manifest", "inspect", BASE_IMAGE], timeout_seconds=_PROBE_SECONDS).returncode == 0


def _make() -> None:
    if attempt(["mmdebstrap", "--version"]).returncode != 0:
        apt_install(["mmdebstrap"])
    command = ["mmdebstrap", "--variant=minbase", "--include=ca-certificates", *_SMALLER, "bookworm", "-"]
    with tempfile.TemporaryFile() as errors:
        making = subprocess.Popen(as_root(command), stdout=subprocess.PIPE, stderr=errors)
        load = ["docker", "import", "-", BASE_IMAGE]
        importing = subprocess.run(load, stdin=making.stdout, stdout=subprocess.DEVNULL, stderr=errors, check=False)
        if making.wait() != 0 or importing.returncode != 0:
            attempt(["docker", "image", "rm", BASE_IMAGE])
            errors.seek(0)
            said = last_lines(errors.read().decode(errors="replace"))
            raise LabError(f"an image {BASE_IMAGE} from Debian's packages", said, _REMEDY)
