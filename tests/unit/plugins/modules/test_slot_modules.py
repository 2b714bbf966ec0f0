"""The modules of a slot: files, connections, logs; with a stand-in for the docker command where one is asked."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import Container
from ansible_collections.bluegreen.release.plugins.modules import (
    slot_connections,
    slot_containers,
    slot_files,
    slot_logs,
)


@pytest.fixture(autouse=True)
def no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)


def run(module: Any, capsys: pytest.CaptureFixture[str], check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    with patch_module_args({**arguments, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
        module.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def files(tmp_path: Path, epoch: int = 3, **changes: Any) -> dict[str, Any]:
    state = tmp_path / "state"
    state.mkdir(exist_ok=True)
    return {
        "directory": str(tmp_path / "green"),
        "files": {"compose.yml": "services: {}\n"},
        "secret_files": {"slot.env": "PASSWORD='hunter2hunter2'\n"},
        "state_directory": str(state),
        "epoch": epoch,
        **changes,
    }


def test_files_are_written_once_and_private(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(slot_files, capsys, **files(tmp_path))
    assert first["changed"] and len(first["paths"]) == 3
    for path, mode in ((tmp_path / "green", 0o700), (tmp_path / "green" / "slot.env", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert not run(slot_files, capsys, **files(tmp_path))["changed"]


def test_secret_file_is_in_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "hunter2" not in json.dumps(run(slot_files, capsys, **files(tmp_path)))
    changed = run(slot_files, capsys, **files(tmp_path, secret_files={"slot.env": "PASSWORD='correcthorse'\n"}))
    assert changed["changed"] and "hunter2" not in json.dumps(changed) and "correcthorse" not in json.dumps(changed)
    assert (tmp_path / "green" / "slot.env").read_text() == "PASSWORD='correcthorse'\n"


def test_check_mode_shows_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(slot_files, capsys, True, **files(tmp_path))
    assert result["changed"] and any("services" in entry["after"] for entry in result["diff"])
    assert not (tmp_path / "green").exists()


def test_open_permissions_are_closed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(slot_files, capsys, **files(tmp_path))
    os.chmod(tmp_path / "green" / "slot.env", 0o644)
    assert run(slot_files, capsys, **files(tmp_path))["paths"] == [str(tmp_path / "green" / "slot.env")]
    assert stat.S_IMODE((tmp_path / "green" / "slot.env").stat().st_mode) == 0o600


def test_query_reads_what_was_written_and_nothing_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where: dict[str, Any] = {
        "directory": str(tmp_path / "green"),
        "state_directory": str(tmp_path / "state"),
        "state": "query",
    }
    nothing: dict[str, Any] = {"files": {}, "environment": {}}
    assert run(slot_files, capsys, **where)["configuration"] == nothing and not (tmp_path / "state").exists()
    foreseen = run(slot_files, capsys, True, **files(tmp_path))["configuration"]
    assert foreseen["environment"] == {}, "there is no key yet, and check mode makes none"
    written = run(slot_files, capsys, **files(tmp_path))["configuration"]
    assert foreseen["files"] == written["files"] and list(written["environment"]) == ["PASSWORD"]
    found = run(slot_files, capsys, **where)
    assert found["configuration"] == written and not found["changed"] and found["problem"] == ""


def test_what_cannot_be_read_fails_or_is_only_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(slot_files, capsys, **files(tmp_path))
    (tmp_path / "state" / "configuration.key").unlink()
    (tmp_path / "state" / "configuration.key").mkdir()
    where: dict[str, Any] = {
        "directory": str(tmp_path / "green"),
        "state_directory": str(tmp_path / "state"),
        "state": "query",
    }
    failed = run(slot_files, capsys, **where)
    said = run(slot_files, capsys, **where, fail=False)
    assert failed["failed"] and failed["msg"] == said["problem"] and "configuration.key" in said["problem"]
    assert not said.get("failed") and "configuration" not in said
    assert run(slot_files, capsys, **files(tmp_path, fail=False))["failed"], "what is not written is never only said"


def test_environment_file_that_is_not_wanted_any_more_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = {"slot.env": "A='1'\n", "01.env": "PASSWORD='hunter2hunter2'\n"}
    run(slot_files, capsys, **files(tmp_path, secret_files=both))
    (tmp_path / "green" / "notes.txt").write_text("of a person")
    wanted = files(tmp_path, secret_files={"slot.env": "A='1'\n"})
    gone = str(tmp_path / "green" / "01.env")
    for check_mode in (True, False):
        result = run(slot_files, capsys, check_mode, **wanted)
        assert result["paths"] == [gone] and "hunter2" not in json.dumps(result)
        assert Path(gone).exists() is check_mode
    assert not run(slot_files, capsys, **wanted)["changed"]
    assert sorted(path.name for path in (tmp_path / "green").iterdir()) == ["compose.yml", "notes.txt", "slot.env"]


def test_writing_needs_an_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = files(tmp_path)
    del arguments["epoch"]
    assert "epoch" in run(slot_files, capsys, **arguments)["msg"]


def test_stale_epoch_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(slot_files, capsys, **files(tmp_path, epoch=5))
    result = run(slot_files, capsys, **files(tmp_path, epoch=4, files={"compose.yml": "other"}))
    assert result["failed"] and (tmp_path / "green" / "compose.yml").read_text() == "services: {}\n"


def test_drain_waits_until_the_last_one_left() -> None:
    looks = iter([["a", "b"], ["a"], []])
    slept: list[float] = []
    found, _ = slot_connections.drain(lambda: next(looks), 10, 0.5, now=lambda: sum(slept), sleep=slept.append)
    assert found == [] and slept == [0.5, 0.5]


def test_drain_ends_with_its_time_and_names_who_stayed() -> None:
    slept: list[float] = []
    found, seconds = slot_connections.drain(lambda: ["a"], 2, 0.5, now=lambda: sum(slept), sleep=slept.append)
    assert found == ["a"] and seconds == 2.0


def container(identifier: str, service: str = "api", labels: dict[str, str] | None = None, **changes: Any) -> Container:
    usual = Container(identifier, f"p-{service}", service, "", "", "running", 0, "none", "", 1, labels or {})
    return dataclasses.replace(usual, **changes)


@pytest.mark.parametrize(
    ("looks", "slept"),
    [
        ([{"state": "created"}, {"health": "starting"}, {"health": "healthy"}], 2),
        ([{}], 0),
        ([{"health": "starting"}, {"health": "unhealthy"}], 1),
        ([{"state": "restarting", "restarts": 1}, {"state": "exited"}], 1),
        ([{"state": "restarting", "restarts": 3}, {"state": "restarting", "restarts": 4}], 1),
        ([{"health": "starting"}] * 9, 4),
    ],
)
def test_containers_are_waited_for_while_they_come_up(looks: list[dict[str, Any]], slept: int) -> None:
    pauses: list[float] = []
    states = iter(looks)
    other = container("2", "stranger", state="created")
    found = slot_containers.wait(
        lambda: [container("1", **next(states)), other], ["api"], 2, now=lambda: sum(pauses), sleep=pauses.append
    )
    assert len(pauses) == slept and found[0] == container("1", **looks[slept])


def test_log_names_tell_containers_apart() -> None:
    labels = {"bluegreen.release_id": "R1", "bluegreen.slot": "green"}
    containers = [container("1", "api", labels), container("2", "api", labels), container("3", "apiary", {})]
    names = slot_logs.file_names(containers, "samokoder-blue")
    assert names == {"1": "R1-green-api.log", "2": "R1-green-api.2.log", "3": "unknown-blue-apiary.log"}


def engine(tmp_path: Path, log: str) -> str:
    """A docker command with one container that has logged."""
    labels = {
        "com.docker.compose.service": "api",
        "com.docker.compose.oneoff": "False",
        "bluegreen.release_id": "R1",
        "bluegreen.slot": "green",
    }
    entry = {
        "Id": "c1",
        "Name": "/x",
        "Image": "i1",
        "Config": {"Image": "samokoder", "Labels": labels},
        "State": {"Status": "exited", "ExitCode": 3, "Pid": 0},
    }
    script = tmp_path / "docker"
    script.write_text(
        "#!/bin/sh\ncase $1 in\n ps) echo c1;;\n inspect) cat <<'E'\n"
        + json.dumps([entry])
        + '\nE\n;;\n image) echo \'[{"Id": "i1", "RepoDigests": []}]\';;\n'
        + f" logs) echo '{log}'; echo 'on stderr' >&2;;\nesac\n"
    )
    script.chmod(0o755)
    return str(script)


def test_logs_of_both_streams_are_kept_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").mkdir()
    arguments: dict[str, Any] = {
        "project": "samokoder-green",
        "directory": str(tmp_path / "logs"),
        "state_directory": str(tmp_path / "state"),
        "epoch": 1,
        "docker_cli": engine(tmp_path, "boom"),
    }
    path = tmp_path / "logs" / "R1-green-api.log"
    assert run(slot_logs, capsys, True, **arguments)["paths"] == [str(path)] and not path.exists()
    assert run(slot_logs, capsys, **arguments)["changed"]
    assert path.read_text() == "boom\non stderr\n" and stat.S_IMODE(path.stat().st_mode) == 0o600
    again = run(slot_logs, capsys, **arguments)
    assert not again["changed"] and again["containers"] == 1
    assert again["services"] == [], "the whole project is the slot's"
    other = run(slot_logs, capsys, **arguments, services=["worker"])
    assert (other["containers"], other["services"], other["paths"]) == (0, [], [])
    assert run(slot_logs, capsys, **arguments, services=["worker", "api"])["services"] == ["api"]
    assert os.listdir(tmp_path / "logs") == ["R1-green-api.log"]


def test_slot_that_failed_says_cause_state_and_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments: dict[str, Any] = {
        "project": "samokoder-green",
        "services": ["api"],
        "released": ["api"],
        "digest": "repo@sha256:00",
        "cause": "compose said no",
        "docker_cli": engine(tmp_path, "boom"),
    }
    result = run(slot_containers, capsys, **arguments)
    for part in ("compose said no", "found it exited", "to run repo@sha256:00", "exit code 3", "log: boom"):
        assert part in result["msg"]
    shown = run(slot_containers, capsys, fail=False, **arguments)
    assert not shown.get("failed") and len(shown["problems"]) == 3
