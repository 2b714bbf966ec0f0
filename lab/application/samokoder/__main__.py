# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve: python -m samokoder. SIGTERM: no new connection, requests in hand are finished, then exit."""

from __future__ import annotations

import os
import sys
import time

import uvicorn

from samokoder import settings
from samokoder.faults import Faults
from samokoder.torment import EXIT_CODE

# Longer than nginx keeps idle connections to us (30 s): it is never we who close under a request on the wire.
KEEP_ALIVE_SECONDS = 75
# Shorter than the compose file's stop_grace_period (30 s).
GRACEFUL_SECONDS = 25


def main() -> int:
    """Run until told to stop; the exit code is 0 after a graceful stop."""
    try:
        given = settings.read()
    except ValueError as error:
        print(f"samokoder cannot start: {error}", file=sys.stderr)
        return 78
    active = Faults(given.faults).active()
    if "down" in active:
        print("samokoder refuses to start: fault down is on", file=sys.stderr)
        time.sleep(1)
        return EXIT_CODE
    if "slow_boot" in active:
        time.sleep(min(active["slow_boot"], 300))
    uvicorn.run(
        "release.main:application",
        host="0.0.0.0",
        port=int(os.environ.get("SAMOKODER_PORT", "8000")),
        loop="uvloop",
        http="httptools",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        access_log=False,
        log_level="info",
        server_header=False,
        backlog=2048,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
