# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that wait for being told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import spool


def event(sequence: int = 1) -> dict[str, Any]:
    return {"event": "users_back", "release_id": "20260101T000000Z-2.0-0000", "sequence": sequence}


def test_an_event_is_left_once_for_its_owner_alone(tmp_path: Path) -> None:
    assert spool.leave(str(tmp_path), event())
    assert not spool.leave(str(tmp_path), event())
    (path,) = (tmp_path / "spool").iterdir()
    assert path.name == "20260101T000000Z-2.0-0000.000001.users_back.json"
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_event_that_is_not_whole_is_written_again(tmp_path: Path) -> None:
    spool.leave(str(tmp_path), event())
    (path,) = (tmp_path / "spool").iterdir()
    path.write_text("{")
    assert spool.leave(str(tmp_path), event())


def test_the_newest_fifty_are_kept(tmp_path: Path) -> None:
    for sequence in range(1, 54):
        spool.leave(str(tmp_path), event(sequence))
    assert len(list((tmp_path / "spool").iterdir())) == 50
    assert not list((tmp_path / "spool").glob("*.000003.*")) and list((tmp_path / "spool").glob("*.000004.*"))
