# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the steps of a Molecule scenario while users are on the lab, and writes down all that came of it.

Usage: python -m tests.scenario STEPS.yml OUTCOME.json
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(sys.executable).parent
LOAD_SECONDS = 240


def run(argv: list[str]) -> dict[str, Any]:
    """Run one command of the repository and return its argv, code, output and seconds."""
    environment = {**os.environ, "PATH": f"{VENV}:{os.environ['PATH']}", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    began = time.monotonic()
    done = subprocess.run(
        argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return {"argv": argv, "rc": done.returncode, "output": done.stdout, "seconds": time.monotonic() - began}


def must(argv: list[str]) -> str:
    """Run a command of the lab that has to work, and return what it printed."""
    done = subprocess.run(argv, cwd=ROOT, text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"expected {' '.join(argv)} to succeed, found exit {done.returncode}: {done.stdout}")
    return done.stdout


def status() -> dict[str, Any]:
    """What the lab says of itself."""
    answer: dict[str, Any] = json.loads(must(["bin/lab", "status"]))
    return answer


@contextmanager
def users(rate: float, doors: list[str], answer: dict[str, Any]) -> Iterator[None]:
    """Keep users on the front doors; afterwards *answer* holds what they saw."""
    argv = ["bin/lab", "load", "--rate", str(rate), "--seconds", str(LOAD_SECONDS)]
    argv += [word for door in doors for word in ("--front", door)]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(2)
        yield
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=60)
    answer.update(json.loads(output.strip().splitlines()[-1]))


def secrets() -> list[str]:
    """What nobody may ever read: the lab's own secrets, made when it was brought up."""
    variables = json.loads(must(["inventories/lab/hosts.py"]))["all"]["vars"]
    names = ("lab_db_password", "lab_preview_secret", "lab_application_secret")
    return [variables[name] for name in names]


@contextmanager
def eavesdropper(words: list[str], heard: list[str]) -> Iterator[None]:
    """Read every command line on this machine, the hosts' too, again and again; *heard* gets those with a secret."""
    over = threading.Event()

    def listen() -> None:
        while not over.wait(0.3):
            listed = subprocess.run(["ps", "-eo", "args"], text=True, stdout=subprocess.PIPE, check=False).stdout
            heard.extend(line for line in listed.splitlines() if any(word in line for word in words))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def play(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Carry the scenario out; SystemExit when a step ends otherwise than the plan says."""
    for argv in plan.get("before", []):
        must(argv)
    before = status()
    load: dict[str, Any] = {}
    steps = []
    heard: list[str] = []
    with users(plan.get("rate", 50), before["front_doors"], load), eavesdropper(secrets(), heard):
        for step in plan["steps"]:
            done = run(step["run"])
            done["status"] = status()
            steps.append(done)
            if (done["rc"] == 0) != step.get("succeeds", True):
                raise SystemExit(f"expected succeeds={step.get('succeeds', True)}, found:\n{done['output']}")
    writes = run(["bin/lab", "verify-writes"])
    return {"before": before, "steps": steps, "load": load, "writes": writes, "heard": heard, "after": status()}


if __name__ == "__main__":
    outcome = play(yaml.safe_load(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(outcome, indent=1))
