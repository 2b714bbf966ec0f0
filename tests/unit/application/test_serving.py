# SPDX-License-Identifier: GPL-3.0-or-later
"""The process as a container runs it: it finishes what it has begun, answers WebSockets, and suffers its faults."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest

from tests.ports import free_port

APPLICATION = Path(__file__).resolve().parents[3] / "lab" / "application"
WAIT_SECONDS = 60.0


class Process:
    """One running instance of 1.0.0."""

    def __init__(self, place: Path) -> None:
        self.faults = place / "faults" / "1.0.0"
        self.faults.mkdir(parents=True)
        (place / "samokoder").symlink_to(APPLICATION / "samokoder")
        (place / "release").symlink_to(APPLICATION / "releases" / "v1_0_0")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._place = place
        self.environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
            "REDIS_URL": "redis://127.0.0.1:9/0",
            "SAMOKODER_SECRET": "s" * 32,
            "SAMOKODER_FAULTS": str(place / "faults"),
            "SAMOKODER_PORT": str(port),
            "APP_VERSION": "1.0.0",
        }
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, without waiting."""
        self.running = subprocess.Popen([sys.executable, "-m", "samokoder"], cwd=self._place, env=self.environment)
        return self.running

    def healthcheck(self) -> int:
        """Return the exit code of the container's health check."""
        command = [sys.executable, "-I", "-S", str(APPLICATION / "healthcheck.py")]
        return subprocess.run(command, env=self.environment, stderr=subprocess.DEVNULL, check=False).returncode

    def wait_healthy(self) -> float:
        """Wait until the health check passes; return the seconds it took."""
        begin = time.monotonic()
        while self.healthcheck() != 0:
            assert time.monotonic() - begin < WAIT_SECONDS, "never healthy"
            time.sleep(0.1)
        return time.monotonic() - begin


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    """An instance that is stopped after the test, whatever happened."""
    instance = Process(tmp_path)
    yield instance
    if instance.running is not None:
        with contextlib.suppress(ProcessLookupError):
            instance.running.kill()
        instance.running.wait()


def test_sigterm_lets_requests_in_hand_finish(process: Process) -> None:
    running = process.start()
    process.wait_healthy()

    async def ask() -> int:
        async with httpx.AsyncClient(base_url=process.url) as client:
            request = asyncio.create_task(client.get("/api/slow?seconds=1.5"))
            await asyncio.sleep(0.5)
            running.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            with pytest.raises(httpx.ConnectError):
                async with httpx.AsyncClient(base_url=process.url) as late:
                    await late.get("/health")
            return (await request).status_code

    assert asyncio.run(ask()) == 200
    assert running.wait(WAIT_SECONDS) in (0, -signal.SIGTERM)


def test_a_websocket_echoes_text_and_bytes_and_names_the_version(process: Process) -> None:
    process.start()
    process.wait_healthy()

    async def talk() -> tuple[str, bytes, str]:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{process.url}/ws") as talking:
            await talking.send_str("grüße")
            text = await talking.receive_str()
            await talking.send_bytes(bytes(range(256)))
            return text, await talking.receive_bytes(), talking._response.headers["X-Release-Version"]

    assert asyncio.run(talk()) == ("grüße", bytes(range(256)), "1.0.0")


def test_the_fault_down_ends_the_process_and_keeps_it_from_starting(process: Process) -> None:
    running = process.start()
    process.wait_healthy()
    (process.faults / "down").touch()
    assert running.wait(WAIT_SECONDS) == 70
    assert process.start().wait(WAIT_SECONDS) == 70
    assert process.healthcheck() == 1


def test_the_fault_slow_boot_delays_serving(process: Process) -> None:
    (process.faults / "slow_boot").write_text("3")
    process.start()
    assert process.wait_healthy() >= 2.5


def test_an_unhealthy_answer_fails_the_health_check(process: Process) -> None:
    process.start()
    process.wait_healthy()
    (process.faults / "unhealthy").touch()
    time.sleep(0.5)
    assert process.healthcheck() == 1


def test_a_missing_secret_is_said_at_start(process: Process, capfd: pytest.CaptureFixture[str]) -> None:
    del process.environment["SAMOKODER_SECRET"]
    assert process.start().wait(WAIT_SECONDS) == 78
    assert "SAMOKODER_SECRET" in capfd.readouterr().err
