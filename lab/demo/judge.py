"""Judges of the machine: what a probe saw goes in, one line with a remedy comes out. Nothing here looks at the machine.

Runs before anything is installed, on whatever Python 3 the machine has: standard library only.
"""

from __future__ import annotations

from typing import NamedTuple

GIB = 1024**3
PYTHON_AT_LEAST = (3, 11)
MEMORY_AT_LEAST = 3 * GIB
DISK_AT_LEAST = 8 * GIB
OWN_ENGINE = "unset DOCKER_HOST; docker context use default"

OK, NOTE, BAD = "ok", "note", "BAD"


class Line(NamedTuple):
    """One check: `state` is OK, NOTE (worth knowing, nothing to do) or BAD (the demonstration would fail)."""

    state: str
    name: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        head = f"  {self.state:5}{self.name:14}{self.found}"
        return f"{head}\n{'':21}-> {self.remedy}" if self.remedy else head


def python(version: tuple[int, int]) -> Line:
    """The Python that .venv will be made from."""
    found = "Python {}.{}".format(*version)
    if version >= PYTHON_AT_LEAST:
        return Line(OK, "python", found)
    remedy = "expected 3.11 or newer: use Debian 12, Ubuntu 24.04 or newer, or put a newer python3 first on PATH"
    return Line(BAD, "python", found, remedy)


def system(os_like: str, has_apt: bool) -> Line:
    """`os_like`: ID and ID_LIKE of /etc/os-release."""
    if has_apt:
        return Line(OK, "system", os_like or "unnamed, with apt-get")
    return Line(BAD, "system", os_like or "unknown", "expected Debian or Ubuntu: the lab installs its parts by apt-get")


def ports(wanted: list[int], taken: list[int], ours: list[int], free: int) -> Line:
    """`taken`: ports in use; `ours`: those that this lab itself publishes; `free`: a port to use instead."""
    foreign = [port for port in taken if port not in ours]
    if foreign:
        names = ", ".join(map(str, foreign))
        remedy = f"stop what listens there (ss -ltnp 'sport = :{foreign[0]}'), or: LAB_PORT={free} bin/demo"
        return Line(BAD, "ports", f"{names} in use by something else", remedy)
    names = ", ".join(map(str, wanted))
    return Line(OK, "ports", f"{names} held by this lab" if taken else f"{names} free")


def rights(user_id: int, has_sudo: bool, sudo_silent: bool) -> Line:
    """Root, or sudo; `sudo_silent`: sudo asks for no password now."""
    if user_id == 0:
        return Line(OK, "rights", "root")
    if sudo_silent:
        return Line(OK, "rights", f"user {user_id}, sudo without a password")
    if has_sudo:
        remedy = "run `sudo -v` first, then bin/demo: it cannot ask for a password half-way"
        return Line(BAD, "rights", f"user {user_id}, sudo would ask for a password", remedy)
    return Line(BAD, "rights", f"user {user_id}, no sudo", "run bin/demo as root: su -c bin/demo")


def memory(available: int) -> Line:
    """`available`: bytes that can be used without swapping."""
    found = f"{available / GIB:.1f} GiB available"
    if available >= MEMORY_AT_LEAST:
        return Line(OK, "memory", found)
    remedy = f"expected {MEMORY_AT_LEAST // GIB} GiB: close something, or use a machine with 4 GiB"
    return Line(BAD, "memory", found, remedy)


def disk(free: dict[str, int]) -> Line:
    """`free`: bytes free by folder that the demonstration writes to."""
    folder, least = min(free.items(), key=lambda item: item[1])
    found = f"{least / GIB:.1f} GiB free at {folder}"
    if least >= DISK_AT_LEAST:
        return Line(OK, "disk", found)
    return Line(
        BAD, "disk", found, f"expected {DISK_AT_LEAST // GIB} GiB: make room there (docker system df, apt-get clean)"
    )


def docker(path: str, host: str, security: str) -> Line:
    """`path`: the docker command with links resolved, empty when there is none; `host`: the engine's address in force;
    `security`: the engine's security options, empty when it does not answer."""
    if not path:
        return Line(OK, "docker", "none yet; an engine and Compose v2 will be installed")
    if path.startswith(("/snap/", "/var/lib/snapd/")) or path.endswith("/snap"):
        remedy = "its confinement hides this folder: snap remove docker, then bin/demo installs Debian's docker.io"
        return Line(BAD, "docker", f"from snap ({path})", remedy)
    if "rootless" in security or "/run/user/" in host:
        remedy = "the lab's hosts need a rootful engine: unset DOCKER_HOST; docker context use default"
        return Line(BAD, "docker", f"rootless ({host or 'by its own account'})", remedy)
    if host.startswith(("tcp://", "ssh://")):
        return Line(
            BAD, "docker", f"engine on another machine ({host})", "unset DOCKER_HOST; docker context use default"
        )
    return Line(OK, "docker", path if security else f"{path}; its engine does not answer yet and will be started")


def certificates(bundle: str, private: list[str]) -> Line:
    """`bundle`: the bundle the environment names; `private`: authorities added to this machine."""
    if not bundle and not private:
        return Line(OK, "certificates", "no private certificate authority")
    found = bundle or f"{len(private)} in {private[0].rpartition('/')[0]}"
    return Line(NOTE, "certificates", f"private authority possible ({found}); pip and image builds will be given it")


def links(broken: list[str]) -> Line:
    """`broken`: links of the checkout that lead nowhere, or that are plain files where links belong."""
    if not broken:
        return Line(OK, "links", "all symbolic links of the checkout resolve")
    remedy = "check out where links work (no zip, no Windows share): git config core.symlinks true; git checkout -- ."
    return Line(BAD, "links", f"broken: {', '.join(broken[:3])}{' ...' if len(broken) > 3 else ''}", remedy)


def folder(path: str, mode: int) -> Line:
    """`mode`: permission bits of the checkout's folder."""
    if mode & 0o002:
        remedy = f"Ansible ignores ansible.cfg there: chmod o-w '{path}'"
        return Line(BAD, "folder", f"{path} is writable by everybody ({mode & 0o7777:04o})", remedy)
    return Line(OK, "folder", f"{path} ({mode & 0o7777:04o})")
