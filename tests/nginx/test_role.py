# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role as a playbook calls it: configure twice, switch, back, query, with nothing sensitive printed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.nginx.proxy import Proxy
from tests.nginx.render import INVENTORY, SECRET

ROOT = Path(__file__).resolve().parents[2]


def call(entry: str, **more: Any) -> dict[str, Any]:
    """A task that calls an entry point."""
    role = {"name": "bluegreen.release.nginx_switchover", "tasks_from": entry}
    return {"name": f"Call {entry}", "ansible.builtin.include_role": role, "vars": more}


def holds(*conditions: str) -> dict[str, Any]:
    """A task that asserts."""
    return {"name": "Hold", "ansible.builtin.assert": {"that": list(conditions)}}


def play(proxy: Proxy, tasks: list[dict[str, Any]], *options: str) -> str:
    """Run tasks on this machine as the proxy; returns what was printed. AssertionError when the play fails."""
    variables = {
        **proxy.inputs(),
        **{name: text for name, text in INVENTORY.items() if name not in ("groups", "inventory_hostname", "hostvars")},
        "release_environment": "test",
        "release_image": "example/shop",
        "release_compose_file": "/none",
        "nginx_switchover_instances": [{"host": "app1", "address": "127.0.0.1"}],
        # Root may have no sudo; anybody else has nothing better.
        "ansible_become_method": "ansible.builtin.su" if os.getuid() == 0 else "ansible.builtin.sudo",
    }
    playbook = proxy.root / "play.json"
    play_of = {"hosts": "localhost", "gather_facts": False, "connection": "local", "vars": variables, "tasks": tasks}
    playbook.write_text(json.dumps([play_of]))
    command = shutil.which("ansible-playbook") or str(Path(sys.executable).with_name("ansible-playbook"))
    done = subprocess.run(
        [command, str(playbook), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_LOCALHOST_WARNING": "false"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_configure_switch_back_and_query(own: Proxy) -> None:
    own.write()
    own.start()
    printed = play(
        own,
        [
            call("configure"),
            call("configure"),
            holds("not nginx_switchover_site.changed", "nginx_switchover_site.generation | length == 16"),
            call("main", nginx_switchover_slot="green"),
            holds("nginx_switchover_result.changed", "nginx_switchover_result.proof.proved"),
            call("query"),
            holds("nginx_switchover_view.file == 'green'", "nginx_switchover_view.agree"),
            call("main", nginx_switchover_slot="blue"),
            call("query"),
            holds("nginx_switchover_view.probe == 'blue'", "not nginx_switchover_view.changed"),
            call("restore", nginx_switchover_generation="{{ nginx_switchover_site.generation }}"),
            holds("not nginx_switchover_restored.changed", "not nginx_switchover_restored.missing"),
            call("restore", nginx_switchover_generation="0123456789abcdef"),
            holds("nginx_switchover_restored.missing"),
        ],
        "-vvv",
        "--diff",
    )
    assert own.front().headers["x-backend"] == "blue"
    assert SECRET not in printed
    assert "green.shop.test" in printed


def test_replace_and_withdraw(own: Proxy) -> None:
    own.write()
    own.site_file.write_text(f"server {{ listen {own.port}; return 204; }}\n")
    own.preview_file.unlink()
    (own.flags / "live.blue").unlink()
    own.start()
    before = own.site_file.read_text()
    replaces = {str(own.site_file): ""}
    play(
        own,
        [
            call("configure", nginx_switchover_initial_slot="blue", nginx_switchover_replaces=replaces),
            call("main", nginx_switchover_slot="green"),
            call("withdraw"),
            holds(f"nginx_switchover_withdrawn.put_back == ['{own.site_file}']"),
        ],
    )
    assert own.site_file.read_text() == before and own.front().status == 204
