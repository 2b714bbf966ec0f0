# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that is resident on a host: whole, compiled, alone, and as true as the modules it stands for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import program, resident, state_directory


def installed(tmp_path: Path) -> Path:
    resident.install(str(tmp_path))
    (path,) = tmp_path.glob("resident.*")
    return path


def asked(path: Path, module: str, params: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    told = json.dumps({"params": params, "check_mode": check_mode})
    done = subprocess.run([path, module], input=told, capture_output=True, text=True, check=False, env={}, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_it_runs_alone_from_its_compiled_parts_and_is_named_by_its_code(tmp_path: Path) -> None:
    path = installed(tmp_path)
    assert path.name == resident.file_name() and os.access(path, os.X_OK)
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    assert {f"{name}c" for name in names if name.endswith(".py")} == {name for name in names if name.endswith(".pyc")}


def lock(directory: Path, epoch: int) -> dict[str, Any]:
    holder = {
        "release_id": "20260131T235959Z-1.0.0-aaaa", "user": "alice", "host": "c1", "job": "7", "mode": "run",
        "purpose": "release 1.0.0", "since": "2026-01-31T23:59:59Z", "epoch": epoch,
    }  # fmt: skip
    return {
        "state": "taken", "state_directory": str(directory), "holder": holder, "takeover": False, "decided": False,
        "leftovers": [], "folders": ["records"], "wait_seconds": 5.0,
    }  # fmt: skip


def test_it_takes_the_lock_and_refuses_an_older_one(tmp_path: Path) -> None:
    path = installed(tmp_path)
    assert asked(path, "release_lock", lock(tmp_path, 3), check_mode=True)["changed"]
    assert not (tmp_path / "epoch").exists()
    assert asked(path, "release_lock", lock(tmp_path, 3))["changed"]
    assert state_directory.view(str(tmp_path), 1)["fence"]["checksum"], "with the fence for modules that are not ours"
    refused = asked(path, "release_lock", lock(tmp_path, 2))
    assert refused["failed"] and "epoch" in refused["msg"]


def test_it_looks(tmp_path: Path) -> None:
    params = {
        "state_directory": str(tmp_path), "limit": 5, "proxy": {}, "slots": {}, "steps": [], "version_header": "",
        "validate_certs": True, "secrets": [],
    }  # fmt: skip
    found = asked(installed(tmp_path), "rollback_look", params)
    assert found["record"]["epoch"] == 0 and found["changed"] is False


@pytest.mark.parametrize(
    "act", ["nginx_switching", "rollback_looking", "lock_taking", "record_writing", "signal_asking", "signal_log_file"]
)
def test_it_imports_nothing_that_takes_long(tmp_path: Path, act: str) -> None:
    name = f"{resident.__name__.rpartition('.')[0]}.{act}"
    code = f"import importlib, sys; importlib.import_module({name!r}); print(*sys.modules)"
    environment = {"PYTHONPATH": str(installed(tmp_path)), "PATH": os.environ["PATH"]}
    words = [sys.executable, "-S", "-c", code]
    found = set(subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.split())
    assert name in found and not {"dataclasses", "inspect", "subprocess", "logging"} & found


def test_it_reads_an_access_log(tmp_path: Path) -> None:
    (tmp_path / "shop.access.log").touch()
    asks = {"log": {"kind": "access_log", "path": str(tmp_path / "shop.access.log")}, "x": {"kind": "x"}}
    params = {"state_directory": str(tmp_path), "asks": asks, "seconds": 5.0, "secrets": []}
    answers = asked(installed(tmp_path), "signal_readings", params)["answers"]
    assert answers["log"]["paths"] == {"": {}} and "expected a reading" in answers["x"]["problem"]


def test_a_switch_that_is_refused_says_so(tmp_path: Path) -> None:
    params = {
        "state": "switched", "slot": "blue", "flags_directory": str(tmp_path), "state_directory": str(tmp_path),
        "epoch": 1, "fence_wait_seconds": 1.0, "probe_url": "http://127.0.0.1:1/", "probe_headers": {}, "tls_name": "",
        "ca": None, "front_url": "http://127.0.0.1:1/", "front_headers": {}, "slot_header": "X", "document": None,
        "prove_seconds": 0.1, "prove_timeout_seconds": 0.2, "at": None,
    }  # fmt: skip
    refused = asked(installed(tmp_path), "nginx_switch", params)
    assert refused["failed"] and "found neither" in refused["msg"]


def test_the_one_before_stays_for_runs_that_still_ask_it_and_older_ones_go(tmp_path: Path) -> None:
    for age, name in enumerate(("resident.b", "resident.a")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    resident.install(str(tmp_path))
    assert {found.name for found in tmp_path.iterdir()} == {"resident.b", resident.file_name()}
    written = (tmp_path / resident.file_name()).stat().st_mtime_ns
    resident.install(str(tmp_path))
    assert (tmp_path / resident.file_name()).stat().st_mtime_ns == written


def test_other_code_has_another_name() -> None:
    texts = {"a.py": "x = 1\n"}
    assert program.version(texts) != program.version({"a.py": "x = 2\n"})
    assert program.archive(texts) == program.archive(texts)


@pytest.mark.parametrize("act", sorted(resident.ACTS))
def test_each_act_is_a_module_of_that_name(act: str) -> None:
    assert (Path(__file__).parents[4] / "plugins" / "modules" / f"{act}.py").is_file()
