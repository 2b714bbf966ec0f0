# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a signal does not pass, though no bound of it is broken. Pure.

A signal passes by everything that was read since the watch began, when all of this holds:
- at least min_sample observations, and readings of at least half of the time;
- each place that was ever asked has answered within the window, and its last answer was whole;
- the number is below the norm. Of a share, a single failure does not take it out of its norm: one failure is no rate,
  and with a norm of 0.1 % it would take a good release with less than 1,000 requests out of it;
- the upper end is not above the next bound: with a norm of 0.1 % and a P1 of 1 %, 299 requests without a failure do,
  or 473 with one. With a norm alone, min_sample says how many are enough;
- what is recent is not proved to be out of the norm, so that a good beginning does not hide a bad end.
"""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils import signal_statistics
from ansible_collections.bluegreen.release.plugins.module_utils.signal import FAILED, QUANTILE
from ansible_collections.bluegreen.release.plugins.module_utils.signal_estimate import (
    WITHIN_DOUBT,
    Estimate,
    estimate,
    proves,
)
from ansible_collections.bluegreen.release.plugins.module_utils.signal_numbers import words
from ansible_collections.bluegreen.release.plugins.module_utils.signal_track import Track

_MOST_SEARCHED = 1 << 24


class Lack(NamedTuple):
    """What is missing for a pass, and what would have changed that."""

    why: str
    change: str


def lack(track: Track, whole: Estimate) -> Lack | None:
    """What is missing for a pass; None when nothing is. whole: the estimate of everything since the watch began."""
    return _unread(track, whole) or _unproved(track, whole)


def _unread(track: Track, whole: Estimate) -> Lack | None:
    signal, total = track.signal, track.total
    if not total.readings:
        problem = next(iter(total.problems.values()), "no reading was given")
        return Lack(f"nothing of it was read: {problem}", "a reading would have")
    if whole.problem:
        return Lack(whole.problem, "a number would have")
    noun = "observations" if signal.measure in (FAILED, QUANTILE) else "readings"
    if total.sample < signal.min_sample:
        missing = signal.min_sample - total.sample
        return Lack(f"it has {total.sample} of at least {signal.min_sample} {noun}", f"{missing} more might have")
    if track.read_seconds * 2 < track.seconds:
        why = f"it was read for only {track.read_seconds:.0f} of {track.seconds:.0f} s"
        return Lack(why, "readings of half of that time might have")
    silent = sorted(place for place in {*total.readings, *total.problems} if not _covered(place, track))
    if silent:
        problem = total.problems.get(silent[0], "it says nothing more")
        return Lack(
            f"{silent[0]} gave nothing in the last {track.span_seconds:.0f} s: {problem}", "its reading might have"
        )
    if track.latest.partial:
        place = min(track.latest.partial)
        return Lack(f"{place} was not read to its end: {track.latest.problems[place]}", "the rest of it might have")
    return None


def _covered(place: str, track: Track) -> bool:
    """Whether it has answered lately; a host also does by what is on it: ``app1`` by ``app1 shop-green-api-1``."""
    # What fails as a whole has no place.
    return not place or any(one == place or one.startswith(place + " ") for one in track.recent.readings)


def _unproved(track: Track, whole: Estimate) -> Lack | None:
    signal, bounds = track.signal, track.bounds
    if bounds.norm is None:
        return Lack("it has no norm", "a norm would have")
    norm = words(bounds.norm, signal.unit)
    if whole.value >= bounds.norm and whole.failed != 1:
        found = words(whole.value, signal.unit)
        return Lack(f"{found} is not within the norm of less than {norm}", "a value below the norm might have")
    if proves(track.recent, bounds.norm):
        found = words(estimate(track.recent).value, signal.unit)
        why = f"in the last {track.span_seconds:.0f} s it was {found}, out of the norm of less than {norm}"
        return Lack(why, "an end within the norm would have")
    if bounds.missing:
        return Lack(bounds.missing, "a baseline would have")
    if bounds.next and whole.high > bounds.next[1]:
        return _not_excluded(track, whole, *bounds.next)
    return None


def _not_excluded(track: Track, whole: Estimate, name: str, bound: float) -> Lack:
    signal = track.signal
    upper = words(whole.high, signal.unit)
    begins = f"and {name} begins above {words(bound, signal.unit)}"
    if signal.measure not in (FAILED, QUANTILE):
        return Lack(f"it can still be {upper}, {begins}", "lower readings would have")
    if signal.measure == QUANTILE:
        return Lack(f"of {whole.size} observations it can still be {upper}, {begins}", "more, as fast, would have")
    bad = whole.failed or 0
    needed = _needed(bad, whole.size, bound)
    more = f"{needed - whole.size} more" if needed else "many more"
    return Lack(f"{bad} failed of {whole.size} can still be {upper}, {begins}", f"{more} without a failure would have")


def _needed(bad: int, count: int, bound: float) -> int | None:
    """How many observations with so many failures have their upper end at the bound or below; None for too many."""
    low, high = count, max(count, 1)
    while signal_statistics.at_most(bad, high, bound) > WITHIN_DOUBT:
        low, high = high, high * 2
        if high > _MOST_SEARCHED:
            return None
    while low < high:
        middle = (low + high) // 2
        if signal_statistics.at_most(bad, middle, bound) > WITHIN_DOUBT:
            low = middle + 1
        else:
            high = middle
    return high
