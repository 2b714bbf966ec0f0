# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret leaves the vault: not in what a run prints, in a process list, in a record or in a log."""

from __future__ import annotations

from typing import Any

from testinfra.host import Host

testinfra_hosts = ["ansible://lb:app"]

# Where a secret belongs: the environment of a slot, and nginx's own file, readable by their owners only.
PLACES = "/var/lib/bluegreen /srv/samokoder/logs /var/log/nginx /tmp /home/deploy /etc/nginx/conf.d"


def test_no_run_prints_a_secret(outcome: dict[str, Any], lab_secrets: list[str]) -> None:
    for step in outcome["steps"]:
        assert len(step["output"]) > (10_000 if step["argv"][0] == "ansible-playbook" else 1_000)
        assert [secret for secret in lab_secrets if secret in step["output"]] == []


def test_no_command_line_shows_a_secret(outcome: dict[str, Any]) -> None:
    assert outcome["heard"] == []


def test_no_host_keeps_a_secret_where_others_read(host: Host, lab_secrets: list[str]) -> None:
    for secret in lab_secrets:
        assert host.run("sudo grep -rlF -e %s " + PLACES + " 2>/dev/null", secret).stdout == ""


def test_what_holds_a_secret_is_its_owners_alone(host: Host) -> None:
    found = host.run(r"sudo find /srv/samokoder /etc/nginx/bluegreen -type f -printf '%m %p\n' 2>/dev/null").stdout
    holding = [line for line in found.splitlines() if line.endswith((".env", "preview.conf"))]
    assert holding
    assert [line for line in holding if not line.startswith("600 ")] == []
