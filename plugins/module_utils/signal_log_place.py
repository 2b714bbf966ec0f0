# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where in a log that rotates reading stopped: finding the place again, and one for a beginning."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.signal_log import epoch_of

LONGEST_LINE = 1 << 20  # bytes
_HEAD = 512  # bytes

Cursor = Mapping[str, Any]


class LogError(Exception):
    """The log cannot be read; the text says why and what to do."""


class Place(NamedTuple):
    """Where reading of one file stopped. sum: of its first *length* bytes."""

    device: int
    inode: int
    offset: int
    length: int
    sum: int


def places(cursor: Cursor | None) -> list[Place]:
    """What a cursor says, the log itself last. Raises LogError for one that is none."""
    try:
        return [Place(*(int(one[name]) for name in Place._fields)) for one in (cursor or {}).get("files") or []]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LogError("expected the cursor that the last reading gave, found another one") from error


def identity(file: BinaryIO) -> tuple[int, int]:
    """Device and inode."""
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino


def place(file: BinaryIO, offset: int) -> Place:
    """The place where reading of the file stopped."""
    file.seek(0)
    head = file.read(min(_HEAD, offset))
    return Place(*identity(file), offset, len(head), zlib.crc32(head))


def unchanged(file: BinaryIO, place: Place) -> bool:
    """Whether what was read of the file is still its beginning."""
    file.seek(0)
    longer = os.fstat(file.fileno()).st_size >= place.offset
    return longer and zlib.crc32(file.read(place.length)) == place.sum


def sibling(path: str, place: Place, copied: bool) -> str | None:
    """The path of a rotated file, by its inode, or of the copy of a truncated one, by what it begins with."""
    directory, name = os.path.split(path)
    stem = name.partition(".")[0]
    for one in sorted(os.listdir(directory or "."), key=len)[:1000]:
        other = os.path.join(directory, one)
        if one == name or not one.startswith(stem):
            continue
        try:
            found = os.lstat(other)
            if not stat.S_ISREG(found.st_mode) or found.st_size < place.offset:
                continue
            if not copied and (found.st_dev, found.st_ino) == (place.device, place.inode):
                return other
            if copied and place.length:
                with open(other, "rb") as file:
                    if unchanged(file, place):
                        return other
        except OSError:
            continue
    return None


def line_end(file: BinaryIO, size: int) -> int:
    """Where the last whole line ends."""
    start = max(size - LONGEST_LINE, 0)
    file.seek(start)
    end = file.read(size - start).rfind(b"\n") + 1
    return start + end if end else size


def first_since(file: BinaryIO, size: int, since: float) -> int:
    """Where the first line begins that is not older than *since*; lines are written in the order of their time."""
    low, high = 0, size
    while high - low > 1024:
        middle = (low + high) // 2
        file.seek(middle)
        block = file.read(64 * 1024)
        start = block.find(b"\n") + 1
        epoch = epoch_of(block[start:]) if start else None
        if epoch is not None and epoch < since:
            low = middle
        else:
            high = middle
    return _next_line(file, low, since, size)


def _next_line(file: BinaryIO, offset: int, since: float, size: int) -> int:
    file.seek(offset)
    lines = file.read(256 * 1024).splitlines(keepends=True)
    for number, line in enumerate(lines):
        epoch = epoch_of(line) if number or not offset else None
        if epoch is not None and epoch >= since:
            return offset
        offset += len(line)
    return min(offset, size)


def advice(path: str, error: OSError) -> str:
    """What a person can do about it."""
    said = f"expected to read the access log {path}, found: {error.strerror or error}"
    if isinstance(error, PermissionError):
        return f"{said}. Put the SSH user into the group of the log (adm on Debian), or become root for it"
    return f"{said}. Is this where nginx writes it (nginx_switchover_access_log)?"
