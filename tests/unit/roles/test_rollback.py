# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What playbooks/rollback.yml does before it renames the flag: real runs, with every host a folder on this machine."""

from __future__ import annotations

import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.module_utils import fence, record, resident, state_directory

from tests.unit.roles.estate import OPEN, ROOT, Estate

# All that is run until users move, in its order.
BEFORE = [
    "Check every input of this run on the controller",
    "Ask every host what it knows",
    "Decide what there is to go back from",
    "Take the lock on the first proxy",
]
RENAME = "Record that it begins, and move users with proof to blue"


PHASES = ("provisioning", "provisioned", "migrating", "migrated", "checking", "checked", "switching", "switched")
STAMP = {"at": "2026-01-01T00:00:00Z", "actor": "a", "run": "r"}


class Standby(http.server.BaseHTTPRequestHandler):
    """Answers every request with 200."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Release-Version", "0.9.0")
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Standby) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def roll_back(estate: Estate, port: int, *words: str) -> tuple[int, str]:
    """Run the playbook as people do, with the blue slot of both application hosts at *port*."""
    path = estate.folder / "hosts.yml"
    hosts = yaml.safe_load(path.read_text())
    hosts["all"]["vars"]["release_slots"] = {"blue": {"port": port}, "green": {"port": 1}}
    path.write_text(yaml.safe_dump(hosts))
    # The engine of this machine is not the estate's: nothing may be stopped on it.
    words = (*words, "-e", "rollback_keep_candidate=true")
    command = [sys.executable, "-m", "ansible", "playbook", "playbooks/rollback.yml", "-i", str(path), *words]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def migrated(tmp_path: Path, last: str, rollback_class: str = "behind_closed_door") -> Estate:
    """An estate whose last release is in phase *last*, and has a migration; of a class that needs the closed door."""
    steps = [{"revision": "0002", "phase": "expand", "by": "mark", "autocommit": False, "tables": []}]
    facts = {
        "rollback_class": rollback_class, "revision_before": "0001",
        "migration": {"target": "0002", "head": "0002", "steps": steps, "postponed": [], "proof": None},
    }  # fmt: skip
    estate = Estate(tmp_path)
    assert estate.run(OPEN, any_errors_fatal=True)[0] == 0
    (document,) = estate.records("lb1")
    for phase in PHASES[: PHASES.index(last) + 1]:
        document = record.advance(document, phase, facts if phase == "migrating" else {}, document["epoch"], STAMP)
    for host in ("lb1", "lb2"):
        path = tmp_path / host / "records" / f"{document['release_id']}.json"
        path.write_bytes(state_directory.as_file(document))
    return estate


def ran(output: str) -> list[str]:
    """The tasks that some host ran, by their names without role and file."""
    found = []
    for title, text in re.findall(r"^TASK \[(.*?)\] \**\n(.*?)(?=\n(?:TASK|PLAY))", output, re.M | re.S):
        if re.search(r"^(ok|changed|fatal|failed|included): ", text, re.M):
            found.append(title.split(" : ")[-1].split(" | ")[-1])
    return found


def test_users_move_with_the_fifth_task(tmp_path: Path, port: int) -> None:
    estate = Estate(tmp_path)
    assert estate.run(OPEN, any_errors_fatal=True)[0] == 0
    _rc, output = roll_back(estate, port, "-vvv")
    # A task that every host skips costs as much as one that runs: none may stand there either, but what ends a role.
    steps = [title.split(" : ")[-1].split(" | ")[-1] for title in re.findall(r"^TASK \[(.*?)\] \*", output, re.M)]
    assert [one for one in steps[: steps.index(RENAME)] if not one.startswith("End here")] == BEFORE, steps
    # The lock of the release has brought the program along: nothing that users wait for is sent, and compiled anew.
    sent = [Path(path).stem for path in re.findall(r"^Using module file (\S+)", output, re.M)]
    assert not set(sent) & set(resident.ACTS), sent


def test_where_the_program_is_gone_users_move_all_the_same(tmp_path: Path, port: int) -> None:
    estate = Estate(tmp_path)
    assert estate.run(OPEN, any_errors_fatal=True)[0] == 0
    programs = list(tmp_path.glob("*/resident.*"))
    assert len(programs) == len(list(tmp_path.glob("*/lock.json"))) > 1
    for program in programs:
        program.unlink()
    _rc, output = roll_back(estate, port, "-vvv")
    assert RENAME in ran(output)
    assert {"rollback_look", "nginx_switch"} <= {
        Path(path).stem for path in re.findall(r"^Using module file (\S+)", output, re.M)
    }


@pytest.mark.parametrize("away", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_standby_that_is_not_healthy_or_cannot_be_asked_stops_every_host(
    tmp_path: Path, port: int, away: bool
) -> None:
    estate = Estate(tmp_path)
    assert estate.run(OPEN, any_errors_fatal=True)[0] == 0
    (tmp_path / "host_vars").mkdir()
    broken = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1} if away else {}
    (tmp_path / "host_vars" / "app1.yml").write_text(
        yaml.safe_dump({"release_version_header": "X-Other", "ansible_connection": "local", **broken})
    )
    rc, output = roll_back(estate, port)
    assert rc != 0
    expected = "none of app1 can be reached" if away else "expected header X-Other, found none"
    assert expected in " ".join(output.split())
    assert ran(output)[-1] == "Decide what there is to go back from"
    assert fence.read_epoch(str(tmp_path / "lb1")) == 1

    _rc, output = roll_back(estate, port, "-e", "rollback_force=true")
    assert RENAME in ran(output)


def test_a_schema_that_was_asked_for_and_stays_ends_the_run_non_zero(tmp_path: Path, port: int) -> None:
    """The candidate is kept, so its schema cannot go; users are back all the same."""
    estate = migrated(tmp_path, "switched", rollback_class="switch")
    rc, output = roll_back(estate, port, "-e", "rollback_database=always")
    said = " ".join(output.split())
    assert RENAME in ran(output) and rc != 0, output
    assert "the schema: Expected the candidate stopped on every application host" in said
