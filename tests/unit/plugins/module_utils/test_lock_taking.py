# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The release lock of one host, with real processes where two compete."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import fence, lock, lock_taking, record, state_directory

A, B = "20260131T235959Z-1.0.0-aaaa", "20260131T235959Z-1.0.0-bbbb"
STAMP = {"at": "2026-01-31T23:59:59Z", "actor": "alice@c1", "run": "job 7"}


def holder(release_id: str, epoch: int) -> dict[str, Any]:
    return {
        "release_id": release_id, "user": "alice", "host": "c1", "job": "7", "mode": "run", "purpose": "release 1.0.0",
        "since": "2026-01-31T23:59:59Z", "epoch": epoch,
    }  # fmt: skip


def params(directory: Path, release_id: str = A, epoch: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "state_directory": str(directory), "holder": holder(release_id, epoch), "release_id": release_id,
        "epoch": epoch, "takeover": False, "decided": False, "leftovers": [], "folders": ["records"],
        "wait_seconds": 5.0, **more,
    }  # fmt: skip


def write_record(directory: Path, release_id: str, closed: bool) -> None:
    plan = {"version": "1.0.0", "image": "i", "digest": "d", "live": "blue", "candidate": "green"}
    release = {"release_id": release_id, "application": "shop", "environment": "test", "mode": "run"}
    document = record.new_document(plan, release, 1, STAMP)
    if closed:
        document = record.close(record.advance(document, "rolling_back", {}, 1, STAMP), "failed", {}, 1, STAMP)
    path = Path(state_directory.record_path(str(directory), release_id))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(state_directory.as_file(document))


def test_taking_makes_the_layout_raises_the_epoch_and_is_idempotent(tmp_path: Path) -> None:
    assert lock_taking.take(params(tmp_path), False)["changed"] is True
    assert {path.name for path in tmp_path.iterdir()} == {
        "epoch", "fence", "fence.1", "fence.lock", "lock.json", "records",
    }  # fmt: skip
    assert fence.read_epoch(str(tmp_path)) == 1
    assert state_directory.view(str(tmp_path), 5)["fence"]["current"] is True
    assert lock_taking.take(params(tmp_path), False)["changed"] is False


def test_taking_tells_the_record_as_it_was_when_the_lock_was_given(tmp_path: Path) -> None:
    assert lock_taking.take(params(tmp_path), False)["document"] is None
    write_record(tmp_path, A, closed=False)
    assert lock_taking.take(params(tmp_path, epoch=2), False)["document"]["release_id"] == A
    assert lock_taking.take(params(tmp_path, epoch=3), True)["document"]["phase"] == "opened"


def test_the_second_is_told_who_since_when_which_release_and_how_to_go_on(tmp_path: Path) -> None:
    lock_taking.take(params(tmp_path), False)
    write_record(tmp_path, A, closed=False)
    with pytest.raises(lock_taking.Refused) as refusal:
        lock_taking.take(params(tmp_path, B, 2), False)
    for part in (
        "alice@c1 (job 7)",
        "2026-01-31T23:59:59Z",
        A,
        "phase opened",
        "release_takeover=true",
        "rollback.yml",
    ):
        assert part in str(refusal.value)
    assert json.loads((tmp_path / "lock.json").read_text())["release_id"] == A
    assert fence.read_epoch(str(tmp_path)) == 1
    assert not (tmp_path / "fence.2").exists()


def test_takeover_is_explicit_and_shuts_the_other_out(tmp_path: Path) -> None:
    lock_taking.take(params(tmp_path), False)
    result = lock_taking.take(params(tmp_path, B, 2, takeover=True), False)
    assert "taken over from alice@c1" in result["note"]
    with pytest.raises(fence.StaleEpoch):
        lock_taking.drop(params(tmp_path, A, 1), False)
    assert state_directory.read_holder(str(tmp_path))[0] == holder(B, 2)


def test_even_a_takeover_needs_a_higher_epoch(tmp_path: Path) -> None:
    lock_taking.take(params(tmp_path, A, 4), False)
    with pytest.raises(lock_taking.Refused, match="another run was faster"):
        lock_taking.take(params(tmp_path, B, 4, takeover=True), False)


def test_the_lock_of_a_closed_release_is_a_leftover_and_only_that(tmp_path: Path) -> None:
    lock_taking.take(params(tmp_path), False)
    write_record(tmp_path, A, closed=False)
    with pytest.raises(lock_taking.Refused):
        lock_taking.take(params(tmp_path, B, 2), False)
    write_record(tmp_path, A, closed=True)
    assert "left behind" in lock_taking.take(params(tmp_path, B, 2), False)["note"]


def test_a_lock_whose_release_another_host_knows_closed_is_a_leftover(tmp_path: Path) -> None:
    lock_taking.take(params(tmp_path), False)
    write_record(tmp_path, A, closed=False)
    assert "left behind" in lock_taking.take(params(tmp_path, B, 2, leftovers=[A]), False)["note"]


def test_a_damaged_lock_is_held_by_somebody(tmp_path: Path) -> None:
    (tmp_path / "lock.json").write_text("{")
    with pytest.raises(lock_taking.Refused, match="is not JSON"):
        lock_taking.take(params(tmp_path), False)
    assert lock_taking.take(params(tmp_path, takeover=True), False)["changed"] is True


def test_dropping_is_idempotent_and_leaves_others_alone(tmp_path: Path) -> None:
    lock_taking.take(params(tmp_path), False)
    assert lock_taking.drop(params(tmp_path), False)["changed"] is True
    assert not (tmp_path / "lock.json").exists()
    assert lock_taking.drop(params(tmp_path), False)["changed"] is False
    lock_taking.take(params(tmp_path, B, 2), False)
    result = lock_taking.drop(params(tmp_path, A, 2), False)
    assert (result["changed"], "left alone" in result["note"]) == (False, True)
    assert fence.read_epoch(str(tmp_path)) == 2


def test_check_mode_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    assert lock_taking.take(params(tmp_path), True)["changed"] is True
    assert list(tmp_path.iterdir()) == []
    lock_taking.take(params(tmp_path), False)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(lock_taking.Refused):
        lock_taking.take(params(tmp_path, B, 2), True)
    assert lock_taking.drop(params(tmp_path), True)["changed"] is True
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def _taker(directory: str, release_id: str, barrier: Any, results: Any) -> None:
    barrier.wait()
    try:
        lock_taking.take(params(Path(directory), release_id, 1), False)
        results.put((release_id, ""))
    except lock_taking.Refused as error:
        results.put((release_id, str(error)))


def test_of_two_takers_exactly_one_wins_every_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for number in range(60):
        directory = tmp_path / str(number)
        directory.mkdir()
        barrier, results = context.Barrier(2), context.Queue()
        takers = [
            context.Process(target=_taker, args=(str(directory), name, barrier, results)) for name in (A, B)
        ]  # fmt: skip
        for taker in takers:
            taker.start()
        answers = dict(results.get(timeout=20) for _ in takers)
        for taker in takers:
            taker.join()
        winners = [name for name, refusal in answers.items() if not refusal]
        assert len(winners) == 1, answers
        stored = json.loads((directory / "lock.json").read_text())
        assert stored["release_id"] == winners[0]
        assert winners[0] in next(refusal for refusal in answers.values() if refusal)


@pytest.mark.parametrize(
    ("decided", "present", "taken"),
    [
        (False, None, False),  # another run was faster, and is gone again
        (True, None, True),  # our own switch was here before the lock
        (True, 2, True),  # what an earlier run still held
        (True, 3, False),  # another's, of the same epoch: two began at once, and one is not ours
        (False, 2, False),
    ],
)
def test_an_epoch_that_is_here_already_is_ours_only_where_another_host_has_decided(
    decided: bool, present: int | None, taken: bool
) -> None:
    wanted = {"release_id": "a", "epoch": 3, "user": "u", "host": "h", "since": "s", "job": "", "purpose": "p"}
    holder = {**wanted, "release_id": "b", "epoch": present} if present else None
    found = lock.decide_take(wanted, holder, None, 3, takeover=True, decided=decided)
    assert (found.write, found.refusal == "") == (taken, taken)
