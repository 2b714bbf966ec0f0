# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has noted, as the classes of instants at which it may be killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.crash.killed import Class, changing, classes


def noted(tmp_path: Path, *lines: dict[str, Any]) -> Path:
    log = tmp_path / "tasks"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return log


def task(number: int, name: str, estate: str) -> dict[str, Any]:
    return {"number": number, "task": name, "estate": estate}


def test_a_task_that_says_that_it_changed_something_is_a_class(tmp_path: Path) -> None:
    log = noted(
        tmp_path,
        task(0, "look", "a"), task(1, "write", "a"), {"number": 1, "changed": "lb2"}, {"number": 1, "changed": "lb1"},
        task(2, "write", "b"), {"number": 2, "changed": "app1"}, task(3, "", "c"),
    )  # fmt: skip
    assert classes(log) == [Class("write", 1, ("lb1", "lb2")), Class("write", 2, ("app1",))]
    assert changing(log) == [("write", True), ("write", True)]


@pytest.mark.parametrize("behind", ["b", "a"])
def test_one_that_changes_the_estate_and_does_not_say_so_is_named(tmp_path: Path, behind: str) -> None:
    log = noted(tmp_path, task(0, "look", "a"), task(1, "write in secret", "a"), task(2, "", behind))
    assert changing(log) == ([("write in secret", False)] if behind == "b" else [])


def test_a_note_that_is_missing_is_no_note_of_another_task(tmp_path: Path) -> None:
    log = noted(tmp_path, task(0, "look", "a"), task(2, "", "a"))
    with pytest.raises(AssertionError, match="expected a note of task 1"):
        classes(log)
