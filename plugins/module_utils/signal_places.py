# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where signals are read, and what is wanted of whom: types that the asks and the readings of signals share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ansible_collections.bluegreen.release.plugins.module_utils.signal_exposition import Samples


class Signal(Protocol):
    """What is needed of a signal here. details: by the source's own keys."""

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def details(self) -> Mapping[str, Any]: ...


class Estate(NamedTuple):
    """Where signals are read. slots: those that are watched, by name the port of their instances; projects: theirs.

    live: the slot behind the front door, which is asked at proxy_url with proxy_request, the further keys of an ask of
    kind ``probe`` (headers, tls_name, ca, validate_certs). instance_request: the same for instances. back_seconds: how
    much of the past the first reading of a log takes in. without_clients, without_hosts: of the access log, as in
    signal_log.Wanted.
    """

    proxies: Sequence[str]
    applications: Sequence[str]
    slots: Mapping[str, int]
    projects: Mapping[str, str]
    live: str
    access_log: str
    proxy_url: str = "http://127.0.0.1"
    proxy_request: Mapping[str, Any] = {}
    instance_url: str = "http://127.0.0.1"
    instance_request: Mapping[str, Any] = {}
    metrics_path: str = "/metrics"
    engine_socket: str = "/var/run/docker.sock"
    back_seconds: float = 0.0
    without_clients: Sequence[str] = ()
    without_hosts: Sequence[str] = ()


class Want(NamedTuple):
    """A reading of a signal, and the ask of a host whose answer it is made of."""

    signal: Signal
    host: str
    ask: str
    slot: str


class Answered(Protocol):
    """The answer to an ask, as signal_collector.Taken has it."""

    @property
    def answer(self) -> Mapping[str, Any]: ...
    @property
    def ended(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def before(self) -> Samples | None: ...
    @property
    def after(self) -> Samples: ...
