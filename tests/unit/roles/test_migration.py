# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Upgrades by real runs of Ansible, with a tool whose database is a file, and no container around it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.downgrade_plan import token

from tests.docker_stand_in import docker
from tests.unit.roles.estate import OPEN, Estate, role

# The database is the file `at`. A file `fails` has the revision that cannot be applied, one `says` what is said then;
# with a file `away` there is no database any more.
TOOL = """\
#!/bin/sh
cd "$(dirname "$0")"
gone() { echo 'connection to server at "db", port 5432 failed: Connection refused' >&2; exit 1; }
[ ! -e away ] || gone
case $1 in
  current) cat at ;;
  heads) echo 3 ;;
  upgrade|downgrade)
    if [ "$2" = "$(cat fails)" ]; then
      cat says >&2
      [ ! -e leaves ] || touch away
      exit 1
    fi
    echo "$2" > at ;;
esac
"""
KNOWN = (
    "KNOWN slow={{ migration_slow | default([]) | map(attribute='revision') | join }}"
    " limit={{ migration_slow | default([]) | map(attribute='limit') | join }}"
    " after={{ (migration_result | default({})).after | default('?') }} ."
)
STEPS = [{"revision": name, "phase": "expand", "by": "mark", "autocommit": False, "tables": []} for name in "23"]
PLAN = {"before": "1", "target": "3", "head": "3", "steps": STEPS, "postponed": [], "rollback_class": "switch"}


class Database:
    """An estate whose application host has the tool, and its database at revision 1."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "tool"
        self.folder.mkdir()
        (folder / "estate").mkdir()
        self.estate = Estate(folder / "estate")
        docker(self.folder)
        tool = self.folder / "tool"
        tool.write_text(TOOL)
        tool.chmod(0o755)
        self.put("at", "1")
        self.put("fails", "none")
        monkeypatch.setenv("PATH", str(self.folder), prepend=":")
        self.commands = {verb: [str(tool), verb] for verb in ("current", "heads", "upgrade", "downgrade")}

    def put(self, name: str, text: str = "") -> None:
        (self.folder / name).write_text(text + "\n")

    def revision(self) -> str:
        return (self.folder / "at").read_text().strip()

    def run(self, entry: str, *before: dict[str, Any], **variables: Any) -> tuple[int, str]:
        """Run an entry point of the role, behind other tasks; what it knows at its end is printed as ``KNOWN ...``."""
        entered = {"name": "bluegreen.release.migration", "tasks_from": entry, "rolespec_validate": False}
        given = {"migration_commands": self.commands, "migration_revision_pattern": "^(\\d+)$", **variables}
        first = "inventory_hostname == 'app1'"
        return self.estate.run(
            OPEN,
            {"ansible.builtin.set_fact": {"migration_outlook": {"plan": PLAN}}},
            *before,
            {
                "block": [{"ansible.builtin.import_role": entered, "vars": given, "when": first}],
                "always": [{"ansible.builtin.debug": {"msg": KNOWN}, "when": first}],
            },
            any_errors_fatal=True,
        )  # fmt: skip


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    return Database(tmp_path, monkeypatch)


def known(output: str) -> str:
    found = re.search(r"KNOWN (.*?) \.", output)
    assert found, output
    return found[1]


def test_upgrade_that_works(database: Database) -> None:
    rc, output = database.run("main")
    assert rc == 0, output
    assert (database.revision(), known(output)) == ("3", "slow= limit= after=3")


def test_second_of_two_that_fails_leaves_the_first_and_says_so(database: Database) -> None:
    database.put("fails", "3")
    database.put("says", "syntax error at or near FROM")
    rc, output = database.run("main")
    assert rc != 0 and "syntax error at or near FROM The database is at revision 2 now." in output, output
    assert (database.revision(), known(output)) == ("2", "slow= limit= after=2")


def test_revision_that_a_limit_has_ended_is_remembered(database: Database) -> None:
    database.put("fails", "2")
    database.put("says", "psycopg.errors.QueryCanceled: canceling statement due to statement timeout")
    rc, output = database.run("main")
    assert rc != 0 and "backfill in batches after the switch" in output, output
    assert known(output) == "slow=2 limit=30.0 after=1"


@pytest.mark.parametrize(("accepted", "refused"), [([], True), (["3"], False)])
def test_revision_that_a_record_remembers_is_refused_before_anything(
    database: Database, accepted: list[str], refused: bool
) -> None:
    slow = {"revision": "3", "seconds": 30.2, "by": "migration_statement_timeout_seconds", "limit": 30.0}
    kept = {"target": "2", "head": "2", "steps": [], "postponed": [], "slow": [slow]}
    rc, output = database.run(
        "look", role("amend", release_record_facts={"migration": kept}), role("query"),
        migration_phases={"3": "expand"}, migration_slow_accepted=accepted,
        migration_lock_timeout_seconds=0,
    )  # fmt: skip
    assert (rc != 0) is refused, output
    assert ("3, which migration_statement_timeout_seconds (30) ended after 30.2 s" in output) is refused, output
    assert database.revision() == "1"


def test_database_that_goes_away_is_said_and_where_it_is_is_not_claimed(database: Database) -> None:
    database.put("fails", "3")
    database.put("says", "server closed the connection unexpectedly")
    database.put("leaves")
    rc, output = database.run("main")
    assert rc != 0 and "The connection to the database was lost" in output, output
    assert "At which revision the database is now could not be read: expected" in output
    assert known(output) == "slow= limit= after=?"


def test_downgrade_that_raises_leaves_the_database_and_says_so(database: Database) -> None:
    database.put("at", "3")
    database.put("fails", "1")
    database.put("says", "RuntimeError: what was there before is lost")
    kept = {"target": "3", "head": "3", "steps": STEPS, "postponed": []}
    rc, output = database.run(
        "downgrade", role("amend", release_record_facts={"revision_before": "1", "migration": kept}),
        migration_accept_data_loss=token("3", "1", None),
    )  # fmt: skip
    assert rc != 0 and "(downgrade) to succeed, found exit code 1" in output, output
    assert "what was there before is lost The database is at revision 2 now." in output, output
    assert database.revision() == "2"
