# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the revisions on DATABASE_URL: one run at a time. How long it waits for locks is PGOPTIONS' to say."""

from __future__ import annotations

import logging
import os

from alembic import context
from sqlalchemy import create_engine, pool, text

from samokoder.settings import driver_url

# Any number, the same for all runs: the second of two simultaneous runs waits for the first.
ADVISORY_LOCK = 20_090_100


def run_online() -> None:
    """Run the revisions, each in its own transaction."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("expected DATABASE_URL in the environment, found none; set it in the env file")
    engine = create_engine(driver_url(url), poolclass=pool.NullPool, connect_args={"connect_timeout": 5})
    with engine.connect() as guard, engine.connect() as connection:
        guard = guard.execution_options(isolation_level="AUTOCOMMIT")
        guard.execute(text("SELECT pg_advisory_lock(:number)"), {"number": ADVISORY_LOCK})
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
logging.getLogger("alembic.runtime.migration").setLevel(logging.INFO)

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run_online()
