# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The flag that chooses the live slot: one file, C(live.blue) or C(live.green), moved by one rename(2)."""

from __future__ import annotations

import os
import re
import stat
import time
from typing import NamedTuple

SLOTS = ("blue", "green")
NONE = "none"
UNKNOWN = "unknown"


# Of one width, so that a stamp is replaced in place, on a full disk too.
_STAMP = re.compile(r"(\d{10}) (\d{10})\n")


class Stamp(NamedTuple):
    """When users were moved to the slot of a flag: the epoch of the lock, and the sequence of the record."""

    epoch: int = 0
    sequence: int = 0

    def __str__(self) -> str:
        return f"{self.epoch:010d} {self.sequence:010d}\n"


class FlagsError(Exception):
    """The flags are not in a state from which traffic may be moved; the text says why and what to do."""


def flag_path(directory: str, slot: str) -> str:
    """The path of the flag that says *slot* is live."""
    return os.path.join(directory, f"live.{slot}")


def other_slot(slot: str) -> str:
    """green for blue, blue for green. ValueError for anything else."""
    return SLOTS[1 - SLOTS.index(slot)]


def read_flags(directory: str) -> str:
    """The slot that the files name: blue, green, none (no flag yet) or unknown (unreadable, or both at once)."""
    found = []
    for slot in SLOTS:
        try:
            mode = os.stat(flag_path(directory, slot)).st_mode
        except FileNotFoundError:
            continue
        except OSError:
            return UNKNOWN
        if not stat.S_ISREG(mode):
            return UNKNOWN
        found.append(slot)
    if len(found) > 1:
        return UNKNOWN
    return found[0] if found else NONE


def switch_flag(directory: str, slot: str) -> float:
    """Make *slot* live by one rename and return when that was (time.monotonic() seconds).

    Needs no free space. Raises FlagsError when the other slot is not the live one, or the rename is refused.
    """
    source, target = flag_path(directory, other_slot(slot)), flag_path(directory, slot)
    state = read_flags(directory)
    if state != other_slot(slot):
        raise FlagsError(f"expected {source} to be the only flag, found the state {state!r}; nothing was moved.")
    try:
        os.rename(source, target)
    except OSError as error:
        raise FlagsError(
            f"expected to rename {source} to {target}, found: {error.strerror}. The directory must belong to the SSH "
            "user and be on a writable local file system."
        ) from error
    return time.monotonic()


def settle(directory: str) -> str:
    """Ask the disk to keep the rename; the reason in words when it would not, else empty. Never raises."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"the switch is in effect, but {directory} could not be flushed to disk: {error.strerror}"
    return ""


def parse_stamp(text: str) -> Stamp | None:
    """The stamp that a flag holds; None when the text is none."""
    found = _STAMP.fullmatch(text)
    return Stamp(int(found[1]), int(found[2])) if found else None


def read_stamp(directory: str, slot: str) -> Stamp:
    """The stamp of the flag of *slot*; the oldest of all when it has none. OSError when the flag cannot be read."""
    with open(flag_path(directory, slot), "rb") as stream:
        return parse_stamp(stream.read(64).decode("ascii", "replace")) or Stamp()


def write_stamp(directory: str, slot: str, stamp: Stamp) -> None:
    """Stamp the flag of *slot*. In place: a proxy that dies meanwhile is without a stamp, never without a flag.

    OSError when it cannot be written.
    """
    descriptor = os.open(flag_path(directory, slot), os.O_WRONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        stream.write(str(stamp).encode())
        os.fsync(stream.fileno())
