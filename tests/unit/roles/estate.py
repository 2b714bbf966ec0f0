# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An estate of local hosts, for tests of roles that remember releases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
HOSTS = ("lb1", "lb2", "app1")
PLAN = {
    "version": "1.0.0", "image": "r/shop:1.0.0", "digest": "r/shop@sha256:aa", "live": "blue", "candidate": "green",
    "live_version": "0.9.0", "live_digest": "r/shop@sha256:bb", "first": False,
}  # fmt: skip


def role(entry: str, **variables: Any) -> dict[str, Any]:
    role = {"name": "bluegreen.release.release_record", "tasks_from": entry}
    return {"ansible.builtin.import_role": role, "vars": variables}


OPEN = role("open", release_record_plan=PLAN)


class Estate:
    """An inventory of three local hosts, and playbooks run on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        everywhere = {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
            "release_state_directory": f"{folder}/{{{{ inventory_hostname }}}}", "release_application": "shop",
            "release_environment": "test", "release_image": "r/shop", "release_compose_file": f"{folder}/compose.yml",
            "release_version": "1.0.0", "ansible_become_method": "su", "smoke_test_steps": [],
            "nginx_switchover_server_names": ["shop.test"], "nginx_switchover_preview_secret": "0123456789abcdef",
            "nginx_switchover_preview_server_name": "next.shop.test",
        }  # fmt: skip
        groups: dict[str, Any] = {"lb": {"hosts": {"lb1": {}, "lb2": {}}}, "app": {"hosts": {"app1": {}}}}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"vars": everywhere, "children": groups}}))
        service = {"image": "r/shop", "expose": ["8000"]}
        (folder / "compose.yml").write_text(yaml.safe_dump({"services": {"api": service}}))
        for host in HOSTS:
            (folder / host).mkdir()

    def start(
        self, *tasks: dict[str, Any], pipelining: bool = True, options: Sequence[str] = (), **play: Any
    ) -> subprocess.Popen[str]:
        book = self.folder / f"book{len(list(self.folder.glob('book*')))}.yml"
        book.write_text(yaml.safe_dump([{"hosts": "lb:app", "gather_facts": False, **play, "tasks": list(tasks)}]))
        environment = {**os.environ, "ANSIBLE_PIPELINING": str(pipelining), "ANSIBLE_NOCOLOR": "1"}
        command = [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            str(self.folder / "hosts.yml"),
            str(book),
            *options,
        ]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *tasks: dict[str, Any], **options: Any) -> tuple[int, str]:
        process = self.start(*tasks, **options)
        output, _ = process.communicate(timeout=120)
        return process.returncode, " ".join(output.split())

    def records(self, host: str) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted((self.folder / host / "records").glob("*.json"))]

    def lock(self, host: str) -> Any:
        path = self.folder / host / "lock.json"
        return json.loads(path.read_text()) if path.exists() else None
