# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command prints when something cannot be measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.bench import __main__ as command
from lab.bench import bring_up, release
from lab.bench.figures import Figure
from lab.errors import LabError
from lab.settings import Settings

PARTS = {"preflight": 1.0, "provision": 2.0, "migrate": 3.0, "check": 4.0, "switch": 5.0, "watch": 60.0, "close": 6.0}


def one_round(failed: int) -> release.Round:
    return release.Round({"failed": failed}, {"acked": 9, "found_once": 8}, PARTS, switch=0.5, reset=2.0)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab whose third release fails."""

    def rounds(settings: Settings, count: int, done: list[release.Round], fault: str | None = None) -> None:
        done += [one_round(0), one_round(2)]
        raise LabError("release of 1.0.0", "exit code 2", "read the log")

    monkeypatch.setattr(release, "rounds", rounds)
    monkeypatch.setattr(command, "timed", lambda words: 1.0)


@pytest.mark.usefixtures("stopped")
def test_rounds_before_an_error_are_printed_with_their_own_number(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    names = ["release_seconds", "release_failed_requests", "release_lost_writes"]
    assert command.main(["-n", "5", "--json", str(tmp_path / "f.json"), *names]) == 1
    found: list[dict[str, Any]] = json.loads((tmp_path / "f.json").read_text())
    assert [(one["name"], one["raw"], one["n"]) for one in found] == [
        ("release_failed_requests", [0, 2], 2),
        ("release_lost_writes", [1, 1], 2),
        ("release_seconds", [21, 21], 2),
    ]
    output = capsys.readouterr()
    assert "exit code 2" in output.err and [json.loads(line) for line in output.out.splitlines()[:3]] == found


def test_a_cold_lab_is_measured_once_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def cold(settings: Settings, count: int) -> list[Figure]:
        asked.append(count)
        return []

    monkeypatch.setattr(bring_up, "cold", cold)
    monkeypatch.setattr(bring_up, "warm", lambda count: [])
    monkeypatch.setattr(command, "timed", lambda words: 1.0)
    assert command.main(["--cold", "lab_up_warm_seconds"]) == 0
    assert command.main(["-n", "3", "lab_up_cold_seconds"]) == 0
    assert asked == [1, 3]


@pytest.mark.parametrize("arguments", [["-n", "0"], ["release_second"]])
def test_wrong_usage_measures_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 1
    output = capsys.readouterr()
    assert "expected:" in output.err and output.out == ""
