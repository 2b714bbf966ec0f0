# SPDX-License-Identifier: GPL-3.0-or-later
"""The database: one small pool, every statement its own transaction, every statement timed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from samokoder.faults import Faults
from samokoder.metrics import Metrics

# Explicit, so that four instances stay far below PostgreSQL's default of 100 connections.
POOL_SIZE = 5
POOL_OVERFLOW = 5

metadata = sa.MetaData()
profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
)


class Database:
    """The application's access to PostgreSQL."""

    def __init__(self, url: str, faults: Faults) -> None:
        """`url` names the driver psycopg. Connects when first used."""
        self._faults = faults
        self.metrics: Metrics | None = None
        self._engine = create_async_engine(
            url,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            # The library's own default: a busy machine makes users wait, not fail.
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": 3, "options": "-c statement_timeout=5000"},
        )

    async def rows(self, statement: sa.Executable) -> Sequence[sa.RowMapping]:
        """Run `statement` and return its rows; committed on return.

        Raises:
            SQLAlchemyError: the database failed, or the fault db_errors is on.
        """
        begin = time.perf_counter()
        failed = True
        try:
            if self._faults.hits("db_errors"):
                raise OperationalError(str(statement), {}, ConnectionError("fault db_errors is on"))
            async with self._engine.connect() as connection:
                result = await connection.execute(statement)
                found = result.mappings().all()
            failed = False
            return found
        except TimeoutError as error:
            raise SQLAlchemyError(f"no connection in time: {error}") from error
        finally:
            if self.metrics is not None:
                self.metrics.query(time.perf_counter() - begin, failed)

    def connections(self) -> int:
        """Return how many connections are open."""
        pool: Any = self._engine.pool
        return int(pool.checkedin() + pool.checkedout())

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
