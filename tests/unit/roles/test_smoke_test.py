# SPDX-License-Identifier: GPL-3.0-or-later
"""A session that one version has begun goes on in the other, or the run says so: two real servers as the two slots."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.roles.estate import Estate

CONTEXT = {"live": "blue", "live_version": "0.9.0", "candidate": "green", "version": "1.0.0"}
BEGIN = [{"name": "log in", "method": "POST", "path": "/login", "save": {"token": "token"}}]
USE = [{"name": "go on", "path": "/me", "headers": {"Authorization": "${token}"}}]


class Slot(http.server.ThreadingHTTPServer):
    """A version that knows the sessions that are given to it; several may share them, as in one Redis."""

    def __init__(self, version: str, sessions: set[str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.version, self.sessions, self.takes_logins = version, sessions, True


class Handler(http.server.BaseHTTPRequestHandler):
    server: Slot

    def do_POST(self) -> None:
        token = f"begun-in-{self.server.version}"
        self.server.sessions.add(token)
        self.answer(200 if self.server.takes_logins else 500, {"token": token})

    def do_GET(self) -> None:
        known = self.path != "/me" or self.headers["Authorization"] in self.server.sessions
        self.answer(200 if known else 401, {})

    def answer(self, status: int, body: dict[str, str]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Release-Version", self.server.version)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def slots() -> Iterator[Callable[..., dict[str, Slot]]]:
    made: list[Slot] = []

    def start(shared: bool) -> dict[str, Slot]:
        first: set[str] = set()
        made.extend([Slot("0.9.0", first), Slot("1.0.0", first if shared else set())])
        for one in made:
            threading.Thread(target=one.serve_forever, daemon=True).start()
        return dict(zip(("blue", "green"), made, strict=True))

    yield start
    for one in made:
        one.shutdown()


def used(tmp_path: Path, slots: dict[str, Slot], entry: str) -> tuple[int, str]:
    """Run an entry point of the role on the application host, and say what it registered."""
    ports = {name: {"port": one.server_port} for name, one in slots.items()}
    given = {
        "release_record_context": CONTEXT, "release_slots": ports,
        "smoke_test_session_begin": BEGIN, "smoke_test_session_use": USE,
        "health_check_steps": [{"name": "health", "path": "/health"}],
    }  # fmt: skip
    role = {"name": "bluegreen.release.smoke_test", "tasks_from": entry}
    said: dict[str, Any] = {"ansible.builtin.debug": {"msg": "passed: {{ smoke_test_standby.passed }}"}}
    tasks = [{"ansible.builtin.import_role": role, "vars": given}, *([said] if entry == "standby" else [])]
    return Estate(tmp_path).run(*tasks, hosts="app", any_errors_fatal=True)


@pytest.mark.parametrize("entry", ["session", "standby"])
def test_a_session_goes_on_in_the_other_version(tmp_path: Path, slots: Callable[..., Any], entry: str) -> None:
    both = slots(shared=True)
    rc, output = used(tmp_path, both, entry)
    begun = "0.9.0" if entry == "session" else "1.0.0"
    assert rc == 0 and both["blue"].sessions == {f"begun-in-{begun}"}, output


def test_one_that_the_candidate_does_not_know_fails_the_check(tmp_path: Path, slots: Callable[..., Any]) -> None:
    rc, output = used(tmp_path, slots(shared=False), "session")
    assert rc != 0 and "step 'go on' (GET /me): expected status 200, found 401" in output


def test_one_that_the_standby_does_not_know_fails_nothing_and_is_said(
    tmp_path: Path, slots: Callable[..., Any]
) -> None:
    rc, output = used(tmp_path, slots(shared=False), "standby")
    assert rc == 0 and "passed: False" in output, output


def test_a_new_version_that_begins_none_is_not_the_standby_s_fault(tmp_path: Path, slots: Callable[..., Any]) -> None:
    both = slots(shared=True)
    both["green"].takes_logins = False
    rc, output = used(tmp_path, both, "standby")
    assert rc != 0 and f"127.0.0.1:{both['green'].server_port}: step 'log in'" in output, output
