# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules that users wait for, or that run at every step of a release, as a program that is resident on each host.

Ansible sends a module and all that it imports with every task, and the host compiles it anew each time: most of what a
short task takes. This program is installed with the lock of a release, compiled. Its name says which code it holds, so
a controller with another version does not find it, and sends the module as ever. Importing dataclasses takes a fifth of
what is left, so no module that a proxy imports here has one.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence

from ansible_collections.bluegreen.release.plugins.module_utils import fence

NAME = "resident"
KEPT = 2
# Each in a file of its own, which only its runs import: most of a run's time is what it imports.
ACTS: Mapping[str, str] = {
    "nginx_switch": "nginx_switching",
    "release_lock": "lock_taking",
    "release_record": "record_writing",
    "rollback_look": "rollback_looking",
    "signal_readings": "signal_asking",
}


def _sources() -> dict[str, str]:
    # Only where it is installed or named: the program itself does not hold what makes it.
    from ansible_collections.bluegreen.release.plugins.module_utils import program, resident_parts

    return program.sources((*resident_parts.PARTS, sys.modules[__name__]), sys.modules[__name__])


def file_name() -> str:
    """The name of the program that holds this very code."""
    from ansible_collections.bluegreen.release.plugins.module_utils import program

    return f"{NAME}.{program.version(_sources())}"


def install(directory: str) -> None:
    """Have the program in the state directory, and none that is older than the one before. OSError when it cannot."""
    from ansible_collections.bluegreen.release.plugins.module_utils import program

    path = os.path.join(directory, file_name())
    if os.path.exists(path):
        return
    shebang = f"#!{sys.executable} -IS\n".encode()
    fence.write_durably(path, shebang + program.archive(_sources(), compiled=True), 0o755)
    names = (os.path.join(directory, name) for name in os.listdir(directory) if name.startswith(f"{NAME}."))
    for old in sorted(names, key=os.path.getmtime, reverse=True)[KEPT:]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(old)


def main(arguments: Sequence[str]) -> int:
    """Do what the module named by the first argument does; its parameters, and check_mode, are JSON on standard input.

    Prints the result as JSON. The exit code is 0 whatever the result.
    """
    asked = json.load(sys.stdin)
    module = importlib.import_module(f"{__name__.rpartition('.')[0]}.{ACTS[arguments[1]]}")
    print(json.dumps(module.act(asked["params"], asked["check_mode"])))
    return 0
