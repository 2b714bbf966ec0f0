# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading hosts once a sample: what a reading must know of the one before is kept here, on the controller."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils import signal_exposition
from ansible_collections.bluegreen.release.plugins.module_utils.signal_exposition import Samples
from ansible_collections.bluegreen.release.plugins.modules import signal_readings
from ansible_collections.bluegreen.release.plugins.plugin_utils.hosts import Answer, Hosts

# What a host gets less than there is, so that it answers before it is late.
_RESERVED_SECONDS = 0.3
Ask = Mapping[str, Any]


class Taken(NamedTuple):
    """One answer and its time. ended: epoch seconds. seconds: since the last good answer; 0 at the first.

    before, after: the samples of the exposition of that one (None at the first) and of this one; none of other kinds.
    """

    answer: Mapping[str, Any]
    ended: float
    seconds: float
    before: Samples | None
    after: Samples


class _Kept(NamedTuple):
    cursor: Any
    at: float
    samples: Samples


class Collector:
    """Asks hosts, and remembers of each ask where its last good answer stopped.

    hosts: to which connections are kept. state_directory: of the application. secrets: what must not be shown.
    """

    def __init__(
        self, hosts: Hosts, state_directory: str, secrets: list[str], monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._hosts, self._state_directory, self._secrets = hosts, state_directory, secrets
        self._monotonic, self._wall = monotonic, wall
        self._kept: dict[tuple[str, str], _Kept] = {}

    def read(self, asks: Mapping[str, Mapping[str, Ask]], seconds: float) -> dict[tuple[str, str], Taken]:
        """The answers by host and the ask's name. A host's trouble is a problem of all its asks."""
        params = {host: self._params(host, own, seconds) for host, own in asks.items()}
        answers = self._hosts.ask(signal_readings, params, seconds)
        return {(host, name): self._taken(host, name, answers[host]) for host, own in asks.items() for name in own}

    def _params(self, host: str, own: Mapping[str, Ask], seconds: float) -> dict[str, Any]:
        told = {name: {**ask, "cursor": self._kept[(host, name)].cursor} if (host, name) in self._kept else dict(ask)
                for name, ask in own.items()}  # fmt: skip
        left = max(seconds - _RESERVED_SECONDS, seconds / 2)
        return {"state_directory": self._state_directory, "asks": told, "seconds": left, "secrets": self._secrets}

    def _taken(self, host: str, name: str, given: Answer) -> Taken:
        now, ended = self._monotonic(), self._wall()
        found = (given.result.get("answers") or {}).get(name) or {}
        answer = {"problem": given.problem or "expected an answer, found none"} if given.problem or not found else found
        samples: Samples = {}
        try:
            # Once for all signals that ask for it.
            samples = signal_exposition.parse(str(answer.get("text") or ""))
        except signal_exposition.SampleError as error:
            answer = {"problem": str(error)}
        last = self._kept.get((host, name))
        if not answer.get("problem"):
            self._kept[(host, name)] = _Kept(answer.get("cursor"), now, samples)
        return Taken(answer, ended, now - last.at if last else 0.0, last.samples if last else None, samples)
