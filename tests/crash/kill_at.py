# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback of Ansible that kills the whole controller at one task: before it, while it runs, or behind it.

Set by the environment, see tests/crash/__main__.py. A kill cannot be caught: what a module does on a host goes on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: kill_at
type: aggregate
short_description: Kill the controller at one task
description: For the tests of this collection only.
"""

DURING_SECONDS = 0.25
ROOT = Path(__file__).resolve().parents[2]
Task = Any


class CallbackModule(CallbackBase):
    """Counts tasks, writes down which of them changed something, and kills at the one that is asked for."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kill_at"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.when = os.environ.get("KILL_WHEN", "")
        self.wanted = os.environ.get("KILL_TASK", "")
        self.left = int(os.environ.get("KILL_NTH", "1"))
        self.log = os.environ.get("KILL_LOG", "")
        self.number = -1
        self.here = False
        # Only where tasks are noted with what the estate was before each: it takes half a second.
        self.snapshot = os.environ.get("KILL_SNAPSHOT", "") == "yes"

    def v2_playbook_on_task_start(self, task: Task, is_conditional: bool) -> None:
        """A task begins; the one before it has ended."""
        if self.here and self.when == "after":
            self.kill()
        self.number += 1
        name = task.get_name()
        self.write({"number": self.number, "task": name, **self.estate()})
        self.left -= bool(self.wanted) and self.wanted in name
        self.here = bool(self.wanted) and self.wanted in name and self.left == 0
        if not self.here:
            return
        if self.when == "before":
            self.kill()
        if self.when == "during":
            threading.Timer(DURING_SECONDS, self.kill).start()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Write down what changed something."""
        if result._result.get("changed"):
            self.write({"number": self.number, "changed": result._host.get_name()})

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The last task has ended."""
        self.write({"number": self.number + 1, "task": "", **self.estate()})

    def estate(self) -> dict[str, str]:
        """The estate as it is now, where that is wanted."""
        if not self.snapshot:
            return {}
        found = subprocess.run(
            [sys.executable, "-m", "tests.crash.estate"], capture_output=True, text=True, check=True, cwd=ROOT
        )
        return {"estate": found.stdout.splitlines()[-1]}

    def write(self, line: dict[str, Any]) -> None:
        """Append a line to the log, if one is asked for."""
        if self.log:
            with open(self.log, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")

    def kill(self) -> None:
        """Kill this process group: Ansible, its workers and its connections; no host is told."""
        os.killpg(os.getpgrp(), signal.SIGKILL)
