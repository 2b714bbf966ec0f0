# SPDX-License-Identifier: GPL-3.0-or-later
"""What a migration costs users, how long its decision takes, and what a backup that is proved costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import database
from lab.bench.figures import Figure, figure
from lab.bench.progress import say, timed
from lab.bench.release import VERSION, play
from lab.containers import inside
from lab.errors import LabError
from lab.process import last_lines
from lab.profiles import INSTALLED
from lab.settings import ROOT, Settings

HELD_SECONDS = 30
_LARGE = "bench_backup"
_FOLDER = "/tmp/bench-backup"

# On the database's own host, from the first line that it is given: somebody reads the table in a transaction that ends
# when his connection is closed, while another asks for one row again and again, until nobody listens any more.
_READER = """
import json, sys, threading, time, psycopg2
table, held = sys.argv[1], float(sys.argv[2])
holder, user = (psycopg2.connect(dbname=sys.argv[3]) for _ in range(2))
user.autocommit = True
sys.stdin.readline()
holder.cursor().execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
threading.Timer(held, holder.close).start()
print("held", flush=True)
over, longest = threading.Event(), 0.0
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
while not over.wait(0.01):
    asked = time.monotonic()
    user.cursor().execute(f"SELECT 1 FROM {table} LIMIT 1")
    longest = max(longest, time.monotonic() - asked)
print(json.dumps(longest))
"""

# On the controller: from the SQL of 200 revisions to what a release applies.
_DECISION = """
import time
from ansible_collections.bluegreen.release.plugins.module_utils.migration_plan import plan
from ansible_collections.bluegreen.release.plugins.module_utils.migration_revisions import Revision, View
from ansible_collections.bluegreen.release.plugins.plugin_utils.migration_lint import lint
sql = "BEGIN;\\n-- Running upgrade\\nALTER TABLE t ADD COLUMN c{0} text;\\nCREATE TABLE n{0} (id int);\\n" \\
      "CREATE INDEX i{0} ON n{0} (id);\\nUPDATE alembic_version SET version_num='{0}';\\nCOMMIT;"
pending = tuple(Revision(str(n), sql=sql.format(n)) for n in range(200))
began = time.monotonic()
found = plan(View("", "199", pending, tuple(one.name for one in pending)), lint({o.name: o.sql for o in pending}))
seconds = time.monotonic() - began
assert len(found.steps) == 200
print(seconds)
"""


def waits(settings: Settings, count: int) -> list[Figure]:
    """The longest that a query waited while a release migrated a table that a reader held.

    Raises:
        LabError: a release failed.
    """
    found = []
    for number in range(1, count + 1):
        found.append(_wait(settings))
        say(f"migration {number}/{count}: no query waited longer than {found[-1]:.2f} s")
        timed(["bin/lab", "reset"])
    return [figure("migration_wait_seconds", found)]


def _wait(settings: Settings) -> float:
    log, migrates, held = (settings.state / f"bench-{name}" for name in ("release.log", "migrates", "held"))
    for path in (migrates, held):
        path.unlink(missing_ok=True)
    # Provisioning takes longer than the table is held: the reader comes with the phase that migrates, which waits for
    # him. His transaction is young enough for the look before; the lock is what is measured.
    gate = f"touch {migrates}; until [ -e {held} ]; do sleep 0.05; done"
    hooks = {"release_hooks": {"before_migrate": [{"name": "A reader comes", "command": ["sh", "-c", gate]}]}}
    told = ["-e", f"release_version={VERSION}", "-e", "migration_transaction_seconds=600", "-e", json.dumps(hooks)]
    program = ["python3", "-c", _READER, INSTALLED.table, str(HELD_SECONDS), INSTALLED.name]
    command = ["docker", "exec", "-i", settings.container("db1"), "setpriv", "--reuid", "postgres", "--init-groups"]
    with subprocess.Popen([*command, *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        coming = threading.Thread(target=_come, args=(reader, migrates, held), daemon=True)
        coming.start()
        play(["playbooks/release.yml", "-i", "inventories/lab", *told], log)
        if not held.exists():
            raise LabError(f"a reader that holds {INSTALLED.table}", "none", "read the message above")
        said, _ = reader.communicate()
    return float(json.loads(said))


def _come(reader: subprocess.Popen[str], migrates: Path, held: Path) -> None:
    """Have the reader hold the table when the release is about to migrate, and let it go on then."""
    if reader.stdin is None or reader.stdout is None:
        raise TypeError("expected a reader with pipes")
    while not migrates.exists():
        time.sleep(0.05)
    reader.stdin.write("\n")
    reader.stdin.flush()
    if reader.stdout.readline() == "held\n":
        held.touch()


def decisions(count: int) -> list[Figure]:
    """Seconds from the SQL of 200 revisions to what a release applies.

    Raises:
        LabError: it could not be decided.
    """
    here = {**os.environ, "PYTHONPATH": str(ROOT / "collections")}
    found = []
    for _ in range(count):
        done = subprocess.run(
            [sys.executable, "-c", _DECISION], env=here, cwd=ROOT, text=True, capture_output=True, check=False
        )
        if done.returncode:
            raise LabError("a decision", last_lines(done.stderr, 10), "read the message above")
        found.append(float(done.stdout))
    return [figure("migration_decision_seconds", found)]


@dataclass(frozen=True)
class Backup:
    """seconds: of the dump and of its proof. megabytes: the most disk that both took at a time."""

    seconds: float
    megabytes: float


def backups(settings: Settings, count: int, done: list[Backup]) -> None:
    """So many backups of a database of one gigabyte, each restored and compared; fills `done` as they end.

    Raises:
        LabError: one failed.
    """
    database.query(settings, f"drop database if exists {_LARGE} with (force)")
    database.query(settings, f"create database {_LARGE} owner {INSTALLED.name}")
    # 470 bytes a row, half of which compress.
    rows = (
        "create table large as select n as id, md5(n::text) || md5((n * 7)::text) as short,"
        " repeat(md5((n % 1000)::text), 6) || md5((n * 3)::text) || md5((n * 5)::text) as long"
        f" from generate_series(1, 2300000) n; alter table large owner to {INSTALLED.name};"
        f" alter schema public owner to {INSTALLED.name}"
    )
    database.query(settings, rows, _LARGE, 600)
    size = int(database.query(settings, "select pg_database_size(current_database())", _LARGE))
    say(f"a database of {size / 1024**2:.0f} MiB is there")
    try:
        for number in range(1, count + 1):
            done.append(_backup(settings))
            say(f"backup {number}/{count}: {done[-1].seconds:.1f} s, {done[-1].megabytes:.0f} MiB")
    finally:
        inside(settings, "db1", ["rm", "-rf", _FOLDER])
        database.query(settings, f"drop database if exists {_LARGE} with (force)")


def _backup(settings: Settings) -> Backup:
    log = settings.state / "bench-backup.log"
    words = ["-e", f"backup_directory={_FOLDER}", "-e", f"lab_db_name={_LARGE}"]
    began, ended = play(["playbooks/backup.yml", "-i", "inventories/lab", *words], log)
    made = json.loads(inside(settings, "db1", ["sh", "-c", f"cat $(ls {_FOLDER}/*.json | tail -1)"]))
    return Backup(ended - began, (made["bytes"] + made["peak_bytes"]) / 1024**2)


def backup_figures(done: Sequence[Backup]) -> list[Figure]:
    """All figures that backups give."""
    return [
        figure("backup_gigabyte_seconds", [one.seconds for one in done]),
        figure("backup_gigabyte_disk", [one.megabytes for one in done]),
    ]
