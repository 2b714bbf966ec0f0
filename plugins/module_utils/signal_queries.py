# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The signals of Prometheus: their queries, asked side by side, and the readings of the answers."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.bluegreen.release.plugins.module_utils import signal_answers
from ansible_collections.bluegreen.release.plugins.module_utils.signal_answers import Span
from ansible_collections.bluegreen.release.plugins.module_utils.signal_places import Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_prometheus import Found
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading

Key = tuple[str, str]
Instant = Callable[[str, "float | None", float], Found]


def queries(signals: Sequence[Signal], slots: Sequence[str], window_seconds: float) -> dict[tuple[str, str], str]:
    """The query of each signal of Prometheus by its name and slot, ``{slot}`` and ``{window}`` (``30s``) filled in.

    One that does not name the slot is asked once, and is of none.
    """
    found: dict[tuple[str, str], str] = {}
    for signal in signals:
        if signal.source == "prometheus":
            query = str(signal.details["query"]).replace("{window}", f"{max(round(window_seconds), 1)}s")
            for slot in slots if "{slot}" in query else [""]:
                found[(signal.name, slot)] = query.replace("{slot}", slot)
    return found


def ask_all(instant: Instant, asked: Mapping[Key, str], seconds: float) -> dict[Key, Found]:
    """What each query gives now, within so many seconds. Never raises.

    instant: as signal_prometheus.Server has it; each query once, whoever asks for it.
    """
    deadline = time.monotonic() + seconds
    answers: queue.SimpleQueue[tuple[str, Found]] = queue.SimpleQueue()
    wanted = set(asked.values())
    for query in wanted:
        # Daemons: Python does not wait at its end for one that hangs, as it would for those of a pool.
        threading.Thread(
            target=lambda query=query: answers.put((query, _ask(instant, query, deadline))), daemon=True
        ).start()
    found: dict[str, Found] = {}
    while len(found) < len(wanted):
        try:
            query, answer = answers.get(timeout=max(deadline + _GRACE_SECONDS - time.monotonic(), 0.001))
        except queue.Empty:
            break
        found[query] = answer
    late = Found(problem=f"expected an answer of Prometheus within {seconds:g} s, found none")
    return {key: found.get(query, late) for key, query in asked.items()}


# A question that notices by itself that time is over says more than that it is late.
_GRACE_SECONDS = 0.1


def _ask(instant: Instant, query: str, deadline: float) -> Found:
    try:
        return instant(query, None, max(deadline - time.monotonic(), 0.001))
    except Exception as error:  # whatever was not foreseen is a problem of this query, and of no other
        return Found(problem=f"expected an answer of Prometheus, found {type(error).__name__}: {error}")


def readings(found: Mapping[Key, Found], place: str, ended: float, seconds: float) -> list[Reading]:
    """One reading of each. place: which Prometheus it was, for people. seconds: the window that the queries look at."""
    return [
        signal_answers.of_prometheus(Span(signal, place, slot, ended, seconds), one)
        for (signal, slot), one in found.items()
    ]
