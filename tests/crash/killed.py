# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a command of Ansible under the callback kill_at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
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


def killed(when: str, task: str, command: Sequence[str], nth: int = 1, log: Path | None = None) -> Run:
    """Run *command* in a process group of its own, and kill it *when* it comes to *task* (none: never).

    when: before, during or after. task: a part of its name. nth: which one of that name. log: what tasks are noted in.
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
    }
    done = subprocess.run(
        list(command), cwd=ROOT, env=environment, text=True, check=False, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return Run(done.returncode, done.stdout)


@dataclass(frozen=True)
class Class:
    """One task that changes something: all instants until the next one leave the estate as this one does.

    nth: which task of that name. hosts: on which it changed something.
    """

    task: str
    nth: int
    hosts: tuple[str, ...]


def classes(log: Path) -> list[Class]:
    """The classes that a run has noted, in order."""
    names: dict[int, str] = {}
    hosts: dict[int, list[str]] = {}
    for line in log.read_text().splitlines():
        noted = json.loads(line)
        if "task" in noted:
            names[noted["number"]] = noted["task"]
        else:
            hosts.setdefault(noted["number"], []).append(noted["changed"])
    return [
        Class(names[number], sum(names[one] == names[number] for one in names if one <= number), tuple(sorted(changed)))
        for number, changed in sorted(hosts.items())
    ]
