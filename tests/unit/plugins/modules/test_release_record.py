# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing and reading of records on one host."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import fence, record, record_writing, state_directory

STAMP = {"at": "2026-01-31T23:59:59Z", "actor": "alice@c1", "run": "job 7"}
PLAN = {"version": "1.0.0", "image": "i", "digest": "d", "live": "blue", "candidate": "green"}


def opened(release_id: str = "20260131T235959Z-1.0.0-aaaa", epoch: int = 1) -> dict[str, Any]:
    release = {"release_id": release_id, "application": "shop", "environment": "test", "mode": "run"}
    return record.new_document(PLAN, release, epoch, STAMP)


def write(directory: Path, document: dict[str, Any], epoch: int | None = None, dry_run: bool = False) -> dict[str, Any]:
    given = document["epoch"] if epoch is None else epoch
    params = {"state_directory": str(directory), "document": document, "epoch": given, "wait_seconds": 1.0}
    return record_writing.store(params, dry_run)


def stored(directory: Path) -> Any:
    return json.loads(next((directory / "records").glob("*.json")).read_text())


def test_write_read_and_write_again(tmp_path: Path) -> None:
    first = opened()
    assert write(tmp_path, first)["changed"] is True
    assert stored(tmp_path) == first
    assert write(tmp_path, first)["changed"] is False
    second = record.advance(first, "provisioning", {}, 1, STAMP)
    result = write(tmp_path, second)
    assert '"phase": "opened"' in result["diff"]["before"]
    assert '"phase": "provisioning"' in result["diff"]["after"]
    assert state_directory.view(str(tmp_path), 5)["records"] == [second]


def test_a_stale_epoch_is_refused(tmp_path: Path) -> None:
    first = opened()
    write(tmp_path, first)
    fence.store_epoch(str(tmp_path), 2)
    with pytest.raises(fence.StaleEpoch):
        write(tmp_path, record.advance(first, "provisioning", {}, 1, STAMP))
    assert stored(tmp_path) == first


def test_a_stale_sequence_is_refused(tmp_path: Path) -> None:
    first = opened()
    write(tmp_path, record.advance(first, "provisioning", {}, 1, STAMP))
    with pytest.raises(record.RecordError, match="was not written: expected a record newer than"):
        write(tmp_path, first)


def test_an_illegal_history_and_a_wrong_checksum_are_refused(tmp_path: Path) -> None:
    forged = {**opened(), "phase": "provisioned"}
    forged["transitions"] = [*forged["transitions"], {**forged["transitions"][0], "phase": "provisioned"}]
    forged["sequence"] = 2
    with pytest.raises(record.RecordError, match="expected checksum"):
        write(tmp_path, forged)
    forged["checksum"] = record.checksum(forged)
    with pytest.raises(record.RecordError, match="expected phase provisioning or rolling_back after opened"):
        write(tmp_path, forged)
    assert not (tmp_path / "records").exists()


def test_the_epoch_of_document_and_run_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(record.RecordError, match="document of epoch 2, found one of epoch 1"):
        write(tmp_path, opened(), epoch=2)


def test_a_full_disk_leaves_the_old_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened()
    write(tmp_path, first)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, record.advance(first, "provisioning", {}, 1, STAMP))
    assert stored(tmp_path) == first


def test_check_mode_changes_nothing(tmp_path: Path) -> None:
    assert write(tmp_path, opened(), dry_run=True)["changed"] is True
    assert list(tmp_path.iterdir()) == []


def test_damage_is_named_and_does_not_hide_the_rest(tmp_path: Path) -> None:
    good = opened()
    write(tmp_path, good)
    folder = tmp_path / "records"
    (folder / "torn.json").write_text('{"schema_version"')
    (folder / "20260131T235959Z-1.0.0-bbbb.json").write_text(json.dumps(good))
    (folder / ".x.tmp").write_text("left by a crash")
    (tmp_path / "lock.json").write_text("[]")
    (tmp_path / "epoch").write_text("three")
    view = state_directory.view(str(tmp_path), 5)
    assert view["records"] == [good]
    assert view["lock"] is None
    assert view["epoch"] is None
    damaged = {Path(one["file"]).name: one["problem"] for one in view["corrupt"]}
    assert set(damaged) == {"torn.json", "20260131T235959Z-1.0.0-bbbb.json", "lock.json", "epoch"}
    assert "is not JSON" in damaged["torn.json"]
    assert "holds the record of" in damaged["20260131T235959Z-1.0.0-bbbb.json"]


def test_a_damaged_record_is_replaced_and_said(tmp_path: Path) -> None:
    first = opened()
    write(tmp_path, first)
    next((tmp_path / "records").glob("*.json")).write_text("{")
    result = write(tmp_path, record.advance(first, "provisioning", {}, 1, STAMP))
    assert result["changed"] is True
    assert "it was replaced" in result["warnings"][0]


def test_a_view_keeps_unfinished_records_beyond_the_limit(tmp_path: Path) -> None:
    write(tmp_path, opened("20260101T000000Z-1.0.0-0001", 1))
    for number in (2, 3, 4):
        document = opened(f"20260101T00000{number}Z-1.0.0-000{number}", number)
        document = record.advance(document, "rolling_back", {}, number, STAMP)
        write(tmp_path, record.close(document, "failed", {}, number, STAMP))
    shown = state_directory.view(str(tmp_path), 1)["records"]
    assert [one["release_id"][-4:] for one in shown] == ["0004", "0001"]


def test_a_view_of_nothing(tmp_path: Path) -> None:
    view = state_directory.view(str(tmp_path / "no"), 5)
    assert (view["directory"], view["records"], view["corrupt"], view["epoch"]) == ("missing", [], [], 0)
