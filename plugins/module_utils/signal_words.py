# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A verdict in one sentence, and a sample in one line, for people. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ansible_collections.bluegreen.release.plugins.module_utils import signal_statistics
from ansible_collections.bluegreen.release.plugins.module_utils.signal import FAILED, GAUGE, QUANTILE, Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_estimate import (
    BROKEN_DOUBT,
    WITHIN_DOUBT,
    Estimate,
)
from ansible_collections.bluegreen.release.plugins.module_utils.signal_finding import Finding
from ansible_collections.bluegreen.release.plugins.module_utils.signal_numbers import words
from ansible_collections.bluegreen.release.plugins.module_utils.signal_track import Broken

_SHARES = {FAILED: "failed", QUANTILE: "were slower"}


def sentence(verdict: str, findings: Sequence[Finding], slot: str) -> str:
    """Which signal, over which time, against which bound, and what would have changed it. findings: that vote.

    The same whatever the order of the signals: of several with this verdict, the one furthest from its bound.
    """
    of_verdict = sorted((one for one in findings if one.verdict == verdict), key=_pressing)
    if not of_verdict:
        return f"No signal of {slot} votes, so nothing can pass."
    first = of_verdict[0]
    if first.broken:
        return f"{verdict.upper()}: {_broken(first.signal, first.broken, slot)}{_others(of_verdict)}."
    if first.lack:
        name = first.signal.name
        return f"Insufficient: {name} of {slot}: {first.lack.why}; {first.lack.change} changed it{_others(of_verdict)}."
    return _passed(first, len(findings), slot)


def _pressing(finding: Finding) -> tuple[float, str]:
    return -_ratio(finding), finding.signal.name


def _ratio(finding: Finding) -> float:
    """How many times its bound a signal is: the broken one, or the norm."""
    estimate, bound = finding.whole, finding.bounds.norm
    if finding.broken:
        estimate, bound = finding.broken.estimate, finding.broken.bound
    return estimate.value / bound if bound and math.isfinite(estimate.value) else 0.0


def _others(findings: Sequence[Finding]) -> str:
    names = [one.signal.name for one in findings[1:]]
    return f" (and so {', '.join(names)})" if names else ""


def _broken(signal: Signal, broken: Broken, slot: str) -> str:
    bound = words(broken.bound, signal.unit)
    lasted = ""
    if broken.name == "P1":
        lasted = f", for {broken.lasted_seconds:.0f} s of at least {signal.for_seconds:.0f} s"
    when = f"{_span(broken.span_seconds)} up to second {broken.at:.0f}"
    return (
        f"{signal.name} of {slot}, {when}: {measured(signal, broken.estimate)},"
        f" above the bound of {bound}{lasted}; {_changed(signal, broken)}"
    )


def _span(seconds: float) -> str:
    return f"over {seconds:.0f} s" if seconds >= 1 else "within a second"


def measured(signal: Signal, estimate: Estimate) -> str:
    """What was measured, with what is behind it: ``9.2 % (14 of 152 failed), at least 5.1 %``."""
    if math.isnan(estimate.value):
        return estimate.problem or "no number"
    value = words(estimate.value, signal.unit)
    surely = f", at least {words(estimate.low, signal.unit)} (99.9 % sure)" if math.isfinite(estimate.low) else ""
    if signal.measure == FAILED:
        return f"{value} ({estimate.failed} of {estimate.size} failed){surely}"
    if signal.measure == QUANTILE:
        return f"{quantile(signal)} {value} of {estimate.size}{surely}"
    readings = f"{estimate.size} reading{'' if estimate.size == 1 else 's'}"
    return f"{value} (median of {readings})" if signal.measure == GAUGE else f"{value} ({readings})"


def quantile(signal: Signal) -> str:
    """The name of a quantile: ``p95``."""
    return f"p{signal.quantile * 100:g}"


def _changed(signal: Signal, broken: Broken) -> str:
    """What would not have broken the bound."""
    count, bound, name = broken.estimate.size, words(broken.bound, signal.unit), broken.name
    if signal.measure == FAILED:
        most = signal_statistics.fewest_above(count, broken.bound, BROKEN_DOUBT) - 1
        return f"{most} of {count} failed would not have proved {name}, {broken.estimate.failed} did"
    if signal.measure == QUANTILE:
        most = signal_statistics.fewest_above(count, 1 - signal.quantile, BROKEN_DOUBT) - 1
        return f"{most} of {count} slower than {bound} would not have proved {name}, {broken.above} did"
    return f"up to {bound} it would not have been {name}"


def _passed(nearest: Finding, count: int, slot: str) -> str:
    signal, norm, whole = nearest.signal, nearest.bounds.norm or 0.0, nearest.whole
    subject = f"all {count} voting signals of {slot} are" if count > 1 else f"the one voting signal of {slot} is"
    single = ", but for a single failure, which is no rate" if whole.value >= norm else ""
    return (
        f"Passed: {subject} within the norm{single}; nearest to it is {signal.name}: {_measured_most(signal, whole)};"
        f" {_failing(nearest, norm)} would not have passed."
    )


def _failing(finding: Finding, norm: float) -> str:
    """The least that would not have passed."""
    signal, count = finding.signal, finding.whole.size
    if signal.measure != FAILED:
        return f"{words(norm, signal.unit)} or more"
    fewest = max(math.ceil(round(norm * count, 9)), 2)
    if finding.bounds.next:
        fewest = min(fewest, signal_statistics.most_below(count, finding.bounds.next[1], WITHIN_DOUBT) + 1)
    return f"{fewest} of {count} failed"


def _measured_most(signal: Signal, estimate: Estimate) -> str:
    """What was measured, with the end that lets it pass."""
    plain = measured(signal, estimate._replace(low=-math.inf))
    most = math.isfinite(estimate.high) and signal.measure in _SHARES
    return f"{plain}, at most {words(estimate.high, signal.unit)} (95 % sure)" if most else plain


def line(findings: Sequence[Finding], verdict: str, number: int, left_seconds: float) -> str:
    """One sample in one line: how long there is left, the verdict so far, and the recent number of all that vote."""
    shown = ", ".join(f"{one.signal.name} {_brief(one)}" for one in findings if one.signal.voting)
    return f"{_left(left_seconds)} left, sample {number}, {verdict} so far: {shown}"


def _brief(finding: Finding) -> str:
    signal, recent = finding.signal, finding.recent
    if finding.broken:
        return f"{words(finding.broken.estimate.value, signal.unit)} {finding.broken.name}"
    if math.isnan(recent.value):
        return "-"
    of = f" of {recent.size}" if signal.measure in _SHARES else ""
    return words(recent.value, signal.unit) + of


def _left(seconds: float) -> str:
    whole = max(math.ceil(seconds), 0)
    return f"{whole // 60}:{whole % 60:02d}"
