# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a log: nothing twice, nothing left out, through every kind of rotation."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import signal_log_file
from ansible_collections.bluegreen.release.plugins.module_utils.signal_log_file import Followed, Follower
from ansible_collections.bluegreen.release.plugins.module_utils.signal_log_place import LogError


class Log:
    """A log and what was read of it so far, with the cursor between readings."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "shop.access.log"
        self.path.write_bytes(b"")
        self.cursor: dict[str, Any] | None = None
        self.written = 0
        self.notes: list[str] = []
        self.read()

    def write(self, count: int = 3, path: Path | None = None) -> None:
        with (path or self.path).open("ab") as file:
            for _ in range(count):
                self.written += 1
                file.write(b'{"epoch":%d.000,"n":%d}\n' % (self.written, self.written))

    def read(self, late: bool = False) -> list[int]:
        taken: list[bytes] = []
        found = Follower(str(self.path), taken.append, lambda: late).read(self.cursor)
        self.cursor, self.notes = found.cursor, found.notes
        return numbers(taken)


def numbers(taken: list[bytes]) -> list[int]:
    return [int(line.rpartition(b":")[2].rstrip(b"}")) for line in b"".join(taken).splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_only_what_is_new_is_read_and_only_whole_lines(log: Log) -> None:
    log.write()
    assert log.read() == [1, 2, 3]
    assert log.read() == []
    with log.path.open("ab") as file:
        file.write(b'{"n":')
    assert log.read() == []
    with log.path.open("ab") as file:
        file.write(b"4}\n")
    assert log.read() == [4] and log.notes == []


def test_the_past_is_not_read_at_first(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    log = Log(tmp_path / "other")
    log.write(5)
    log.cursor = None
    with log.path.open("ab") as file:
        file.write(b'{"n":')
    assert log.read() == []
    with log.path.open("ab") as file:
        file.write(b"6}\n")
    assert log.read() == [6], "the line that was being written is read whole"


def test_a_rotation_by_rename_loses_nothing_and_late_lines_of_the_old_file_are_read(log: Log) -> None:
    log.write()
    log.read()
    old = log.path.with_name("shop.access.log.1")
    log.write(2)
    log.path.rename(old)
    log.path.write_bytes(b"")
    log.write(2)
    assert log.read() == [4, 5, 6, 7]
    log.write(1, old)
    log.write(1)
    assert log.read() == [8, 9]
    assert log.notes == []


def test_between_the_two_halves_of_a_rotation_the_old_file_is_read(log: Log) -> None:
    log.write()
    log.path.rename(log.path.with_name("shop.access.log.1"))
    assert log.read() == [1, 2, 3]
    log.write(1)
    assert log.read() == [4]


def test_the_file_before_is_followed_until_it_is_gone(log: Log) -> None:
    log.write()
    log.read()
    old = log.path.with_name("shop.access.log.1")
    log.path.rename(old)
    log.write(1)
    log.read()
    old.unlink()
    log.write(1)
    assert log.read() == [5] and log.notes == []
    assert log.cursor and len(log.cursor["files"]) == 1


def test_a_rotation_that_packed_the_file_is_told(log: Log) -> None:
    log.write()
    log.read()
    log.write()
    old = log.path.rename(log.path.with_name("shop.access.log.1"))
    log.write(1)
    old.unlink()
    assert log.read() == [7]
    assert "its end is unread" in log.notes[0]


def test_a_rotation_by_copy_loses_nothing(log: Log) -> None:
    log.write(100)
    log.read()
    log.write(2)
    shutil.copy(log.path, log.path.with_name("shop.access.log.1"))
    os.truncate(log.path, 0)
    log.write(1)
    assert log.read() == [101, 102, 103] and log.notes == []
    log.write(1)
    assert log.read() == [104]


def test_a_truncated_log_that_has_grown_beyond_is_noticed(log: Log) -> None:
    log.write(3)
    log.read()
    os.truncate(log.path, 0)
    log.write(10)
    assert log.read() == list(range(4, 14))
    assert "truncated" in log.notes[0]


def test_time_is_bounded_and_the_rest_is_read_the_next_time(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_log_file, "CHUNK", 100)
    log.write(20)
    first = log.read(late=True)
    assert first and len(first) < 20, "the first chunk is read however late it is, so that it gets on"
    rest = log.read()
    assert first + rest == list(range(1, 21))


def test_how_far_it_is_behind_is_told(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_log_file, "CHUNK", 100)
    log.write(20)
    found: Followed = Follower(str(log.path), lambda _: None, lambda: True).read(log.cursor)
    assert 0 < found.behind < log.path.stat().st_size


def test_a_line_without_end_is_left_out(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_log_file, "CHUNK", 50)
    monkeypatch.setattr(signal_log_file, "LONGEST_LINE", 50)
    log.write(1)
    with log.path.open("ab") as file:
        file.write(b"x" * 500 + b"\n")
    log.write(1)
    taken: list[bytes] = []
    Follower(str(log.path), taken.append, lambda: False).read(log.cursor)
    lines = b"".join(taken).splitlines()
    assert lines[0].endswith(b'"n":1}') and lines[-1].endswith(b'"n":2}')
    assert set(lines[1:-1]) == {b"(a line that is too long)"}


@pytest.mark.parametrize(("back", "told"), [(3, [998, 999, 1000]), (0.5, [1000]), (10**6, list(range(1, 1001)))])
def test_a_beginning_in_the_past(log: Log, back: float, told: list[int]) -> None:
    log.write(1000)
    taken: list[bytes] = []
    Follower(str(log.path), taken.append, lambda: False).read(None, back, 1000.5)
    assert numbers(taken) == told


def test_a_beginning_in_the_past_is_found_wherever_it_is(log: Log) -> None:
    log.write(1000)
    for first in range(1, 1001, 7):
        taken: list[bytes] = []
        Follower(str(log.path), taken.append, lambda: False).read(None, 1000.5 - first, 1000.5)
        assert numbers(taken) == list(range(first, 1001))


def test_a_beginning_in_the_past_of_an_old_log(log: Log) -> None:
    log.write(1000)
    taken: list[bytes] = []
    Follower(str(log.path), taken.append, lambda: False).read(None, 60, 1e9)
    assert numbers(taken) == []


@pytest.mark.parametrize("cursor", [{"files": [{}]}, {"files": [1]}, {"files": "x"}, "x", {"files": [{"device": "x"}]}])
def test_a_cursor_that_is_none_is_refused(log: Log, cursor: Any) -> None:
    with pytest.raises(LogError, match="cursor"):
        Follower(str(log.path), lambda _: None, lambda: False).read(cursor)


def test_no_log_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="nginx_switchover_access_log"):
        Follower(str(tmp_path / "none.log"), lambda _: None, lambda: False).read(None)


@pytest.mark.parametrize("kind", ["pipe", "directory"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "shop.log"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(LogError, match="log to a file"):
        Follower(str(path), lambda _: None, lambda: False).read(None)
