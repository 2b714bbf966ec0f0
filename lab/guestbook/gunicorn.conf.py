# SPDX-License-Identifier: GPL-3.0-or-later
"""How the guestbook is served. SIGTERM: no new connection, requests in hand are finished, then exit."""

from typing import Any

from guestbook import serving

bind = "0.0.0.0:9000"
worker_class = "gthread"
workers = 2
threads = 8
# Longer than a proxy keeps idle connections to us: it is never we who close under a request on the wire.
keepalive = 75
# Shorter than the compose file's stop_grace_period (30 s).
graceful_timeout = 25
worker_tmp_dir = "/dev/shm"
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Let streams know when their worker is told to stop."""
    serving.goes_on = lambda: bool(worker.alive)
