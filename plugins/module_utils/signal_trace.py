# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A watch as the record of a release keeps it: the judgement, and of each sample a number for each signal; pure.

What was read at each place is a hundred times as much, and stays in the result of the task.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.signal import Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_judge import Judge, Sample

# Of a verdict in the record; there are others, of the standby.
NAME = "golden_signals"


def trace(signals: Sequence[Signal], samples: Iterable[Sample], slot: str) -> list[dict[str, Any]]:
    """Each sample: when, the verdict so far, and of each signal the number of its window where it had one."""
    judge = Judge(signals, slot)
    found = []
    for sample in samples:
        judge.take(sample)
        judgement = judge.judgement()
        values = {
            one.signal.name: float(f"{one.recent.value:.6g}")
            for one in judgement.findings
            if math.isfinite(one.recent.value)
        }
        found.append({"at_seconds": round(sample.at, 3), "verdict": judgement.verdict, "values": values})
    return found


def entry(result: Mapping[str, Any]) -> dict[str, Any]:
    """The entry in the record's verdicts, from the result of golden_signals."""
    kept = ("verdict", "slot", "seconds", "extended", "signals", "queries", "samples")
    return {"name": NAME, "reason": result["sentence"], **{key: result[key] for key in kept}}


def unrecorded(document: Mapping[str, Any], result: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The entries that a record has yet to learn; result: of golden_signals, None where it did not run."""
    known = any(one.get("name") == NAME for one in document.get("verdicts") or [])
    return [entry(result)] if result and "verdict" in result and not known else []
