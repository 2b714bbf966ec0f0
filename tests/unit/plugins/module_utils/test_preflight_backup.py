# SPDX-License-Identifier: GPL-3.0-or-later
"""The host of the dumps: every row changes one thing of one that is fine, and one problem must come of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_backup import judge_backup
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Dumps

MIB = 1024**2
DUMPS = Dumps(host="db1", user="shop", verify=True, spare=256 * MIB)
UNPROVED = Dumps(host="db1", user="shop", verify=False, spare=256 * MIB)
SEEN: dict[str, Any] = {
    "tools": {"pg_dump": "15.14", "pg_restore": "15.14"},
    "driver": True,
    "database": {"problem": "", "version": "15.14 (Debian 15.14-0+deb12u1)", "creates": True, "bytes": 1000 * MIB},
    "directory": {"path": "/b", "exists": True, "writable": True, "read_only": False, "free_bytes": 1300 * MIB},
    "young": False,
}


def problems(dumps: Dumps = DUMPS, **changes: Any) -> list[Problem]:
    seen = copy.deepcopy(SEEN)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = seen
        for name in parents:
            place = place[name]
        place[last] = value
    return list(judge_backup(dumps, seen))


def test_a_host_that_is_fine() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("changes", "what", "said"),
    [
        ({"unreachable": True, "msg": "No route to host"}, "The host of the dumps could not be looked at", "No route"),
        ({"failed": True, "msg": "no python"}, "The host of the dumps could not be looked at", "no python"),
        ({"tools__pg_dump": None}, "PostgreSQL's client is missing", "no pg_dump"),
        ({"tools__pg_restore": None, "tools__pg_dump": None}, "PostgreSQL's client is missing", "no pg_restore"),
        ({"tools__pg_dump": "14.19"}, "PostgreSQL's client is too old", "pg_dump 14.19"),
        ({"tools__pg_restore": "9.6.24"}, "PostgreSQL's client is too old", "15 or newer, as the server"),
        ({"tools__pg_dump": "Error: no cluster"}, "PostgreSQL's client is too old", "Error: no cluster"),
        ({"database__version": "16.4"}, "PostgreSQL's client is too old", "pg_dump 15.14 and pg_restore 15.14"),
        ({"driver": False, "database": {"problem": ""}}, "Python's psycopg2 is missing", "python3-psycopg2"),
        ({"database": {"problem": "refused"}}, "The host of the dumps cannot use the database", "refused"),
        ({"database__creates": False}, "No dump can be proved", "ALTER ROLE shop CREATEDB"),
        ({"directory__free_bytes": 1200 * MIB}, "There is no room for the dump", "1,256 MiB free in /b"),
        ({"directory__free_bytes": 200 * MIB, "young": True}, "There is no room for the dump", "256 MiB free in /b"),
        ({"directory__writable": False}, "The directory of the dumps is not writable", "sudo chown it: /b"),
    ],
)
def test_one_change_one_problem(changes: dict[str, Any], what: str, said: str) -> None:
    found = problems(**changes)
    assert [one.what for one in found] == [what]
    assert all(found[0]), "every problem says expected, found and what to do"
    assert said in " ".join(found[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"tools__pg_dump": "16.1", "tools__pg_restore": "17beta1"},
        {"database__creates": True, "young": True, "directory__free_bytes": 256 * MIB},
        {"directory__exists": False, "directory__writable": False},
        {"directory__free_bytes": None},
    ],
)
def test_what_is_no_problem(changes: dict[str, Any]) -> None:
    assert problems(**changes) == []


def test_a_dump_that_is_not_proved_needs_no_database_of_its_own() -> None:
    assert problems(UNPROVED, database__creates=False) == []


def test_everything_at_once_is_told_at_once() -> None:
    found = problems(tools__pg_dump=None, database__creates=False, directory__free_bytes=0)
    assert len(found) == 3
