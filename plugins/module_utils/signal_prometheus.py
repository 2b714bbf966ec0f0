# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to Prometheus, and what its answers are worth: a number, points in time, or a problem in words."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from ansible_collections.bluegreen.release.plugins.module_utils.signal_fetch import FetchError, Target, fetch, shown

_LIMIT = 16 << 20  # bytes
_MOST_SHOWN = 3


class Found(NamedTuple):
    """What an answer gave. points: (epoch seconds, value), one of an instant query. warnings: Prometheus' own words.

    problem: why there is nothing; "" when there is something.
    """

    points: tuple[tuple[float, float], ...] = ()
    warnings: tuple[str, ...] = ()
    problem: str = ""

    @property
    def value(self) -> float | None:
        """The last point's value; None where there is none."""
        return self.points[-1][1] if self.points else None


class Server(NamedTuple):
    """A Prometheus. target: its base URL, headers (of a login, for example) and how its certificate is judged."""

    target: Target

    def instant(self, query: str, at: float | None, seconds: float) -> Found:
        """The number that a query gives at a time, epoch seconds (None: now by its own clock). Never raises."""
        asked = {"query": query, "timeout": _duration(seconds)}
        return self._ask("query", {**asked, "time": f"{at:.3f}"} if at is not None else asked, seconds)

    def over(self, query: str, start: float, end: float, step: float, seconds: float) -> Found:
        """The points of a query from start to end, each *step* seconds. Never raises."""
        asked = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        return self._ask("query_range", {**asked, "timeout": _duration(seconds)}, seconds)

    def _ask(self, kind: str, asked: Mapping[str, str], seconds: float) -> Found:
        url = f"{self.target.url.rstrip('/')}/api/v1/{kind}?{urlencode(asked)}"
        try:
            answer = fetch(self.target._replace(url=url), time.monotonic() + seconds, _LIMIT)
        except FetchError as error:
            return Found(problem=f"Prometheus: {error}")
        return read(answer.status, answer.body)


def _duration(seconds: float) -> str:
    """As Prometheus reads one: it knows no fraction."""
    return f"{max(round(seconds * 1000), 1)}ms"


def read(status: int, body: bytes) -> Found:
    """What an answer of the API is worth. Never raises."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Found(problem=f"expected JSON of Prometheus, found status {status}: {shown(body)}")
    if not isinstance(document, dict):
        return Found(problem=f"expected an answer of Prometheus, found status {status}: {shown(body)}")
    told = tuple(str(one) for key in ("warnings", "infos") for one in _list(document.get(key)))
    if document.get("status") != "success":
        said = f"{document.get('errorType') or status}: {document.get('error') or shown(body)}"
        return Found(warnings=told, problem=f"Prometheus refuses the query: {said}")
    data = document.get("data")
    data = data if isinstance(data, dict) else {}
    points, problem = _points(str(data.get("resultType")), data.get("result"))
    return Found(points if not problem else (), told, problem)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _points(kind: str, result: Any) -> tuple[tuple[tuple[float, float], ...], str]:
    if kind == "scalar":
        return _numbers([result])
    if kind == "string":
        return (), "expected a number, found a text: the query is a string"
    if kind not in ("vector", "matrix"):
        return (), f"expected a number, found a result of type {kind}"
    series = _list(result)
    if not series:
        return (), "expected a number, found no series: is the metric there, under this name, with these labels?"
    if len(series) > 1:
        names = ", ".join(_name(one) for one in series[:_MOST_SHOWN])
        more = f" and {len(series) - _MOST_SHOWN} more" if len(series) > _MOST_SHOWN else ""
        return (), f"expected one number, found {len(series)} series ({names}{more}): use sum() or max() over them"
    one = series[0] if isinstance(series[0], dict) else {}
    if "histogram" in one or "histograms" in one:
        return (), "expected a number, found a native histogram: use histogram_quantile()"
    return _numbers([one.get("value")] if kind == "vector" else _list(one.get("values")))


def _name(series: Any) -> str:
    labels = series.get("metric") if isinstance(series, dict) else None
    labels = labels if isinstance(labels, dict) else {}
    inner = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{inner}}}"


def _numbers(pairs: list[Any]) -> tuple[tuple[tuple[float, float], ...], str]:
    points = []
    for pair in pairs:
        try:
            at, text = pair
            moment, value = float(at), float(text)
        except (TypeError, ValueError, OverflowError):
            return (), f"expected a time and a number, found {pair!r}"
        if not math.isfinite(value):
            why = "the query divides by zero, or asks for a quantile of nothing: no traffic?"
            return (), f"expected a number, found {text}: {why}"
        points.append((moment, value))
    return tuple(points), "" if points else "expected a number, found no point in time"
