# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What on a database stands in the way of a migration."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.database_look import Limits, lines, problems

LIMITS = Limits(transaction=30, lag=60, spare=5)


def transaction(**changes: Any) -> dict[str, Any]:
    known = {
        "pid": 7, "user": "shop", "application": "", "address": "10.0.0.1", "state": "idle in transaction",
        "seconds": 31.0, "dump": False, "tables": ["orders"],
    }  # fmt: skip
    return {**known, **changes}


def seen(*transactions: dict[str, Any], used: int = 20, lag: float = 0) -> dict[str, Any]:
    return {
        "transactions": list(transactions),
        "connections": {"used": used, "limit": 97},
        "replicas": [{"name": "second", "lag": lag}],
        "tables": [{"name": "orders", "bytes": 3 * 1024**2, "rows": 12345}],
    }


@pytest.mark.parametrize(
    ("changes", "tables", "everywhere", "blocks"),
    [
        ({}, ["orders"], False, True),
        ({"seconds": 30.0}, ["orders"], False, False),
        ({}, ["users"], False, False),
        ({}, ["users"], True, True),
        ({"tables": []}, ["users"], True, True),
        ({"dump": True, "seconds": 1.0}, ["orders"], False, True),
        ({"dump": True, "seconds": 1.0, "tables": ["other"]}, ["orders"], False, False),
        ({}, [], False, False),
    ],
)
def test_transactions(changes: dict[str, Any], tables: list[str], everywhere: bool, blocks: bool) -> None:
    found = problems(seen(transaction(**changes)), LIMITS, tables, everywhere)
    assert bool(found) is blocks
    assert not found or "server process 7 (shop, no name, from 10.0.0.1)" in found[0]


def test_who_holds_what_for_how_long_is_told() -> None:
    (found,) = problems(seen(transaction()), LIMITS, ["orders"], False)
    assert "in a transaction for 31 s, idle in transaction, and holds orders: end it" in found


@pytest.mark.parametrize(("used", "short"), [(92, False), (93, True)])
def test_free_connections(used: int, short: bool) -> None:
    assert bool(problems(seen(used=used), LIMITS, [], False)) is short


@pytest.mark.parametrize(("lag", "behind"), [(60.0, False), (61.0, True)])
def test_replica(lag: float, behind: bool) -> None:
    assert bool(problems(seen(lag=lag), LIMITS, [], False)) is behind


def test_lines() -> None:
    assert lines(seen()) == ["table orders: about 12,345 rows, 3.0 MiB", "connections: 20 of 97 in use"]
