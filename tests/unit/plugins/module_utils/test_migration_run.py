# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs of a tool: tried again for locks only, ended in time, and the fence held by the tool itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import fence, migration_run
from ansible_collections.bluegreen.release.plugins.module_utils.migration_run import Limits
from ansible_collections.bluegreen.release.plugins.module_utils.migration_tool import Tool

from tests.docker_stand_in import docker

ROOT = Path(__file__).parents[4]

FAILING = "echo 'psycopg.errors.LockNotAvailable: canceling statement due to lock timeout' >&2; exit 1"


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(
        str(docker(tmp_path)), str(tmp_path), "shop-green", ["compose.yml"], ["slot.env"], "api",
        "shop-green-migration", {"PGOPTIONS": "-c lock_timeout=2000"},
    )  # fmt: skip


def never(_seconds: float) -> None:
    raise AssertionError("nothing was to be tried again")


class Enter:
    """Counts how often the fence was entered."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.times = str(directory), 0

    @contextlib.contextmanager
    def __call__(self) -> Iterator[int]:
        self.times += 1
        descriptor = fence.enter(self.directory, 1, 1)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def test_words_of_the_command(tool: Tool) -> None:
    found = tool.command(["sh", "-c", "true"])
    assert found[1:5] == ["compose", "--project-name", "shop-green", "--project-directory"]
    assert found[-5:] == ["PGOPTIONS=-c lock_timeout=2000", "api", "sh", "-c", "true"]
    assert "--no-deps" in found and "--rm" in found


def test_tool_that_ends(tool: Tool, tmp_path: Path) -> None:
    ended = migration_run.run(tool, ["sh", "-c", "echo yes; echo no >&2; exit 3"], Limits(10, 0), None, Enter(tmp_path))
    assert (ended.rc, ended.stdout, ended.stderr, ended.attempts) == (3, "yes\n", "no\n", 1)


def test_lock_timeout_is_tried_again_with_growing_pauses_and_the_fence_free_between(tool: Tool, tmp_path: Path) -> None:
    script = f"echo x >> {tmp_path}/tries; [ $(wc -l < {tmp_path}/tries) -ge 4 ] || {{ {FAILING}; }}"
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        with fence.flocked(str(tmp_path), 0.1):
            pass

    enter = Enter(tmp_path)
    ended = migration_run.run(tool, ["sh", "-c", script], Limits(10, 60), None, enter, pause)
    assert (ended.rc, ended.attempts, enter.times) == (0, 4, 4)
    assert [low <= pause <= 3 * low for pause, low in zip(pauses, (0.5, 1, 2), strict=True)] == [True] * 3


@pytest.mark.parametrize("script", ["echo 'column exists' >&2; exit 1", "exit 0"])
def test_nothing_else_is_tried_again(tool: Tool, tmp_path: Path, script: str) -> None:
    assert migration_run.run(tool, ["sh", "-c", script], Limits(10, 60), None, Enter(tmp_path), never).attempts == 1


def test_waiting_for_locks_ends(tool: Tool, tmp_path: Path) -> None:
    ended = migration_run.run(tool, ["sh", "-c", FAILING], Limits(10, 0.5), None, Enter(tmp_path), never)
    assert (ended.rc, ended.attempts) == (1, 1)


def test_takeover_between_two_tries_ends_it(tool: Tool, tmp_path: Path) -> None:
    def taken(_seconds: float) -> None:
        with fence.flocked(str(tmp_path), 1):
            fence.store_epoch(str(tmp_path), 2)

    with pytest.raises(fence.StaleEpoch):
        migration_run.run(tool, ["sh", "-c", FAILING], Limits(10, 60), None, Enter(tmp_path), taken)


def test_run_that_takes_too_long_loses_its_container(tool: Tool, tmp_path: Path) -> None:
    began = time.monotonic()
    ended = migration_run.run(tool, ["sh", "-c", "sleep 60"], Limits(0.5, 60), None, Enter(tmp_path))
    assert ended.rc is None and time.monotonic() - began < 20
    assert (tmp_path / "removed").read_text() == "shop-green-migration\n"


PROGRAM = """
import contextlib, os, sys
from ansible_collections.bluegreen.release.plugins.module_utils import fence, migration_run, migration_tool
tool = migration_tool.Tool({docker!r}, {folder!r}, "p", [], [], "api", "c")
@contextlib.contextmanager
def enter():
    yield fence.enter({folder!r}, 1, 1)
print("begun", flush=True)
migration_run.run(tool, ["sleep", "60"], migration_run.Limits(60, 0), None, enter)
"""


def test_fence_stays_held_by_the_tool_when_the_module_is_killed(tool: Tool, tmp_path: Path) -> None:
    program = PROGRAM.format(docker=tool.docker, folder=tool.folder)
    here = {**os.environ, "PYTHONPATH": str(ROOT / "collections")}
    killed = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=here)
    assert killed.stdout is not None and killed.stdout.readline() == "begun\n"
    _until(lambda: _children(killed.pid))
    (child,) = _children(killed.pid)
    killed.kill()
    killed.wait()
    try:
        with pytest.raises(fence.FenceBusy), fence.flocked(str(tmp_path), 0.2):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
    with fence.flocked(str(tmp_path), 5):
        pass


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _until(true: Any) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
