# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fence, with real processes."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import fence, state_directory

ROOT = Path(__file__).parents[4]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "collections")}
ORPHAN = """
import sys, time
from ansible_collections.bluegreen.release.plugins.module_utils import fence
with fence.fenced(sys.argv[1], 1, 5):
    print("in", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[Callable[[float], subprocess.Popen[str]]]:
    """Starts a process that holds the fence of tmp_path, as a module does whose controller was killed."""
    started: list[subprocess.Popen[str]] = []

    def start(seconds: float) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", ORPHAN, str(tmp_path), str(seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def installed(directory: Path, epoch: int) -> str:
    state_directory.install_wrapper(str(directory), epoch)
    return str(directory / f"fence.{epoch}")


def test_the_next_waits_for_an_orphan_to_end(tmp_path: Path, orphan: Callable[[float], subprocess.Popen[str]]) -> None:
    orphan(0.6)
    began = time.monotonic()
    with fence.fenced(str(tmp_path), 1, 5):
        waited = time.monotonic() - began
    assert 0.3 < waited < 3


def test_the_wait_is_bounded_and_names_the_process(
    tmp_path: Path, orphan: Callable[[float], subprocess.Popen[str]]
) -> None:
    process = orphan(30)
    began = time.monotonic()
    with pytest.raises(fence.FenceBusy, match=f"process {process.pid}"), fence.fenced(str(tmp_path), 1, 0.3):
        pass
    assert 0.25 < time.monotonic() - began < 2


def test_a_killed_process_leaves_the_fence_free(
    tmp_path: Path, orphan: Callable[[float], subprocess.Popen[str]]
) -> None:
    process = orphan(30)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with fence.fenced(str(tmp_path), 1, 1):
        pass


def test_epochs_only_rise(tmp_path: Path) -> None:
    directory = str(tmp_path)
    assert fence.read_epoch(directory) == 0
    for epoch in (1, 3, 3):
        with fence.fenced(directory, epoch, 1):
            assert fence.read_epoch(directory) == epoch
    with pytest.raises(fence.StaleEpoch, match="expected epoch 3 or higher, found this run at epoch 2"):
        fence.enter(directory, 2, 1)
    with fence.fenced(directory, 3, 0.2):
        pass  # The refusal left the fence free.


def test_a_stale_run_is_told_who_took_over(tmp_path: Path) -> None:
    fence.store_epoch(str(tmp_path), 3)
    holder = {"user": "bob", "host": "c2", "since": "2026-01-31T00:00:00Z", "release_id": "X"}
    (tmp_path / "lock.json").write_text(json.dumps(holder))
    with pytest.raises(fence.StaleEpoch, match="by bob@c2 at 2026-01-31T00:00:00Z for release X"):
        fence.check_epoch(str(tmp_path), 1)


def test_a_damaged_epoch_is_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / "epoch").write_text("")
    with pytest.raises(fence.FenceError, match="expected a number"):
        fence.enter(str(tmp_path), 9, 1)


def test_a_full_disk_does_not_hinder_raising_the_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fence.store_epoch(str(tmp_path), 9)
    size = (tmp_path / "epoch").stat().st_size

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fence, "write_durably", full)
    fence.store_epoch(str(tmp_path), 10)
    assert fence.read_epoch(str(tmp_path)) == 10
    assert (tmp_path / "epoch").stat().st_size == size


def test_a_dry_run_checks_and_leaves_nothing(tmp_path: Path) -> None:
    with fence.fenced(str(tmp_path), 5, 1, dry_run=True):
        pass
    assert list(tmp_path.iterdir()) == []
    fence.store_epoch(str(tmp_path), 6)
    with pytest.raises(fence.StaleEpoch), fence.fenced(str(tmp_path), 5, 1, dry_run=True):
        pass


def test_a_missing_state_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(fence.FenceError, match="expected the state directory"):
        fence.enter(str(tmp_path / "no"), 1, 1)


def test_a_crash_before_the_rename_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    crash = (
        "import os, sys; from ansible_collections.bluegreen.release.plugins.module_utils import fence\n"
        "os.replace = lambda *_: os.kill(os.getpid(), 9)\n"
        "fence.write_durably(sys.argv[1], b'new')"
    )
    done = subprocess.run([sys.executable, "-c", crash, str(target)], env=ENVIRONMENT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2, "the crash came between temporary file and rename"


def test_a_failed_write_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def broken(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="No space"):
        fence.write_durably(str(target), b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_text() == "old"


def test_the_wrapper_becomes_python_and_leaves_standard_input_to_it(tmp_path: Path) -> None:
    program = installed(tmp_path, 4)
    done = subprocess.run([program], input="print('from stdin')", capture_output=True, text=True, check=True)
    assert done.stdout == "from stdin\n"
    assert fence.read_epoch(str(tmp_path)) == 4


def test_the_wrapper_refuses_a_stale_epoch_as_a_module_would(tmp_path: Path) -> None:
    old = installed(tmp_path, 4)
    fence.store_epoch(str(tmp_path), 5)
    marker = tmp_path / "marker"
    done = subprocess.run([old, "-c", f"open({str(marker)!r}, 'w')"], capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert answer["failed"] is True
    assert "expected epoch 5 or higher, found this run at epoch 4" in answer["msg"]
    assert done.returncode == 1
    assert not marker.exists()


def test_the_wrapper_holds_the_fence_as_long_as_its_command_runs(tmp_path: Path) -> None:
    program = installed(tmp_path, 1)
    command = [program, "-c", "import time; print('in', flush=True); time.sleep(30)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(fence.FenceBusy, match=f"process {process.pid}"):
            fence.enter(str(tmp_path), 1, 0.2)
        bounded = {**os.environ, "BLUEGREEN_FENCE_WAIT_SECONDS": "0.2"}
        done = subprocess.run([program, "-c", ""], capture_output=True, text=True, env=bounded, check=False)
        assert "within 0.2 s" in json.loads(done.stdout)["msg"]
        process.kill()
    os.close(fence.enter(str(tmp_path), 1, 1))


def test_a_module_of_ours_under_the_wrapper_does_not_wait_for_itself(tmp_path: Path) -> None:
    program = installed(tmp_path, 1)
    command = [program, "-c", ORPHAN.replace("1, 5", "1, 0.5"), str(tmp_path), "0"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert (done.returncode, done.stdout) == (0, "in\n"), done.stderr


def test_the_wrapper_must_be_called_by_a_name_with_an_epoch(tmp_path: Path) -> None:
    installed(tmp_path, 1)
    done = subprocess.run([str(tmp_path / "fence")], capture_output=True, text=True, check=False)
    assert "expected to be called as" in json.loads(done.stdout)["msg"]


def test_names_of_old_epochs_are_removed_in_the_end(tmp_path: Path) -> None:
    for epoch in range(1, state_directory.KEPT_LINKS + 4):
        state_directory.install_wrapper(str(tmp_path), epoch)
    links = {path.name for path in tmp_path.glob("fence.*")}
    assert "fence.3" not in links
    assert "fence.4" in links
    assert len(links) == state_directory.KEPT_LINKS
