# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from lab.engine import compose_command, pid_is_stale, read_os_release

BOOKWORM = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n# ID=ubuntu\n'


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (BOOKWORM, "install-compose.sh"),
        ("ID=debian\nVERSION_CODENAME=trixie\n", "docker-compose"),
        ('ID="ubuntu"\nVERSION_CODENAME=noble\n', "docker-compose-v2"),
    ],
)
def test_each_distribution_has_its_way_to_compose(text: str, end: str) -> None:
    command = compose_command(read_os_release(text))
    assert command[-1].rsplit("/", 1)[-1] == end


def process(proc: Path, pid: int, name: str, state: str = "S") -> None:
    (proc / str(pid)).mkdir()
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) {state} 1 2 3\n")


def test_a_pid_file_is_stale_only_when_no_engine_has_that_id(tmp_path: Path) -> None:
    process(tmp_path, 41, "dockerd")
    process(tmp_path, 42, "bash")
    process(tmp_path, 44, "dockerd", state="Z")
    assert not pid_is_stale("41\n", "dockerd", tmp_path)
    assert pid_is_stale("41\n", "containerd", tmp_path)
    assert pid_is_stale("42\n", "dockerd", tmp_path)
    assert pid_is_stale("43", "dockerd", tmp_path)
    assert pid_is_stale("44\n", "dockerd", tmp_path), "killed and not reaped"
    assert pid_is_stale("", "dockerd", tmp_path)
