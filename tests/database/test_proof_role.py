# SPDX-License-Identifier: GPL-3.0-or-later
"""The role migration by real ansible-playbook runs: what it proves of rows, says of it, and leaves for the record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.module_utils.database import query

from lab.settings import ROOT
from tests.database.conftest import Project

RELEASE = "20260131T235959Z-1.0.0-0a1b"
RESCUED = {"ansible.builtin.debug": {"msg": "failed {{ ansible_failed_result.msg }}"}}
RESULT = {"content": "{{ migration_result | to_json }}", "dest": "{{ release_app_directory }}/result", "mode": "0600"}
KEPT = {"ansible.builtin.copy": RESULT}


def role(**how: Any) -> dict[str, Any]:
    return {"ansible.builtin.include_role": {"name": "bluegreen.release.migration", **how}}


class Host:
    """One host on this machine, whose Docker runs the tool beside it."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.state = project, folder / "state"
        self.state.mkdir()
        (folder / "compose.yml").write_text(yaml.safe_dump({"services": {"api": {"image": "r/shop"}}}))
        self.variables: dict[str, Any] = {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "release_application": "shop",
            "release_environment": "test", "release_image": "r/shop", "release_compose_file": f"{folder}/compose.yml",
            "release_version": "1.0.0", "release_service": "api", "release_app_directory": str(folder),
            "release_state_directory": str(self.state), "release_database": project.login, "migration_tool": "alembic",
            "migration_python": [sys.executable], "migration_proof_tables": ["u"],
            "release_record_context": {"candidate": "green", "live": None, "epoch": 1, "release_id": RELEASE},
        }  # fmt: skip

    def migrate(self, **variables: Any) -> tuple[str, dict[str, Any]]:
        """Decide and upgrade; the output, and what the role has noted."""
        folder = self.state.parent
        known = {**self.variables, **variables}
        hosts = {"all": {"vars": known, "children": {name: {"hosts": {"app1": {}}} for name in ("lb", "app")}}}
        (folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
        tasks = [{"block": [role(tasks_from="look"), role()], "rescue": [RESCUED], "always": [KEPT]}]
        (folder / "book.yml").write_text(yaml.safe_dump([{"hosts": "app1", "gather_facts": False, "tasks": tasks}]))
        path = f"{self.project.folder}:{os.environ['PATH']}"
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(folder / "hosts.yml")]
        environment = {**os.environ, "PATH": path, "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(
            [*command, str(folder / "book.yml")], cwd=ROOT, env=environment, text=True, capture_output=True, check=False
        )
        output = " ".join((done.stdout + done.stderr).split())
        assert self.project.login["password"] not in output
        return output, json.loads((folder / "result").read_text())


@pytest.fixture
def host(project: Project, tmp_path: Path) -> Host:
    return Host(project, tmp_path)


def test_rows_are_proved_and_the_record_learns_it(host: Host, connection: Any) -> None:
    host.project.revision("0002", "UPDATE t SET a = 0 WHERE id = 1")
    host.project.revision("0003", "ALTER TABLE t ADD COLUMN c text")
    output, reached = host.migrate()
    assert "failed " not in output, output
    assert (
        "table public.t: 10 rows before, 10 after; all 10 compared, 9 equal, 1 changed by the migration in a" in output
    )
    assert "table public.u: 10 rows before, 10 after; all 10 compared, 10 equal" in output
    assert (reached["after"], reached["proof"]["state"], reached["proof"]["reason"]) == ("0003", "proved", "")
    assert [(one["table"], one["equal"]) for one in reached["proof"]["tables"]] == [("public.t", 9), ("public.u", 10)]
    assert os.listdir(host.state / "proof") == []
    assert query(connection, "SELECT version_num FROM alembic_version") == [("0003",)]


def test_lost_rows_fail_it_and_the_record_learns_where_the_database_is(host: Host) -> None:
    host.project.revision("0002", "DELETE FROM t WHERE id > 8")
    output, reached = host.migrate(migration_phases={"0002": "expand"})
    assert "failed Expected every row that was there before the migration" in output
    assert "2 of 10 are gone, such as (id=10), (id=9)." in output
    assert "The database is at revision 0002 now." in output
    assert (reached["after"], reached["proof"]["state"]) == ("0002", "failed")
    again = host.migrate()[1]
    assert (again["changed"], again["proof"]) == (False, None), "nothing is migrated, so nothing is looked for"


def test_what_cannot_be_noted_is_not_migrated(host: Host, connection: Any) -> None:
    host.project.revision("0002", "ALTER TABLE t ADD COLUMN c text")
    output, reached = host.migrate(migration_proof_tables=["profils"])
    assert "found no profils: correct the names" in output and "The database is at revision 0001 now." in output
    assert (reached["after"], reached["proof"]) == ("0001", None)
    assert query(connection, "SELECT version_num FROM alembic_version") == [("0001",)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"release_database": {}}, "release_database is not set"),
        ({"migration_proof_rows": 0}, "migration_proof_rows is 0"),
    ],
)
def test_what_is_not_proved_is_said(host: Host, change: dict[str, Any], why: str) -> None:
    host.project.revision("0002", "DELETE FROM t WHERE id > 8")
    output, reached = host.migrate(migration_phases={"0002": "expand"}, **change)
    assert f"Whether rows were lost is not proved: {why}." in output and "failed " not in output
    assert (reached["after"], reached["proof"]) == ("0002", None)
