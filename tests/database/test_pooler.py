# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PgBouncer in transaction mode between us and PostgreSQL, and between the tool and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import database as ours
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError

from lab.containers import inside
from lab.settings import Settings
from tests.database.conftest import Project

PORT = 6432
FOLDER = "/tmp/pooler"
SETTINGS = """
[databases]
{name} = host=127.0.0.1 port=5432
[pgbouncer]
listen_addr = 0.0.0.0
listen_port = {port}
auth_type = plain
auth_file = {folder}/users
pool_mode = transaction
pidfile = {folder}/pid
{more}
"""


@pytest.fixture
def pooler(settings: Settings, login: dict[str, Any], request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The login through the pooler."""
    text = SETTINGS.format(name=login["name"], port=PORT, folder=FOLDER, more=getattr(request, "param", ""))
    start = (
        f"rm -rf {FOLDER}; install -d -o postgres {FOLDER}; cd {FOLDER}; cat > ini;"
        f' echo \'"{login["user"]}" "{login["password"]}"\' > users; chown postgres users;'
        f" setpriv --reuid postgres --init-groups pgbouncer -d {FOLDER}/ini"
    )
    inside(settings, "db1", ["sh", "-ec", start], stdin=text.encode())
    yield {**login, "port": PORT}
    inside(settings, "db1", ["sh", "-c", f"kill $(cat {FOLDER}/pid); rm -rf {FOLDER}"])


def test_pooler_on_our_own_address_is_refused(pooler: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match=r"expected PostgreSQL itself at .*:6432, found a pooler"):
        ours.connect(pooler, "a test")


@pytest.mark.parametrize("pooler", ["ignore_startup_parameters = options,extra_float_digits"], indirect=True)
def test_pooler_on_the_tools_address_is_refused(project: Project, pooler: dict[str, Any]) -> None:
    """It takes PGOPTIONS and forgets them, which is worse than to refuse them."""
    project.env(port=PORT)
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text")
    assert "found a pooler between them" in project.look()["problem"]


def test_pooler_that_takes_no_options_fails_with_its_own_word(project: Project, pooler: dict[str, Any]) -> None:
    project.env(port=PORT)
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text")
    found = project.look()
    assert not found["known"] and "unsupported startup parameter" in found["problem"]
