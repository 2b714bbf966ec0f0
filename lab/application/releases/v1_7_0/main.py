# SPDX-License-Identifier: GPL-3.0-or-later
"""What uvicorn serves."""

from __future__ import annotations

from samokoder import shares
from samokoder.application import create

from .projects import router

application = create(router, shares.of(("reader", "writer", "commenter")))
