# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a proxy follows when it starts, and the files that have it ask."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import start_guard_files
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import (
    Stamp,
    parse_stamp,
    read_stamp,
    write_stamp,
)
from ansible_collections.bluegreen.release.plugins.module_utils.start_guard import Standing, to_follow

OWN = Standing("", "green", Stamp(7, 9))


def peer(slot: str, epoch: int, sequence: int, host: str = "lb2") -> Standing:
    return Standing(host, slot, Stamp(epoch, sequence))


@pytest.mark.parametrize(
    ("others", "followed"),
    [
        ([], ""),
        ([peer("blue", 7, 11)], "lb2"),
        ([peer("blue", 8, 1)], "lb2"),
        ([peer("blue", 7, 9)], ""),
        ([peer("blue", 7, 8)], ""),
        ([peer("blue", 6, 40)], ""),
        ([peer("green", 8, 2)], ""),
        ([peer("blue", 7, 8), peer("blue", 8, 2, "lb3")], "lb3"),
        ([peer("blue", 8, 2), peer("green", 9, 1, "lb3")], ""),
        ([peer("green", 8, 2), peer("blue", 9, 1, "lb3")], "lb3"),
        ([peer("blue", 8, 2), peer("green", 8, 2, "lb3")], ""),
    ],
)
def test_the_newest_move_is_followed_and_nothing_else(others: list[Standing], followed: str) -> None:
    found = to_follow(OWN, others)
    assert (found.host if found else "") == followed


def test_a_stamp_is_read_as_it_was_written_and_anything_else_is_the_oldest(tmp_path: Path) -> None:
    flag = tmp_path / "live.blue"
    for text in ("", "7", "0000000007 000000001\n", "x" * 22):
        flag.write_text(text)
        assert read_stamp(str(tmp_path), "blue") == Stamp()
    flag.write_text("")
    write_stamp(str(tmp_path), "blue", Stamp(7, 12))
    assert read_stamp(str(tmp_path), "blue") == parse_stamp(flag.read_text()) == Stamp(7, 12)
    with pytest.raises(FileNotFoundError):
        write_stamp(str(tmp_path), "green", Stamp(7, 12))
    assert not (tmp_path / "live.green").exists()


def params(tmp_path: Path, **more: Any) -> dict[str, Any]:
    return {
        "state_directory": str(tmp_path),
        "flags_directory": str(tmp_path / "flags"),
        "guard_directory": str(tmp_path),
        "guard_file": str(tmp_path / "nginx.service.d" / "bluegreen-shop.conf"),
        "peers": [{"host": "lb2", "address": "[2001:db8::2]"}],
        **more,
    }


PROBE = {
    "url": "https://127.0.0.1:8443/.bluegreen/slot",
    "headers": {"Host": "green.shop.test"},
    "tls_name": "shop.test",
    "ca": "",
}


def test_the_files_are_the_same_every_time_and_the_secret_is_roots(tmp_path: Path) -> None:
    files = start_guard_files.files(params(tmp_path), PROBE)
    assert [file.content for file in files] == [
        file.content for file in start_guard_files.files(params(tmp_path), PROBE)
    ]
    assert [file.path for file in files] == start_guard_files.paths(params(tmp_path))
    code, told, drop_in = files
    assert (told.mode, told.secret, drop_in.path.endswith("nginx.service.d/bluegreen-shop.conf")) == (0o600, True, True)
    assert json.loads(told.content or b"")["peers"] == [
        {"host": "lb2", "url": "https://[2001:db8::2]:8443/.bluegreen/slot/stamp"}
    ]
    assert f"exec {sys.executable} -IS {code.path} {told.path}'" in (drop_in.content or b"").decode()


def test_no_unit_no_files(tmp_path: Path) -> None:
    assert start_guard_files.files(params(tmp_path, guard_file=""), PROBE) == []


def started(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The line of the drop-in, run as systemd runs it: no shell but its own."""
    for file in start_guard_files.files(params(tmp_path, peers=[]), PROBE):
        path = Path(file.path)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(file.content or b"")
    drop_in = Path(params(tmp_path)["guard_file"]).read_text()
    line = next(line for line in drop_in.splitlines() if line.startswith("ExecStartPre="))
    words = ["/bin/sh", "-c", line.partition("-c '")[2].removesuffix("'")]
    return subprocess.run(words, capture_output=True, text=True, check=False, env={}, cwd="/")


def test_the_program_runs_alone_and_lets_nginx_start_where_there_is_nothing_to_follow(tmp_path: Path) -> None:
    (tmp_path / "flags").mkdir()
    assert "expected one readable flag" in started(tmp_path).stdout
    (tmp_path / "flags" / "live.green").touch()
    done = started(tmp_path)
    assert (done.returncode, done.stdout) == (0, "bluegreen: users stay on green; 0 of 0 other proxies answered\n")
    assert done.stderr == ""


@pytest.mark.parametrize(("lost", "said"), [("start_guard.json", "found FileNotFoundError"), ("start_guard", "")])
def test_a_guard_that_lost_its_files_keeps_nobody_from_starting(tmp_path: Path, lost: str, said: str) -> None:
    started(tmp_path)
    drop_in = Path(params(tmp_path)["guard_file"]).read_text()
    (tmp_path / lost).unlink()
    words = ["/bin/sh", "-c", drop_in.partition("-c '")[2].partition("'\n")[0]]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and said in done.stdout


def test_the_drop_in_and_the_settings_have_the_modes_they_need(tmp_path: Path) -> None:
    modes = {Path(file.path).name: file.mode for file in start_guard_files.files(params(tmp_path), PROBE)}
    assert modes == {"start_guard": 0o755, "start_guard.json": 0o600, "bluegreen-shop.conf": 0o644}
