# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The signals of an inventory, and everything that is wrong with them, by the signal's name. Pure.

A bound is a number in the signal's unit, or has a suffix, as people write it: ``500 ms``, ``2 s``, ``0.1 %``, ``5/s``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import signal_checks
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_types import TRUTH, has_type, nearest
from ansible_collections.bluegreen.release.plugins.module_utils.signal import (
    FAILED,
    GAUGE,
    HOWS,
    KINDS,
    MEASURES,
    QUANTILE,
    UNITS,
    Signal,
)
from ansible_collections.bluegreen.release.plugins.module_utils.signal_checks import problem, shown

# What each source is asked: its keys, and which of them it cannot do without.
DETAILS: Mapping[str, Sequence[str]] = {
    "access_log": ("path", "seconds_of"),
    "exposition": ("metric", "how", "failures"),
    "prometheus": ("query",),
    "probe": ("path", "statuses", "through"),
    "containers": ("resource", "services"),
    "container_logs": ("pattern", "services"),
}
NEEDED: Mapping[str, Sequence[str]] = {
    "exposition": ("metric", "how"),
    "prometheus": ("query",),
    "probe": ("path",),
    "containers": ("resource",),
    "container_logs": ("pattern",),
}
_OWN = ("name", "kind", "source", "unit", "norm", "p1", "p0", "p1_baseline", "p0_baseline", "quantile", "min_sample",
        "window_seconds", "for_seconds", "voting")  # fmt: skip
# Twenty observations say little of a rate, and one reading says nothing of a load that comes and goes.
_MIN_SAMPLE = {FAILED: 100, QUANTILE: 100, GAUGE: 3}


def parse(listed: Any) -> tuple[list[Signal], list[Problem]]:
    """The signals, and what is wrong; where anything is, the signals are no use. Never raises."""
    if not isinstance(listed, Sequence) or isinstance(listed, (str, bytes)):
        return [], [problem("signals", "a list", shown(listed), "write one entry for each signal")]
    signals: list[Signal] = []
    problems: list[Problem] = []
    for number, given in enumerate(listed, start=1):
        signal, wrong = _one(number, given)
        problems += wrong
        signals += [signal] if signal else []
    names = [signal.name for signal in signals]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(problem(name, "a name that one signal has", f"{names.count(name)} of it", "rename all but one"))
    if not problems and not any(signal.voting for signal in signals):
        do = "give one of them a norm and voting: true; with watched ones only, nothing could ever pass"
        problems.append(problem("signals", "at least one that votes", "none", do))
    return signals, problems


def _one(number: int, given: Any) -> tuple[Signal | None, list[Problem]]:
    name = given.get("name") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(name, str) or not name.strip():
        return None, [problem(f"number {number}", "a mapping with a name", shown(given), "give the signal a name")]
    told = {str(key): value for key, value in given.items() if value is not None}
    wrong = _choices(name, told)
    if wrong:
        return None, wrong
    source, unit = told["source"], told["unit"]
    wrong = _keys(name, told, source)
    if wrong:
        return None, wrong
    known = source if source != "exposition" else f"{source} {told['how']}"
    measure = MEASURES.get(known, {}).get(unit)
    if known not in MEASURES:
        close = nearest(str(told["how"]), HOWS)
        do = f"write how: {close}" if close else "write one of them as how"
        return None, [problem(name, f"how out of {', '.join(HOWS)}", shown(told["how"]), do)]
    if measure is None:
        expected = f"a unit out of {', '.join(MEASURES[known])}, as source {known} has them"
        return None, [problem(name, expected, unit, "change the unit or the source")]
    wrong = signal_checks.details(name, told, measure)
    numbers, more = signal_checks.numbers(name, told, unit, measure)
    wrong += more
    voting, more = _voting(name, told)
    wrong += more
    if wrong:
        return None, wrong
    details = {key: told[key] for key in DETAILS[source] if key in told}
    numbers.setdefault("min_sample", _MIN_SAMPLE.get(measure, 1))
    return Signal(name, told["kind"], source, unit, measure, details, voting=voting, **numbers), []


def _choices(name: str, told: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the words without which nothing else can be understood."""
    wrong = []
    for key, known in (("kind", KINDS), ("source", tuple(DETAILS)), ("unit", UNITS)):
        value = told.get(key)
        if not isinstance(value, str) or value not in known:
            close = nearest(str(value), known) if value is not None else None
            do = f"write {key}: {close}" if close else f"write one of them as {key}"
            found = shown(value) if key in told else f"no {key}"
            wrong.append(problem(name, f"{key} out of {', '.join(known)}", found, do))
    return wrong


def _keys(name: str, told: Mapping[str, Any], source: str) -> list[Problem]:
    wrong = []
    known = (*_OWN, *DETAILS[source])
    for key in told:
        if key not in known:
            close = nearest(key, known)
            do = f"rename it to {close}" if close else "take it out"
            wrong.append(problem(name, f"keys of source {source}: {', '.join(known)}", key, do))
    for key in NEEDED.get(source, ()):
        if key not in told:
            wrong.append(problem(name, f"{key}, which source {source} needs", f"no {key}", f"add {key}"))
    return wrong


def _voting(name: str, told: Mapping[str, Any]) -> tuple[bool, list[Problem]]:
    """Whether it votes. Unless told, what has a norm does, but for a query that says nothing of one slot alone."""
    given = told.get("voting")
    if given is not None and not has_type(given, "bool"):
        return False, [problem(name, "voting as true or false", shown(given), "write true or false")]
    if given is None:
        shared = told["source"] == "prometheus" and "{slot}" not in str(told["query"])
        return "norm" in told and not shared, []
    votes = given if isinstance(given, bool) else given.lower() in TRUTH - {"false", "no", "off", "0"}
    if votes and "norm" not in told:
        do = "add the norm below which it is good, or write voting: false"
        return votes, [problem(name, "a norm of a signal that votes", "none", do)]
    return votes, []
