# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the application together from its common parts and the router of a version."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from samokoder import accounts, ai, drafts, settings, system
from samokoder.context import Context
from samokoder.database import Database
from samokoder.faults import Faults
from samokoder.gate import Gate
from samokoder.metrics import Metrics
from samokoder.torment import Torment


def make_context(given: settings.Settings) -> Context:
    """Return the parts that `given` describes; nothing is connected yet."""
    faults = Faults(given.faults)
    database = Database(given.database_url, faults)
    metrics = Metrics(given.version, database.connections)
    database.metrics = metrics
    redis = Redis.from_url(
        given.redis_url, decode_responses=True, socket_timeout=2, socket_connect_timeout=2, max_connections=20
    )
    return Context(given, faults, metrics, database, redis)


async def database_failed(request: Request, error: Exception) -> JSONResponse:
    """Answer 500 when the database failed; its text may hold data, so only its kind goes out."""
    return JSONResponse({"detail": f"database error: {type(error).__name__}"}, status_code=500)


async def redis_failed(request: Request, error: Exception) -> JSONResponse:
    """Answer 500 when Redis failed."""
    return JSONResponse({"detail": f"cache error: {type(error).__name__}"}, status_code=500)


def create(*of_version: APIRouter, context: Context | None = None) -> Gate:
    """Return the ASGI application with the routers of a version."""
    parts = context if context is not None else make_context(settings.read())

    @contextlib.asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        torment = asyncio.create_task(Torment(parts.faults).run())
        yield
        torment.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await torment
        await parts.database.close()
        await parts.redis.aclose()

    application = FastAPI(title="samokoder", version=parts.settings.version, lifespan=lifespan)
    application.state.context = parts
    application.add_exception_handler(SQLAlchemyError, database_failed)
    application.add_exception_handler(RedisError, redis_failed)
    for router in (system.router, accounts.router, ai.router, drafts.router, *of_version):
        application.include_router(router)
    return Gate(application, parts)
