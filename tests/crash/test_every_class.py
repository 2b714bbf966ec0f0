# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller is killed during and behind every task that changes something; one rollback brings all back.

Needs the lab named by LAB_NAME. Each point begins from the state that the one before it was brought back to.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.users import users
from tests.crash.killed import ROOT, VENV, Class, changing, classes, killed

RELEASE = ["ansible-playbook", "playbooks/release.yml", "-i", "inventories/lab", "-e", "release_version=1.0.0"]
# A watch of a second: what is tried here is not how long it lasts.
RELEASE += ["-e", "health_check_watch_seconds=1", "-e", "golden_signals_watch_seconds=1"]
ROLLBACK = ["ansible-playbook", "playbooks/rollback.yml", "-i", "inventories/lab"]
STATUS = ["ansible-playbook", "playbooks/status.yml", "-i", "inventories/lab"]
LOAD = ["--rate", "20"]
UPGRADE = "Run upgrade"
LONGEST_SECONDS = 3600  # the most that bin/lab load takes


def command(words: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{VENV}:{os.environ['PATH']}", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def must(words: list[str]) -> str:
    done = command(words)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def state() -> dict[str, Any]:
    """Where users are and what runs. The revision is not in it: an expand-only schema stays."""
    found: dict[str, Any] = json.loads(must(["bin/lab", "status"]))
    return {name: found[name] for name in ("live", "versions")}


@pytest.fixture(autouse=True)
def lab() -> None:
    own = os.environ.get("LAB_NAME", "demo") != "demo"
    assert own, "these tests break the lab that LAB_NAME names: never the demonstration's"
    must(["bin/lab", "reset"])


def brought_back(start: dict[str, Any]) -> str:
    """Why one more rollback does not bring everything back to *start*; empty when it does."""
    done = command(ROLLBACK)
    if "took the lock and never began" in done.stdout and done.returncode != 0:
        done = command([*STATUS])  # nobody was to be moved, and the rollback says so by its exit
    if done.returncode != 0:
        return f"the rollback ended with {done.returncode}:\n{done.stdout[-3000:]}"
    if state() != start:
        return f"expected {start}, found {state()}"
    agreed = command(STATUS)
    return "" if agreed.returncode == 0 else f"the status disagrees:\n{agreed.stdout[-3000:]}"


def tried(point: Class, when: str, words: list[str], start: dict[str, Any]) -> str:
    """Kill *words* at the point, and go back."""
    run = killed(when, point.task, words, point.nth)
    if not run.killed:
        return f"expected a kill, found exit code {run.code}:\n{run.output[-2000:]}"
    return brought_back(start)


@pytest.mark.slow
@pytest.mark.parametrize("of", ["release", "rollback"])
def test_every_class_is_recovered(of: str, tmp_path: Path) -> None:
    log, start = tmp_path / "tasks", state()
    load: dict[str, Any] = {}
    with users(load, LONGEST_SECONDS, LOAD, shown=False):
        if of == "rollback":
            must(RELEASE)
        words = RELEASE if of == "release" else ROLLBACK
        whole = killed("", "", words, log=log, snapshot=True)
        assert whole.code == 0, whole.output
        seen = changing(log)
        assert len(seen) > 5, "next to nothing is seen to change the estate: it is not looked at"
        assert [task for task, said in seen if not said] == [], "they have no class, so nobody dies at them"
        # The database migrates once, and stays; test_killed_while_the_database_migrates has it migrate each time.
        points = [(one, when) for one in classes(log) if UPGRADE not in one.task for when in ("during", "after")]
        assert len(points) > 10
        if of == "release":
            assert brought_back(start) == ""
        failed = []
        for number, (point, when) in enumerate(points, 1):
            if of == "rollback":
                must([*RELEASE, "-e", "release_resume=true"])
            problem = tried(point, when, words, start)
            print(f"{number}/{len(points)} {when} «{point.task}» #{point.nth}: {problem or 'recovered'}", flush=True)
            failed += [f"{when} «{point.task}» #{point.nth}: {problem}"] if problem else []
    writes = command(["bin/lab", "verify-writes"])
    figures = {"found": len(points), "recovered": len(points) - len(failed), "failed_requests": load["failed"]}
    print(json.dumps({**figures, "writes": writes.stdout.strip().splitlines()[-1:]}))
    assert failed == []
    assert load["failed"] == 0, load
    assert writes.returncode == 0, writes.stdout


@pytest.mark.slow
@pytest.mark.parametrize("when", ["during", "after"])
def test_killed_while_the_database_migrates(when: str) -> None:
    start = state()
    load: dict[str, Any] = {}
    with users(load, LONGEST_SECONDS, LOAD, shown=False):
        assert tried(Class(UPGRADE, 1, ()), when, RELEASE, start) == ""
    assert load["failed"] == 0, load
    must(["bin/lab", "verify-writes"])
