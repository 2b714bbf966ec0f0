# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The health of both slots of one host, asked at once: before it is known which of them users will go to."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.http_client import Endpoint, Request
from ansible_collections.bluegreen.release.plugins.module_utils.http_eval import Answer
from ansible_collections.bluegreen.release.plugins.module_utils.http_run import Clock, Send, StepSequence

# How long a slot is waited for once the other has passed: users wait for this look, and one of the two is often ill.
GRACE_SECONDS = 1.0

Health = dict[str, Any]


def ask(sequence: StepSequence, send: Send, version_header: str) -> Health:
    """Send the steps once: ``{passed, reason, version}``; the version is empty where no answer names one."""
    version = ""

    def noting(request: Request) -> Answer:
        nonlocal version
        answer = send(request)
        version = answer.headers.get(version_header.lower(), version) if version_header else ""
        return answer

    reading = sequence.run(noting, Clock())
    if reading.passed and version_header and not version:
        return {"passed": False, "reason": f"expected header {version_header}, found none", "version": ""}
    return {"passed": reading.passed, "reason": reading.reason, "version": version}


def ask_all(asks: Mapping[str, Callable[[], Health]], grace_seconds: float = GRACE_SECONDS) -> dict[str, Health]:
    """Ask every slot at once. One that has not answered so long after another passed is not waited for."""
    answers: queue.SimpleQueue[tuple[str, Health]] = queue.SimpleQueue()
    for slot, one in asks.items():
        # Daemons: Python does not wait at its end for one that hangs, as it would for those of a pool.
        threading.Thread(target=lambda slot=slot, one=one: answers.put((slot, one())), daemon=True).start()
    late = f"no answer, {grace_seconds:g} s after the other slot gave its own"
    found: dict[str, Health] = {}
    until: float | None = None
    while len(found) < len(asks):
        try:
            slot, health = answers.get(timeout=None if until is None else max(until - time.monotonic(), 0.001))
        except queue.Empty:
            break
        found[slot] = health
        if health["passed"] and until is None:
            until = time.monotonic() + grace_seconds
    return {slot: found.get(slot) or {"passed": False, "reason": late, "version": ""} for slot in asks}


def asking(
    url: str, steps: list[dict[str, Any]], version_header: str, secrets: list[str], validate_certs: bool
) -> Callable[[], Health]:
    """The asking of one slot by its URL. Raises ValueError for a URL that is none."""
    endpoint = Endpoint(url, {}, validate_certs, "", "")
    sequence = StepSequence(steps, {}, secrets)
    return lambda: ask(sequence, endpoint.send, version_header)
