# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role hook by real ansible-playbook runs, with every host a folder on this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.module_utils import hooks

ROOT = Path(__file__).parents[3]
HOSTS = ("lb1", "lb2", "app1")
CONTEXT = {
    "release_id": "id-1", "version": "2.0", "live_version": "1.0", "candidate": "green", "live": "blue",
    "digest": "r/shop@sha256:aa", "document": {"outcome": None},
}  # fmt: skip
DOCUMENT = (ROOT / "docs" / "hooks.md").read_text()


def book(point: str) -> list[dict[str, Any]]:
    """Two plays, as phases are: one with the point, and one that says who is still there."""
    made: list[dict[str, Any]] = yaml.safe_load(yaml.safe_dump(PHASES).replace("before_switch", point))
    return made


PHASES = [
    {
        "hosts": "lb:app", "gather_facts": False, "any_errors_fatal": True,
        "tasks": [
            {
                "block": [
                    {
                        "ansible.builtin.import_role": {"name": "bluegreen.release.hook"},
                        "vars": {"hook_point": "before_switch"},
                    },
                    {"ansible.builtin.debug": {"msg": "phase on {{ inventory_hostname }}"}},
                ],
                "rescue": [
                    {"ansible.builtin.debug": {"msg": "taken back on {{ inventory_hostname }}"}},
                    {"ansible.builtin.fail": {"msg": "the release failed"}},
                ],
            }
        ],
    },
    {
        "hosts": "lb:app", "gather_facts": False,
        "tasks": [{"ansible.builtin.debug": {"msg": "next phase on {{ inventory_hostname }}"}}],
    },
]  # fmt: skip


class Estate:
    """An inventory of three local hosts with hooks before the switch, and a playbook with that point."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = "hosts.yml"

    def run(
        self, *asked: dict[str, Any], words: tuple[str, ...] = (), point: str = "before_switch", **hosts: Any
    ) -> tuple[int, str]:
        playbook = self.folder / "files/phases.yml"
        playbook.parent.mkdir(exist_ok=True)
        playbook.write_text(yaml.safe_dump(book(point)))
        common = {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "release_application": "shop",
            "release_environment": "test", "release_image": "r/shop", "release_compose_file": "compose.yml",
            "release_version": "2.0", "release_record_context": CONTEXT,
            "release_hooks": {point: list(asked)},
        }  # fmt: skip
        groups: dict[str, Any] = {
            "lb": {"hosts": {"lb1": hosts.get("lb1", {}), "lb2": hosts.get("lb2", {})}},
            "app": {"hosts": {"app1": {}}},
        }
        (self.folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"vars": common, "children": groups}}))
        source = self.folder / self.source
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(source), *words, str(playbook)]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(
            command, cwd=ROOT, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, " ".join(done.stdout.split())

    def script(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


def everywhere(output: str, words: str) -> bool:
    return all(f"{words} on {host}" in output for host in HOSTS)


def test_commands_are_told_on_the_hosts_that_they_ask_for(estate: Estate) -> None:
    estate.script("tell", 'cat > told.json; env | grep ^BLUEGREEN_ > told.env; echo "$TOKEN" > token')
    place = [sys.executable, "-c", f"import time; open('{estate.folder}/on.' + str(time.time_ns()), 'w')"]
    rc, output = estate.run(
        {"name": "tell", "command": ["./tell"], "environment": {"TOKEN": "hunter2hunter2"}},
        {"name": "place", "command": place, "hosts": "lb"},
        {"name": "place", "command": place, "hosts": "first_app"},
        words=("-vvv",),
    )
    assert rc == 0 and everywhere(output, "phase") and everywhere(output, "next phase"), output
    told = json.loads((estate.folder / "told.json").read_text())
    assert told == {
        "point": "before_switch", "application": "shop", "environment": "test", "release_id": "id-1", "version": "2.0",
        "from_version": "1.0", "slot": "green", "from_slot": "blue", "digest": "r/shop@sha256:aa", "outcome": None,
        "check_mode": False,
    }  # fmt: skip
    variables = dict(line.split("=", 1) for line in (estate.folder / "told.env").read_text().splitlines())
    assert variables == {
        f"BLUEGREEN_{key.upper()}": {None: "", False: "false"}.get(value, value) for key, value in told.items()
    }
    assert (estate.folder / "token").read_text() == "hunter2hunter2\n"
    assert "hunter2" not in output
    assert len(list(estate.folder.glob("on.*"))) == 3


def test_a_failing_hook_takes_every_host_back(estate: Estate) -> None:
    hook = {"name": "gate", "command": ["sh", "-c", "echo not today; exit 3"], "hosts": "app"}
    rc, output = estate.run(hook)
    assert rc != 0 and everywhere(output, "taken back"), output
    assert (
        "expected the hook «gate» to end well, found app1: expected exit code 0, found 3. It printed: not today"
        in output
    )
    assert "phase on" not in output


def test_a_hook_that_warns_lets_the_phase_go_on_everywhere(estate: Estate) -> None:
    (estate.folder / "broken.yml").write_text(
        yaml.safe_dump([{"name": "Break", "ansible.builtin.fail": {"msg": "drained nothing"}}])
    )
    rc, output = estate.run(
        {"name": "gate", "command": ["false"], "hosts": "first_lb", "on_failure": "warn"},
        {"name": "drain", "tasks": "broken.yml", "hosts": "lb", "on_failure": "warn"},
    )
    assert rc == 0 and everywhere(output, "phase") and everywhere(output, "next phase"), output
    assert output.count("WARNING: before_switch: expected the hook") == 2
    assert "task «Break»: drained nothing" in output and "taken back" not in output


def test_a_task_file_runs_where_it_is_asked_for_and_knows_the_payload(estate: Estate) -> None:
    (estate.folder / "hooks").mkdir()
    write = {"content": "{{ hook_payload.slot }}", "dest": "{{ inventory_dir }}/{{ inventory_hostname }}.slot"}
    tasks = [{"name": "Write", "ansible.builtin.copy": {**write, "mode": "0600"}}]
    (estate.folder / "hooks" / "write.yml").write_text(yaml.safe_dump(tasks))
    rc, output = estate.run(
        {"name": "here", "tasks": "hooks/write.yml"}, {"name": "there", "tasks": "hooks/write.yml", "hosts": "app"}
    )
    assert rc == 0 and everywhere(output, "next phase"), output
    assert {path.name: path.read_text() for path in estate.folder.glob("*.slot")} == {
        "lb1.slot": "green", "app1.slot": "green",
    }  # fmt: skip


def test_a_command_that_outlives_its_time_is_killed_with_its_children(estate: Estate) -> None:
    estate.script("slow", "sleep 4711 & sleep 4712")
    began = time.monotonic()
    rc, output = estate.run({"name": "slow", "command": ["./slow"], "timeout_seconds": 1})
    assert rc != 0 and "expected it to end within 1 s" in output and everywhere(output, "taken back"), output
    assert time.monotonic() - began < 30
    running = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "sleep 4711" not in running and "sleep 4712" not in running


@pytest.mark.slow
def test_a_task_that_outlives_its_time_ends_the_hook(estate: Estate) -> None:
    tasks = [{"name": "Sleep", "ansible.builtin.command": {"argv": ["sleep", "30"]}, "changed_when": False}]
    (estate.folder / "slow.yml").write_text(yaml.safe_dump(tasks))
    rc, output = estate.run({"name": "slow", "tasks": "slow.yml", "hosts": "first_app", "timeout_seconds": 0.5})
    assert rc != 0 and "task «Sleep»: " in output and everywhere(output, "taken back"), output


@pytest.mark.slow
def test_check_mode_lists_and_runs_only_what_says_so(estate: Estate) -> None:
    estate.script("touch", 'touch "$1"')
    rc, output = estate.run(
        {"name": "no", "command": ["./touch", "no"]},
        {"name": "yes", "command": ["./touch", "yes"], "check_mode": "run"},
        words=("--check",),
    )
    assert rc == 0, output
    assert "before_switch would run «no» (./touch no) on the controller" in output
    assert (estate.folder / "yes").exists() and not (estate.folder / "no").exists()


@pytest.mark.slow
def test_a_host_that_is_gone_fails_the_hook_that_needs_it(estate: Estate) -> None:
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    hook = {"name": "gate", "command": ["true"], "hosts": "lb", "on_failure": "warn"}
    rc, output = estate.run(hook, lb2=gone)
    assert rc != 0 and "taken back on lb1" in output and "taken back on app1" in output, output
    assert "phase on" not in output and "lb2: UNREACHABLE" not in output.partition("taken back")[2]


@pytest.mark.slow
def test_no_hooks_are_no_task_on_any_host_and_the_phase_goes_on(estate: Estate) -> None:
    rc, output = estate.run()
    assert rc == 0 and everywhere(output, "phase"), output
    assert output.count("TASK [") == 3


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)


def documented(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The hooks of every example in docs/hooks.md, with their files written into *folder*."""
    (folder / "hooks").mkdir()
    (folder / "hooks/gate").write_text(blocks("sh")[0])
    (folder / "hooks/gate").chmod(0o755)
    found: dict[str, list[dict[str, Any]]] = {}
    for text in blocks("yaml"):
        parsed = yaml.safe_load(text)
        if isinstance(parsed, list):
            (folder / "hooks" / "alerts.yml").write_text(text.replace("/var/tmp", str(folder / "files")))
        else:
            for point, listed in parsed["release_hooks"].items():
                found.setdefault(point, []).extend(listed)
    return found


def test_the_document_names_every_point_field_and_value_and_its_examples_are_good(tmp_path: Path) -> None:
    found = documented(tmp_path)
    assert len(found) == 4
    assert hooks.hook_problems(found, str(tmp_path)) == []
    names = set(re.findall(r"`([a-z_]+)`", DOCUMENT))
    told = hooks.payload("", {"application": "", "environment": ""}, {}, {}, "", False)
    assert {*hooks.POINTS, *hooks.FIELDS, *hooks.HOSTS, *hooks.ON_FAILURE, *hooks.IN_CHECK_MODE, *told} <= names
    assert set(re.findall(r"BLUEGREEN_[A-Z_]+", DOCUMENT)) == set(hooks.variables(told))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "leaves"),
    [
        ("before_switch", {"files/alerts.lb1": "before_switch 2.0\n", "files/alerts.lb2": "before_switch 2.0\n"}),
        ("after_rollback", {"files/alerts.lb1": "after_rollback 2.0\n", "files/alerts.lb2": "after_rollback 2.0\n"}),
        ("after_close", {"hooks/announced": "shop 2.0 is live on green\n"}),
        ("after_switch", {"hooks/posted": "green\n"}),
    ],
)
def test_the_examples_of_the_document_work(estate: Estate, point: str, leaves: dict[str, str]) -> None:
    examples = documented(estate.folder)[point]
    estate.source = "."  # a folder, as users have it: nothing under hooks is taken for a part of the inventory
    rc, output = estate.run(*examples, point=point)
    assert rc == 0 and everywhere(output, "next phase"), output
    assert {name: (estate.folder / name).read_text() for name in leaves} == leaves
