"""The order of a demonstration, with a stand-in for bin/lab that does what its contract says and keeps its calls."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lab import users
from lab.demo import __main__ as demo
from lab.errors import LabError
from lab.settings import ROOT

# Keeps its state in a file; `load` runs until it is ended, as the real one, and then prints what it counted.
STAND_IN = """#!{python}
import json, pathlib, signal, sys, time
state = pathlib.Path({state!r})
with (state.parent / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls, flush=True)
command = sys.argv[1]
if command == "reset":
    state.write_text(json.dumps({before!r}))
elif command == "status":
    print(json.dumps(json.loads(state.read_text()), indent=2))
elif command == "load":
    def end(*_):
        print(json.dumps({load!r}))
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    time.sleep(30)
elif command == "verify-writes":
    print("{{}}")
sys.exit({up_code} if command == "up" else 0)
"""
DOORS = ["http://127.0.0.1:8080", "http://127.0.0.1:8081"]
BEFORE: dict[str, Any] = {
    "live": {"lb1": "blue", "lb2": "blue"},
    "versions": {"blue": "0.9.0", "green": None},
    "revision": "0001",
    "front_doors": DOORS,
    "release": {"id": "20260101T000000Z-0.9.0-aaaa", "phase": "closed", "outcome": "live"},
}
AFTER: dict[str, Any] = {
    **BEFORE,
    "live": {"lb1": "green", "lb2": "green"},
    "versions": {"blue": "0.9.0", "green": "1.0.0"},
}
LOAD = {"sent": 90, "ok": 90, "failed": 0, "acked": 30, "longest_gap_seconds": 0.02}


class Stage:
    """A scratch checkout whose lab is the stand-in, and whose release moves the stand-in's state."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.state = root / "state.json"
        self.release_code = 0
        monkeypatch.setattr(demo, "ROOT", root)
        monkeypatch.setattr(users, "ROOT", root)
        monkeypatch.setattr(users, "WARM_UP_SECONDS", 0.4)
        monkeypatch.setattr(demo, "rows", lambda: 100_000)
        monkeypatch.setattr(demo, "release", self.release)

    def release(self) -> tuple[int, float]:
        if not self.release_code:
            self.state.write_text(json.dumps(AFTER))
        return self.release_code, 30.0

    def play(self, status: dict[str, Any], load: dict[str, Any] = LOAD, up_code: int = 0) -> int:
        self.state.write_text(json.dumps(status))
        script = STAND_IN.format(
            python=sys.executable, state=str(self.state), before=BEFORE, load=load, up_code=up_code
        )
        (self.root / "bin").mkdir()
        (self.root / "bin" / "lab").write_text(script)
        (self.root / "bin" / "lab").chmod(0o755)
        return demo.demonstrate()

    def calls(self) -> list[str]:
        return [line.split()[0] for line in (self.root / "calls").read_text().splitlines()]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def test_a_first_demonstration(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    assert stage.play(BEFORE) == 0
    assert "reset" not in stage.calls()
    assert stage.calls()[0] == "up" and "load" in stage.calls() and stage.calls().index("verify-writes") > 0
    load = next(line for line in (stage.root / "calls").read_text().splitlines() if line.startswith("load"))
    assert all(f"--front={door}" in load for door in DOORS)
    shown = capfd.readouterr().out
    assert "requests served       90" in shown and "green 1.0.0" in shown


def test_a_second_one_starts_from_the_beginning(stage: Stage) -> None:
    assert stage.play(AFTER) == 0
    assert "reset" in stage.calls()


def test_a_failed_release_fails_the_demonstration(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    stage.release_code = 2
    assert stage.play(BEFORE) == 1
    assert "exit code 2" in capfd.readouterr().out


def test_a_failed_request_fails_it(stage: Stage) -> None:
    assert stage.play(BEFORE, load={**LOAD, "failed": 1, "first_failure": "reset"}) == 1


def test_a_lab_that_does_not_come_up_ends_it_before_any_release(stage: Stage) -> None:
    with pytest.raises(LabError, match="bin/lab up"):
        stage.play(BEFORE, up_code=1)
    assert stage.calls() == ["up"]


@pytest.mark.parametrize(("elsewhere", "port"), [(False, ""), (True, "9000")])
def test_commands_to_paste_carry_the_folder_and_the_lab(
    elsewhere: bool, port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_NAME", raising=False)
    monkeypatch.setenv("LAB_PORT", port)
    monkeypatch.setenv("DEMO_CALLED_FROM", str(tmp_path if elsewhere else ROOT))
    assert demo.prefix() == (f"cd {ROOT} && LAB_PORT=9000 " if elsewhere else "")
