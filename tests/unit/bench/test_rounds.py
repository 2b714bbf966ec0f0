# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of the rounds of an adoption, and what a cold lab removes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.bench import adoption, bring_up
from lab.bench.adoption import Way
from lab.errors import LabError
from lab.profiles import APPLICATIONS
from lab.settings import Settings


def test_a_write_that_an_adoption_lost_is_counted_once() -> None:
    # The list of confirmed writes is begun by `bin/lab plain`, so the undo's comparison has those of the adoption too.
    adopted = Way({"failed": 2}, {"acked": 100, "found_once": 99}, 40.0)
    undone = Way({"failed": 5}, {"acked": 180, "found_once": 178}, 30.0)
    found = {one.kind.name: list(one.raw) for one in adoption.figures([(adopted, undone)])}
    assert found == {
        "adopt_failed_requests": [2],
        "adopt_undo_failed_requests": [5],
        "adopt_lost_writes": [2],
        "adopt_seconds": [40.0],
    }


def test_a_cold_lab_has_no_image_of_any_application(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    removed: list[str] = []

    def run(command: list[str], **_: object) -> str:
        if command[:3] == ["docker", "image", "ls"]:
            asked.append(command[-1])
            return f"{command[-1]}:1\n<none>:<none>\n"
        removed.extend(command[3:] if command[:3] == ["docker", "image", "rm"] else [])
        return ""

    monkeypatch.setattr(bring_up, "run", run)
    bring_up._remove_images()
    assert {*APPLICATIONS, "bluegreen-lab-*"} < set(asked)
    assert removed == [f"{name}:1" for name in asked]


def test_a_cold_lab_is_not_made_while_another_lab_needs_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(bring_up, "run", lambda command, **_: "bench\ndemo\ndemo\n")
    monkeypatch.setattr(bring_up, "timed", done.append)
    with pytest.raises(LabError, match="LAB_NAME=demo bin/lab down"):
        bring_up.cold(Settings(name="bench", port=1, state=Path("/nowhere")), 1)
    assert done == []
