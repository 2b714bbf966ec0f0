# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was found of one signal. Data only."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.signal import Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_estimate import Estimate
from ansible_collections.bluegreen.release.plugins.module_utils.signal_pass import Lack
from ansible_collections.bluegreen.release.plugins.module_utils.signal_track import Bounds, Broken


class Finding(NamedTuple):
    """One signal's own verdict. recent: over the last span_seconds. whole: since the watch began.

    broken: the bound that was, of p0 and p1. lack: what is missing for a pass, of insufficient.
    """

    signal: Signal
    verdict: str
    bounds: Bounds
    recent: Estimate
    whole: Estimate
    span_seconds: float
    broken: Broken | None = None
    lack: Lack | None = None

    def document(self) -> dict[str, Any]:
        """As the record keeps it; values in the signal's unit."""
        broken, bounds = self.broken, self.bounds
        return {
            "name": self.signal.name,
            "kind": self.signal.kind,
            "unit": self.signal.unit,
            "voting": self.signal.voting,
            "verdict": self.verdict,
            "bounds": {"norm": bounds.norm, "p1": bounds.p1, "p0": bounds.p0},
            "whole": _document(self.whole),
            "recent": {**_document(self.recent), "seconds": round(self.span_seconds, 3)},
            "broken": {
                "name": broken.name.lower(),
                "bound": broken.bound,
                "at_seconds": round(broken.at, 3),
                "lasted_seconds": round(broken.lasted_seconds, 3),
                "seconds": round(broken.span_seconds, 3),
                **_document(broken.estimate),
            }
            if broken
            else None,
            "why": self.lack.why if self.lack else "",
        }


def _document(estimate: Estimate) -> dict[str, Any]:
    """No infinity and no NaN: JSON has none."""
    numbers = {name: getattr(estimate, name) for name in ("value", "low", "high")}
    plain = {name: number if math.isfinite(number) else None for name, number in numbers.items()}
    return {**plain, "count": estimate.size, "failed": estimate.failed, "problem": estimate.problem}
