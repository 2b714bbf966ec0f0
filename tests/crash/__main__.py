# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook whose controller is killed at one task.

Usage: python -m tests.crash WHEN TASK COMMAND...

    WHEN: before, during or after. TASK: a part of the task's name, with #N behind it the N-th of them.
Exit code 0 when the run was killed there; 1 when it ended by itself: then the task was never reached.
"""

from __future__ import annotations

import sys

from tests.crash.killed import killed

if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in ("before", "during", "after"):
        sys.exit(__doc__)
    name, _, nth = sys.argv[2].partition("#")
    run = killed(sys.argv[1], name, sys.argv[3:], int(nth or "1"))
    print(run.output)
    sys.exit(0 if run.killed else f"expected a kill {sys.argv[1]} «{sys.argv[2]}», found exit code {run.code}")
