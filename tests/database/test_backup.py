# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps on the lab's database host, by the module as Ansible runs it there."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.module_utils.database import query
from ansible_collections.bluegreen.release.plugins.module_utils.database_lock import alone

from lab import database as lab_database
from lab.containers import inside
from lab.settings import ROOT, Settings
from tests.database.conftest import NAME, Project
from tests.scenario import environment

FOLDER = "/tmp/backup-test"


class Host:
    """The host on which dumps are made."""

    def __init__(self, settings: Settings, login: dict[str, Any]) -> None:
        self.settings, self.login = settings, login
        self.shell(f"rm -rf {FOLDER}")

    def shell(self, command: str) -> str:
        return inside(self.settings, "db1", ["sh", "-c", command]).strip()

    def words(self, **more: Any) -> list[str]:
        given = {"database": self.login, "directory": FOLDER, **more}
        ansible = ["ansible", "db1", "-i", "inventories/lab", "-m", "bluegreen.release.database_backup", "-a"]
        return [*ansible, json.dumps(given)]

    def backup(self, **more: Any) -> dict[str, Any]:
        """Run the module; its result, or its message where it failed."""
        done = subprocess.run(
            self.words(**more), cwd=ROOT, env=environment(), text=True, capture_output=True, check=False
        )  # fmt: skip
        assert self.login["password"] not in done.stdout + done.stderr
        found: dict[str, Any] = yaml.safe_load(done.stdout.partition("=>")[2])
        return found

    def look(self, **more: Any) -> dict[str, Any]:
        """What preflight learns of the host."""
        given = {"database": self.login, "directory": FOLDER, "max_age_seconds": 3600, **more}
        words = ["ansible", "db1", "-i", "inventories/lab", "-m", "bluegreen.release.backup_look", "-a"]
        done = subprocess.run(
            [*words, json.dumps(given)], cwd=ROOT, env=environment(), text=True, capture_output=True, check=False
        )
        assert self.login["password"] not in done.stdout + done.stderr
        found: dict[str, Any] = yaml.safe_load(done.stdout.partition("=>")[2])
        return found

    def backup_in_background(self) -> subprocess.Popen[bytes]:
        """Begin to run it."""
        return subprocess.Popen(self.words(), cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL)

    def scratch(self) -> str:
        """Databases that were made to prove a dump, and are still there."""
        return lab_database.query(self.settings, "select datname from pg_database where datname like 'bluegreen_%'")


@pytest.fixture
def host(settings: Settings, login: dict[str, Any]) -> Iterator[Host]:
    made = Host(settings, login)
    yield made
    made.shell(f"rm -rf {FOLDER}")


def test_dump_of_everything_is_restored_and_compared(host: Host, project: Project) -> None:
    made = host.backup(label="r1")["backup"]
    assert (made["kind"], made["verified"], made["label"]) == ("full", True, "r1")
    assert {table["name"]: table["rows"] for table in made["tables"]} == {
        "public.alembic_version": 1, "public.t": 10, "public.u": 10,
    }  # fmt: skip
    assert host.scratch() == ""
    assert host.shell(f"stat -c %a {FOLDER} {FOLDER}/*.dump").split() == ["700", "600"]
    assert host.shell(f"sha256sum {FOLDER}/*.dump").split()[0] == made["sha256"]


def test_dump_of_what_is_migrated_has_the_rows_of_that_alone(host: Host, project: Project) -> None:
    made = host.backup(tables=["t", "not_there_yet"])["backup"]
    assert [(table["name"], table["rows"]) for table in made["tables"]] == [("public.t", 10)]
    listed = host.shell(f"pg_restore --list {FOLDER}/*.dump")
    assert "TABLE DATA public t " in listed and "TABLE DATA public u " not in listed
    assert "TABLE public u " in listed, "what it refers to is there, without its rows"


def test_a_young_good_dump_is_left_and_a_bad_one_does_not_count(host: Host, project: Project) -> None:
    first = host.backup()["backup"]["file"]
    again = host.backup(max_age_seconds=3600)
    assert (again["changed"], again["backup"]["file"]) == (False, first)
    host.shell(f"truncate -s -10 {FOLDER}/{first}; sleep 1")
    third = host.backup(max_age_seconds=3600)
    assert third["changed"] and third["backup"]["file"] != first
    assert "it is truncated or was changed" in third["bad"][0]


def test_dump_without_its_proof_does_not_count_for_long(host: Host, project: Project) -> None:
    assert host.backup(verify=False)["backup"]["verified"] is False
    assert "never restored" in host.backup(max_age_seconds=3600)["bad"][0]


def test_old_dumps_go_but_never_the_newest_good_one(host: Host, project: Project) -> None:
    old = host.backup()["backup"]["file"]
    host.shell(f"touch -d '2 days ago' {FOLDER}/*; sleep 1")
    new = host.backup(keep_seconds=86400)
    assert new["removed"] == [old]
    host.shell(f"touch -d '2 days ago' {FOLDER}/*; sleep 1; echo x > {FOLDER}/{new['backup']['file']}.json")
    assert old not in host.shell(f"ls {FOLDER}")


def test_no_room(host: Host, project: Project) -> None:
    found = host.backup(spare_megabytes=10**9)
    assert "MiB free in /tmp/backup-test for the dump" in found["msg"]
    assert host.shell(f"ls {FOLDER}") == ""


def test_full_disk_during_the_dump_leaves_nothing(host: Host, project: Project, connection: Any) -> None:
    query(connection, "INSERT INTO t (note) SELECT md5(n::text) FROM generate_series(1, 100000) n")
    # The one small disk that a container has.
    folder, filler = "/dev/shm/backup-test", "/dev/shm/filler"
    host.shell(f"rm -rf {folder}; fallocate -l $(( $(df --output=avail -B1 /dev/shm | tail -1) - 1048576 )) {filler}")
    try:
        found = host.backup(spare_megabytes=-1000, directory=folder)
        assert "expected pg_dump to succeed" in found["msg"] and "No space left" in found["msg"]
        assert host.shell(f"ls -A {folder}") == "" and host.scratch() == ""
    finally:
        host.shell(f"rm -rf {folder} {filler}")


def test_missing_privileges_say_what_to_grant(host: Host, settings: Settings, project: Project) -> None:
    user = host.login["user"]
    lab_database.query(settings, f"alter role {user} nocreatedb")
    try:
        found = host.backup()
        assert "permission denied to create database" in found["msg"] and f"ALTER ROLE {user} CREATEDB" in found["msg"]
        assert host.shell(f"ls {FOLDER}") == "", "a dump that was not proved is not kept"
    finally:
        lab_database.query(settings, f"alter role {user} createdb")


def test_restore_that_differs_is_refused(host: Host, project: Project, connection: Any) -> None:
    query(connection, "CREATE FUNCTION who() RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT current_database()::text'")
    query(connection, "CREATE TABLE w (id int, g text GENERATED ALWAYS AS (who()) STORED)")
    query(connection, "INSERT INTO w (id) VALUES (1)")
    found = host.backup()
    assert "public.w: 1 rows dumped, 1 restored, with other content" in found["msg"]
    assert host.shell(f"ls {FOLDER}") == "" and host.scratch() == ""


def test_database_of_another_name(host: Host, login: dict[str, Any]) -> None:
    host.login = {**login, "name": "nowhere"}
    assert "does not exist" in host.backup()["msg"]
    assert login["name"] == NAME


def test_tables_of_every_schema_are_compared(host: Host, project: Project, connection: Any) -> None:
    query(connection, 'CREATE SCHEMA "Other"; CREATE TABLE "Other"."T" (id int)')
    query(connection, 'INSERT INTO "Other"."T" VALUES (1), (2)')
    assert {table["name"]: table["rows"] for table in host.backup()["backup"]["tables"]}['"Other"."T"'] == 2


def test_table_to_compare_that_there_is_not_is_refused(host: Host, project: Project) -> None:
    assert "found no profils" in host.backup(compare=["t", "profils"])["msg"]
    assert host.shell(f"ls {FOLDER}") == ""


def test_what_a_run_that_was_killed_has_left_is_removed(host: Host, settings: Settings, project: Project) -> None:
    user = host.login["user"]
    lab_database.query(settings, f"create database bluegreen_verify_{NAME} owner {user}")
    left = [f"20260101T000000Z-{name}" for name in ("full.dump", "tables.dump.part")]
    host.shell(f"mkdir -m 700 {FOLDER}; cd {FOLDER}; touch {' '.join(left)} mine; chown -R deploy .")
    made = host.backup()["backup"]["file"]
    assert host.scratch() == ""
    assert host.shell(f"ls {FOLDER}").split() == [made, f"{made}.json", "mine"]


def test_one_backup_of_a_database_at_a_time(host: Host, project: Project, connection: Any) -> None:
    with alone(connection, f"backup of {NAME}", 0):
        waiting = host.backup_in_background()
        time.sleep(3)
        assert waiting.poll() is None and host.shell(f"ls {FOLDER}") == ""
    assert waiting.wait(60) == 0


def test_what_preflight_learns(host: Host, settings: Settings, project: Project) -> None:
    seen = host.look()
    assert seen["tools"]["pg_dump"].startswith("15.") and seen["tools"]["pg_restore"].startswith("15.")
    assert seen["driver"] and seen["database"]["version"].startswith("15.") and seen["database"]["creates"]
    assert seen["database"]["bytes"] > 0 and seen["directory"]["free_bytes"] > 0
    assert (seen["directory"]["exists"], seen["young"]) == (False, False)
    lab_database.query(settings, f"alter role {host.login['user']} nocreatedb")
    try:
        assert host.look()["database"]["creates"] is False
    finally:
        lab_database.query(settings, f"alter role {host.login['user']} createdb")
    away = host.look(database={**host.login, "port": 1})["database"]
    assert list(away) == ["problem"] and "refused" in away["problem"]


def test_a_young_dump_is_seen_and_a_truncated_one_is_none(host: Host, project: Project) -> None:
    name = host.backup()["backup"]["file"]
    assert host.look()["young"] and not host.look(max_age_seconds=0)["young"]
    host.shell(f"truncate -s -10 {FOLDER}/{name}")
    assert not host.look()["young"]


def test_a_host_without_the_client(host: Host, project: Project) -> None:
    host.shell("mv /usr/bin/pg_restore /usr/bin/pg_restore.away")
    try:
        assert host.look()["tools"]["pg_restore"] is None
    finally:
        host.shell("mv /usr/bin/pg_restore.away /usr/bin/pg_restore")
