# SPDX-License-Identifier: GPL-3.0-or-later
"""The base image of hosts and application: pulled where a registry answers, else made from Debian's packages."""

from __future__ import annotations

import subprocess
import tempfile

from lab.engine import apt_install
from lab.errors import LabError
from lab.process import as_root, attempt, last_lines, say, step

BASE_IMAGE = "debian:bookworm-slim"
_PULL_SECONDS = 300
_PROBE_SECONDS = 15
_RELEASES = ("bookworm", "bookworm-updates", "bookworm-security")
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
        if attempt(["mmdebstrap", "--version"]).returncode != 0:
            apt_install(["mmdebstrap", "debian-archive-keyring"])
        _make(BASE_IMAGE)


def _registry_answers() -> bool:
    """A registry that does not answer at once would hold the pull for its whole timeout."""
    return attempt(["docker", "manifest", "inspect", BASE_IMAGE], timeout_seconds=_PROBE_SECONDS).returncode == 0


def debian_sources(targets: str) -> list[str]:
    """The machine's own apt sources of Debian 12, from `apt-get indextargets`: URI, release and component a line."""
    fields = [line.split() for line in targets.splitlines()]
    found = {(uri, release) for uri, release, component in fields if component == "main" and release in _RELEASES}
    return [f"deb {uri} {release} main" for uri, release in sorted(found, key=lambda pair: _RELEASES.index(pair[1]))]


def _make(name: str) -> None:
    """Import Debian's packages as an image, from the mirror that this machine uses, or Debian's own."""
    listed = attempt(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    )
    command = ["mmdebstrap", "--variant=minbase", "--include=ca-certificates", *_SMALLER, "bookworm", "-"]
    command += debian_sources(listed.stdout) if listed.returncode == 0 else []
    with tempfile.TemporaryFile() as errors:
        making = subprocess.Popen(as_root(command), stdout=subprocess.PIPE, stderr=errors)
        load = ["docker", "import", "-", name]
        importing = subprocess.run(load, stdin=making.stdout, stdout=subprocess.DEVNULL, stderr=errors, check=False)
        if making.wait() != 0 or importing.returncode != 0:
            attempt(["docker", "image", "rm", name])
            errors.seek(0)
            said = last_lines(errors.read().decode(errors="replace"))
            raise LabError(f"an image {name} from Debian's packages", said, _REMEDY)
