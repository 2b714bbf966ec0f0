# SPDX-License-Identifier: GPL-3.0-or-later
"""Users beside what happens, with a stand-in for bin/lab load."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lab import users
from lab.errors import LabError
from lab.load_report import last_json

# Prints its words, and counts when it is ended; ends by itself after some seconds.
STAND_IN = """#!{python}
import json, signal, sys, time
def end(*_):
    print("progress"); print(json.dumps({{"sent": 9, "words": sys.argv[1:]}})); sys.exit(0)
signal.signal(signal.SIGTERM, end)
time.sleep({seconds})
end()
"""


def stand_in(root: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    (root / "bin").mkdir()
    (root / "bin/lab").write_text(STAND_IN.format(python=sys.executable, seconds=seconds))
    (root / "bin/lab").chmod(0o755)
    monkeypatch.setattr(users, "ROOT", root)
    monkeypatch.setattr(users, "WARM_UP_SECONDS", 0.4)


def test_users_stay_until_the_end_and_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, 30)
    answer: dict[str, Any] = {}
    with users.users(answer, 900, ["--rate", "5"]):
        assert answer == {}
    assert answer == {"sent": 9, "words": ["load", "--seconds", "900", "--rate", "5"]}


def test_users_who_left_before_the_end_prove_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, 0)
    with pytest.raises(LabError, match="they left before it"), users.users({}, 900, []):
        time.sleep(0.5)


def test_what_failed_meanwhile_is_told_rather_than_that_users_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, 0)
    with pytest.raises(ValueError, match="the release"), users.users({}, 900, []):
        raise ValueError("the release")


@pytest.mark.parametrize(("text", "expected"), [('x\n{"a": 1}\n', {"a": 1}), ("", {}), ("no json", {}), ("[1]", {})])
def test_last_json(text: str, expected: dict[str, Any]) -> None:
    assert last_json(text) == expected
