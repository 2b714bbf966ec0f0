# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the team is to be told, left on the proxy as one file per event until it has been told.

The record says the same, so an event that cannot be left is no more than late.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.fence import write_durably

SPOOL = "spool"
KEPT = 50
# What an event takes from the record: names and figures, nothing that is anybody's secret.
_FROM_RECORD = (
    "release_id", "sequence", "application", "environment", "version", "from_version", "phase", "outcome", "failure",
)  # fmt: skip


def users_back(document: Mapping[str, Any], slot: str, host: str, problem: str) -> dict[str, Any]:
    """The event that users of the proxy *host* are back on *slot*, or, with a *problem*, that this is not proved.

    Of the record it has release_id, sequence, application, environment, version, from_version, phase, outcome and
    failure, and who went back: at, actor and run.
    """
    last = document["transitions"][-1]
    return {
        "event": "users_back",
        "host": host,
        "slot": slot,
        "proved": not problem,
        "problem": problem,
        **{name: document[name] for name in _FROM_RECORD},
        **{name: last[name] for name in ("at", "actor", "run")},
    }


def leave(directory: str, event: Mapping[str, Any]) -> bool:
    """Leave *event* in the spool of the state directory, once. Whether it was not there yet. OSError when it cannot.

    Files are named release_id.sequence.event.json. The oldest beyond the newest 50 go, told or not.
    """
    folder = os.path.join(directory, SPOOL)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    path = os.path.join(folder, f"{event['release_id']}.{event['sequence']:06d}.{event['event']}.json")
    content = json.dumps(event, indent=1, sort_keys=True).encode() + b"\n"
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as stream:
        if stream.read() == content:
            return False
    write_durably(path, content, 0o600)
    for name in sorted(os.listdir(folder))[:-KEPT]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))
    return True
