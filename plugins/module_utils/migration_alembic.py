# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Alembic knows of the database and of what is to come, without changing anything.

The text of this file is run in the application's own container, ``python -c <text> <alembic.ini>``, because only there
are its revisions, its Alembic and its way to the database. So it needs nothing but these, and must stay so. It prints
one line of JSON behind the mark that ``migration_revisions`` looks for.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

MARK = "bluegreen-migration-look: "
SETTINGS = ("lock_timeout", "statement_timeout")


def ancestors(script: Any, heads: Any) -> set[str]:
    """Give the revisions that are applied where *heads* are. Alembic's CommandError for one it does not know."""
    found: set[str] = set()
    waiting = [script.get_revision(one) for one in heads]
    while waiting:
        one = waiting.pop()
        if one is None or one.revision in found:
            continue
        found.add(one.revision)
        waiting += [script.get_revision(name) for name in parents(one)]
    return found


def parents(one: Any) -> list[str]:
    """Give what a revision is built upon, and what it depends on."""
    below = one.down_revision or ()
    needed = one.dependencies or ()
    return [name for group in (below, needed) for name in ((group,) if isinstance(group, str) else group)]


def backend_pids(connection: Any) -> tuple[int, int]:
    """Give the server process as the driver was told at the start, and as the server says now; 0 where unknown.

    They differ where a pooler stands between: it gives its clients numbers of its own.
    """
    driver = connection.connection.dbapi_connection
    driver = getattr(driver, "driver_connection", driver)
    said = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    for name in ("get_backend_pid", "get_server_pid"):
        if hasattr(driver, name):
            return int(getattr(driver, name)()), int(said)
    return int(getattr(getattr(driver, "info", None), "backend_pid", 0) or 0), int(said)


def ask(config: Any, script: Any) -> dict[str, Any]:
    """Ask the database, over the very connection that the application's env.py makes."""
    from alembic.runtime.environment import EnvironmentContext

    found: dict[str, Any] = {}

    def look(_heads: Any, context: Any) -> list[Any]:
        connection = context.connection
        found["current"] = sorted(context.get_current_heads())
        if connection.dialect.name == "postgresql":
            found["settings"] = {
                name: str(connection.exec_driver_sql("SELECT setting FROM pg_settings WHERE name = '" + name + "'")
                          .scalar())
                for name in SETTINGS
            }  # fmt: skip
            found["user"] = str(connection.exec_driver_sql("SELECT current_user").scalar())
            told, said = backend_pids(connection)
            found["pooled"] = bool(told) and told != said
        return []

    with EnvironmentContext(config, script, fn=look, dont_mutate=True):
        script.run_env()
    if "current" not in found:
        raise SystemExit("expected env.py to run the migrations in online mode, found that it did not")
    return found


def offline_sql(config: Any, one: Any) -> tuple[str | None, str]:
    """Give the SQL of one revision as Alembic writes it without a database, or None and why there is none."""
    from alembic import command

    if not isinstance(one.down_revision, (str, type(None))):
        return "", ""  # a merge of branches does nothing by itself
    config.output_buffer = io.StringIO()
    try:
        command.upgrade(config, (one.down_revision or "base") + ":" + one.revision, sql=True)
    except (Exception, SystemExit) as error:  # whatever a revision does, or an env.py that leaves
        return None, (type(error).__name__ + ": " + str(error))[:500]
    return config.output_buffer.getvalue(), ""


def described(config: Any, one: Any) -> dict[str, Any]:
    """Give all there is to know of a revision that is not applied."""
    sql, problem = offline_sql(config, one)
    return {"revision": one.revision, "doc": (one.module.__doc__ or ""), "sql": sql, "problem": problem}


def main(path: str) -> None:
    """Print what is known."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(path, stdout=io.StringIO())
    script = ScriptDirectory.from_config(config)
    found = ask(config, script)
    everything = list(script.walk_revisions())  # the newest first, so its reverse is the order of an upgrade
    applied = ancestors(script, found["current"])
    pending = [one for one in reversed(everything) if one.revision not in applied]
    found.update(
        heads=sorted(script.get_heads()),
        known=[one.revision for one in reversed(everything)],
        pending=[described(config, one) for one in pending],
    )
    sys.stdout.flush()
    print(MARK + json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
