# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Follow a log that grows and rotates: only what is new, only whole lines, and nothing kept on the host.

Where the last reading stopped is a cursor that the caller keeps: ``{"files": [...]}``, each with the fields of Place,
the log itself last and, behind a rotation, the file before it, to which workers may still write. The sum of a file's
first bytes tells a log that was truncated and has grown again from one that only grew, and finds the copy that was made
of it before.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.signal_log_place import (
    LONGEST_LINE,
    Cursor,
    LogError,
    Place,
    advice,
    first_since,
    identity,
    line_end,
    place,
    places,
    sibling,
    unchanged,
)

CHUNK = 1 << 22  # bytes
_FOLLOWED = 2  # files

Take = Callable[[bytes], None]


class Followed(NamedTuple):
    """What reading came to. behind: bytes that were left for the next time. notes: what people must know."""

    cursor: dict[str, Any]
    behind: int
    notes: list[str]


class Follower:
    """One reading of the log at *path*.

    take: is given whole lines, several at once. late: says that time is over; asked before each chunk but the first.
    """

    def __init__(self, path: str, take: Take, late: Callable[[], bool]) -> None:
        self._path, self._take, self._late = path, take, late
        self._behind, self._started = 0, False
        self._notes: list[str] = []

    def read(self, cursor: Cursor | None, back_seconds: float = 0, now: float = 0) -> Followed:
        """Hand on what is new since the cursor. Raises LogError when the log cannot be read, or the cursor is none.

        back_seconds: without a cursor, how much of the past to read, by the host's clock *now*; else none of it.
        """
        known = places(cursor)
        try:
            found = self._all(known, back_seconds, now)
        except OSError as error:
            raise LogError(advice(self._path, error)) from error
        kept = [dict(zip(Place._fields, one)) for one in found[-_FOLLOWED:]]
        return Followed({"files": kept}, self._behind, self._notes)

    def _all(self, known: list[Place], back_seconds: float, now: float) -> list[Place]:
        try:
            log = self._open(self._path)
        except FileNotFoundError:
            # Between the two halves of a rotation there is none for a moment.
            moved = self._older(known)
            if not moved:
                raise
            return moved
        with log:
            if known:
                return self._since(log, known)
            size = os.fstat(log.fileno()).st_size
            start = first_since(log, size, now - back_seconds) if back_seconds else line_end(log, size)
            return [self._rest(log, start)]

    def _since(self, log: BinaryIO, known: list[Place]) -> list[Place]:
        *before, last = known
        if identity(log) != (last.device, last.inode):
            moved = self._older([last])
            if not moved:
                self._notes.append(f"{self._path} was rotated, and the file before is gone: its end is unread")
            return [*moved, self._rest(log, 0)]
        if unchanged(log, last):
            return [*self._older(before), self._rest(log, last.offset)]
        copies = self._older([last], copied=True)
        if not copies:
            self._notes.append(f"{self._path} was truncated: what was written just before may be unread")
        # A copy is written once: nothing will follow in it.
        return [*(copies if self._behind else []), self._rest(log, 0)]

    def _older(self, known: list[Place], copied: bool = False) -> list[Place]:
        """Read on in files that the log was before. One that is gone is not followed any more."""
        found = []
        for one in known:
            path = sibling(self._path, one, copied)
            if path is not None:
                with self._open(path) as file:
                    found.append(self._rest(file, one.offset))
        return found

    def _rest(self, file: BinaryIO, offset: int) -> Place:
        """Read whole lines from the offset on, as far as time allows."""
        file.seek(offset)
        size, skipping = os.fstat(file.fileno()).st_size, False
        while offset < size:
            if self._started and self._late():
                self._behind += size - offset
                break
            self._started = True
            chunk = file.read(min(CHUNK, size - offset))
            end = chunk.rfind(b"\n") + 1
            if end:
                self._take(chunk[chunk.find(b"\n") + 1 : end] if skipping else chunk[:end])
                skipping = False
            elif len(chunk) < LONGEST_LINE:
                break  # the line is not written whole yet
            else:
                end, skipping = len(chunk), True
                self._take(b"(a line that is too long)\n")
            if not chunk:
                break
            offset += end
            file.seek(offset)
        return place(file, offset)

    def _open(self, path: str) -> BinaryIO:
        # Not blocking: a pipe in the log's place would be waited for without end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise LogError(f"expected a file at {path}, found none that can be read again: have nginx log to a file")
        return os.fdopen(descriptor, "rb", buffering=0)
