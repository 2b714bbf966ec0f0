# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong with the bounds and the details of one signal. Pure; signals has the keys."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.module_utils.signal import FAILED, QUANTILE
from ansible_collections.bluegreen.release.plugins.module_utils.signal_numbers import MOST, NumberError, bound, words

_BOUNDS = ("norm", "p1", "p0")
_FACTORS = ("p1_baseline", "p0_baseline")
_SHOWN = 80
_CHOICES = {
    "resource": ("cpu", "memory"),
    "seconds_of": ("request", "upstream"),
    "through": ("instances", "proxies"),
}


def problem(name: str, expected: str, found: str, do: str) -> Problem:
    """A problem of one signal."""
    return Problem(f"signal {name}", expected, found, do)


def shown(value: Any) -> str:
    """A value in a message, never a long one."""
    text = "nothing" if value is None else repr(str(value)) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def details(name: str, told: Mapping[str, Any], measure: str) -> list[Problem]:
    """What is wrong with what the source is asked."""
    wrong = []
    for key, known in _CHOICES.items():
        if key in told and told[key] not in known:
            wrong.append(
                problem(name, f"{key} out of {', '.join(known)}", shown(told[key]), f"write one of them as {key}")
            )
    for key in ("path", "metric", "query", "pattern"):
        if key in told and (not isinstance(told[key], str) or not told[key].strip()):
            wrong.append(problem(name, f"{key} as a text", shown(told[key]), f"put the value of {key} in quotes"))
    for key in ("services", "failures", "statuses"):
        value = told.get(key, ["x"])
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)) or not value:
            wrong.append(problem(name, f"{key} as a list", shown(value), f"write {key} as a list, or take it out"))
    if told["source"] == "exposition" and ("failures" in told) != (measure == FAILED):
        expected = "failures, the selectors of what failed, with how: share and with nothing else"
        wrong.append(problem(name, expected, f"how: {told['how']}", "add failures, or take them out"))
    if isinstance(told.get("pattern"), str):
        try:
            re.compile(told["pattern"])
        except re.error as error:
            wrong.append(problem(name, "pattern as a regular expression", str(error), "correct the pattern"))
    return wrong


def numbers(name: str, told: Mapping[str, Any], unit: str, measure: str) -> tuple[dict[str, Any], list[Problem]]:
    """The numbers of a signal by their keys, and what is wrong with them."""
    found: dict[str, Any] = {}
    wrong = []
    for key in _BOUNDS:
        if key in told:
            try:
                found[key] = bound(told[key], unit)
            except NumberError as error:
                wrong.append(problem(name, f"{key} as {error}", shown(told[key]), f"correct {key}"))
    if not wrong:
        wrong += _order(name, found, unit)
    for key in (*_FACTORS, "quantile", "min_sample", "window_seconds", "for_seconds"):
        if key in told:
            wrong += _plain(name, key, told[key], found)
    if "quantile" in told and measure != QUANTILE:
        do = "take quantile out; a query of Prometheus says itself which one it asks for"
        wrong.append(problem(name, "quantile of durations only", f"a signal of measure {measure}", do))
    if not wrong and found.get("p1_baseline", 0) >= found.get("p0_baseline", math.inf):
        both = f"{found['p1_baseline']:g} and {found['p0_baseline']:g}"
        wrong.append(problem(name, "p1_baseline below p0_baseline", both, "lower p1_baseline or raise p0_baseline"))
    return found, wrong


def _order(name: str, found: Mapping[str, float], unit: str) -> list[Problem]:
    """Contradictions: what is within the norm and broken at once, a P1 that is a P0 already, and what never holds."""
    wrong = []
    named = [(key, found[key]) for key in _BOUNDS if key in found]
    for (lower, low), (upper, high) in zip(named, named[1:]):
        if low > high or (low == high and lower == "p1"):
            what = f"{lower} below {upper}" if lower == "p1" else f"{lower} not above {upper}"
            both = f"{lower} {words(low, unit)} and {upper} {words(high, unit)}"
            wrong.append(problem(name, what, both, f"lower {lower} or raise {upper}"))
    if found.get("norm") == 0:
        wrong.append(problem(name, "norm above 0, as what is below it is good", "0", "raise norm"))
    for key in ("p1", "p0"):
        if found.get(key) == MOST.get(unit, math.nan):
            most = words(MOST[unit], unit)
            wrong.append(problem(name, f"{key} below {most}, as only what is above it breaks it", most, f"lower {key}"))
    return wrong


def _plain(name: str, key: str, value: Any, found: dict[str, Any]) -> list[Problem]:
    """Put a number without a unit into *found*, or say what is wrong with it."""
    expected = {
        "quantile": "a number between 0 and 1",
        "min_sample": "a whole number of 1 or more",
        "window_seconds": "a number above 0",
        "for_seconds": "a number of 0 or more",
    }.get(key, "a number of 1 or more, so many times the baseline")
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    good = {
        "quantile": 0 < number < 1,
        "min_sample": number >= 1 and number % 1 == 0,
        "window_seconds": number > 0,
        "for_seconds": number >= 0,
    }.get(key, number >= 1)
    if not good or not math.isfinite(number):
        return [problem(name, f"{key} as {expected}", shown(value), f"correct {key}")]
    found[key] = int(number) if key == "min_sample" else number
    return []
