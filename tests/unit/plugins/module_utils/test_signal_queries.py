# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries of Prometheus: filled in, asked side by side, and a reading of each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.signal_prometheus import Found
from ansible_collections.bluegreen.release.plugins.module_utils.signal_queries import ask_all, queries, readings


class Signal(NamedTuple):
    """As much of a signal as is asked for here."""

    name: str
    source: str
    details: Mapping[str, Any] = {}


SIGNALS = [
    Signal("p95", "prometheus", {"query": 'x{slot="{slot}"}[{window}]'}),
    Signal("all", "prometheus", {"query": "y"}),
    Signal("log", "access_log"),
]


def test_queries_name_slot_and_window() -> None:
    assert queries(SIGNALS, ["blue", "green"], 30.0) == {
        ("p95", "blue"): 'x{slot="blue"}[30s]',
        ("p95", "green"): 'x{slot="green"}[30s]',
        ("all", ""): "y",
    }


def test_each_query_is_asked_once_and_one_that_hangs_holds_up_no_other() -> None:
    asked: list[str] = []

    def instant(query: str, at: float | None, seconds: float) -> Found:
        asked.append(query)
        assert at is None and 0 < seconds <= 0.5
        if query == "slow":
            time.sleep(30)
        if query == "odd":
            raise KeyError("x")
        return Found(((1.0, 7.0),))

    began = time.monotonic()
    told = {("a", ""): "q", ("b", ""): "q", ("c", "blue"): "slow", ("d", ""): "odd"}
    found = ask_all(instant, told, 0.5)
    assert time.monotonic() - began < 2 and sorted(asked) == ["odd", "q", "slow"]
    assert found[("a", "")].value == found[("b", "")].value == 7
    assert found[("c", "blue")].problem == "expected an answer of Prometheus within 0.5 s, found none"
    assert "KeyError" in found[("d", "")].problem
    made = {one.signal: one for one in readings(found, "mon1", 100.0, 30.0)}
    assert (made["a"].value, made["a"].started, made["a"].place, made["a"].problem) == (7.0, 70.0, "mon1", "")
    assert (made["c"].slot, made["c"].value) == ("blue", None) and made["c"].problem
