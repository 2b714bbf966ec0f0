# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hosts and Prometheus answered, as readings: pure. What is missing, late or strange becomes a problem."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils import signal_exposition
from ansible_collections.bluegreen.release.plugins.module_utils.signal_exposition import Samples
from ansible_collections.bluegreen.release.plugins.module_utils.signal_prometheus import Found
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading
from ansible_collections.bluegreen.release.plugins.module_utils.signal_selector import Selector

Answer = Mapping[str, Any]


class Span(NamedTuple):
    """Of what a reading is: signal, place and slot as in Reading, and its time by the controller's clock.

    seconds: how long it was by a clock that does not jump. Zero at a first reading, when nothing can have grown yet.
    """

    signal: str
    place: str
    slot: str
    ended: float
    seconds: float

    def reading(self, **found: Any) -> Reading:
        """A reading with these values."""
        return Reading(self.signal, self.place, self.slot, self.ended - self.seconds, self.ended, **found)

    def problem(self, text: str) -> Reading:
        """A reading with nothing but this problem."""
        return self.reading(problem=text)


_FIRST = "this is the first look: what has grown shows at the second"


def of_access_log(span: Span, answer: Answer, prefix: str) -> list[Reading]:
    """Requests of the span's slot under a prefix of paths: durations, how many, how many failed; value is each second.

    A log that could not be read to its end in time gives a second reading with that problem: what is not read yet may
    be the worse part. Lines that are none do the same where there are no others.
    """
    if answer.get("problem"):
        return [span.problem(str(answer["problem"]))]
    found = (answer["paths"].get(prefix) or {}).get(span.slot) or {}
    requests, malformed = int(found.get("requests") or 0), int(answer.get("malformed") or 0)
    if malformed and not any(slots for slots in answer["paths"].values()):
        return [span.problem(f"expected lines of nginx_switchover's own log format, found {malformed} other ones")]
    if span.seconds <= 0:
        return [span.problem(_FIRST)]
    durations = {int(one): int(count) for one, count in (found.get("milliseconds") or {}).items()}
    readings = [
        span.reading(
            value=requests / span.seconds, count=requests, failed=int(found.get("failed") or 0), milliseconds=durations
        )
    ]
    if answer.get("behind_bytes"):
        readings.append(span.problem(f"the log is {answer['behind_bytes']} bytes ahead of its reading"))
    return readings


def of_probe(span: Span, answer: Answer) -> Reading:
    """One probe: value 1 where the service is available, 0 where it is not."""
    if answer.get("problem"):
        return span.problem(str(answer["problem"]))
    took = {round(float(answer["seconds"]) * 1000): 1}
    return span.reading(value=float(answer["ok"]), count=1, failed=int(not answer["ok"]), milliseconds=took)


def of_containers(span: Span, answer: Answer, resource: str) -> list[Reading]:
    """Each container's use of its own limit in percent. resource: ``cpu`` or ``memory``."""
    readings = []
    for named, found in _containers(span, answer):
        trouble = found.get("problem") or found.get(f"{resource}_problem")
        value = found.get(f"{resource}_percent")
        readings.append(named.problem(str(trouble)) if trouble else named.reading(value=value, count=1))
    return readings or [span.problem(str(answer.get("problem") or "expected containers, found none"))]


def of_container_logs(span: Span, answer: Answer) -> list[Reading]:
    """Each container's error lines since the last time, as value; count is all its lines."""
    readings = []
    for named, found in _containers(span, answer):
        if found.get("problem"):
            readings.append(named.problem(str(found["problem"])))
            continue
        if span.seconds <= 0:
            readings.append(named.problem(_FIRST))
            continue
        readings.append(named.reading(value=float(found["errors"]), count=int(found["lines"])))
        if found.get("cut"):
            readings.append(named.problem("it logs more than can be read in time"))
    return readings or [span.problem(str(answer.get("problem") or "expected containers, found none"))]


def _containers(span: Span, answer: Answer) -> list[tuple[Span, Answer]]:
    found = answer.get("containers") or {}
    return [(span._replace(place=f"{span.place} {name}"), one) for name, one in sorted(found.items())]


def of_prometheus(span: Span, found: Found) -> Reading:
    """The number that a query gave."""
    if found.problem or found.value is None:
        return span.problem(found.problem or "expected a number, found none")
    return span.reading(value=found.value, count=1)


def of_exposition(
    span: Span, answer: Answer, before: Samples | None, after: Samples, selector: Selector, how: str,
    failures: Sequence[Selector] = (),
) -> Reading:  # fmt: skip
    """What a metric says. how: ``gauge``; ``counter``, growth and, as value, growth each second; ``share``, a counter
    of which those of *failures* failed; ``histogram``, its buckets.

    before, after: the samples of the last answer that had any, None at the first, and of this one.
    """
    if answer.get("problem"):
        return span.problem(str(answer["problem"]))
    for metric in (selector.metric, *(one.metric for one in failures)):
        if metric in (answer.get("missing") or {}):
            return span.problem(_missing(metric, answer["missing"][metric]))
    try:
        if how == "gauge":
            return span.reading(value=signal_exposition.gauge(after, selector), count=1)
        if before is None or span.seconds <= 0:
            return span.problem(_FIRST)
        if how == "histogram":
            grown = signal_exposition.buckets(before, after, selector)
            return span.reading(count=grown[math.inf], buckets=grown)
        return _grown(span, before, after, selector, failures if how == "share" else None)
    except signal_exposition.SampleError as error:
        return span.problem(str(error))


def _grown(
    span: Span, before: Samples, after: Samples, selector: Selector, failures: Sequence[Selector] | None
) -> Reading:
    """The growth of a counter, and how much of it failed. Raises SampleError."""
    signal_exposition.check_labels(after, selector)
    grown = signal_exposition.increase(before, after, selector).value
    if failures is None:
        return span.reading(value=grown / span.seconds, count=round(grown))
    for one in failures:
        signal_exposition.check_labels(after, one)
    failed = sum(signal_exposition.increase(before, after, one).value for one in failures)
    return span.reading(value=grown / span.seconds, count=round(grown), failed=min(round(failed), round(grown)))


def _missing(metric: str, near: Sequence[str]) -> str:
    words = f": is it {' or '.join(near)}?" if near else ""
    return f"expected metric {metric}, found none of that name{words}"


def wanted(selector: Selector, failures: Sequence[Selector] = ()) -> list[dict[str, Any]]:
    """The metrics that an ask of kind ``exposition`` must name for a reading of these selectors."""
    # All series of what is compared are needed: which labels they have is looked at.
    own = {selector.metric: {} if failures else selector.equal()}
    own.update({one.metric: {} for one in failures})
    return [{"metric": metric, "labels": labels} for metric, labels in own.items()]
