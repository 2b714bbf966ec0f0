# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine can and cannot do for the lab, and what was not verified here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from lab.application import certificate_bundle
from lab.base_image import BASE_IMAGE, image_exists
from lab.containers import existing, has_cgroup_v2, has_privileged
from lab.errors import LabError
from lab.images import host_images
from lab.process import attempt
from lab.settings import Settings

_GIB = 1 << 30
_MEMORY_GIB, _DISK_GIB = 4, 8


def diagnose(settings: Settings) -> int:
    """Print one line for each finding; 0 when the lab can work here, 1 when something that it needs is missing."""
    checks: list[Callable[[], tuple[str, str]]] = [
        _rights,
        _memory,
        _disk,
        _engine,
        _compose,
        _base_image,
        _nested_engine,
        _certificates,
        lambda: _lab(settings),
    ]
    worst = 0
    for check in checks:
        verdict, text = check()
        worst = worst or int(verdict == "cannot")
        print(f"{verdict + ':':<14}{text}")
    for line in _not_verified():
        print(f"{'not verified:':<14}{line}")
    return worst


def _rights() -> tuple[str, str]:
    if os.geteuid() == 0:
        return "can", "install and start what is missing (root)"
    if shutil.which("sudo"):
        return "can", "install and start what is missing, through sudo"
    return "cannot", "install anything: neither root nor sudo; run as root"


def _memory() -> tuple[str, str]:
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    gib = int(fields["MemAvailable"].split()[0]) * 1024 / _GIB
    verdict = "can" if gib >= _MEMORY_GIB else "cannot"
    return verdict, f"hold two proxies and two application hosts: {gib:.1f} GiB of memory, {_MEMORY_GIB} wanted"


def _disk() -> tuple[str, str]:
    root = attempt(["docker", "info", "--format", "{{.DockerRootDir}}"]).stdout.strip()
    folder = root if root and os.path.isdir(root) else "/var/lib"
    gib = shutil.disk_usage(folder).free / _GIB
    verdict = "can" if gib >= _DISK_GIB else "cannot"
    return verdict, f"store images: {gib:.0f} GiB free at {folder}, {_DISK_GIB} wanted"


def _engine() -> tuple[str, str]:
    done = attempt(["docker", "version", "--format", "{{.Server.Version}}"], timeout_seconds=20)
    if done.returncode == 0:
        return "can", f"run containers: Docker engine {done.stdout.strip()}"
    if shutil.which("apt-get"):
        return "can", "run containers after bin/lab up has installed or started a Docker engine; none answers now"
    return "cannot", "run containers: no Docker engine answers and there is no apt-get to install one; install Docker"


def _compose() -> tuple[str, str]:
    done = attempt(["docker", "compose", "version", "--short"], timeout_seconds=20)
    if done.returncode == 0:
        return "can", f"build and run projects: Compose {done.stdout.strip()}"
    return "can", "build and run projects after bin/lab up has installed Compose v2; none is there now"


def _base_image() -> tuple[str, str]:
    if image_exists(BASE_IMAGE):
        return "can", f"build images: {BASE_IMAGE} is there"
    return "can", f"build images after bin/lab up has pulled {BASE_IMAGE} or made it from Debian's packages"


def _nested_engine() -> tuple[str, str]:
    tree = "v2" if has_cgroup_v2() else "v1"
    image = host_images()["lb"]
    if not image_exists(image):
        return "unknown", f"how application hosts run their own engine: found out by bin/lab up (control groups {tree})"
    how = "privileged" if has_privileged(image) else "with single capabilities (--privileged is refused)"
    return "can", f"run an engine inside application hosts: {how}, control groups {tree}"


def _certificates() -> tuple[str, str]:
    bundle = certificate_bundle()
    if os.path.isfile(bundle):
        return "can", f"give image builds this machine's certificate authorities: {bundle}"
    return "unknown", f"whether builds trust this network: no file {bundle}; set PIP_CERT behind a private authority"


def _lab(settings: Settings) -> tuple[str, str]:
    try:
        hosts = existing(settings)
    except LabError:
        return "unknown", f"whether the lab {settings.name} is up: no engine answers"
    if not hosts:
        return "can", f"bring up the lab {settings.name}: it is not up (bin/lab up)"
    listed = ", ".join(f"{name} {state}" for name, state in sorted(hosts.items()))
    return "can", f"use the lab {settings.name}: {listed}"


def _not_verified() -> list[str]:
    """Ways of other machines that this one gives no chance to try."""
    lines = []
    if not has_cgroup_v2():
        lines.append("application hosts on control groups v2")
    if not Path("/run/systemd/system").is_dir():
        lines.append("starting the engine by systemd")
    if attempt(["uname", "-m"]).stdout.strip() != "aarch64":
        lines.append("processors other than this one")
    return lines
