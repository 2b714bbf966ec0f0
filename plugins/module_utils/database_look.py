# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happens on a database just now that a migration would wait for, or break; and what a migration finds there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.database import query, who

_MEGABYTE = 1024**2
_SHOWN = 5

# A transaction, the tables that it has locks on, and whether it is a dump.
_TRANSACTIONS = """
SELECT a.pid, a.usename, a.application_name, host(a.client_addr), a.state,
       extract(epoch FROM now() - a.xact_start)::float,
       a.application_name = 'pg_dump',
       array(SELECT DISTINCT c.relname::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
             WHERE l.pid = a.pid AND l.granted AND c.relkind IN ('r', 'p'))
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.xact_start IS NOT NULL AND a.pid <> pg_backend_pid()
  AND a.backend_type = 'client backend'
ORDER BY a.xact_start
"""
_CONNECTIONS = """
SELECT count(*) FILTER (WHERE backend_type = 'client backend'),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
FROM pg_stat_activity
"""
_LAG = (
    "SELECT coalesce(application_name, ''), coalesce(extract(epoch FROM replay_lag), 0)::float FROM pg_stat_replication"
)
_TABLES = """
SELECT c.relname::text, pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relname = ANY (%s) AND n.nspname <> ALL (ARRAY['pg_catalog', 'information_schema'])
ORDER BY 2 DESC
"""


@dataclass(frozen=True)
class Limits:
    """transaction: seconds after which one counts as long. lag: seconds a replica may be behind. spare: connections."""

    transaction: float
    lag: float
    spare: int


def look(connection: Any, tables: Sequence[str]) -> dict[str, Any]:
    """All of it. tables: that a migration touches. Raises DatabaseError."""
    names = ("pid", "user", "application", "address", "state", "seconds", "dump", "tables")
    used, limit = query(connection, _CONNECTIONS)[0]
    return {
        "transactions": [dict(zip(names, row, strict=True)) for row in query(connection, _TRANSACTIONS)],
        "connections": {"used": int(used), "limit": int(limit)},
        "replicas": [{"name": name, "lag": float(lag)} for name, lag in query(connection, _LAG)],
        "tables": [
            {"name": name, "bytes": int(size), "rows": int(rows)}
            for name, size, rows in query(connection, _TABLES, [list(tables)])
        ],
    }


def problems(seen: Mapping[str, Any], limits: Limits, tables: Sequence[str], everywhere: bool) -> list[str]:
    """What stands in the way of a migration just now, in words.

    tables: that it touches. everywhere: whether it waits for transactions on other tables too, as building an index
    beside users does.
    """
    found = [_in_the_way(one) for one in seen["transactions"] if _blocks(one, limits, tables, everywhere)]
    used, limit = seen["connections"]["used"], seen["connections"]["limit"]
    if limit - used < limits.spare:
        found.append(
            f"expected {limits.spare} free connections for the migration and the pools of two slots, found {used} of"
            f" {limit} in use: make the pools of the application smaller, or raise max_connections"
        )
    found += [
        f"expected replica {one['name'] or 'without a name'} at most {limits.lag:g} s behind, found {one['lag']:.0f} s:"
        " a migration would put it further behind; wait until it has caught up"
        for one in seen["replicas"]
        if one["lag"] > limits.lag
    ]
    return found


def _blocks(one: Mapping[str, Any], limits: Limits, tables: Sequence[str], everywhere: bool) -> bool:
    touched = bool(set(one["tables"]) & set(tables)) or everywhere
    return touched and (bool(one["dump"]) or one["seconds"] > limits.transaction)


def _in_the_way(one: Mapping[str, Any]) -> str:
    someone = who(one["pid"], one["user"], one["application"], one["address"])
    if one["dump"]:
        return f"{someone} is dumping the database: let the dump end, or give it another hour"
    held = ", ".join(one["tables"][:_SHOWN]) or "no table"
    return (
        f"{someone} has been in a transaction for {one['seconds']:.0f} s, {one['state']}, and holds {held}: end it, for"
        " the migration would wait for it, and users behind the migration"
    )


def lines(seen: Mapping[str, Any]) -> list[str]:
    """What a migration finds, for people."""
    used, limit = seen["connections"]["used"], seen["connections"]["limit"]
    told = [
        f"table {one['name']}: about {one['rows']:,} rows, {one['bytes'] / _MEGABYTE:,.1f} MiB"
        for one in seen["tables"]
    ]
    return [*told, f"connections: {used} of {limit} in use"]
