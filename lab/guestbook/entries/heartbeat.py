# SPDX-License-Identifier: GPL-3.0-or-later
"""The row that a scheduler writes."""

from django.db import models
from django.db.models.functions import Now


class Heartbeat(models.Model):
    """One beat: when, by the database's clock, and whose."""

    at = models.DateTimeField(db_default=Now())
    container = models.CharField(max_length=100)
    version = models.CharField(max_length=20)

    class Meta:
        app_label = "entries"
