# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a command of Ansible under the callback kill_at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(sys.executable).parent


@dataclass(frozen=True)
class Run:
    """How it ended. code: as Popen has it, negative for a signal."""

    code: int
    output: str

    @property
    def killed(self) -> bool:
        """Whether it was killed, and did not end by itself."""
        return self.code == -signal.SIGKILL


def killed(
    when: str, task: str, command: Sequence[str], nth: int = 1, log: Path | None = None, snapshot: bool = False
) -> Run:
    """Run *command* in a process group of its own, and kill it *when* it comes to *task* (none: never).

    when: before, during or after. task: a part of its name. nth: which one of that name. log: what tasks are noted in.
    snapshot: whether with the estate before each of them.
    """
    environment = {
        **os.environ,
        "PATH": f"{VENV}:{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent),
        "ANSIBLE_CALLBACKS_ENABLED": "kill_at",
        "KILL_WHEN": when,
        "KILL_TASK": task,
        "KILL_NTH": str(nth),
        "KILL_LOG": str(log or ""),
        "KILL_SNAPSHOT": "yes" if snapshot else "",
    }
    done = subprocess.run(
        list(command), cwd=ROOT, env=environment, text=True, check=False, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return Run(done.returncode, done.stdout)


@dataclass(frozen=True)
class Class:
    """One task that changes something: all instants until the next one leave the estate as this one does.

    nth: which task of that name. hosts: on which it says that it changed something.
    """

    task: str
    nth: int
    hosts: tuple[str, ...]


@dataclass
class _Noted:
    """One task as the log has it. estate: as it was before it."""

    task: str
    estate: str
    hosts: list[str] = field(default_factory=list)


def _noted(log: Path) -> list[_Noted]:
    tasks: list[_Noted] = []
    for line in map(json.loads, log.read_text().splitlines()):
        if "task" in line:
            assert line["number"] == len(tasks), f"expected a note of task {len(tasks)}, found {line}"
            tasks.append(_Noted(line["task"], line.get("estate", "")))
        else:
            tasks[line["number"]].hosts.append(line["changed"])
    return tasks


def classes(log: Path) -> list[Class]:
    """The classes that a run has noted, in order: of tasks that say that they changed something."""
    tasks = _noted(log)
    return [
        Class(one.task, sum(other.task == one.task for other in tasks[: number + 1]), tuple(sorted(one.hosts)))
        for number, one in enumerate(tasks)
        if one.hosts
    ]


def changing(log: Path) -> list[tuple[str, bool]]:
    """Tasks behind which the estate is another one, each with whether it says so; one that does not has no class."""
    return [(one.task, bool(one.hosts)) for one, behind in pairwise(_noted(log)) if one.estate != behind.estate]
