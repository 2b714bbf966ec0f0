# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdict on a slot by its signals, and why: pure, by what was read and by nothing else.

P0 is proved by any time up to now that is no longer than the signal's window (or, where that has too few observations,
that is as long as min_sample needs), and at once. P1 is proved by the window alone, and must last for for_seconds. Both
need 99.9 % confidence, so that few observations prove neither; what proves nothing is insufficient, never a pass. What
passes is said in signal_pass. Only the slot that is judged counts, and what is of no slot; the worst signal that votes
is the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils import signal_words
from ansible_collections.bluegreen.release.plugins.module_utils.signal import Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_estimate import estimate
from ansible_collections.bluegreen.release.plugins.module_utils.signal_finding import Finding
from ansible_collections.bluegreen.release.plugins.module_utils.signal_pass import lack
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading
from ansible_collections.bluegreen.release.plugins.module_utils.signal_tally import Tally
from ansible_collections.bluegreen.release.plugins.module_utils.signal_track import Track, bounds_of

PASS, INSUFFICIENT, P1, P0 = VERDICTS = ("pass", "insufficient", "p1", "p0")


class Sample(NamedTuple):
    """All readings of one look. at: seconds since the watch began, by a clock that does not jump."""

    at: float
    readings: Sequence[Reading]


class Judgement(NamedTuple):
    """verdict: the worst of all signals that vote. sentence: why, and what would have changed it."""

    verdict: str
    sentence: str
    findings: Sequence[Finding]

    def document(self) -> dict[str, Any]:
        """As the record of a release keeps it: JSON, with null where there is no number."""
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "signals": [finding.document() for finding in self.findings],
        }


class Judge:
    """Takes samples one after the other, and can say at any time what they are worth.

    slot: that is judged. baseline: by signal, what the live slot had before the switch.
    """

    def __init__(self, signals: Sequence[Signal], slot: str, baseline: Mapping[str, float] | None = None) -> None:
        self._slot = slot
        known = baseline or {}
        self._tracks = [Track(signal, bounds_of(signal, known.get(signal.name))) for signal in signals]

    def take(self, sample: Sample) -> None:
        """Take the readings of one look; those of the other slot, and of signals not known here, count for nothing."""
        for track in self._tracks:
            name = track.signal.name
            track.take(sample.at, [one for one in sample.readings if one.signal == name and self._of_slot(one)])

    def _of_slot(self, reading: Reading) -> bool:
        return reading.slot in (self._slot, "")

    def judgement(self) -> Judgement:
        """What all samples so far are worth, as if the watch ended now."""
        findings = [_finding(track) for track in self._tracks]
        voting = [finding for finding in findings if finding.signal.voting]
        verdict = max((finding.verdict for finding in voting), key=VERDICTS.index, default=INSUFFICIENT)
        return Judgement(verdict, signal_words.sentence(verdict, voting, self._slot), findings)


def judge(
    signals: Sequence[Signal], samples: Iterable[Sample], slot: str, baseline: Mapping[str, float] | None = None
) -> Judgement:
    """The judgement of a whole watch."""
    one = Judge(signals, slot, baseline)
    for sample in samples:
        one.take(sample)
    return one.judgement()


def baseline_of(signals: Sequence[Signal], samples: Iterable[Sample], slot: str) -> dict[str, float]:
    """What the signals of a slot were, of those of which there were enough observations."""
    readings = [reading for sample in samples for reading in sample.readings if reading.slot in (slot, "")]
    found: dict[str, float] = {}
    for signal in signals:
        tally = Tally(signal, [reading for reading in readings if reading.signal == signal.name])
        value = estimate(tally).value
        if tally.sample >= signal.min_sample and math.isfinite(value):
            found[signal.name] = value
    return found


def _finding(track: Track) -> Finding:
    signal, bounds = track.signal, track.bounds
    recent, whole = estimate(track.recent), estimate(track.total)
    missing = None if track.broken else lack(track, whole)
    verdict = track.broken.name.lower() if track.broken else INSUFFICIENT if missing else PASS
    return Finding(signal, verdict, bounds, recent, whole, track.span_seconds, track.broken, missing)
