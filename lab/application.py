# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications in the lab: their images built and pushed, the previous version of one installed."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from lab import database
from lab.base_image import ensure_base_image, image_exists
from lab.errors import LabError
from lab.images import folder_hash
from lab.process import attempt, follow, last_lines, run, say, step
from lab.profiles import INSTALLED, Application
from lab.registry import push
from lab.settings import ROOT, Settings

_BUNDLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_CONTENT_TAG = re.compile(r"[0-9.]+-[0-9a-f]{12}")
_BUILD_SECONDS = 900.0
_INSTALL_SECONDS = 900.0
_PLAY = re.compile(r"PLAY \[(.+)\]")


def certificate_bundle() -> str:
    """The certificate authorities that this machine trusts: what the environment names, else the system's bundle."""
    named = (os.environ.get(name, "") for name in _BUNDLES)
    return next((path for path in named if path and os.path.isfile(path)), _SYSTEM_BUNDLE)


def ensure_images(application: Application) -> list[str]:
    """Have an application's images, built where their folder's content is new; returns their names."""
    build = ["docker", "compose", "--progress", "plain", "-f", str(application.folder / "build.yml")]
    listed = run([*build, "config", "--images"], remedy="read the message above")
    images = sorted(set(listed.split()))
    content = folder_hash(application.folder)
    if not all(image_exists(f"{image}-{content}") for image in images):
        ensure_base_image()
        with step(f"building {application.name}: {', '.join(images)}"):
            run(
                [*build, "build"],
                remedy="check that this machine reaches its Debian mirror and its Python package index; "
                "behind a private certificate authority set PIP_CERT to its bundle",
                timeout_seconds=_BUILD_SECONDS,
                environment={f"{application.name.upper()}_BUILD_CA": certificate_bundle()},
            )
        for image in images:
            run(["docker", "tag", image, f"{image}-{content}"], remedy="look at: docker images")
        _forget_former_contents(application, content)
        return images
    for image in images:
        run(["docker", "tag", f"{image}-{content}", image], remedy="look at: docker images")
    return images


def _forget_former_contents(application: Application, content: str) -> None:
    """Former images are kept by these tags only; a checkout that wants one again builds it."""
    listed = run(["docker", "image", "ls", "--format", "{{.Tag}}", application.name], remedy="look at: docker images")
    for tag in listed.split():
        if _CONTENT_TAG.fullmatch(tag) and not tag.endswith(f"-{content}"):
            attempt(["docker", "image", "rm", f"{application.name}:{tag}"])


def push_images(settings: Settings, images: list[str]) -> list[str]:
    """Have the images in the lab's registry; returns those that were not there."""
    pushed = [image for image in images if push(settings, image)]
    if pushed:
        say(f"pushed to the lab's registry: {', '.join(pushed)}")
    return pushed


def install_previous(settings: Settings) -> None:
    """Install the previous version as a user would: by the release playbook, on an estate that has none; then seed."""
    with step(f"installing version {INSTALLED.previous} with playbooks/release.yml"):
        _playbook(settings, "release.yml", INSTALLED.previous)
    with step("filling the database"):
        database.seed(settings, INSTALLED)


def _playbook(settings: Settings, name: str, version: str) -> None:
    log = settings.state / "install.log"
    command = [str(Path(sys.executable).parent / "ansible-playbook"), f"playbooks/{name}", "-i", "inventories/lab"]
    command += ["-e", f"release_version={version}"]
    environment = {
        "LAB_NAME": settings.name,
        "LAB_PORT": str(settings.port),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
    }
    code = follow(command, log=log, shown=_PLAY, timeout_seconds=_INSTALL_SECONDS, environment=environment, folder=ROOT)
    if code != 0:
        raise LabError(
            f"version {version} installed",
            f"exit code {code} of {' '.join(command)}:\n{last_lines(log.read_text(errors='replace'), 25)}",
            f"read {log}; then run bin/lab up again",
        )
