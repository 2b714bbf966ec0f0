# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release that cannot see what a revision does says why, and is taken back, by real ansible-playbook runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.module_utils import migration_alembic

from tests.docker_stand_in import docker
from tests.unit.roles.estate import Estate

LOOKED = {
    "current": ["1"], "heads": ["2"], "known": ["1", "2"], "settings": {"lock_timeout": "2000"}, "pooled": False,
    "user": "shop", "pending": [{"revision": "2", "doc": "", "sql": None, "problem": "it reads rows"}],
}  # fmt: skip
SECRET = "hunter2hunter2"
NOWHERE = {"address": "127.0.0.1", "port": 1, "name": "shop", "user": "shop", "password": SECRET, "parameters": {}}
LOOK = {
    "block": [
        {
            "ansible.builtin.import_role": {
                "name": "bluegreen.release.migration", "tasks_from": "look", "rolespec_validate": False,
            },
            "when": "inventory_hostname == 'app1'",
        }
    ],
    "rescue": [{"ansible.builtin.fail": {"msg": "taken back: {{ inventory_hostname }}"}}],
}  # fmt: skip


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    """An estate whose tool says that a revision has no SQL, and whose dumps are made on a host that is gone."""
    made = Estate(tmp_path)
    slot = tmp_path / "srv" / "green"
    slot.mkdir(parents=True)
    (slot / "answer").write_text(migration_alembic.MARK + json.dumps(LOOKED) + "\n")
    monkeypatch.setenv("PATH", f"{docker(slot).parent}:{os.environ['PATH']}")
    inventory = yaml.safe_load((tmp_path / "hosts.yml").read_text())
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    inventory["all"]["children"]["db"] = {"hosts": {"db1": gone}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    return made


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, "release_database is not set"),
        ({"release_database": NOWHERE, "migration_copy_megabytes": 0}, "migration_copy_megabytes is 0"),
        ({"release_database": NOWHERE, "backup_host": "app1"}, "expected to reach database shop at 127.0.0.1:1"),
        ({"release_database": NOWHERE}, "Connection refused"),
    ],
    ids=["no database", "never", "database gone", "host gone"],
)
def test_release_that_cannot_see_what_a_revision_does(estate: Estate, more: dict[str, Any], why: str) -> None:
    variables = {
        "release_app_directory": str(estate.folder / "srv"), "migration_tool": "alembic",
        "migration_commands": {"look": ["cat", "answer"]},
        "release_record_context": {"epoch": 1, "candidate": "green", "live": ""}, **more,
    }  # fmt: skip
    rc, said = estate.run(LOOK, any_errors_fatal=True, vars=variables)
    assert rc == 2 and SECRET not in said
    problem = said.partition("Revision 2: expected a mark")[2]
    assert "it reads rows; it was not seen running on a copy of the database, because " in problem
    assert why in problem and "mark it" in problem
    # Every host is left to be taken back, whatever could not be reached.
    assert all(f"taken back: {host}" in said for host in ("lb1", "lb2", "app1"))
