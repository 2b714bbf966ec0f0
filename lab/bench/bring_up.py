# SPDX-License-Identifier: GPL-3.0-or-later
"""How long bin/lab up takes: of a lab that is up, and from nothing but an engine."""

from __future__ import annotations

from lab.base_image import BASE_IMAGE
from lab.bench.figures import Figure, figure
from lab.bench.progress import say, timed
from lab.errors import LabError
from lab.process import run
from lab.profiles import APPLICATIONS
from lab.settings import Settings

UP = ("bin/lab", "up", "--lb", "2", "--app", "2")
_OURS = ("bluegreen-lab-*", *APPLICATIONS, BASE_IMAGE)
_REMEDY = "look at: docker images; docker ps --all"


def warm(count: int) -> list[Figure]:
    """Seconds of an `up` that changes nothing."""
    raw = []
    for number in range(1, count + 1):
        raw.append(timed(UP))
        say(f"bin/lab up, warm, {number}/{count}: {raw[-1]:.1f} s")
    return [figure("lab_up_warm_seconds", raw)]


def cold(settings: Settings, count: int) -> list[Figure]:
    """Seconds of an `up` with the base image, the hosts' and the applications' images to make.

    Raises:
        LabError: another lab is there, which needs these images.
    """
    raw = []
    for number in range(1, count + 1):
        _refuse_other_labs(settings)
        timed(["bin/lab", "down"])
        _remove_images()
        raw.append(timed(UP))
        say(f"bin/lab up, cold, {number}/{count}: {raw[-1]:.0f} s")
    return [figure("lab_up_cold_seconds", raw)]


def _refuse_other_labs(settings: Settings) -> None:
    form = '{{.Label "bluegreen.lab"}}'
    listed = run(["docker", "ps", "--all", "--filter", "label=bluegreen.lab", "--format", form], remedy=_REMEDY)
    others = sorted(set(listed.split()) - {settings.name})
    if others:
        remedy = " and ".join(f"LAB_NAME={name} bin/lab down" for name in others)
        raise LabError("no other lab, as all labs of a machine share the images to remove", ", ".join(others), remedy)


def _remove_images() -> None:
    """Remove the lab's images by name, and the unnamed layers that a build would take instead of building."""
    for pattern in _OURS:
        listed = run(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", pattern], remedy=_REMEDY).split()
        named = [name for name in listed if "<none>" not in name]
        if named:
            run(["docker", "image", "rm", *named], remedy=_REMEDY, timeout_seconds=300)
    run(["docker", "image", "prune", "--force"], remedy=_REMEDY, timeout_seconds=300)
    run(["docker", "builder", "prune", "--force"], remedy=_REMEDY, timeout_seconds=300)
