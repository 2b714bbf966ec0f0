# SPDX-License-Identifier: GPL-3.0-or-later
"""Version 1.0: entries."""

from typing import Any

from django.db import models

from entries.heartbeat import Heartbeat

__all__ = ["Entry", "Heartbeat"]


class Entry(models.Model):
    """What a visitor wrote. The key is the client's: nothing but the truth keeps it from being there twice."""

    key = models.CharField(max_length=100, db_index=True)
    author = models.CharField(max_length=100)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def shown(self) -> dict[str, Any]:
        """What the API answers."""
        return {"id": self.id, "key": self.key, "author": self.author, "text": self.text}

    @staticmethod
    def further(given: dict[str, Any]) -> dict[str, Any]:
        """Fields of a request that only this version knows: none."""
        return {}
