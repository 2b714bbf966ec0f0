# SPDX-License-Identifier: GPL-3.0-or-later
"""Every answer carries the version and is counted; the application lives without its database and tells so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from releases.v1_0_0.projects import router
from samokoder import faults as module
from samokoder.application import create, make_context
from samokoder.context import Context
from samokoder.security import issue_token
from samokoder.settings import Settings

boom = APIRouter()


@boom.get("/api/boom")
async def raise_something() -> None:
    """Fail as code fails that nobody thought of."""
    raise RuntimeError("boom")


@pytest.fixture
def context(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The parts of an application that reads its faults at every request."""
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    settings.faults.mkdir()
    yield make_context(settings)


def ask(context: Context, method: str, path: str, routes: APIRouter = router, **more: Any) -> httpx.Response:
    """Return the application's answer to one request."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(create(routes, context=context), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://samokoder.test") as client:
            return await client.request(method, path, **more)

    return asyncio.run(once())


def metric(context: Context, name: str, **labels: str) -> float | None:
    """Return a metric's value."""
    return context.metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/metrics", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/api/projects", 401),
        ("POST", "/api/auth/login", 422),
        ("GET", "/health/db", 503),
        ("GET", "/health/redis", 503),
        ("GET", "/api/boom", 500),
    ],
)
def test_every_answer_carries_the_version(context: Context, method: str, path: str, status: int) -> None:
    routes = APIRouter()
    routes.include_router(router)
    routes.include_router(boom)
    answer = ask(context, method, path, routes)
    assert (answer.status_code, answer.headers["x-release-version"]) == (status, "1.2.3")


def test_a_database_that_is_away_is_an_error_not_a_crash(context: Context) -> None:
    token = issue_token(1, context.settings.secret)
    answer = ask(context, "GET", "/api/projects", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 500
    assert "database error" in answer.text
    assert "127.0.0.1" not in answer.text
    assert metric(context, "db_errors_total") == 1
    assert metric(context, "database_error_rate") == 1.0
    assert metric(context, "error_rate") == 1.0
    assert metric(context, "exception_rate") == 0.0


def test_what_was_raised_is_counted(context: Context) -> None:
    ask(context, "GET", "/api/boom", boom)
    assert metric(context, "http_exceptions_total") == 1
    assert metric(context, "exception_rate") == 1.0
    assert metric(context, "http_requests_total", method="GET", endpoint="/api/boom", status="500") == 1


def test_health_checks_do_not_dilute_the_error_rate(context: Context) -> None:
    ask(context, "GET", "/health")
    ask(context, "GET", "/api/boom", boom)
    assert metric(context, "error_rate") == 1.0


def test_paths_nobody_knows_make_no_labels(context: Context) -> None:
    for number in range(3):
        ask(context, "GET", f"/api/made-up/{number}")
    assert metric(context, "http_requests_total", method="GET", endpoint="/api/other", status="404") == 3


def test_errors_strike_the_api_and_spare_health_and_metrics(context: Context) -> None:
    (context.settings.faults / "errors").touch()
    assert ask(context, "GET", "/api/slow?seconds=0").status_code == 500
    assert ask(context, "GET", "/health").status_code == 200
    assert ask(context, "GET", "/metrics").status_code == 200
    assert metric(context, "error_rate") == 1.0


def test_latency_is_added_and_measured(context: Context) -> None:
    (context.settings.faults / "latency").write_text("0.2")
    assert ask(context, "GET", "/api/slow?seconds=0").status_code == 200
    p95 = metric(context, "api_response_time_p95")
    assert p95 is not None and 0.2 <= p95 < 10.0


def test_unhealthy_login_and_ai_fail_where_they_should(context: Context) -> None:
    for name in ("unhealthy", "login", "ai"):
        (context.settings.faults / name).touch()
    token = issue_token(1, context.settings.secret)
    credentials = {"email": "test@example.com", "password": "test123"}
    assert ask(context, "GET", "/health").status_code == 503
    assert "fault login" in ask(context, "POST", "/api/auth/login", json=credentials).text
    bearer = {"Authorization": f"Bearer {token}"}
    assert "fault ai" in ask(context, "POST", "/api/ai/generate", json={"prompt": "x"}, headers=bearer).text


def test_slow_is_bounded(context: Context) -> None:
    assert ask(context, "GET", "/api/slow?seconds=61").status_code == 422


def test_faults_of_another_version_do_not_strike(context: Context, tmp_path: Path) -> None:
    (tmp_path / "9.9.9").mkdir()
    (tmp_path / "9.9.9" / "errors").touch()
    assert ask(context, "GET", "/api/slow?seconds=0").status_code == 200


def test_the_plans_metrics_are_there(context: Context) -> None:
    text = ask(context, "GET", "/metrics").text
    for name in [
        "api_response_time_p95",
        "database_query_time_p95",
        "ai_generation_time_p95",
        "requests_per_second",
        "error_rate",
        "exception_rate",
        "database_error_rate",
        "cpu_usage_percent",
        "memory_usage_percent",
        "disk_usage_percent",
        "database_connections",
        "active_users",
        "projects_created_total",
        "ai_requests_total",
    ]:
        assert f"\n{name} " in text, name
