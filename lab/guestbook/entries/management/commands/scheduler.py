# SPDX-License-Identifier: GPL-3.0-or-later
"""python manage.py scheduler: a heartbeat every 0.2 s until SIGTERM."""

import signal
import socket
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from entries.models import Heartbeat

PERIOD_SECONDS = 0.2
RETRY_SECONDS = 1.0


class Command(BaseCommand):
    """The guestbook's background work; exactly one of it should run."""

    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Beat; a database that is away, or not migrated yet, is tried again."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while True:
            try:
                Heartbeat.objects.create(container=socket.gethostname(), version=settings.VERSION)
                pause = PERIOD_SECONDS
            except DatabaseError as error:
                self.stderr.write(f"no heartbeat: {error}")
                connection.close()
                pause = RETRY_SECONDS
            time.sleep(pause)
