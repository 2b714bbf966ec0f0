# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tables in which migration tools keep which revisions are applied, and the transactions that wrote them.

Alembic and Django write there in the transaction of the revision itself. So the transaction that wrote a row of such a
table last is the one that changed the application's tables.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query

BOOKS = ("alembic_version", "django_migrations")
_TABLES = """
SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relname = ANY (%s)
"""


def transactions(connection: Any, books: Sequence[str]) -> frozenset[int]:
    """The transactions that wrote the rows that are there; none where nothing can be read."""
    with contextlib.suppress(DatabaseError):
        return frozenset(
            int(number)
            for (name,) in query(connection, _TABLES, [list(books)])
            for (number,) in query(connection, f"SELECT DISTINCT xmin::text FROM {name}")
        )
    return frozenset()
