# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role decommission by real ansible-playbook runs, with every host a folder and a proxy that says green."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.roles.estate import HOSTS, OPEN, Estate, role

DECOMMISSION = {"ansible.builtin.import_role": {"name": "bluegreen.release.decommission"}}
ENDED = [
    OPEN,
    role("advance", release_record_phase="rolling_back"),
    role("close", release_record_outcome="failed"),
]


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers the probe as nginx does with users on green."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Release-Generation", "0123456789abcdef")
        self.end_headers()
        self.wfile.write(b"green\n")

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    """Users are on green everywhere; the engine answers, with no container, unless there is a file engine-down."""
    engine = tmp_path / "bin" / "docker"
    engine.parent.mkdir()
    engine.write_text(f"#!/bin/sh\n[ ! -e {tmp_path}/engine-down ] || {{ echo no engine >&2; exit 1; }}\n")
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", str(engine.parent), prepend=":")
    made = Estate(tmp_path)
    for host in ("lb1", "lb2"):
        (tmp_path / host / "flags").mkdir()
        (tmp_path / host / "flags" / "live.green").touch()
    return made


def decommission(estate: Estate, proxy: str) -> tuple[int, str]:
    variables = {"nginx_switchover_local_url": proxy, "release_app_directory": str(estate.folder / "srv")}
    return estate.run(DECOMMISSION, any_errors_fatal=True, options=["-e", json.dumps(variables)])


def test_a_run_that_failed_is_finished_by_the_next(estate: Estate, proxy: str) -> None:
    rc, output = estate.run(*ENDED, any_errors_fatal=True)
    assert rc == 0, output
    down = estate.folder / "engine-down"
    down.touch()
    rc, output = decommission(estate, proxy)
    assert rc != 0 and "no engine" in output, output
    assert estate.lock("app1")
    down.unlink()
    rc, output = decommission(estate, proxy)
    assert rc == 0 and "blue is stopped on app1" in output, output
    assert [estate.lock(host) for host in HOSTS] == [None] * 3
    assert estate.records("lb1")[0]["standby"]["state"] == "decommissioned"


def test_a_release_at_work_is_left_alone(estate: Estate, proxy: str) -> None:
    rc, output = estate.run(OPEN, any_errors_fatal=True)
    assert rc == 0, output
    holder = estate.lock("lb1")
    rc, output = decommission(estate, proxy)
    assert rc != 0 and f"holds the lock for release {holder['release_id']}" in output, output
    assert estate.lock("lb1") == holder
