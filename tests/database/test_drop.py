# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of ours go, whoever is at work in them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import database as ours

from lab import database as lab_database
from lab.settings import Settings

SCRATCH = "bluegreen_test_drop"
WORKER = f"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND datname = '{SCRATCH}'"
# Looked at within a second of its first row, and for as long as nobody ends it.
SLOW = "autovacuum_analyze_threshold = 1, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1"


@pytest.fixture
def scratch(settings: Settings, connection: Any) -> Iterator[dict[str, Any]]:
    """A database of the role's own, on a server whose autovacuum comes at once."""
    lab_database.query(settings, "alter system set autovacuum_naptime = 1")
    lab_database.query(settings, "select pg_reload_conf()")
    ours.query(connection, f"CREATE DATABASE {SCRATCH}")
    yield {"name": SCRATCH}
    lab_database.query(settings, f"drop database if exists {SCRATCH} with (force)")
    lab_database.query(settings, "alter system reset autovacuum_naptime")
    lab_database.query(settings, "select pg_reload_conf()")


def test_a_database_that_autovacuum_and_somebody_else_are_at_work_in_goes(
    login: dict[str, Any], connection: Any, scratch: dict[str, Any]
) -> None:
    with contextlib.closing(ours.connect({**login, **scratch}, "a test")) as made:
        ours.query(made, f"CREATE TABLE t (n int, filler text) WITH ({SLOW})")
        ours.query(made, "INSERT INTO t SELECT n, repeat('x', 500) FROM generate_series(1, 200000) n")
    until = time.monotonic() + 60
    while ours.query(connection, WORKER) == [(0,)]:
        assert time.monotonic() < until, "no autovacuum came"
        time.sleep(0.1)
    with pytest.raises(ours.DatabaseError, match="pg_signal_backend"):
        ours.query(connection, f"DROP DATABASE {SCRATCH} WITH (FORCE)")
    with contextlib.closing(ours.connect({**login, **scratch}, "a test")):
        ours.drop(connection, SCRATCH)
    assert ours.query(connection, f"SELECT 1 FROM pg_database WHERE datname = '{SCRATCH}'") == []


def test_a_database_that_somebody_is_connected_to_goes(
    login: dict[str, Any], connection: Any, scratch: dict[str, Any]
) -> None:
    with contextlib.closing(ours.connect({**login, **scratch}, "a test")):
        ours.drop(connection, SCRATCH)
    assert ours.query(connection, f"SELECT 1 FROM pg_database WHERE datname = '{SCRATCH}'") == []
