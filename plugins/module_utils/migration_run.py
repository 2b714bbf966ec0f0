# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run of a migration tool: in a container of its own, alone on its database, with an end, and never in the way.

A statement of a migration that waits for a lock makes every later query of the same table wait behind it. So it gives
up after its lock timeout, the queue drains, and the run is tried again a little later.
"""

from __future__ import annotations

import contextlib
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

from ansible_collections.bluegreen.release.plugins.module_utils import database
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError
from ansible_collections.bluegreen.release.plugins.module_utils.migration_tool import Tool

_KEPT_BYTES = 4_000_000
_POLL_SECONDS = 0.2
_LOOK_SECONDS = 0.25
_REMOVE_SECONDS = 60
_SESSION_SECONDS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
# What PostgreSQL says, and how drivers call it.
_LOCK_TIMEOUT = re.compile(r"canceling statement due to lock timeout|LockNotAvailable|55P03")


@dataclass(frozen=True)
class Limits:
    """In seconds. run: for one run. locks: for all waiting for locks together, and for another run to end."""

    run: float
    locks: float


@dataclass
class Outcome:
    """How it ended.

    Attributes:
        rc: of the tool; None where it was ended because its time was over.
        stdout: what it printed; stderr: what else.
        attempts: how often it ran.
        blockers: who stood in its way, in words.
        seconds: how long it took altogether; last_seconds: how long the last run did.
        left: what a run that was ended has left on the server, in words; nothing where nobody could look.
    """

    rc: int | None
    stdout: str
    stderr: str
    attempts: int
    blockers: list[str]
    seconds: float
    last_seconds: float
    left: list[str]


_BLOCKERS = """
SELECT DISTINCT a.pid, a.usename, a.application_name, host(a.client_addr), a.state,
       round(extract(epoch FROM now() - coalesce(a.xact_start, a.query_start)))::int
FROM pg_locks l, unnest(pg_blocking_pids(l.pid)) AS blocker JOIN pg_stat_activity a ON a.pid = blocker
WHERE NOT l.granted AND l.pid <> pg_backend_pid()
  AND (l.mode = 'AccessExclusiveLock' OR l.locktype = 'virtualxid' OR l.mode = 'ShareRowExclusiveLock')
"""


def _blockers(connection: Any) -> list[str]:
    return [
        f"{database.who(*row[:4])} is {row[4]} in a transaction of {row[5]} s"
        for row in database.query(connection, _BLOCKERS)
    ]


# Opens what must be held while the tool runs, and gives the descriptor that holds it.
Enter = Callable[[], "contextlib.AbstractContextManager[int]"]


def run(
    tool: Tool, argv: Sequence[str], limits: Limits, connection: Any, enter: Enter,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:  # fmt: skip
    """Run the tool with *argv* until it ends otherwise than by a lock timeout, or its time for those is over.

    connection: of our own, to tell who stands in the way; None for no looking. enter: holds the fence for one run. The
    tool inherits its descriptor, so that the fence stays held while it runs, even when this process is killed; between
    two runs another may take over. Raises OSError, and what *enter* raises.
    """
    started, attempts, waited = time.monotonic(), 0, _FIRST_PAUSE
    blockers: dict[str, None] = {}
    while True:
        attempts += 1
        began = time.monotonic()
        with enter() as descriptor:
            rc, out, err, seen, left = _once(tool, argv, limits.run, connection, descriptor)
        blockers.update(dict.fromkeys(seen))
        last, spent = time.monotonic() - began, time.monotonic() - started
        if rc in (0, None) or not _LOCK_TIMEOUT.search(out + err) or spent + waited > limits.locks:
            return Outcome(rc, out, err, attempts, list(blockers), round(spent, 1), round(last, 1), left)
        pause(waited * random.uniform(0.5, 1.5))
        waited = min(waited * 2, _LONGEST_PAUSE)


def _once(
    tool: Tool, argv: Sequence[str], seconds: float, connection: Any, keep: int
) -> tuple[int | None, str, str, list[str], list[str]]:  # fmt: skip
    seen: list[str] = []
    left: list[str] = []
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            tool.command(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=err, pass_fds=(keep,),
            start_new_session=True,
        )  # fmt: skip
        try:
            code = _wait(process, seconds, lambda: seen.extend(_look(connection)))
        except BaseException:
            end(tool, process)
            end_sessions(connection, tool.session)
            raise
        if code is None:
            end(tool, process)
            left = end_sessions(connection, tool.session)
        return code, _text(out), _text(err), seen, left


def _look(connection: Any) -> list[str]:
    """Who stands in the way just now; a look that fails takes nothing from the run."""
    if connection is None:
        return []
    with contextlib.suppress(DatabaseError):
        return _blockers(connection)
    return []


def _wait(process: subprocess.Popen[bytes], seconds: float, look: Callable[[], None]) -> int | None:
    """The exit code; None when the time is over."""
    deadline = time.monotonic() + seconds
    next_look = time.monotonic() + _LOOK_SECONDS
    while process.poll() is None:
        now = time.monotonic()
        if now >= deadline:
            return None
        if now >= next_look:
            look()
            next_look = now + _LOOK_SECONDS
        time.sleep(_POLL_SECONDS)
    return process.returncode


_WHO = "SELECT pid, usename, application_name, host(client_addr)"
_SESSIONS = """
FROM pg_stat_activity WHERE application_name = %s AND datname = current_database() AND pid <> pg_backend_pid()
"""


def end_sessions(connection: Any, name: str) -> list[str]:
    """End the sessions of this name; gives those that are left, in words.

    While a statement runs PostgreSQL does not see that its client is gone, and keeps all that it has locked.
    """
    if connection is None or not name:
        return []
    deadline = time.monotonic() + _SESSION_SECONDS
    try:
        with contextlib.suppress(DatabaseError):  # of another role: told below
            database.query(connection, f"SELECT pg_terminate_backend(pid) {_SESSIONS}", [name])
        while True:
            rows = database.query(connection, f"{_WHO} {_SESSIONS}", [name])
            if not rows or time.monotonic() >= deadline:
                return [database.who(*row) for row in rows]
            time.sleep(_POLL_SECONDS)
    except DatabaseError:
        return []  # the server itself is away, and its sessions with it


def end(tool: Tool, process: subprocess.Popen[bytes]) -> None:
    """Remove the container, so that the database undoes what was not committed; then Docker's command itself."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            [tool.docker, "rm", "--force", tool.container], capture_output=True, timeout=_REMOVE_SECONDS, check=False
        )
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()


def _text(stream: IO[bytes]) -> str:
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _KEPT_BYTES))
    return stream.read().decode(errors="replace")
