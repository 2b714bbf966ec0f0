# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from lab.status import last_release, version_of


def container(slot: str, version: str, status: str = "running") -> dict[str, str]:
    return {"slot": slot, "version": version, "status": status}


def test_only_running_containers_count() -> None:
    hosts = [[container("blue", "0.9.0")], [container("blue", "0.9.0"), container("green", "1.0.0", "exited")]]
    assert version_of("blue", hosts) == "0.9.0"
    assert version_of("green", hosts) is None


def test_hosts_that_differ_are_shown() -> None:
    assert version_of("blue", [[container("blue", "0.9.0")], [container("blue", "1.0.0")]]) == "0.9.0, 1.0.0"


def test_the_newest_copy_of_the_newest_record_is_believed() -> None:
    def record(identity: str, sequence: int, phase: str) -> str:
        return json.dumps({"release_id": identity, "sequence": sequence, "phase": phase, "outcome": None})

    old, new = "20260101T000000Z-0.9.0-aaaa", "20260102T000000Z-1.0.0-bbbb"
    texts = [record(new, 2, "opened"), record(new, 9, "watching"), record(old, 30, "closed"), "{half"]
    assert last_release(texts) == {"id": new, "phase": "watching", "outcome": None}
    assert last_release(["", "[]"]) is None
