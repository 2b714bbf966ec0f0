# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role release_record by real ansible-playbook runs, with every host a folder on this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import fence, record

from tests.unit.roles.estate import HOSTS, OPEN, PLAN, ROOT, Estate, role

SCHEMA = json.loads((ROOT / "docs/record.schema.json").read_text())


def fenced(module: str, arguments: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {module: arguments, "vars": {"ansible_python_interpreter": "{{ release_record_fence }}"}, **keywords}


TAKE_BACK = [
    role("query"),
    role("takeover"),
    role("advance", release_record_phase="rolling_back", release_record_best_effort=True),
    role("close", release_record_outcome="failed", release_record_best_effort=True),
]


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


@pytest.mark.parametrize("pipelining", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_release_from_open_to_close(estate: Estate, pipelining: bool) -> None:
    becoming = {"become": True} if os.getuid() == 0 else {}
    rc, output = estate.run(
        OPEN,
        role("advance", release_record_phase="provisioning"),
        fenced("ansible.builtin.command", {"cmd": "cat {{ release_state_directory }}/lock.json"}, register="held"),
        fenced(
            "ansible.builtin.copy",
            {"content": "{{ held.stdout }}\n", "dest": "{{ release_state_directory }}/copied", "mode": "0600"},
            **becoming,
        ),
        role("advance", release_record_phase="rolling_back", release_record_facts={"failure": "broken"}),
        role("close", release_record_outcome="failed"),
        pipelining=pipelining,
        any_errors_fatal=True,
    )
    assert rc == 0, output
    (document,) = estate.records("lb1")
    assert estate.records("lb2") == [document]
    assert record.validate(document) == []
    jsonschema.validate(document, SCHEMA)
    assert [step["phase"] for step in document["transitions"]] == ["opened", "provisioning", "rolling_back", "closed"]
    assert (document["outcome"], document["failure"], document["epoch"]) == ("failed", "broken", 1)
    for host in HOSTS:
        assert fence.read_epoch(str(estate.folder / host)) == 1
        assert estate.lock(host) is None
        assert json.loads((estate.folder / host / "copied").read_text())["release_id"] == document["release_id"]
    assert not (estate.folder / "app1" / "records").exists()


def test_a_second_release_is_refused_and_the_first_rolled_back(estate: Estate) -> None:
    rc, output = estate.run(OPEN, any_errors_fatal=True)
    assert rc == 0, output
    holder = estate.lock("lb1")
    rc, output = estate.run(OPEN, any_errors_fatal=True)
    assert rc != 0
    for part in (holder["release_id"], holder["since"], "phase opened", "release_takeover=true", "rollback.yml"):
        assert part in output
    assert [estate.lock(host) for host in HOSTS] == [holder] * 3
    assert len(estate.records("lb1")) == 1

    rc, output = estate.run(*TAKE_BACK, ignore_unreachable=True)
    assert rc == 0, output
    assert estate.records("lb1")[0]["outcome"] == "failed"
    # The run that was taken over is refused by its own wrapper, in words.
    late = {
        "ansible.builtin.command": "true",
        "vars": {"ansible_python_interpreter": "{{ release_state_directory }}/fence.1"},
    }
    rc, output = estate.run(late)
    assert rc != 0
    assert "expected epoch 2 or higher, found this run at epoch 1" in output


@pytest.mark.slow
def test_the_release_that_is_named_is_taken_in_hand_and_its_lock_given_back(estate: Estate) -> None:
    for _ in range(2):
        rc, output = estate.run(OPEN, *TAKE_BACK)
        assert rc == 0, output
    first, second = sorted(estate.records("lb1"), key=lambda document: str(document["started_at"]))
    held = {"ansible.builtin.command": "cat {{ release_state_directory }}/lock.json"}
    rc, output = estate.run(
        role("query"), role("takeover", release_record_release_id=first["release_id"]), {**held, "register": "held"},
        {"ansible.builtin.debug": {"var": "held.stdout"}}, role("release"),
    )  # fmt: skip
    assert rc == 0, output
    assert first["release_id"] in output and second["release_id"] not in output
    assert [estate.lock(host) for host in HOSTS] == [None] * 3


@pytest.mark.slow
def test_of_two_releases_at_once_one_proceeds(estate: Estate) -> None:
    runs = [estate.start(OPEN, any_errors_fatal=True) for _ in range(2)]
    outputs = [run.communicate(timeout=120)[0] for run in runs]
    assert sorted(run.returncode == 0 for run in runs) == [False, True], "\n".join(outputs)
    holders = [estate.lock(host) for host in HOSTS]
    assert holders[0] == holders[1] == holders[2]
    for host in ("lb1", "lb2"):
        assert [document["release_id"] for document in estate.records(host)] == [holders[0]["release_id"]]


@pytest.mark.slow
def test_a_proxy_that_cannot_be_written_gives_the_lock_back(estate: Estate) -> None:
    # A folder where the file belongs: refused for root as well.
    (estate.folder / "lb2" / "lock.json").mkdir()
    rc, output = estate.run(OPEN, any_errors_fatal=True)
    assert rc != 0
    assert "lb2" in output
    assert estate.lock("lb1") is None
    assert estate.lock("app1") is None


def test_taking_back_works_without_a_proxy_that_is_gone(estate: Estate) -> None:
    assert estate.run(OPEN, any_errors_fatal=True)[0] == 0
    gone = estate.folder / "host_vars"
    gone.mkdir()
    (gone / "lb1.yml").write_text("ansible_connection: ssh\nansible_host: 127.0.0.1\nansible_port: 1\n")
    rc, output = estate.run(
        *TAKE_BACK, {"ansible.builtin.debug": {"var": "release_record_unwritten"}}, ignore_unreachable=True
    )
    assert rc == 0, output
    assert "lb1: 'no answer" in output or "lb1: no answer" in output
    assert estate.records("lb2")[0]["outcome"] == "failed"
    assert estate.records("lb1")[0]["phase"] == "opened"
    # The proxy is back: the newest copy counts, and what it still holds does not stop the next release.
    (gone / "lb1.yml").unlink()
    rc, output = estate.run(OPEN, any_errors_fatal=True)
    assert rc == 0, output
    assert estate.lock("lb1")["epoch"] == 3


@pytest.mark.slow
def test_steps_are_resumed_by_version(estate: Estate) -> None:
    rc, output = estate.run(role("resume"), any_errors_fatal=True)
    assert rc != 0
    assert "Run playbooks/open.yml first" in output
    steps = role("open", release_record_plan=PLAN, release_record_mode="steps")
    assert estate.run(steps, any_errors_fatal=True)[0] == 0
    rc, output = estate.run(role("resume"), role("advance", release_record_phase="provisioning"), any_errors_fatal=True)
    assert rc == 0, output
    assert [step["epoch"] for step in estate.records("lb2")[0]["transitions"]] == [1, 2]
    rc, output = estate.run(role("resume"), any_errors_fatal=True)
    assert rc != 0
    assert "expected a finished phase, found provisioning" in output


def test_in_check_mode_a_foreign_module_runs_although_nobody_holds_a_fence(estate: Estate) -> None:
    made = fenced("ansible.builtin.file", {"path": "{{ release_state_directory }}/made", "state": "touch"})
    rc, output = estate.run(OPEN, made, any_errors_fatal=True, options=["--check"])
    assert rc == 0, output
    assert not list(estate.folder.glob("*/made"))


@pytest.mark.slow
def test_check_mode_of_a_whole_release_leaves_nothing(estate: Estate) -> None:
    rc, output = estate.run(
        OPEN, role("advance", release_record_phase="provisioning"), any_errors_fatal=True, check_mode=True
    )
    assert rc == 0, output
    assert [list((estate.folder / host).iterdir()) for host in HOSTS] == [[], [], []]
