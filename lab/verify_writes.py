# SPDX-License-Identifier: GPL-3.0-or-later
"""Every write that the load saw confirmed is in the database, exactly once: bin/lab verify-writes."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.process import run
from lab.profiles import APPLICATIONS, INSTALLED, Application
from lab.settings import read_settings

TIMEOUT_SECONDS = 120.0
MOST_EXAMPLES = 10
NAME = re.compile(r"load-[0-9a-f]+-[0-9]+")

# The load sends no Idempotency-Key: nothing but the truth keeps a name from being in the table twice.
BEFORE = """\\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE TEMP TABLE acked (name text PRIMARY KEY);
COPY acked FROM STDIN;
"""
AFTER = """\\.
ANALYZE acked;
CREATE TEMP TABLE counted AS
SELECT acked.name, count(written.id) AS times
FROM acked LEFT JOIN {table} AS written ON written.{key} = acked.name
GROUP BY acked.name;
SELECT json_build_object(
    'acked', (SELECT count(*) FROM acked),
    'found_once', (SELECT count(*) FROM counted WHERE times = 1),
    'missing', (SELECT count(*) FROM counted WHERE times = 0),
    'duplicated', (SELECT count(*) FROM counted WHERE times > 1),
    'rows', (SELECT count(*) FROM {table}),
    'examples', (SELECT coalesce(json_agg(json_build_object('name', name, 'times', times)), '[]') FROM
        (SELECT name, times FROM counted WHERE times <> 1 ORDER BY name LIMIT {most}) AS wrong)
);
"""


def main(argv: Sequence[str]) -> int:
    """Compare, print the result as one JSON line; return 0 only when every confirmed write is there once."""
    try:
        arguments = parse(argv)
        found = compare(acked_names(Path(arguments.acked)), psql_of(arguments), APPLICATIONS[arguments.application])
    except LabError as error:
        print(error, file=sys.stderr)
        print(json.dumps({"ok": False, "error": str(error)}), flush=True)
        return 1
    complete = found["found_once"] == found["acked"] > 0
    print(json.dumps({"ok": complete, **found}), flush=True)
    if not complete:
        print(
            f"expected: each of {found['acked']} confirmed writes in the database once\n"
            f"found:    {found['missing']} missing, {found['duplicated']} more than once: {found['examples'][:3]}\n"
            "to do:    compare the record of the release with the application's log around the time of these writes",
            file=sys.stderr,
        )
    return 0 if complete else 1


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the arguments; their defaults are the lab's that LAB_NAME means."""
    settings = read_settings(os.environ)
    parser = argparse.ArgumentParser(prog="bin/lab verify-writes", description=__doc__)
    parser.add_argument("--application", choices=APPLICATIONS, default=INSTALLED.name, help="whose writes")
    parser.add_argument("--acked", help="file that the load appended to; default: the lab's own")
    parser.add_argument("--container", default=settings.container("db1"), help="container of the database")
    parser.add_argument("--database", help="default: the application's")
    parser.add_argument("--psql", nargs="+", help="command to use instead of psql in the container")
    arguments = parser.parse_args(list(argv))
    application = APPLICATIONS[arguments.application]
    arguments.acked = arguments.acked or str(settings.state / application.acked_file)
    arguments.database = arguments.database or application.name
    return arguments


def psql_of(arguments: argparse.Namespace) -> list[str]:
    """Return the command that runs SQL from its standard input and prints bare values."""
    inside = ["docker", "exec", "--interactive", "--user", "postgres", arguments.container]
    command = arguments.psql or [*inside, "psql", "--dbname", arguments.database]
    return [*command, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--file", "-"]


def acked_names(path: Path) -> set[str]:
    """Return the names of all confirmed writes.

    Raises:
        LabError: there are none, which would prove nothing, or the file holds something else.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        lines = []
    names = set(lines)
    if not names:
        raise LabError(f"confirmed writes in {path}", "none", "run bin/lab load first")
    if len(names) != len(lines):
        raise LabError(f"each write once in {path}", f"{len(lines) - len(names)} lines twice", "report this: a defect")
    strange = sorted(name for name in names if not NAME.fullmatch(name))
    if strange:
        raise LabError(f"names of the load in {path}", repr(strange[0][:80]), "remove that file, then bin/lab load")
    return names


def compare(names: set[str], psql: Sequence[str], application: Application) -> dict[str, Any]:
    """Return how often each name is in the database, counted there.

    Raises:
        LabError: the database did not answer.
    """
    after = AFTER.format(table=application.table, key=application.traffic.key, most=MOST_EXAMPLES)
    script = BEFORE + "".join(f"{name}\n" for name in sorted(names)) + after
    answer = run(
        psql, stdin=script.encode(), timeout_seconds=TIMEOUT_SECONDS, remedy="bin/lab status; is the database up?"
    )
    found: dict[str, Any] = json.loads(answer)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
