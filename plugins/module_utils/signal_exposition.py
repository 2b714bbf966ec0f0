# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What two looks at an exposition say of the time between them: pure, by prometheus_client's parser.

Only on the controller, where that library is. Counters grow as ``increase()`` of Prometheus sees them without its
extrapolation to the window's ends: both ends are samples of our own, so there is nothing to extrapolate. In two things
more is counted than Prometheus does, because it is known here: a series that is new counts from zero (Prometheus does
not see the first error of a kind at all), and so does one that has fallen, behind a restart (as Prometheus does).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.signal_selector import Selector

Labels = tuple[tuple[str, str], ...]
Samples = Mapping[tuple[str, Labels], float]


class SampleError(Exception):
    """The lines are none, or have not what was asked for; the text says which."""


class Increase(NamedTuple):
    """How much counters grew together. restarted: whether one of them had fallen."""

    value: float
    restarted: bool


def parse(text: str) -> dict[tuple[str, Labels], float]:
    """Every sample of the lines by name and labels. Raises SampleError for lines that are none, or a series twice."""
    from prometheus_client.parser import text_string_to_metric_families

    found: dict[tuple[str, Labels], float] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                if key in found:
                    raise SampleError(f"expected each series once, found {_shown(key)} twice")
                found[key] = float(sample.value)
    except SampleError:
        raise
    except Exception as error:  # the library promises ValueError, and raises others on strange lines
        raise SampleError(f"expected lines of an exposition, found {type(error).__name__}: {error}") from error
    return found


def _shown(key: tuple[str, Labels]) -> str:
    return key[0] + "{" + ",".join(f'{name}="{value}"' for name, value in key[1]) + "}"


def _chosen(samples: Samples, selector: Selector, suffix: str = "") -> Iterable[tuple[Labels, float]]:
    name = selector.metric + suffix
    for (metric, labels), value in samples.items():
        if metric == name and selector.holds(dict(labels)):
            yield labels, value


def gauge(samples: Samples, selector: Selector) -> float:
    """The value of the only series that is meant. Raises SampleError for none, several, or one that is no number."""
    found = list(_chosen(samples, selector))
    if not found:
        raise SampleError(f"expected a series of {selector.metric}, found none")
    if len(found) > 1:
        raise SampleError(
            f"expected one series of {selector.metric}, found {len(found)}: name labels that tell them apart"
        )
    if not math.isfinite(found[0][1]):
        raise SampleError(f"expected a number of {selector.metric}, found {found[0][1]}")
    return found[0][1]


def check_labels(samples: Samples, selector: Selector) -> None:
    """Raise SampleError where no series of the metric has a label of the selector: it would choose none for ever."""
    known = {label for (metric, labels) in samples if metric == selector.metric for label, _ in labels}
    if any(metric == selector.metric for metric, _ in samples):
        for one in selector.matchers:
            if one.label not in known:
                found = ", ".join(sorted(known)) or "none"
                raise SampleError(f"expected label {one.label} in series of {selector.metric}, found labels: {found}")


def increase(before: Samples, after: Samples, selector: Selector, suffix: str = "") -> Increase:
    """The sum of what every series that is meant grew by; zero where none is there yet. Raises SampleError for NaN."""
    earlier = dict(_chosen(before, selector, suffix))
    total, restarted = [], False
    for labels, value in _chosen(after, selector, suffix):
        was = earlier.get(labels, 0.0)
        if not (math.isfinite(value) and math.isfinite(was) and value >= 0):
            raise SampleError(
                f"expected a counter {_shown((selector.metric + suffix, labels))}, found {was} and {value}"
            )
        restarted |= value < was
        total.append(value if value < was else value - was)
    return Increase(math.fsum(total), restarted)


def buckets(before: Samples, after: Samples, selector: Selector) -> dict[float, int]:
    """What a histogram's buckets grew by, of all series that are meant, by upper bound. Cumulated, ``+Inf`` among them.

    As ``sum by (le) (increase(...))`` of Prometheus gives them to histogram_quantile(), which lets no bucket be below a
    smaller one. Raises SampleError for a metric without buckets or ``+Inf``, or with ones that are none.
    """
    whole: dict[Labels, dict[float, float]] = {}
    grown: dict[float, int] = {}
    for labels, value in _chosen(after, selector, "_bucket"):
        bound, others = _bound(selector.metric, labels)
        whole.setdefault(others, {})[bound] = value
        was = before.get((f"{selector.metric}_bucket", labels), 0.0)
        if not (math.isfinite(value) and math.isfinite(was) and value >= 0):
            raise SampleError(f"expected a count in {selector.metric}_bucket, found {was} and {value}")
        grown[bound] = grown.get(bound, 0) + int(value if value < was else value - was)
    if not whole:
        raise SampleError(f"expected buckets of {selector.metric}, found none: is it a histogram?")
    for counts in whole.values():
        _check(selector.metric, counts)
    most = 0
    for bound in sorted(grown):
        most = grown[bound] = max(most, grown[bound])
    return dict(sorted(grown.items()))


def _bound(metric: str, labels: Labels) -> tuple[float, Labels]:
    told = dict(labels).get("le", "")
    try:
        bound = float(told)
    except ValueError:
        bound = math.nan
    if math.isnan(bound):
        raise SampleError(f"expected a bound le of {metric}_bucket, found {told!r}")
    return bound, tuple(one for one in labels if one[0] != "le")


def _check(metric: str, counts: Mapping[float, float]) -> None:
    """Raise SampleError unless the buckets of one series are cumulated, and whole."""
    if math.inf not in counts:
        raise SampleError(f"expected buckets of {metric} up to +Inf, found them up to {max(counts):g}")
    ordered = [counts[bound] for bound in sorted(counts)]
    if any(one > other for one, other in zip(ordered, ordered[1:])):
        raise SampleError(f"expected each bucket of {metric} to hold those below it, found one that does not")
