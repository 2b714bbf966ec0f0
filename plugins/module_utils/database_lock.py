# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time of what is done to a database: an advisory lock, which ends with the connection that holds it."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query, who

_POLL_SECONDS = 0.2


def lock_key(work: str) -> int:
    """The number of the advisory lock of a piece of work: the same for every run, another one for another."""
    digest = hashlib.sha256(f"bluegreen.release {work}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


@contextlib.contextmanager
def alone(connection: Any, work: str, seconds: float) -> Iterator[None]:
    """Hold the advisory lock of the work. Raises DatabaseError when another holds it for too long."""
    key, deadline = lock_key(work), time.monotonic() + seconds
    while not query(connection, "SELECT pg_try_advisory_lock(%s)", [key])[0][0]:
        if time.monotonic() >= deadline:
            raise DatabaseError(
                f"expected no other {work} within {seconds:g} s, found one by"
                f" {_holder(connection, key)}. Let it end, or end that process, then run again"
            )
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        with contextlib.suppress(DatabaseError):
            query(connection, "SELECT pg_advisory_unlock(%s)", [key])


_HOLDER = """
SELECT a.pid, a.usename, a.application_name, host(a.client_addr) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND ((l.classid::bigint << 32) | l.objid::bigint) = %s
"""


def _holder(connection: Any, key: int) -> str:
    rows = query(connection, _HOLDER, [key])
    return ", ".join(who(*row) for row in rows) or "somebody who left meanwhile"
