# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics: standard histograms and counters, and beside them gauges under the plan's names (last 30 s, per instance).

Units: seconds, ratios from 0 to 1, and percent only where the name says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from samokoder import resources
from samokoder.window import Window

ACTIVE_SECONDS = 300.0
MOST_USERS = 100_000

disable_created_metrics()


class Metrics(Collector):
    """All metrics of one process."""

    def __init__(self, version: str, connections: Callable[[], int]) -> None:
        """`connections` returns the database connections that are open now."""
        self.registry = CollectorRegistry()
        self._connections = connections
        self._cpu = resources.CpuMeter()
        self.requests, self.exceptions, self.queries, self.generations = (Window() for _ in range(4))
        self._users: dict[str, float] = {}
        self._make_counters()
        ProcessCollector(registry=self.registry)
        Info("samokoder_build", "What runs", registry=self.registry).info({"version": version})
        self.registry.register(self)

    def _make_counters(self) -> None:
        registry = self.registry
        labels = ("method", "endpoint")
        self._http = Counter("http_requests_total", "Requests answered", (*labels, "status"), registry=registry)
        self._http_seconds = Histogram(
            "http_request_duration_seconds",
            "Duration of requests",
            labels,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
            registry=registry,
        )
        self._http_exceptions = Counter("http_exceptions_total", "Requests that raised", registry=registry)
        self._db_seconds = Histogram(
            "db_query_duration_seconds",
            "Duration of database requests",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
            registry=registry,
        )
        self._db_errors = Counter("db_errors_total", "Database requests that failed", registry=registry)
        self._ai_seconds = Histogram(
            "ai_generation_duration_seconds",
            "Duration of generations",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        self.projects_created = Counter("projects_created_total", "Projects created", registry=registry)
        self.ai_requests = Counter("ai_requests_total", "Generations asked for", registry=registry)
        self.endpoint_hits = Counter("endpoint_hits_total", "Requests by endpoint", ("endpoint",), registry=registry)

    def request(self, method: str, endpoint: str, status: int, seconds: float, raised: bool) -> None:
        """Record one answered request; only /api/ counts for the gauges, health checks would dilute them."""
        self._http.labels(method, endpoint, str(status)).inc()
        self._http_seconds.labels(method, endpoint).observe(seconds)
        self.endpoint_hits.labels(endpoint).inc()
        if raised:
            self._http_exceptions.inc()
        if endpoint.startswith("/api/"):
            self.requests.add(seconds, failed=status >= 500)
            self.exceptions.add(seconds, failed=raised)

    def query(self, seconds: float, failed: bool) -> None:
        """Record one request to the database."""
        self._db_seconds.observe(seconds)
        self.queries.add(seconds, failed)
        if failed:
            self._db_errors.inc()

    def generation(self, seconds: float) -> None:
        """Record one generation."""
        self._ai_seconds.observe(seconds)
        self.generations.add(seconds)

    def user(self, name: str) -> None:
        """Record that user `name` was here."""
        if name in self._users or len(self._users) < MOST_USERS:
            self._users[name] = time.monotonic()

    def active_users(self) -> int:
        """Return how many users were here in the last five minutes."""
        oldest = time.monotonic() - ACTIVE_SECONDS
        self._users = {name: at for name, at in self._users.items() if at >= oldest}
        return len(self._users)

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges under the plan's names."""
        for name, text, value in (
            ("api_response_time_p95", "95th percentile of API answers, seconds, last 30 s", self.requests.p95()),
            ("database_query_time_p95", "95th percentile of database requests, seconds", self.queries.p95()),
            ("ai_generation_time_p95", "95th percentile of generations, seconds", self.generations.p95()),
            ("requests_per_second", "API requests per second", self.requests.per_second()),
            ("error_rate", "API answers of 500 and above / all, 0 to 1", self.requests.failed_ratio()),
            ("exception_rate", "API requests that raised / all, 0 to 1", self.exceptions.failed_ratio()),
            ("database_error_rate", "Database requests that failed / all, 0 to 1", self.queries.failed_ratio()),
            ("cpu_usage_percent", "CPU used of what the container may use, percent", self._cpu.percent()),
            ("memory_usage_percent", "Memory used of the container's limit, percent", resources.memory_percent()),
            ("disk_usage_percent", "Disk used, percent", resources.disk_percent()),
            ("database_connections", "Database connections of this instance", float(self._connections())),
            ("active_users", "Users seen in the last five minutes", float(self.active_users())),
        ):
            yield GaugeMetricFamily(name, text, value=value)

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
