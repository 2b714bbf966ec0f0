# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read on one host: side by side, bounded in time and size, and never an exception."""

from __future__ import annotations

import contextlib
import json
import os
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import signal_asking, signal_containers
from ansible_collections.bluegreen.release.plugins.module_utils.signal_asking import read_all
from ansible_collections.bluegreen.release.plugins.module_utils.signal_fetch import FetchError, Target, fetch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.signal_server import Answering

METRICS = b"# TYPE users gauge\nusers 7\n"


def one(seconds: float = 3, **ask: Any) -> dict[str, Any]:
    return read_all({"it": ask}, seconds)["it"]


def scrape(server: Answering, seconds: float = 3, **more: Any) -> dict[str, Any]:
    return one(seconds, kind="exposition", url=server.url + "/metrics", metrics=[{"metric": "users"}], **more)


def test_an_exposition_gives_the_lines_asked_for() -> None:
    with Answering(METRICS + b"other 1\n") as server:
        found = scrape(server, headers={"Authorization": "Bearer x"})
        assert found == {"text": METRICS.decode(), "missing": {}}
        assert (
            server.asked[0][1]["Accept"].startswith("text/plain") and server.asked[0][1]["Authorization"] == "Bearer x"
        )


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (Answering(METRICS, length=1000), "cut off"),
        (Answering(METRICS[:-1]), "cut off"),
        (Answering(METRICS * 1000, endless=True), "without an end"),
        (Answering(METRICS, delay=3), "within"),
        (Answering(METRICS, drip=0.05), "within"),
        (Answering(b"no", status=404), "expected status 200, found 404: 'no'"),
        (Answering(b"<html>\n"), "no line of one"),
        (Answering(b"\x1f\x8b\n"), "no line of one"),
    ],
)
def test_an_exposition_that_is_none_is_a_problem(server: Answering, words: str) -> None:
    began = time.monotonic()
    with server:
        assert words in scrape(server, 0.5, most_bytes=1 << 20)["problem"]
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://x/", "http://", "http://[", "http://x:99999/", "x", ""])
def test_a_url_that_leads_nowhere_is_a_problem(url: str) -> None:
    assert "expected" in one(kind="exposition", url=url, metrics=[{"metric": "m"}])["problem"]
    assert one(kind="probe", url=url)["ok"] is False


def test_a_probe_says_whether_a_service_is_available() -> None:
    with Answering(b"{}") as server:
        found = one(kind="probe", url=server.url)
        assert found["ok"] and 0 < found["seconds"] < 3 and found["reason"] == ""
    with Answering(b"down", status=503) as server:
        found = one(kind="probe", url=server.url)
        assert not found["ok"] and found["reason"] == "expected status 200, found 503: 'down'"
        assert one(kind="probe", url=server.url, statuses=[503, 200])["ok"]
    with Answering(b"", delay=3) as server:
        assert "within 0.2 s" in one(0.2, kind="probe", url=server.url)["reason"]


def test_time_spent_on_the_headers_is_not_spent_again_on_the_body() -> None:
    began = time.monotonic()
    with Answering(METRICS, delay=1, drip=5) as server, pytest.raises(FetchError, match=r"within 1\.5 s"):
        fetch(Target(server.url), began + 1.5, 1000)
    assert time.monotonic() - began < 2.3


def test_one_that_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(ask: Any, deadline: float) -> dict[str, Any]:
        time.sleep(30)
        return {}

    monkeypatch.setattr(signal_asking, "READS", {**signal_asking.READS, "hang": hang})
    began = time.monotonic()
    with Answering(b"") as server:
        found = read_all({"slow": {"kind": "hang"}, "good": {"kind": "probe", "url": server.url}}, 0.5)
    assert time.monotonic() - began < 2
    assert found["good"]["ok"] and found["slow"] == {"problem": "expected a reading within 0.5 s, found none"}


@pytest.mark.parametrize(
    "ask", [{}, {"kind": "x"}, {"kind": "access_log"}, {"kind": "exposition"}, {"kind": "containers"}]
)
def test_an_ask_that_is_none_is_a_problem(ask: dict[str, Any]) -> None:
    assert "expected" in read_all({"it": ask}, 1)["it"]["problem"]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*signal_asking.READS, "x"]), st.dictionaries(
    st.sampled_from(["path", "paths", "cursor", "url", "metrics", "headers", "project", "pattern", "back_seconds"]),
    st.none() | st.integers() | st.text(max_size=4) | st.lists(st.text(max_size=2), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.none(), max_size=1), max_size=6,
))  # fmt: skip
def test_no_ask_is_too_bad(kind: str, ask: dict[str, Any]) -> None:
    found = read_all({"it": {"kind": kind, "socket": "/nonexistent", **ask}}, 2)["it"]
    assert isinstance(found, dict) and json.dumps(found)


def test_an_access_log_is_read_from_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "shop.access.log"
    path.write_bytes(b"")
    cursor = one(kind="access_log", path=str(path))["cursor"]
    path.write_bytes(
        b'{"path":"/","status":502,"bytes":1,"seconds":0.010,"slot":"green","upstream":"a:1","upstream_status":"502",'
        b'"upstream_seconds":"0.009"}\nnothing\n'
    )
    found = one(kind="access_log", path=str(path), cursor=json.loads(json.dumps(cursor)))
    assert found["paths"][""]["green"]["failed"] == 1 and found["malformed"] == 1 and found["behind_bytes"] == 0
    assert "found: No such file" in one(kind="access_log", path=str(tmp_path / "x"))["problem"]


class Engine(socketserver.ThreadingUnixStreamServer):
    """A Docker engine with one container, whose limits, use and log a test sets."""

    daemon_threads = True

    def __init__(self, path: str) -> None:
        self.limits: dict[str, Any] = {"NanoCpus": 500_000_000, "Memory": 1000}
        self.memory: dict[str, Any] = {"usage": 700, "stats": {"inactive_file": 100}}
        self.cpu, self.state, self.log, self.asked = 0, "running", b"", [""]
        super().__init__(path, Handler)

    def answer(self, path: str) -> bytes:
        self.asked.append(path)
        if path.startswith("/containers/json"):
            labels = {"com.docker.compose.service": "api"}
            running = {"Id": "c1", "Names": ["/shop-green-api-1"], "State": self.state, "Labels": labels}
            once = {**running, "Id": "c2", "Labels": {**labels, "com.docker.compose.oneoff": "True"}}
            return json.dumps([running, once]).encode()
        if path.startswith("/containers/c1/logs"):
            return self.log
        if path.startswith("/containers/c1/stats"):
            cpu = {"cpu_usage": {"total_usage": self.cpu}}
            return json.dumps({"cpu_stats": cpu, "memory_stats": self.memory}).encode()
        return json.dumps({"HostConfig": self.limits}).encode()


class Handler(BaseHTTPRequestHandler):
    server: Engine

    def address_string(self) -> str:
        return "socket"

    def do_GET(self) -> None:
        body = self.server.answer(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be silent."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(str(tmp_path / "docker.sock")) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def look(engine: Engine, kind: str = "containers", **more: Any) -> dict[str, Any]:
    return one(kind=kind, socket=str(engine.server_address), project="shop-green", **more)


def test_containers_are_measured_against_their_own_limits(engine: Engine) -> None:
    asked = signal_containers.Engine(str(engine.server_address), time.monotonic() + 5)
    (container,) = signal_containers.of_slot(asked, "shop-green", ["api"])
    assert signal_containers.name_of(container) == "shop-green-api-1"
    first = signal_containers.usage(asked, container, None, lambda: 100.0)
    assert first["memory_percent"] == 60 and "first look" in first["cpu_problem"]
    engine.cpu = 250_000_000
    assert signal_containers.usage(asked, container, first["cursor"], lambda: 102.0)["cpu_percent"] == 25
    engine.cpu = -1
    again = signal_containers.usage(asked, container, first["cursor"], lambda: 102.0)
    assert "first look" in again["cpu_problem"], "a container that was started anew counts from zero"
    other = {**first["cursor"], "id": "another"}
    assert "first look" in signal_containers.usage(asked, container, other, lambda: 102.0)["cpu_problem"]


def test_a_quota_is_a_limit_too_and_without_one_there_is_a_problem(engine: Engine) -> None:
    engine.limits = {"CpuQuota": 50_000, "CpuPeriod": 100_000}
    first = look(engine)
    assert "mem_limit" in first["containers"]["shop-green-api-1"]["memory_problem"]
    engine.cpu = 1000
    assert "cpu_percent" in look(engine, cursor=first["cursor"])["containers"]["shop-green-api-1"]
    engine.limits = {"Memory": 1000}
    assert "`cpus`" in look(engine, cursor=first["cursor"])["containers"]["shop-green-api-1"]["cpu_problem"]


def test_a_container_that_does_not_run_is_a_problem(engine: Engine) -> None:
    engine.state = "exited"
    assert look(engine)["containers"]["shop-green-api-1"] == {"problem": "expected it to run, found it exited"}
    assert "expected containers of web in project shop-green" in look(engine, services=["web"])["problem"]


def test_an_engine_that_says_nothing_of_use_is_a_problem(engine: Engine) -> None:
    engine.memory = {}
    assert "memory_stats.usage" in look(engine)["containers"]["shop-green-api-1"]["problem"]


def test_no_engine_is_a_problem() -> None:
    assert "group docker" in one(kind="containers", project="p", socket="/nonexistent")["problem"]


def piece(text: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


STAMP = b"2026-01-31T23:59:59.%09dZ "


@pytest.mark.parametrize("terminal", [True, False])
def test_error_lines_are_counted_from_where_reading_stopped(engine: Engine, terminal: bool) -> None:
    told = [STAMP % 5 + b"ERROR one\n", STAMP % 7 + b"fine\n", STAMP % 6 + b"CRITICAL two\n"]
    engine.log = b"".join(told) if terminal else piece(told[0]) + piece(told[1], 2) + piece(told[2])
    found = look(engine, "container_logs", pattern="ERROR|CRITICAL")
    assert found["containers"]["shop-green-api-1"] == {"lines": 3, "errors": 2, "cut": False}
    engine.log = b""
    again = look(engine, "container_logs", pattern="ERROR", cursor=found["cursor"])
    assert again["containers"]["shop-green-api-1"]["lines"] == 0
    assert again["cursor"] == found["cursor"] and "since=1769903999.000000008" in engine.asked[-1]


def test_a_log_that_is_too_long_is_cut_and_says_so(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_asking, "_LOG_BYTES", 100)
    engine.log = b"".join(STAMP % number + b"ERROR\n" for number in range(50))
    found = look(engine, "container_logs", pattern="ERROR")["containers"]["shop-green-api-1"]
    assert found["cut"] and 0 < found["lines"] < 50


def test_a_pattern_that_is_none_is_a_problem(engine: Engine) -> None:
    found = look(engine, "container_logs", pattern="(")["containers"]["shop-green-api-1"]
    assert "expected a regular expression" in found["problem"]


def test_a_log_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "shop.access.log"
    path.touch(mode=0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert "adm" in one(kind="access_log", path=str(path))["problem"]


def test_a_header_that_cannot_be_sent_is_not_shown() -> None:
    """A login whose value was read with the end of its line, as vaults and pipes give it."""
    with Answering(METRICS) as server, pytest.raises(FetchError) as error:
        fetch(Target(server.url, {"Authorization": "Bearer canary\n"}), time.monotonic() + 2, 1000)
    assert "headers that can be sent" in str(error.value) and "canary" not in str(error.value)
