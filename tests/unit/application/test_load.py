# SPDX-License-Identifier: GPL-3.0-or-later
"""The load counts honestly: against a real server that resets, hangs, refuses and lies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from lab.load import checked_front, drive, main, parse, plan_of
from lab.load_report import Outcome, Tally
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
Misbehave = Callable[[str, int, asyncio.StreamWriter], Awaitable[bool]]


class Server:
    """A small HTTP server whose every answer passes a function that may misbehave instead (and returns True then)."""

    def __init__(self, misbehave: Misbehave | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.misbehave = misbehave
        self.requests = 0
        self.connections = 0
        self.created: list[str] = []

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next((int(x[15:]) for x in head.split("\r\n") if x.lower().startswith("content-length:")), 0)
                body = await reader.readexactly(length)
                await self._answer(head.split(" ", 1)[0], body, writer)

    async def _answer(self, method: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        sent = json.loads(body) if body else {}
        if "password" in sent:
            return self.reply(writer, 200, {"access_token": "token"})
        self.requests += 1
        if self.misbehave is not None and await self.misbehave(method, self.requests, writer):
            return
        if method == "POST":
            key = "name" if "name" in sent else "key"
            self.created.append(sent[key])
            return self.reply(writer, 201, {"id": len(self.created), key: sent[key]})
        self.reply(writer, 200, [])

    @staticmethod
    def reply(writer: asyncio.StreamWriter, status: int, content: Any, more: str = "") -> None:
        """Send one whole answer."""
        body = json.dumps(content).encode()
        marks = "X-Release-Slot: green\r\nX-Release-Version: 1.0.0\r\n"
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{marks}{more}\r\n"
        )
        writer.write(head.encode() + body)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def load(server: Server, tmp_path: Path, *more: str) -> tuple[Tally, list[str]]:
    """Run a load of 40 requests (or what `more` says) on `server`; return its counts and the confirmed names."""
    tally, acked = Tally(), tmp_path / "acked"

    async def run() -> None:
        async with server:
            options = ("--rate", "200", "--seconds", "0.2", "--connections", "4", "--post-share", "0.5")
            arguments = parse(["--front", server.url, "--acked", str(acked), *options, *more])
            await drive(plan_of(arguments), tally, acked)

    asyncio.run(run())
    return tally, acked.read_text().splitlines()


def only(method: str, number: int) -> Callable[[str, int], bool]:
    """Return a test for the first request of a method from a number on, true once."""
    state = {"done": False}

    def hit(seen: str, count: int) -> bool:
        if state["done"] or seen != method or count < number:
            return False
        state["done"] = True
        return True

    return hit


def test_a_good_server_gets_each_request_once_over_kept_connections(tmp_path: Path) -> None:
    server = Server()
    tally, acked = load(server, tmp_path)
    assert (tally.sent, tally.ok, tally.failed, server.requests) == (40, 40, 0, 40)
    assert 4 <= server.connections == tally.connections <= 16
    assert acked == server.created and len(acked) == tally.acked == 20
    assert len(set(acked)) == 20
    assert dict(tally.by_slot) == {"green": 40} and dict(tally.by_version) == {"1.0.0": 40}


def test_an_application_whose_users_do_not_log_in_is_asked_in_its_own_way(tmp_path: Path) -> None:
    server = Server()
    tally, acked = load(server, tmp_path, "--application", "guestbook")
    assert (tally.sent, tally.ok, server.requests) == (40, 40, 40)
    assert acked == server.created and len(acked) == 20


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of samokoder.lab that is its own authority, and its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    make += ["-subj", "/CN=samokoder.lab", "-addext", "subjectAltName=DNS:samokoder.lab"]
    subprocess.run([*make, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def secured(certificate: Path) -> ssl.SSLContext:
    """What a server with that certificate speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_over_tls_the_front_door_proves_its_name_at_any_address(tmp_path: Path, certificate: Path) -> None:
    tally, acked = load(Server(tls=secured(certificate)), tmp_path, "--ca", str(certificate))
    assert (tally.sent, tally.ok, tally.acked) == (40, 40, 20) and len(acked) == 20


@pytest.mark.parametrize(
    "more", [["--host-name", "another.lab", "--ca"], ["--ca", "/etc/ssl/certs/ca-certificates.crt"]]
)
def test_over_tls_another_name_or_authority_is_no_front_door(
    tmp_path: Path, certificate: Path, more: list[str]
) -> None:
    words = [*more, str(certificate)] if more[-1] == "--ca" else more
    with pytest.raises(LabError, match="Certificate"):
        load(Server(tls=secured(certificate)), tmp_path, *words)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_reset_of_a_kept_connection_is_a_failure_and_never_sent_again(tmp_path: Path, method: str) -> None:
    hit = only(method, 20)

    async def misbehave(seen: str, number: int, writer: asyncio.StreamWriter) -> bool:
        if hit(seen, number):
            reset(writer)
            return True
        return False

    server = Server(misbehave)
    tally, _ = load(server, tmp_path)
    assert (tally.sent, tally.ok, tally.failed) == (40, 39, 1)
    assert server.requests == 40, "a request was sent twice"
    assert dict(tally.failures) == {"connection reset": 1}
    assert tally.first_failure is not None and str(tally.first_failure["request"]).startswith(method)


def test_a_connection_closed_under_a_request_is_a_failure(tmp_path: Path) -> None:
    hit = only("GET", 20)

    async def misbehave(seen: str, number: int, writer: asyncio.StreamWriter) -> bool:
        if hit(seen, number):
            writer.close()
            return True
        return False

    server = Server(misbehave)
    tally, _ = load(server, tmp_path)
    assert (tally.failed, server.requests) == (1, 40)
    assert dict(tally.failures) == {"connection closed without an answer": 1}


@pytest.mark.parametrize(("status", "more"), [(500, ""), (502, ""), (404, ""), (302, "Location: /health\r\n")])
def test_everything_but_2xx_is_a_failure(tmp_path: Path, status: int, more: str) -> None:
    hit = only("GET", 10)

    async def misbehave(seen: str, number: int, writer: asyncio.StreamWriter) -> bool:
        if hit(seen, number):
            Server.reply(writer, status, "", more)
            return True
        return False

    server = Server(misbehave)
    tally, _ = load(server, tmp_path)
    assert tally.failures[f"status {status}"] == 1
    assert server.requests == tally.sent == 40
    assert tally.ok + tally.failed == tally.sent


def test_an_answer_that_never_comes_is_a_failure(tmp_path: Path) -> None:
    hit = only("GET", 10)

    async def misbehave(seen: str, number: int, writer: asyncio.StreamWriter) -> bool:
        return hit(seen, number)

    tally, _ = load(Server(misbehave), tmp_path, "--timeout", "0.5")
    assert tally.failures["timeout"] >= 1
    assert tally.ok + tally.failed == tally.sent == 40


def test_an_answer_cut_short_is_a_failure_and_no_confirmed_write(tmp_path: Path) -> None:
    hit = only("POST", 10)

    async def misbehave(seen: str, number: int, writer: asyncio.StreamWriter) -> bool:
        if hit(seen, number):
            writer.write(b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"id": 1')
            writer.close()
            return True
        return False

    tally, acked = load(Server(misbehave), tmp_path)
    assert (tally.failed, tally.acked, len(acked)) == (1, 19, 19)
    assert dict(tally.failures) == {"answer cut short": 1}


def test_an_answer_about_something_else_is_a_failure(tmp_path: Path) -> None:
    hit = only("POST", 10)

    async def misbehave(seen: str, number: int, writer: asyncio.StreamWriter) -> bool:
        if hit(seen, number):
            Server.reply(writer, 201, {"id": 1, "name": "load-0-0"})
            return True
        return False

    tally, acked = load(Server(misbehave), tmp_path)
    assert dict(tally.failures) == {"the answer is about another thing": 1}
    assert "load-0-0" not in acked


def test_a_slow_server_does_not_slow_the_load_and_its_waits_are_counted(tmp_path: Path) -> None:
    async def misbehave(seen: str, number: int, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(0.3 if number == 1 else 0)
        return False

    begin = time.monotonic()
    tally, _ = load(Server(misbehave), tmp_path, "--seconds", "1")
    assert tally.sent == tally.ok == 200
    assert time.monotonic() - begin < 30
    slowest = tally.percentile(1.0)
    assert slowest is not None and slowest >= 0.3


def test_nobody_listening_is_said_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    front = f"http://127.0.0.1:{free_port()}"
    assert main(["--front", front, "--seconds", "1", "--acked", str(tmp_path / "acked")]) == 1
    printed = capsys.readouterr()
    assert "connection refused" in printed.err
    assert json.loads(printed.out.splitlines()[-1])["failed"] >= 1


def test_sigterm_ends_the_load_with_its_result(tmp_path: Path) -> None:
    async def run() -> tuple[int, str]:
        async with Server() as server:
            command = [sys.executable, "-m", "lab.load", "--front", server.url, "--seconds", "60"]
            process = await asyncio.create_subprocess_exec(
                *command, "--acked", str(tmp_path / "acked"), cwd=ROOT, stdout=subprocess.PIPE
            )
            while server.requests < 10:
                await asyncio.sleep(0.02)
            os.kill(process.pid, signal.SIGTERM)
            output, _ = await asyncio.wait_for(process.communicate(), 40)
            return process.returncode or 0, output.decode()

    code, output = asyncio.run(asyncio.wait_for(run(), 90))
    result = json.loads(output.splitlines()[-1])
    assert code == 0
    assert result["sent"] == result["ok"] >= 10
    assert result["seconds"] < 55


@pytest.mark.parametrize(
    "front",
    [
        "http://192.0.2.1:80",
        "http://10.1.2.3:8080",
        "http://example.com",
        "https://192.0.2.1",
        "ftp://127.0.0.1:8080",
        "http://127.0.0.1.example.com",
        "127.0.0.1:8080",
        "",
    ],
)
def test_only_this_machine_is_a_target(front: str) -> None:
    with pytest.raises(LabError, match="loopback"):
        checked_front(front, [])


def test_the_labs_network_is_a_target_when_it_is_given() -> None:
    assert checked_front("http://10.1.2.3:80/", ["10.1.2.0/24"]) == "http://10.1.2.3:80"
    with pytest.raises(LabError):
        checked_front("http://10.1.3.3:80/", ["10.1.2.0/24"])
    with pytest.raises(LabError):
        checked_front("http://8.8.8.8:80/", ["0.0.0.0/0"])


@pytest.mark.parametrize("option", ["--rate=0", "--rate=2001", "--seconds=3601", "--post-share=2", "--connections=0"])
def test_the_load_is_bounded(option: str) -> None:
    with pytest.raises(LabError, match=option.split("=")[0]):
        plan_of(parse(["--front", "http://127.0.0.1:1", option]))


def test_all_front_doors_of_the_lab_are_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LAB_NAME", "tried")
    with pytest.raises(LabError, match="bin/lab up"):
        parse([])
    folder = tmp_path / "bluegreen-lab" / "tried"
    folder.mkdir(parents=True)
    (folder / "shape.json").write_text('{"lb": 2, "app": 1, "port": 8300, "subnet": "10.1.2.0/24"}')
    assert parse([]).front == ["http://10.1.2.11", "http://10.1.2.12"]
    assert parse([]).acked == str(folder / "acked-samokoder")
    assert parse([]).network == ["10.1.2.0/24"]


def outcome(ended: float, failure: str = "") -> Outcome:
    """Return a request that ended at a moment."""
    return Outcome("GET", "/", "http://f", ended - 0.01, ended, failure)


def test_the_longest_gap_counts_from_start_to_end() -> None:
    tally = Tally()
    for moment in (1.0, 1.5, 4.0):
        tally.add(outcome(moment))
    tally.add(outcome(3.0, "status 500"))
    assert tally.longest_gap(5.0) == 2.5
    assert tally.longest_gap(9.0) == 5.0
    assert Tally().longest_gap(7.0) == 7.0
