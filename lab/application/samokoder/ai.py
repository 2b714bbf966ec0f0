# SPDX-License-Identifier: GPL-3.0-or-later
"""Generation: a stand-in for a model, with a small real delay and a cache in Redis."""

from __future__ import annotations

import asyncio
import hashlib
import time

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from samokoder.context import Parts, Profile

router = APIRouter(prefix="/api/ai")
GENERATION_SECONDS = 0.05
CACHE_SECONDS = 60


class Prompt(BaseModel):
    """What is asked of the model."""

    prompt: str = Field(min_length=1, max_length=10_000)


class Generation(BaseModel):
    """What the model answered."""

    result: str
    cached: bool


@router.post("/generate")
async def generate(prompt: Prompt, context: Parts, profile: Profile) -> Generation:
    """Return code for a prompt; the same prompt again comes from the cache."""
    begin = time.perf_counter()
    context.metrics.ai_requests.inc()
    if context.faults.hits("ai"):
        raise HTTPException(500, "generation failed: fault ai is on")
    # Of this version alone: what another would make of the prompt, or how it keeps it, is its own affair.
    key = f"samokoder:{context.settings.version}:ai:{hashlib.sha256(prompt.prompt.encode()).hexdigest()}"
    cached = await context.redis.get(key)
    if cached is None:
        await asyncio.sleep(GENERATION_SECONDS)
        result = f"# {prompt.prompt}\nprint('hello from samokoder')\n"
        await context.redis.set(key, result, ex=CACHE_SECONDS)
    else:
        result = str(cached)
    context.metrics.generation(time.perf_counter() - begin)
    return Generation(result=result, cached=cached is not None)
