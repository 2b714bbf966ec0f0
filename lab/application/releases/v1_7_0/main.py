# SPDX-License-Identifier: GPL-3.0-or-later
"""What uvicorn serves."""

from __future__ import annotations

from fastapi import APIRouter

from samokoder import shares
from samokoder.application import create

from .projects import router as projects

router = APIRouter()
router.include_router(projects)
router.include_router(shares.of(("reader", "writer", "commenter")))
application = create(router)
