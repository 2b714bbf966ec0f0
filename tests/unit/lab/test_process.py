# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.process import attempt, follow, run


def test_a_command_that_is_missing_or_slow_is_an_exit_code_not_a_crash() -> None:
    assert attempt(["/no/such/program"]).returncode == 127
    assert attempt(["sleep", "5"], timeout_seconds=0.1).returncode == 124


def test_a_failure_says_the_command_its_last_words_and_the_remedy() -> None:
    with pytest.raises(LabError) as failed:
        run(["sh", "-c", "echo first >&2; echo last >&2; exit 3"], remedy="do that")
    assert failed.value.found == "exit code 3: first\nlast"
    assert failed.value.remedy == "do that"


def following(folder: Path, script: str, seconds: float = 10) -> int:
    return follow(
        ["sh", "-c", script],
        log=folder / "log",
        shown=re.compile(r"PLAY \[(.+)\]"),
        timeout_seconds=seconds,
        environment={"WORD": "given"},
        folder=folder,
    )


def test_following_shows_some_lines_and_logs_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = following(tmp_path, "echo 'PLAY [Preflight] ***'; echo $WORD >&2; exit 2")
    assert code == 2
    assert (tmp_path / "log").read_text() == "PLAY [Preflight] ***\ngiven\n"
    shown = capsys.readouterr().err
    assert "Preflight" in shown and "given" not in shown


def test_following_ends_what_takes_too_long(tmp_path: Path) -> None:
    assert following(tmp_path, "exec sleep 20", 0.2) == 124
