# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each host is asked for the sake of all signals together, and the readings of what it answers: pure.

Signals that look at the same thing share one ask: a log is read once, an instance is scraped once for each sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import signal_answers
from ansible_collections.bluegreen.release.plugins.module_utils.signal_answers import Span
from ansible_collections.bluegreen.release.plugins.module_utils.signal_places import Answered, Estate, Signal, Want
from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading
from ansible_collections.bluegreen.release.plugins.module_utils.signal_selector import parse

Asks = dict[str, dict[str, dict[str, Any]]]


class Plan:
    """The asks of all signals by host and name, and the readings wanted of them. Signals of Prometheus have none."""

    def __init__(self, signals: Sequence[Signal], estate: Estate) -> None:
        self._estate = estate
        self.asks: Asks = {}
        self.wants: list[Want] = []
        for signal in signals:
            if signal.source != "prometheus":
                getattr(self, f"_{signal.source}")(signal)

    def readings(self, taken: Mapping[tuple[str, str], Answered]) -> list[Reading]:
        """Of every want at least one reading: what is not there is a problem."""
        return [reading for want in self.wants for reading in self._readings(want, taken.get((want.host, want.ask)))]

    def _ask(self, signal: Signal, host: str, name: str, slot: str, ask: Mapping[str, Any]) -> dict[str, Any]:
        self.wants.append(Want(signal, host, name, slot))
        return self.asks.setdefault(host, {}).setdefault(name, dict(ask))

    def _access_log(self, signal: Signal) -> None:
        seconds_of = signal.details.get("seconds_of", "request")
        ask = {
            "kind": "access_log", "path": self._estate.access_log, "seconds_of": seconds_of,
            "back_seconds": self._estate.back_seconds, "without_clients": list(self._estate.without_clients),
            "without_hosts": list(self._estate.without_hosts),
        }  # fmt: skip
        for host in self._estate.proxies:
            for slot in self._estate.slots:
                made = self._ask(signal, host, f"log {seconds_of}", slot, {**ask, "paths": []})
                made["paths"] = sorted({*made["paths"], signal.details.get("path", "")})

    def _exposition(self, signal: Signal) -> None:
        selector, failures = _selectors(signal)
        for host, slot, url in self._instances():
            ask = {"kind": "exposition", "url": url + self._estate.metrics_path, **self._estate.instance_request}
            made = self._ask(signal, host, f"metrics {slot}", slot, ask)
            made["metrics"] = _merged([*made.get("metrics", []), *signal_answers.wanted(selector, failures)])

    def _probe(self, signal: Signal) -> None:
        told = {"kind": "probe", "statuses": list(signal.details.get("statuses", [200]))}
        path = signal.details["path"]
        if signal.details.get("through") == "proxies":
            for host in self._estate.proxies:
                ask = {**told, **self._estate.proxy_request, "url": self._estate.proxy_url + path}
                self._ask(signal, host, f"probe {signal.name}", self._estate.live, ask)
            return
        for host, slot, url in self._instances():
            ask = {**told, **self._estate.instance_request, "url": url + path}
            self._ask(signal, host, f"probe {signal.name} {slot}", slot, ask)

    def _containers(self, signal: Signal) -> None:
        services = list(signal.details.get("services", []))
        for host, slot, ask in self._projects("containers", services):
            self._ask(signal, host, f"containers {slot} {' '.join(services)}", slot, ask)

    def _container_logs(self, signal: Signal) -> None:
        services = list(signal.details.get("services", []))
        back = {"back_seconds": self._estate.back_seconds, "pattern": signal.details["pattern"]}
        for host, slot, ask in self._projects("container_logs", services):
            self._ask(signal, host, f"logs {signal.name} {slot}", slot, {**ask, **back})

    def _instances(self) -> list[tuple[str, str, str]]:
        estate = self._estate
        return [
            (host, slot, f"{estate.instance_url}:{port}")
            for host in estate.applications
            for slot, port in estate.slots.items()
        ]

    def _projects(self, kind: str, services: list[str]) -> list[tuple[str, str, dict[str, Any]]]:
        told = {"kind": kind, "services": services, "socket": self._estate.engine_socket}
        return [
            (host, slot, {**told, "project": self._estate.projects[slot]})
            for host in self._estate.applications
            for slot in self._estate.slots
        ]

    def _readings(self, want: Want, taken: Answered | None) -> list[Reading]:
        if taken is None:
            return [Span(want.signal.name, want.host, want.slot, 0.0, 0.0).problem("expected an answer, found none")]
        # Logs give what was before the first look, too, where they were asked for it.
        logs = want.signal.source in ("access_log", "container_logs")
        seconds = taken.seconds or (self._estate.back_seconds if logs else 0.0)
        return read(want, Span(want.signal.name, want.host, want.slot, taken.ended, seconds), taken)


def read(want: Want, span: Span, taken: Answered) -> list[Reading]:
    """The readings of one answer."""
    source, details, answer = want.signal.source, want.signal.details, taken.answer
    if source == "access_log":
        return signal_answers.of_access_log(span, answer, details.get("path", ""))
    if source == "probe":
        return [signal_answers.of_probe(span, answer)]
    if source == "containers":
        return signal_answers.of_containers(span, answer, details["resource"])
    if source == "container_logs":
        return signal_answers.of_container_logs(span, answer)
    selector, failures = _selectors(want.signal)
    return [signal_answers.of_exposition(span, answer, taken.before, taken.after, selector, details["how"], failures)]


def _selectors(signal: Signal) -> tuple[Any, list[Any]]:
    return parse(signal.details["metric"]), [parse(one) for one in signal.details.get("failures", [])]


def _merged(metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each metric once, with the labels that all who ask for it have in common."""
    found: dict[str, dict[str, str]] = {}
    for one in metrics:
        own = found.setdefault(one["metric"], dict(one["labels"]))
        found[one["metric"]] = {key: value for key, value in own.items() if one["labels"].get(key) == value}
    return [{"metric": metric, "labels": labels} for metric, labels in found.items()]
