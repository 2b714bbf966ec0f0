# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The few lines that signals ask for, out of an exposition of a megabyte: found as bytes, nothing parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

# What may follow a metric's name: what histograms and summaries add to it, then labels or the value.
_REST = re.compile(rb"(?:_bucket|_count|_sum)?[{ \t]")
_TYPED = re.compile(rb"^# TYPE ([^ \t\n]+)", re.MULTILINE)
_SAMPLED = re.compile(rb"^([a-zA-Z_:][a-zA-Z0-9_:]*)[{ \t]", re.MULTILINE)
MOST = 2 << 20  # bytes of the lines of one exposition


class ExpositionError(Exception):
    """It is no exposition, or not a whole one, or has too much of what was asked for; the text says which."""


class Select(NamedTuple):
    """A metric, and labels of which each line must have every value."""

    metric: str
    labels: Mapping[str, str] = {}


class Picked(NamedTuple):
    """The lines, those of types among them. missing: metrics that are not even named, whatever their labels.

    near: to each of those, names that it may mean.
    """

    text: str
    missing: list[str]
    near: dict[str, list[str]]


def pick(body: bytes, wanted: Iterable[Select]) -> Picked:
    """The lines of the wanted metrics, once each, in their order. Raises ExpositionError."""
    if not body.endswith(b"\n"):
        raise ExpositionError("expected an exposition that ends with a line, found it cut off or empty")
    spans: set[tuple[int, int]] = set()
    missing: list[str] = []
    body = b"\n" + body
    for select in wanted:
        found = _spans(body, select)
        spans |= found
        if not found and not _named(body, select.metric):
            missing.append(select.metric)
    size = sum(end - start for start, end in spans)
    if size > MOST:
        raise ExpositionError(f"expected at most {MOST} bytes of the metrics asked for, found {size}: name labels too")
    near = _near(body, missing) if missing else {}
    return Picked(b"".join(body[start:end] for start, end in sorted(spans)).decode("utf-8", "replace"), missing, near)


def _spans(body: bytes, select: Select) -> set[tuple[int, int]]:
    """Where the lines of a metric are that have the labels, and, if there are any, that of its type."""
    labels = [f'{key}="{_escaped(value)}"'.encode() for key, value in select.labels.items()]
    found = {span for span in _series(body, select.metric) if all(_has(body[slice(*span)], one) for one in labels)}
    if found:
        found.update(_lines(body, _type(select.metric)))
    return found


def _named(body: bytes, metric: str) -> bool:
    """Whether the metric is there: one that has labels has a type before it has its first series."""
    return _type(metric) in body or any(True for _ in _series(body, metric))


def _type(metric: str) -> bytes:
    return f"\n# TYPE {metric} ".encode()


def _series(body: bytes, metric: str) -> Iterator[tuple[int, int]]:
    name = metric.encode()
    for start, end in _lines(body, b"\n" + name):
        # Looked for by its name alone: each further word would be one more way through the whole body.
        if _REST.match(body, start + len(name)):
            yield start, end


def _lines(body: bytes, beginning: bytes) -> Iterator[tuple[int, int]]:
    """Where lines that begin so, behind the end of the line before, start and end."""
    at = body.find(beginning)
    while at >= 0:
        end = body.find(b"\n", at + 1) + 1
        yield at + 1, end
        at = body.find(beginning, end - 1)


def _has(line: bytes, label: bytes) -> bool:
    """Whether a label is one of the line's, and not the end of another's name or a part of a value."""
    at = line.find(label)
    while at >= 0:
        if line[at - 1 : at] in (b"{", b",", b" "):
            return True
        at = line.find(label, at + 1)
    return False


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _near(body: bytes, missing: Sequence[str]) -> dict[str, list[str]]:
    # Only where a name is wrong: it takes as long to import as all else here.
    import difflib

    names = {one.decode("utf-8", "replace") for one in _TYPED.findall(body)}
    names = names or {one.decode("utf-8", "replace") for one in _SAMPLED.findall(body)}
    if not names:
        raise ExpositionError("expected an exposition of Prometheus, found no line of one")
    return {name: difflib.get_close_matches(name, sorted(names)[:5000], 3) for name in missing}
