# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a slot can be watched by the signals of an inventory; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import signal_selector, signals
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.module_utils.signal import Signal

LIST, URL = "golden_signals_list", "golden_signals_prometheus_url"
_ABOVE_ZERO = ("golden_signals_interval_seconds", "golden_signals_baseline_seconds")
_NOT_BELOW = ("golden_signals_watch_seconds", "golden_signals_extend_seconds")


def check_signals(common: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the signals and the times of their watch; nothing where there are none."""
    if not common.get(LIST):
        return []
    found, problems = signals.parse(common[LIST])
    for signal in found:
        problems += _selectors(signal)
        if signal.source == "prometheus" and not common.get(URL):
            do = "set it, as the controller reaches it, or take the signal out"
            problems.append(Problem(f"signal {signal.name}", f"the address of Prometheus in {URL}", "none", do))
    return problems + _times(common)


def _selectors(signal: Signal) -> list[Problem]:
    """Metrics that are not written as Prometheus does."""
    wrong = []
    named = [signal.details["metric"], *signal.details.get("failures", [])] if signal.source == "exposition" else []
    for text in named:
        try:
            signal_selector.parse(str(text))
        except signal_selector.SelectorError as error:
            expected = "a metric, with labels as Prometheus writes them"
            wrong.append(Problem(f"signal {signal.name}", expected, str(error), "correct it"))
    return wrong


def _times(common: Mapping[str, Any]) -> list[Problem]:
    wrong = []
    for name in (*_ABOVE_ZERO, *_NOT_BELOW):
        value = _number(common.get(name))
        strict = name in _ABOVE_ZERO
        if value is not None and (value < 0 or (strict and value == 0)):
            expected = "a number of seconds above 0" if strict else "a number of seconds, 0 or more"
            wrong.append(Problem(f"{name} is no time", expected, f"{value:g}", f"correct {name}"))
    return wrong


def _number(value: Any) -> float | None:
    """What is no number is reported by its type."""
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
