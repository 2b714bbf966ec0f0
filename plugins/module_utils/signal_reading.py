# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reader found of one signal in one window: the only thing that passes from readers to the judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Reading(NamedTuple):
    """One signal, at one place, from *started* to *ended*. Exactly one of *problem* and the rest says something.

    signal: its name in the inventory. place: the host, instance or address it was read at, for people.
    slot: which it is of; "" when it is of none (a host's own CPU).
    started, ended: epoch seconds of the controller's clock, so that no host's clock is asked.
    value: what a gauge, a rate or a query of Prometheus gave, in the signal's unit.
    count: how many observations stand behind it (requests, probes, lines); 1 for a gauge.
    failed: how many of *count* failed, where the signal is a share; None otherwise.
    milliseconds: durations seen, whole milliseconds to how often, where the quantile is exact (an access log writes no
    finer): windows and places add up without losing anything. Empty otherwise.
    buckets: upper bounds in seconds ("+Inf" is infinity) to how many were within, cumulated as Prometheus does, for a
    quantile of a histogram; the difference over the window, never the counter itself. Empty otherwise.
    problem: why there is nothing, in words for people; "" when there is something.
    """

    signal: str
    place: str
    slot: str
    started: float
    ended: float
    value: float | None = None
    count: int = 0  # type: ignore[assignment]  # hides tuple.count, which nobody asks of a reading
    failed: int | None = None
    milliseconds: Mapping[int, int] = {}
    buckets: Mapping[float, int] = {}
    problem: str = ""
