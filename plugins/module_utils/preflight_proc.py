# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what a host says of its sockets and file systems. No subprocess, no right needed but to read."""

from __future__ import annotations

import os
import pwd
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


def _connection(fields: list[str]) -> Connection:
    local, remote = fields[1], fields[2]
    return Connection(
        local_port=int(local.rpartition(":")[2], 16),
        remote_port=int(remote.rpartition(":")[2], 16),
        state=fields[3],
        inode=fields[9],
        uid=int(fields[7]),
    )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
