# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge the image on each application host: is it there, may it be read, does it run there, does it fit. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Views, Wanted, megabytes

LOGIN = r"unauthorized|denied|authentication|forbidden|no basic auth credentials|incorrect username"
# The first that fits counts. A registry that is silent may say of itself nothing but that it was not reached.
REGISTRY_REMEDIES = (
    (r"HTTP response to HTTPS client", "add the registry to insecure-registries in /etc/docker/daemon.json there"),
    (r"x509|certificate", "let Docker trust the registry's certificate: /etc/docker/certs.d/REGISTRY/ca.crt there"),
    (
        r"name unknown|repository name not known|repository .* not found",
        "correct release_image: the registry has no such repository",
    ),
    (
        r"manifest.*(unknown|not found)|not found",
        "push the image, or correct release_version: the registry has no such tag",
    ),
    (
        r"toomanyrequests|rate limit",
        "log in to the registry (release_registry_username), or wait: it limits how often it is asked",
    ),
    (
        r"dial |no answer from |no such host|timeout|refused|EOF|deadline|unreachable",
        "make the registry reachable from there, or correct release_image",
    ),
)


def judge_image(host: str, wanted: Wanted, views: Views) -> Iterator[Problem]:
    """Give what is wrong with the image on one application host."""
    view = views.get(host)
    probe = (view.probe if view else None) or {}
    image, docker = probe.get("image"), probe.get("docker") or {}
    if image is None or docker.get("problem"):
        return
    if not image["found"]:
        yield _missing(wanted, str(image["problem"]))
        return
    yield from _architecture(wanted, image, docker)
    yield from _disk(wanted, image, docker.get("root") or {})


def _missing(wanted: Wanted, reason: str) -> Problem:
    asked = f"{wanted.image}:{wanted.version}"
    if re.search(LOGIN, reason, re.I):
        remedy = (
            "correct release_registry_username and release_registry_password, or the rights of that user"
            if wanted.logs_in
            else "set release_registry_username and release_registry_password, or run docker login there"
        )
        remedy += "; some registries say this of an image that does not exist: see release_image"
        return Problem(f"The registry refuses to show the image {asked}", "a user who may read it", reason, remedy)
    remedy = next(
        (text for pattern, text in REGISTRY_REMEDIES if re.search(pattern, reason, re.I)), "look at its registry"
    )
    return Problem(f"The image {asked} cannot be pulled", "an image in its registry", reason, remedy)


def _architecture(wanted: Wanted, image: dict[str, Any], docker: dict[str, Any]) -> Iterator[Problem]:
    host, built = docker.get("platform"), list(image.get("platforms") or [])
    # A processor of AMD64 runs what was built for its predecessor.
    fits = {host, "linux/386"} if host == "linux/amd64" else {host}
    if host and built and not fits & set(built):
        remedy = f"build and push it for this platform too: docker buildx build --platform {host} --push"
        what = f"The image {wanted.image}:{wanted.version} is for another architecture"
        yield Problem(what, f"an image for {host}", f"one for {listed(built)}", remedy)


def _disk(wanted: Wanted, image: dict[str, Any], root: dict[str, Any]) -> Iterator[Problem]:
    if root.get("free_bytes") is None:
        return
    size = image["bytes"] or wanted.assumed_image
    needed = wanted.disk_margin + (0 if image["local"] else 3 * size)
    if root["free_bytes"] < needed:
        how = "compressed" if image["bytes"] else "assumed, the registry does not tell"
        expected = f"{megabytes(needed)} free (three times the image, {megabytes(size)} {how}, and a margin)"
        found = f"{megabytes(root['free_bytes'])} at {root['path']}"
        remedy = "make room: docker image prune, playbooks/decommission.yml, or a larger disk"
        yield Problem("There is not enough disk for the image", expected, found, remedy)
