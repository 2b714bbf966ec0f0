# SPDX-License-Identifier: GPL-3.0-or-later
"""Health, metrics, and the endpoints that prove how a proxy treats slow answers and WebSockets."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from samokoder.context import Parts

router = APIRouter()


@router.get("/health")
async def health(context: Parts) -> JSONResponse:
    """Tell that this process serves, and which version it is. Asks nobody else."""
    sick = context.faults.hits("unhealthy")
    content = {"status": "unhealthy" if sick else "ok", "version": context.settings.version}
    return JSONResponse(content, status_code=503 if sick else 200)


@router.get("/health/db")
async def health_database(context: Parts) -> JSONResponse:
    """Tell whether the database answers."""
    begin = time.perf_counter()
    try:
        await context.database.rows(sa.text("SELECT 1 AS one"))
    except SQLAlchemyError as error:
        return JSONResponse({"status": "unhealthy", "reason": type(error).__name__}, status_code=503)
    return JSONResponse({"status": "ok", "seconds": round(time.perf_counter() - begin, 6)})


@router.get("/health/redis")
async def health_redis(context: Parts) -> JSONResponse:
    """Tell whether Redis answers."""
    begin = time.perf_counter()
    try:
        await context.redis.ping()
    except (RedisError, OSError) as error:
        return JSONResponse({"status": "unhealthy", "reason": type(error).__name__}, status_code=503)
    return JSONResponse({"status": "ok", "seconds": round(time.perf_counter() - begin, 6)})


@router.get("/metrics")
async def metrics(context: Parts) -> Response:
    """Give the metrics in Prometheus' text format."""
    return Response(context.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/api/slow")
async def slow(seconds: Annotated[float, Query(ge=0, le=60)] = 1.0) -> dict[str, float]:
    """Answer after `seconds`, at most 60."""
    await asyncio.sleep(seconds)
    return {"seconds": seconds}


@router.websocket("/ws")
async def echo(socket: WebSocket) -> None:
    """Send back whatever comes, text as text and bytes as bytes."""
    await socket.accept()
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            else:
                await socket.send_bytes(message["bytes"])
    except WebSocketDisconnect:
        return
