# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what a host says of its sockets and file systems. No subprocess, no right needed but to read."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

ESTABLISHED, LISTEN = "01", "0A"


class Connection(NamedTuple):
    """One line of /proc/net/tcp."""

    local_port: int
    remote_port: int
    state: str
    inode: str
    uid: int


def connections(proc: Path = Path("/proc")) -> list[Connection]:
    """Give every TCP socket of the host, of both address families."""
    found = []
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        found += [_connection(line.split()) for line in lines]
    return found


def owner(inode: str, uid: int, proc: Path = Path("/proc")) -> dict[str, Any]:
    """Name the process behind a socket; without the right to see it, the user is all that is known."""
    user = _user(uid)
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if _holds(entry / "fd", f"socket:[{inode}]"):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                return {"pid": int(entry.name), "command": command[:120], "user": user}
        except OSError:
            continue
    return {"pid": None, "command": None, "user": user}


def _holds(descriptors: Path, wanted: str) -> bool:
    """Tell whether one of a process's descriptors is the wanted one; some of them end while we look."""
    for link in descriptors.iterdir():
        try:
            if os.readlink(link) == wanted:
                return True
        except FileNotFoundError:
            continue
    return False


def space(path: str) -> dict[str, Any]:
    """Give the free bytes of the file system that has (or will have) a path, and whether it is read only."""
    place = Path(path)
    while True:
        try:
            found = os.statvfs(place)
        except FileNotFoundError:
            place = place.parent
            continue
        except OSError as error:
            return {"free_bytes": None, "read_only": None, "problem": str(error)}
        return {"free_bytes": found.f_bavail * found.f_frsize, "read_only": bool(found.f_flag & os.ST_RDONLY)}


def directory(path: str) -> dict[str, Any]:
    """Describe a directory: does it exist, may this user write in it, is its file system read only."""
    # access(2) gives EROFS too; so a read-only mount is never called writable.
    return {
        "path": path,
        "exists": os.path.isdir(path),
        "writable": os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK),
        **space(path),
    }


def runs(name: str, proc: Path = Path("/proc")) -> bool | None:
    """Tell whether a process of this name runs; None where processes of others are hidden."""
    try:
        if (proc / "1" / "comm").read_text(encoding="utf-8").strip() == name:
            return True
    except OSError:
        return None
    for entry in proc.iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text(encoding="utf-8").strip() == name:
                return True
        except OSError:
            continue  # It ended while we looked.
    return False


def closed(path: str) -> dict[str, Any] | None:
    """Give the first directory on the way to a path that not everybody may enter, with who may; None when all may."""
    place = Path("/")
    for part in Path(path).parts[1:]:
        place /= part
        try:
            found = place.stat()
        except OSError:
            return None  # Not there yet, or behind a directory that was given already.
        if not found.st_mode & stat.S_IXOTH:
            owner = _user(found.st_uid) if found.st_mode & stat.S_IXUSR else None
            group = _group(found.st_gid) if found.st_mode & stat.S_IXGRP else None
            return {"path": str(place), "mode": f"{stat.S_IMODE(found.st_mode):04o}", "owner": owner, "group": group}
    return None


def unresolved(names: Iterable[str]) -> list[dict[str, str]]:
    """Give the names that this host cannot resolve, as nginx would when it reads its configuration."""
    found = []
    for name in dict.fromkeys(names):
        try:
            socket.getaddrinfo(name.strip("[]"), None, type=socket.SOCK_STREAM)
        except OSError as error:
            found.append({"name": name, "reason": error.strerror or str(error)})
    return found


def selinux(path: str, system: Path = Path("/sys/fs/selinux")) -> dict[str, Any] | None:
    """Give what SELinux says of a path and of connections of web servers; None where it does not enforce."""
    try:
        if (system / "enforce").read_text(encoding="ascii").strip() != "1":
            return None
    except OSError:
        return None
    try:
        connect = (system / "booleans" / "httpd_can_network_connect").read_text(encoding="ascii").split()[:1] == ["1"]
    except OSError:
        connect = True  # This policy does not confine web servers.
    return {"label": _label(path), "may_connect": connect}


def _label(path: str) -> str | None:
    """Give the type in the label of a path; None when it is not there, or has none."""
    try:
        text = os.getxattr(path, "security.selinux").decode(errors="replace").rstrip("\0")
    except OSError:
        return None
    parts = text.split(":")
    return parts[2] if len(parts) > 2 else None


def _connection(fields: list[str]) -> Connection:
    local, remote = fields[1], fields[2]
    return Connection(
        local_port=int(local.rpartition(":")[2], 16),
        remote_port=int(remote.rpartition(":")[2], 16),
        state=fields[3],
        inode=fields[9],
        uid=int(fields[7]),
    )


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
