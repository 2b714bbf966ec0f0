# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers that stand in for hosts: made, kept, started, removed."""

from __future__ import annotations

import contextlib
import hashlib
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from lab.errors import LabError
from lab.keys import key_files
from lab.process import attempt, run
from lab.settings import Settings
from lab.shape import Host

_REMEDY = "look at `bin/lab doctor`; if the lab is broken: bin/lab down, then bin/lab up"
_CONFIG_LABEL = "bluegreen.lab.config"
_DATA = {"app": "/var/lib/docker", "db": "/var/lib/postgresql", "registry": "/var/lib/docker-registry"}
_SSH_KINDS = ("lb", "app", "db", "mon")
# An engine inside a container without --privileged needs these and nothing else that was tried.
_ENGINE_CAPABILITIES = (
    "SYS_ADMIN",
    "NET_ADMIN",
    "SYS_PTRACE",
    "SYSLOG",
    "IPC_LOCK",
    "SYS_MODULE",
    "MAC_ADMIN",
    "DAC_READ_SEARCH",
    "SYS_NICE",
    "LINUX_IMMUTABLE",
)


def engine_options(settings: Settings, host: Host, privileged: bool, cgroup_v2: bool) -> list[str]:
    """Options of `docker create` that let an engine run inside an application host."""
    if privileged and cgroup_v2:
        return ["--privileged", "--cgroupns", "private", "--env", "LAB_CGROUP=private"]
    options = ["--cgroupns", "host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"]
    options += ["--env", f"LAB_CGROUP_PARENT=/bluegreen-lab/{settings.container(host.name)}"]
    if privileged:
        return ["--privileged", *options]
    options += ["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"]
    options += ["--device-cgroup-rule", "a *:* rwm"]
    return options + [part for capability in _ENGINE_CAPABILITIES for part in ("--cap-add", capability)]


def create_options(settings: Settings, host: Host, more: Sequence[str]) -> list[str]:
    """Options of `docker create` for a host, without its image; *more* are those that depend on the machine."""
    options = ["--name", settings.container(host.name), "--hostname", host.name, "--label", settings.label]
    options += ["--label", f"bluegreen.lab.host={host.name}", "--label", f"bluegreen.lab.kind={host.kind}"]
    options += ["--network", settings.network, "--ip", host.address, "--network-alias", host.name]
    options += ["--tmpfs", "/run:exec,mode=755", "--tmpfs", "/tmp:exec,mode=1777", "--restart", "unless-stopped"]
    if host.kind in _DATA:
        options += ["--volume", f"{settings.container(host.name)}-data:{_DATA[host.kind]}"]
    if host.kind == "lb":
        options += ["--publish", f"127.0.0.1:{front_port(settings, host)}:80"]
    if host.kind in ("lb", "db", "mon"):  # for the faults of the way there
        options += ["--cap-add", "NET_ADMIN"]
    if host.kind == "registry":
        options += ["--publish", "127.0.0.1::5000"]
    return options + list(more)


def front_port(settings: Settings, host: Host) -> int:
    """Port on 127.0.0.1 of a proxy's front door."""
    return settings.port + host.index - 1


def has_privileged(image: str) -> bool:
    """Whether this machine lets a container be privileged."""
    command = ["docker", "run", "--rm", "--privileged", "--network", "none", "--entrypoint", "true", image]
    return attempt(command, timeout_seconds=60).returncode == 0


def cgroup_driver() -> str:
    """Who manages the control groups of containers: cgroupfs (the engine itself) or systemd."""
    return run(["docker", "info", "--format", "{{.CgroupDriver}}"], remedy=_REMEDY).strip()


def has_cgroup_v2() -> bool:
    """Whether this machine has the unified control group tree only."""
    return Path("/sys/fs/cgroup/cgroup.controllers").exists()


def existing(settings: Settings) -> dict[str, str]:
    """Short name -> state (running, exited ...) of the lab's containers."""
    form = '{{.Label "bluegreen.lab.host"}} {{.State}}'
    listed = run(["docker", "ps", "--all", "--filter", f"label={settings.label}", "--format", form], remedy=_REMEDY)
    return dict(line.split(" ", 1) for line in listed.splitlines() if line.strip())


def ensure_host(settings: Settings, host: Host, image: str, more: Sequence[str]) -> Literal["kept", "started", "new"]:
    """Have the host's container as it should be, running; says what that took."""
    container = settings.container(host.name)
    options = create_options(settings, host, more)
    config = hashlib.sha256("\0".join([*options, image]).encode()).hexdigest()[:16]
    form = f'{{{{index .Config.Labels "{_CONFIG_LABEL}"}}}} {{{{.State.Running}}}}'
    found = attempt(["docker", "container", "inspect", "--format", form, container])
    if found.stdout.split() == [config, "true"]:
        return "kept"
    if found.stdout.split() == [config, "false"]:
        _start(container)
        return "started"
    if found.returncode == 0:
        remove_host(settings, host.name)
    if host.kind == "lb":
        _need_port(front_port(settings, host))
    if host.kind in _DATA:
        run(["docker", "volume", "create", "--label", settings.label, f"{container}-data"], remedy=_REMEDY)
    run(["docker", "create", *options, "--label", f"{_CONFIG_LABEL}={config}", image], remedy=_REMEDY)
    if host.kind in _SSH_KINDS:
        run(["docker", "cp", "-", f"{container}:/"], stdin=key_files(settings, host), remedy=_REMEDY)
    _start(container)
    return "new"


def remove_host(settings: Settings, name: str) -> None:
    """Remove a host's container and its data."""
    container = settings.container(name)
    attempt(["docker", "rm", "--force", "--volumes", container], timeout_seconds=60)
    attempt(["docker", "volume", "rm", "--force", f"{container}-data"])
    _remove_control_groups(container)


def _remove_control_groups(container: str) -> None:
    """Take away empty groups that an engine which was killed left in this machine's tree; only root can."""
    root = Path("/sys/fs/cgroup")
    for parent in (*root.glob(f"bluegreen-lab/{container}"), *root.glob(f"*/bluegreen-lab/{container}")):
        for group in sorted((parent, *parent.rglob("*/")), reverse=True):
            with contextlib.suppress(OSError):
                group.rmdir()


def remove_all(settings: Settings) -> int:
    """Remove everything that carries the lab's label; returns how many containers there were."""
    names = run(["docker", "ps", "--all", "--quiet", "--filter", f"label={settings.label}"], remedy=_REMEDY).split()
    if names:
        run(["docker", "rm", "--force", "--volumes", *names], remedy=_REMEDY, timeout_seconds=120)
        _remove_control_groups(f"{settings.name}-app[0-9]*")
    for kind in ("volume", "network"):
        found = run(["docker", kind, "ls", "--quiet", "--filter", f"label={settings.label}"], remedy=_REMEDY).split()
        if found:
            run(["docker", kind, "rm", *found], remedy=_REMEDY)
    return len(names)


def inside(
    settings: Settings, name: str, command: Sequence[str], *, stdin: bytes | None = None, timeout_seconds: float = 60
) -> str:
    """Run a command on a host, as root and not over SSH, and return what it printed.

    Raises:
        LabError: the command failed.
    """
    docker = ["docker", "exec", *(["-i"] if stdin is not None else []), settings.container(name)]
    return run([*docker, *command], stdin=stdin, timeout_seconds=timeout_seconds, remedy=_REMEDY)


def _start(container: str) -> None:
    run(["docker", "start", container], remedy=_REMEDY, timeout_seconds=60)


def _need_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise LabError(
                f"port {port} of 127.0.0.1 free for a front door",
                str(error),
                f"stop what holds it (ss -tlnp 'sport = :{port}'), or choose others: export LAB_PORT=8180",
            ) from None
