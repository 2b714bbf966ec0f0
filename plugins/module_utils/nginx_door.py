# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door of a proxy: while the file C(door.closed) is there, nginx lets nobody to a slot.

Beside the flag that chooses the slot, and moved as that is, by one rename(2). Whatever nginx cannot read is an open
door. The file holds when the door was closed, so that whoever opens it knows how long users waited.
"""

from __future__ import annotations

import os
import re

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import FlagsError

OPEN = "open"
CLOSED = "closed"
DOORS = (OPEN, CLOSED)
# Of one width, so that it is replaced in place, on a full disk too.
_INSTANT = re.compile(r"(\d{10}\.\d{3})\n")


def door_path(directory: str, state: str) -> str:
    """The path of the file that says the door is open, or closed."""
    return os.path.join(directory, f"door.{state}")


def read_door(directory: str) -> str:
    """What nginx makes of the files, V(open) or V(closed)."""
    return CLOSED if os.path.isfile(door_path(directory, CLOSED)) else OPEN


def closed_since(directory: str) -> float | None:
    """When the door was closed, in seconds since 1970; None where it is open, or nothing says it."""
    try:
        with open(door_path(directory, CLOSED), "rb") as stream:
            found = _INSTANT.fullmatch(stream.read(64).decode("ascii", "replace"))
    except OSError:
        return None
    return float(found[1]) if found else None


def close_door(directory: str, now: float) -> bool:
    """Close it by one rename; whether it was open. FlagsError when it cannot be closed, and then it is open."""
    source, target = door_path(directory, OPEN), door_path(directory, CLOSED)
    if read_door(directory) == CLOSED:
        return False
    try:
        descriptor = os.open(source, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "wb", buffering=0) as stream:
            stream.write(f"{now:014.3f}\n".encode())
        os.rename(source, target)
    except OSError as error:
        raise FlagsError(
            f"expected to close the door by renaming {source} to {target}, found: {error.strerror}. The directory must "
            "belong to the SSH user and be on a writable local file system; the door is open."
        ) from error
    return True


def open_door(directory: str) -> bool:
    """Open it; whether it was closed. Needs no free space. FlagsError when it cannot be opened."""
    source, target = door_path(directory, CLOSED), door_path(directory, OPEN)
    if read_door(directory) == OPEN:
        return False
    try:
        os.rename(source, target)
    except OSError as error:
        raise FlagsError(
            f"expected to open the door by renaming {source} to {target}, found: {error.strerror}. Users of this proxy "
            f"wait in front of it: remove {source}."
        ) from error
    return True
