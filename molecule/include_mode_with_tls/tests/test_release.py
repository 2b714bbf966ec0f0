# SPDX-License-Identifier: GPL-3.0-or-later
"""A release inside somebody's own TLS server: nobody notices, and nothing of theirs changes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://lb"]
ASK = """
import socket, ssl
context = ssl.create_default_context(cafile="/etc/nginx/tls/ca.pem")
client = context.wrap_socket(socket.create_connection(("127.0.0.1", 443), 5), server_hostname="samokoder.lab")
client.sendall(b"GET PATH HTTP/1.0\\r\\nHost: samokoder.lab\\r\\n\\r\\n")
print(client.makefile().read().lower())
"""


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed_over_tls(outcome: dict[str, Any]) -> None:
    assert set(outcome["load"]["by_slot"]) == {"blue", "green"}


def test_users_are_on_the_new_version(outcome: dict[str, Any], flag: Callable[[], list[str]]) -> None:
    (old,) = set(outcome["before"]["live"].values())
    (new,) = set(outcome["after"]["live"].values())
    assert new != old and outcome["after"]["versions"][new] == "1.0.0"
    assert flag() == [f"live.{new}"]


def test_the_operators_own_files_are_as_they_were(host: Host) -> None:
    sums = json.loads((Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "sums.json").read_text())
    name = host.backend.get_hostname()
    wanted = sums[name]
    assert len(wanted.splitlines()) == 5
    files = " ".join(line.split()[1] for line in wanted.splitlines())
    assert host.run(f"sudo sha256sum {files}").stdout == wanted


def test_the_site_of_ours_is_gone_and_theirs_still_answers(host: Host) -> None:
    assert not host.file("/etc/nginx/conf.d/samokoder.conf").exists
    assert host.file("/etc/nginx/bluegreen/samokoder/server.conf").exists
    assert host.run("python3 -c %s", ASK.replace("PATH", "/own/")).stdout.endswith("ours\n\n")
    answer = host.run("python3 -c %s", ASK.replace("PATH", "/health")).stdout
    # Their header is not hidden by ours.
    assert "strict-transport-security: max-age=300" in answer and "x-release-slot: " in answer


def test_the_record_is_closed(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"]) == ("closed", "live")
