"""Module http_steps against a real server on the loopback address."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.bluegreen.release.plugins.modules import http_steps


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(1)
        body = json.dumps({"path": self.path, "token": "tok-1234567", "seen": self.headers.get("X-Seen")}).encode()
        self.send_response(200 if self.path != "/missing" else 404)
        self.send_header("X-Release-Slot", "blue")
        self.send_header("Content-Length", str(len(body) + (5 if self.path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def run(capsys: pytest.CaptureFixture[str], check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    with patch_module_args({**arguments, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
        http_steps.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


@pytest.fixture(autouse=True)
def no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)


def test_passes_and_reports_each_step(capsys: pytest.CaptureFixture[str], base_url: str) -> None:
    steps = [
        {"name": "login", "path": "/login", "save": {"token": "token"}},
        {"name": "use", "path": "/x", "headers": {"X-Seen": "${token}"}, "expect": {"json": {"seen": "${token}"}}},
    ]
    result = run(capsys, base_url=base_url, steps=steps, expect_headers={"X-Release-Slot": "blue"})
    assert result["passed"] and result["attempts"] == 1 and not result["changed"]
    assert [step["status"] for step in result["steps"]] == [200, 200]


def test_failure_names_server_step_expected_and_found(capsys: pytest.CaptureFixture[str], base_url: str) -> None:
    result = run(capsys, base_url=base_url, steps=[{"name": "m", "path": "/missing"}])
    assert result["failed"]
    assert base_url in result["msg"] and "step 'm' (GET /missing): expected status 200, found 404" in result["msg"]


def test_failure_can_be_only_reported(capsys: pytest.CaptureFixture[str], base_url: str) -> None:
    result = run(capsys, base_url=base_url, steps=[{"name": "m", "path": "/missing"}], fail=False)
    assert not result.get("failed") and result["passed"] is False


def test_secret_is_nowhere_in_the_result(capsys: pytest.CaptureFixture[str], base_url: str) -> None:
    steps = [{"name": "m", "path": "/missing", "headers": {"X-Seen": "s3cret-word"}}]
    result = run(capsys, base_url=base_url, steps=steps, secrets=["s3cret-word"])
    assert result["failed"] and "s3cret-word" not in json.dumps(result)


@pytest.mark.parametrize(
    ("path", "found"), [("/slow", "none within 0.2 s"), ("/cut", "IncompleteRead")], ids=["slow", "cut short"]
)
def test_answer_that_does_not_arrive_whole(
    capsys: pytest.CaptureFixture[str], base_url: str, path: str, found: str
) -> None:
    result = run(capsys, base_url=base_url, steps=[{"name": "m", "path": path, "timeout_seconds": 0.2}])
    assert result["failed"] and found in result["msg"]


BEGIN = [{"name": "login", "method": "POST", "path": "/login", "save": {"token": "token"}}]
USE = [{"name": "use", "path": "/x", "headers": {"X-Seen": "${token}"}, "expect": {"json": {"seen": "tok-1234567"}}}]


def test_what_another_server_has_begun_is_known(capsys: pytest.CaptureFixture[str], base_url: str) -> None:
    first = {"base_url": f"{base_url}/old", "steps": BEGIN}
    result = run(capsys, base_url=base_url, beginning=first, steps=USE)
    assert result["passed"] and [step["name"] for step in result["steps"]] == ["login", "use"]
    assert "tok-1234567" not in json.dumps(result["steps"])


def test_what_goes_on_otherwise_than_expected_is_the_second_server_s(
    capsys: pytest.CaptureFixture[str], base_url: str
) -> None:
    first = {"base_url": f"{base_url}/old", "steps": BEGIN, "expect_headers": {"X-Release-Slot": "blue"}}
    steps = [{**USE[0], "expect": {"json": {"seen": "another"}}}]
    result = run(capsys, base_url=f"{base_url}/new", beginning=first, steps=steps, fail=False)
    assert not result.get("failed") and result["reason"].startswith("step 'use'")
    assert "tok-1234567" not in result["reason"]


def test_what_cannot_be_begun_fails_whatever_else_is_asked(capsys: pytest.CaptureFixture[str], base_url: str) -> None:
    first = {"base_url": f"{base_url}/old", "steps": BEGIN, "expect_headers": {"X-Release-Slot": "green"}}
    result = run(capsys, base_url=f"{base_url}/new", beginning=first, steps=USE, fail=False)
    assert result["failed"] and f"{base_url}/old: step 'login'" in result["msg"]
    assert "expected header X-Release-Slot: green, found blue" in result["msg"]


def test_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, base_url="http://127.0.0.1:1", steps=[{"name": "m", "path": "/"}])
    assert "expected an answer, found ConnectionRefusedError" in result["msg"]


def test_url_without_scheme_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, base_url="127.0.0.1:80", steps=[{"name": "m", "path": "/"}])
    assert "expected base_url like http://127.0.0.1:8001, found '127.0.0.1:80'" in result["msg"]


def test_no_steps_is_no_evidence(capsys: pytest.CaptureFixture[str], base_url: str) -> None:
    assert "expected at least one step" in run(capsys, base_url=base_url, steps=[])["msg"]


def test_check_mode_sends_reads_and_never_writes(capsys: pytest.CaptureFixture[str], base_url: str) -> None:
    read = run(capsys, True, base_url=base_url, steps=[{"name": "r", "path": "/missing"}])
    assert read["failed"]
    write = run(capsys, True, base_url=base_url, steps=[{"name": "w", "method": "POST", "path": "/missing"}])
    assert write["attempts"] == 0 and not write.get("failed")
    begun = run(capsys, True, base_url=base_url, beginning={"base_url": base_url, "steps": BEGIN}, steps=USE)
    assert begun["attempts"] == 0 and not begun.get("failed")
