# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker engine and Compose v2: what the machine has is used, what it lacks is installed."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.process import as_root, attempt, last_lines, run, say, step

_INSTALL_COMPOSE = Path(__file__).parent / "hosts" / "install-compose.sh"
# Which process each names. The engine waits in vain for the containerd of a file whose process was killed.
_PID_FILES = {
    Path("/var/run/docker.pid"): "dockerd",
    Path("/run/docker.pid"): "dockerd",
    Path("/run/docker/containerd/containerd.pid"): "containerd",
}
_LOG = Path("/var/log/bluegreen-lab-dockerd.log")
_START_SECONDS = 60
_OWN_ENGINE = "install Docker Engine and Compose v2 as their documentation says, then run this command again"


@dataclass(frozen=True)
class Engine:
    """Versions of the engine and of Compose, for people."""

    version: str
    compose: str


def ensure_engine() -> Engine:
    """Make sure that an engine answers and that Compose v2 is there.

    Raises:
        LabError: what is missing cannot be installed or started here.
    """
    version = _server_version()
    if version is None:
        if not _is_installed("dockerd"):
            apt_install(["docker.io", "iptables"])
        _start()
        version = _server_version()
    if version is None:
        raise _unanswered()
    return Engine(version=version, compose=_ensure_compose())


def _server_version() -> str | None:
    done = attempt(["docker", "version", "--format", "{{.Server.Version}}"], timeout_seconds=20)
    if done.returncode != 0 and "permission denied" in done.stderr:
        raise LabError(
            "the right to use the Docker engine",
            "permission denied at its socket",
            "run this command as root, or: sudo usermod -aG docker $USER, and log in again",
        )
    return done.stdout.strip() or None if done.returncode == 0 else None


def _compose_version() -> str | None:
    done = attempt(["docker", "compose", "version", "--short"], timeout_seconds=20)
    version = done.stdout.strip().lstrip("v")
    return version if done.returncode == 0 and version.split(".")[0].isdigit() else None


def _is_installed(program: str) -> bool:
    return attempt(["sh", "-c", f"PATH=$PATH:/usr/sbin:/sbin command -v {program}"]).returncode == 0


def _unanswered() -> LabError:
    done = attempt(["docker", "version"], timeout_seconds=20)
    log = last_lines(_LOG.read_text(errors="replace"), 5) if _LOG.exists() else ""
    found = "\n".join(part for part in (last_lines(done.stderr, 3), log) if part)
    return LabError("a Docker engine that answers", found, f"read {_LOG}, or {_OWN_ENGINE}")


def read_os_release(text: str) -> dict[str, str]:
    """The fields of os-release(5)."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name: value.strip().strip("\"'") for name, value in pairs}


def compose_command(os_release: dict[str, str]) -> list[str]:
    """The command that installs Compose v2 on this distribution; a list beginning with apt-get or sh."""
    if os_release.get("ID") == "ubuntu":
        return ["apt-get", "install", "docker-compose-v2"]
    if os_release.get("VERSION_CODENAME") == "bookworm":
        return ["sh", str(_INSTALL_COMPOSE)]
    return ["apt-get", "install", "docker-compose"]


def _ensure_compose() -> str:
    version = _compose_version()
    if version is not None:
        return version
    release = Path("/etc/os-release")
    command = compose_command(read_os_release(release.read_text()) if release.exists() else {})
    if command[0] == "apt-get":
        apt_install(command[2:])
    else:
        _need_apt()
        with step("no Compose v2 in this distribution: installing the pinned package of the next one"):
            run(as_root(command), remedy=_OWN_ENGINE, timeout_seconds=300)
    version = _compose_version()
    if version is None:
        raise LabError("docker compose, version 2", "none after installing it", _OWN_ENGINE)
    return version


def _need_apt() -> None:
    if not _is_installed("apt-get"):
        raise LabError("Debian or Ubuntu, or a Docker engine already there", "no apt-get", _OWN_ENGINE)


def apt_install(packages: list[str]) -> None:
    """Install Debian packages.

    Raises:
        LabError: there is no apt here, or it fails.
    """
    _need_apt()
    with step(f"installing {' '.join(packages)}"):
        apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120", "-q"]
        attempt(as_root([*apt, "update"]), timeout_seconds=300)
        run(
            as_root([*apt, "-y", "install", "--no-install-recommends", *packages]),
            remedy=f"look at apt's message above, or {_OWN_ENGINE}",
            timeout_seconds=600,
        )


def _start() -> None:
    if Path("/run/systemd/system").is_dir():
        with step("starting the Docker engine by systemd"):
            run(as_root(["systemctl", "start", "docker"]), remedy="read: journalctl -u docker", timeout_seconds=120)
        return
    with step("starting the Docker engine (no systemd here)"):
        if not _engine_process_lives():
            _remove_stale_pid_files()
            _launch()
        _wait_for_answer()


def pid_is_stale(pid_text: str, wanted: str, proc: Path = Path("/proc")) -> bool:
    """Whether a pid file's content names no living process of that name; one killed and not reaped is dead."""
    pid = pid_text.strip()
    try:
        # "27009 (dockerd) S 1 ...": the state follows the name, and Z is a zombie.
        name, _, rest = (proc / pid / "stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return True
    return not pid.isdigit() or name != wanted or rest.split()[0] == "Z"


def _engine_process_lives() -> bool:
    return any(
        path.exists() and not pid_is_stale(path.read_text(), name)
        for path, name in _PID_FILES.items()
        if name == "dockerd"
    )


def _remove_stale_pid_files() -> None:
    for path, name in _PID_FILES.items():
        if path.exists() and pid_is_stale(path.read_text(), name):
            say(f"removing {path}: no {name} with that process id lives")
            run(as_root(["rm", "-f", str(path)]), remedy=f"remove {path}")


def _launch() -> None:
    command = as_root(["sh", "-c", f'PATH="$PATH:/usr/sbin:/sbin" exec dockerd >>{_LOG} 2>&1'])
    none = subprocess.DEVNULL
    subprocess.Popen(command, stdin=none, stdout=none, stderr=none, start_new_session=True, cwd="/")


def _wait_for_answer() -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if _server_version() is not None:
            return
        time.sleep(0.5)
    raise _unanswered()


def ensure_package(program: str, package: str) -> None:
    """Have a program of this machine, installing its package where it is missing.

    Raises:
        LabError: it cannot be installed.
    """
    if not _is_installed(program):
        apt_install([package])
