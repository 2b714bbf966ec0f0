# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge whether the host of the dumps can make one before a migration. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Dumps, megabytes

_CLIENT = "install PostgreSQL's client there (Debian: postgresql-client), or set backup_host to a host that has it"


def judge_backup(dumps: Dumps, seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Give what is wrong with the host of the dumps. seen: what module backup_look gave, or how it failed."""
    if seen.get("unreachable") or seen.get("failed") or "tools" not in seen:
        yield Problem(
            "The host of the dumps could not be looked at",
            f"an answer of {dumps.host}, with Python",
            str(seen.get("msg") or "none"),
            "bring it back, or set backup_host to another host of the inventory",
        )
        return
    there = seen["database"]
    yield from _client(seen["tools"], there.get("version"))
    if not seen["driver"]:
        found = "none for the Python that Ansible uses there"
        yield Problem("Python's psycopg2 is missing", "psycopg2", found, "install it there (Debian: python3-psycopg2)")
    if there["problem"]:
        expected = "an answer of release_database, from the host that dumps it"
        remedy = "let the database be reached from there, or set backup_host to a host from which it is"
        yield Problem("The host of the dumps cannot use the database", expected, there["problem"], remedy)
    elif dumps.verify and seen["driver"] and not there["creates"]:
        yield Problem(
            "No dump can be proved",
            f"CREATEDB of role {dumps.user}, for the database into which a dump is restored",
            "a role without it",
            f"ALTER ROLE {dumps.user} CREATEDB; backup_verify set to false goes without the proof",
        )
    yield from _place(dumps, seen, int(there.get("bytes") or 0))


def _client(tools: Mapping[str, str | None], server: str | None) -> Iterator[Problem]:
    needed = f"{_major(server)} or newer, as the server" if server else "the server's version or newer"
    missing = [name for name, version in tools.items() if version is None]
    if missing:
        yield Problem("PostgreSQL's client is missing", f"pg_dump and pg_restore of {needed}", _none(missing), _CLIENT)
    old = [
        f"{name} {version}"
        for name, version in tools.items()
        if version is not None and (not _major(version) or (server and _major(version) < _major(server)))
    ]
    if old:
        yield Problem("PostgreSQL's client is too old", f"pg_dump and pg_restore of {needed}", listed(old), _CLIENT)


def _place(dumps: Dumps, seen: Mapping[str, Any], size: int) -> Iterator[Problem]:
    place = seen["directory"]
    if place["exists"] and not place["writable"]:
        found = f"{place['path']} is not writable for the SSH user"
        remedy = f"sudo chown it: {place['path']}; a file system that is read-only is named by dmesg"
        yield Problem("The directory of the dumps is not writable", "a directory of the SSH user", found, remedy)
    # Dumps that are younger than they may be are there; what is migrated is not known yet.
    needed = dumps.spare + (0 if seen["young"] else size)
    free = place["free_bytes"]
    if free is not None and free < needed:
        yield Problem(
            "There is no room for the dump",
            f"{megabytes(needed)} free in {place['path']}",
            megabytes(free),
            "make room there, or set backup_directory to a larger disk",
        )


def _none(names: list[str]) -> str:
    return f"no {' and no '.join(names)}"


def _major(version: str) -> int:
    """The number that decides: 15 of 15.14; 0 of what is no version."""
    found = re.match(r"\d+", version)
    return int(found.group()) if found else 0
