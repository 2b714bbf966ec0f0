# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host has reached while it goes back from an adoption, when it is proxy and application host at once."""

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


def test_a_host_that_is_both_keeps_what_it_reached_as_the_other(tmp_path: Path) -> None:
    found = list(notes(yaml.safe_load((ROOT / "roles/adopt/tasks/go_back.yml").read_text(encoding="utf-8"))))
    assert len(found) == 4
    wanted = {"that": f"{NOTES} == {{'started': true, 'withdrawn': true, 'settled': true}}"}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [*found, {"ansible.builtin.assert": wanted}]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-c", "local", str(tmp_path / "play.yml")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
