# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Four modules that users wait for, or a release runs at every step, as a program that is resident on each host.

Ansible sends a module and all that it imports with every task, and the host compiles it anew each time: most of what a
short task takes. This program is installed with the lock of a release, compiled. Its name says which code it holds, so
a controller with another version does not find it, and sends the module as ever.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import (
    configuration,
    fence,
    http_client,
    http_eval,
    http_run,
    lock,
    lock_taking,
    nginx_flags,
    nginx_http,
    nginx_probe,
    nginx_switching,
    record,
    record_writing,
    rollback_looking,
    slot_health,
    source,
    spool,
    state_directory,
    tls,
    transitions,
)

NAME = "resident"
KEPT = 2
ACTS: Mapping[str, Callable[[Any, bool], dict[str, Any]]] = {
    "nginx_switch": nginx_switching.act,
    "release_lock": lock_taking.act,
    "release_record": record_writing.act,
    "rollback_look": rollback_looking.act,
}
_MODULES = (
    configuration, fence, http_client, http_eval, http_run, lock, lock_taking, nginx_flags, nginx_http, nginx_probe,
    nginx_switching, record, record_writing, rollback_looking, slot_health, source, spool, state_directory, tls,
    transitions,
)  # fmt: skip


def _sources() -> dict[str, str]:
    # Only where it is installed or named: the program itself does not hold what makes it.
    from ansible_collections.bluegreen.release.plugins.module_utils import program

    return program.sources((*_MODULES, sys.modules[__name__]), sys.modules[__name__])


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
    print(json.dumps(ACTS[arguments[1]](asked["params"], asked["check_mode"])))
    return 0
