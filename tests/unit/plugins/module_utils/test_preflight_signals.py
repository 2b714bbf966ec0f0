# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals and times of a watch that preflight refuses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_signals import check_signals

ERRORS = {"name": "error_rate", "kind": "errors", "source": "access_log", "unit": "share", "norm": "0.1 %"}
METRIC = {"name": "users", "kind": "business", "source": "exposition", "how": "gauge", "metric": "u", "unit": "count"}
QUERY = {"name": "q", "kind": "business", "source": "prometheus", "query": "sum(u)", "unit": "count"}
GOOD: dict[str, Any] = {
    "golden_signals_list": [ERRORS, METRIC], "golden_signals_watch_seconds": 0, "golden_signals_interval_seconds": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    "common", [{}, {"golden_signals_list": []}, GOOD, {**GOOD, "golden_signals_watch_seconds": "9"}]
)
def test_what_can_be_watched_is_let_through(common: dict[str, Any]) -> None:
    assert check_signals(common) == []


@pytest.mark.parametrize(
    ("changed", "what", "found"),
    [
        ({"golden_signals_list": [{**ERRORS, "p0": "0.01 %"}]}, "signal error_rate", "norm 0.1 % and p0 0.01 %"),
        ({"golden_signals_list": [ERRORS, {**METRIC, "metric": "u{a=1}"}]}, "signal users", "found 'a=1'"),
        ({"golden_signals_list": [ERRORS, QUERY]}, "signal q", "none"),
        ({"golden_signals_interval_seconds": 0}, "golden_signals_interval_seconds is no time", "0"),
        ({"golden_signals_watch_seconds": -1}, "golden_signals_watch_seconds is no time", "-1"),
    ],
)
def test_what_cannot_be_watched_is_refused_by_name(changed: dict[str, Any], what: str, found: str) -> None:
    (problem,) = check_signals({**GOOD, **changed})
    assert problem.what == what and found in problem.found


def test_with_its_address_a_query_can_be_asked() -> None:
    assert (
        check_signals({"golden_signals_list": [ERRORS, QUERY], "golden_signals_prometheus_url": "http://p:9090"}) == []
    )
