# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Watch the Golden Signals of a slot from the controller, and reach a verdict."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.module_utils import (
    signal_judge,
    signal_loop,
    signal_queries,
    signal_trace,
    signals,
)
from ansible_collections.bluegreen.release.plugins.module_utils.http_run import Clock
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import report
from ansible_collections.bluegreen.release.plugins.module_utils.signal import Signal
from ansible_collections.bluegreen.release.plugins.module_utils.signal_asks import Plan
from ansible_collections.bluegreen.release.plugins.module_utils.signal_bounded import Bounded
from ansible_collections.bluegreen.release.plugins.module_utils.signal_fetch import Target
from ansible_collections.bluegreen.release.plugins.module_utils.signal_places import Estate
from ansible_collections.bluegreen.release.plugins.module_utils.signal_prometheus import Found, Server
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading
from ansible_collections.bluegreen.release.plugins.plugin_utils.action_arguments import arguments_of
from ansible_collections.bluegreen.release.plugins.plugin_utils.hosts import Hosts
from ansible_collections.bluegreen.release.plugins.plugin_utils.progress import say
from ansible_collections.bluegreen.release.plugins.plugin_utils.signal_collector import Collector

# A look may take as long as its interval, but never so short that no answer can come, nor so long that nobody acts.
_SHORTEST_LOOK, _LONGEST_LOOK = 2.0, 10.0
_PROMETHEUS: Options = {
    "url": {"type": "str", "default": ""},
    "headers": {"type": "dict", "default": {}, "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca": {"type": "path", "default": ""},
}
SPEC: Options = {
    "signals": {"type": "list", "elements": "dict", "required": True},
    "slot": {"type": "str", "required": True},
    "estate": {"type": "dict", "required": True},
    "state_directory": {"type": "path", "required": True},
    "watch_seconds": {"type": "float", "default": 1800},
    "interval_seconds": {"type": "float", "default": 5},
    "extend_seconds": {"type": "float", "default": 600},
    "prometheus": {"type": "dict", "options": _PROMETHEUS, "apply_defaults": True},
    "baseline": {"type": "dict", "default": {}},
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
}


class ActionModule(ActionBase):
    """One task for all hosts: it connects to each by itself, and shows a line with every sample."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the verdict and all that led to it; fail only where the signals cannot be watched at all."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = arguments_of(self, SPEC)
        listed, problems = signals.parse(given["signals"])
        if problems:
            return {**result, "failed": True, "msg": report("These signals cannot be judged", problems)}
        try:
            estate = Estate(**given["estate"])
        except TypeError:
            keys = f"keys out of {', '.join(Estate._fields)}"
            return {**result, "failed": True, "msg": f"estate: expected {keys}, found {', '.join(given['estate'])}"}
        if given["interval_seconds"] <= 0:
            found = f"{given['interval_seconds']:g}"
            return {**result, "failed": True, "msg": f"interval_seconds: expected a number above 0, found {found}"}
        if self._task.check_mode:
            given.update(watch_seconds=given["interval_seconds"], extend_seconds=0)
            say("In check mode there is one reading, of two looks: it proves little, and nothing is decided by it.")
        names = [*estate.proxies, *estate.applications]
        with Hosts(self, task_vars or {}, names) as hosts:
            sampler = Sampler(listed, estate, Collector(hosts, given["state_directory"], given["secrets"]), given)
            clock = Clock(now=time.monotonic, sleep=time.sleep)
            baseline = {str(name): float(value) for name, value in given["baseline"].items()}
            judge = signal_judge.Judge(listed, given["slot"], baseline)
            say(f"Watching {len(listed)} signals of {given['slot']} for {given['watch_seconds']:g} s.")
            watched = signal_loop.watch(judge, listed, Bounded(sampler.take), say, clock, plan_of(given))
        for finding in watched.judgement.findings:
            if finding.whole.problem:
                say(f"No number of {finding.signal.name}: {finding.whole.problem}.")
        return {**result, "changed": False, **told(watched, listed, given["slot"], sampler.queries)}


class Sampler:
    """Takes one look at every signal: hosts and Prometheus side by side, with the same deadline."""

    def __init__(
        self, listed: Sequence[Signal], estate: Estate, collector: Collector, given: Mapping[str, Any]
    ) -> None:
        self._plan, self._collector = Plan(listed, estate), collector
        self._asked = {
            key: query
            for one in listed
            for key, query in signal_queries.queries([one], [given["slot"]], one.window_seconds).items()
        }
        self.queries = {name: query for (name, _), query in self._asked.items()}
        self._prometheus = _server(given["prometheus"])

    def take(self, seconds: float) -> list[Reading]:
        """A reading, or a problem, of each signal at each place."""
        found: dict[Any, Found] = {}
        asking = threading.Thread(target=lambda: found.update(self._ask(seconds)), daemon=True)
        began, ended = time.monotonic(), time.time()
        asking.start()
        taken = self._collector.read(self._plan.asks, seconds) if self._plan.asks else {}
        asking.join(max(began + seconds + 1 - time.monotonic(), 0.001))
        late = Found(problem=f"expected an answer of Prometheus within {seconds:g} s, found none")
        answers = {key: found.get(key, late) for key in self._asked}
        return [*self._plan.readings(taken), *signal_queries.readings(answers, "Prometheus", ended, seconds)]

    def _ask(self, seconds: float) -> dict[Any, Found]:
        if self._prometheus is None:
            nowhere = Found(problem="expected the address of Prometheus in golden_signals_prometheus_url, found none")
            return dict.fromkeys(self._asked, nowhere)
        return signal_queries.ask_all(self._prometheus.instant, self._asked, seconds)


def _server(given: Mapping[str, Any]) -> Server | None:
    if not given["url"]:
        return None
    headers = {str(name): str(value) for name, value in given["headers"].items()}
    return Server(Target(given["url"], headers, ca=given["ca"] or "", validate_certs=given["validate_certs"]))


def plan_of(given: Mapping[str, Any]) -> signal_loop.Plan:
    """How long, by the task's arguments. A P1 that has lasted ends the watch, for somebody has to decide."""
    interval = given["interval_seconds"]
    return signal_loop.Plan(
        seconds=given["watch_seconds"],
        interval_seconds=interval,
        timeout_seconds=min(max(interval, _SHORTEST_LOOK), _LONGEST_LOOK),
        on_insufficient=signal_loop.EXTEND,
        extend_seconds=given["extend_seconds"],
        end_at_p1=True,
    )


def told(
    watched: signal_loop.Watched, listed: Sequence[Signal], slot: str, queries: Mapping[str, str]
) -> dict[str, Any]:
    """The result of the task: what the record keeps, and beside it every reading."""
    document = watched.document()
    return {
        **watched.judgement.document(),
        "slot": slot,
        "seconds": document["elapsed_seconds"],
        "extended": watched.extended,
        "queries": dict(queries),
        "measured": signal_judge.baseline_of(listed, watched.samples, slot),
        "samples": signal_trace.trace(listed, watched.samples, slot),
        "readings": [one["readings"] for one in document["samples"]],
    }
