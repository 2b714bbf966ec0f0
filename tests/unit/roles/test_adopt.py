# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host has reached while it goes back from an adoption, and what that is taken for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
NOTES = "__adopt_reached"


def notes(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The tasks that note what was reached, in their order."""
    for task in tasks:
        yield from notes(task.get("block", []))
        if NOTES in task.get("ansible.builtin.set_fact", {}):
            yield {key: value for key, value in task.items() if key != "when"}


def run(tasks: list[dict[str, Any]], folder: Path, **play: Any) -> subprocess.CompletedProcess[str]:
    (folder / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, **play, "tasks": tasks}]), encoding="utf-8"
    )
    return subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-c", "local", str(folder / "play.yml")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip


def test_a_host_that_is_both_keeps_what_it_reached_as_the_other(tmp_path: Path) -> None:
    found = list(notes(yaml.safe_load((ROOT / "roles/adopt/tasks/go_back.yml").read_text(encoding="utf-8"))))
    assert len(found) == 4
    wanted = {"that": f"{NOTES} == {{'started': true, 'withdrawn': true, 'settled': true}}"}
    done = run([*found, {"ansible.builtin.assert": wanted}], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def gone(probe: str, moved: bool, started: bool, expected: bool) -> list[dict[str, Any]]:
    """Tasks that ask whether a proxy is rid of our routing."""
    seen = {"nginx_switchover_view": {"probe": probe}, "release_record_context": {"document": {"traffic_moved": moved}}}
    facts = {"__adopt_present": True, NOTES: {"started": started}}
    wanted = f"__adopt_gone == {expected}"
    return [{"ansible.builtin.set_fact": facts}, {"ansible.builtin.assert": {"that": wanted}, "vars": seen}]


def test_only_a_proxy_that_was_seen_to_lose_our_routing_is_rid_of_it(tmp_path: Path) -> None:
    tasks = [
        *gone("unreachable", moved=True, started=True, expected=True),
        *gone("blue", moved=True, started=True, expected=False),
        *gone("unknown", moved=True, started=True, expected=False),
        # Nothing was withdrawn: the site is still in an nginx that is down.
        *gone("unreachable", moved=True, started=False, expected=False),
        *gone("unreachable", moved=False, started=False, expected=True),
    ]
    hosts = {"release_app_hosts": ["localhost"], "release_lb_hosts": ["localhost"]}
    done = run(tasks, tmp_path, vars_files=[str(ROOT / "roles/adopt/vars/main.yml")], vars=hosts)
    assert done.returncode == 0, done.stdout + done.stderr
