# SPDX-License-Identifier: GPL-3.0-or-later
"""What every answer carries."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


def version(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Say in each answer which version gave it."""

    def named(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        response["X-Guestbook-Version"] = settings.VERSION
        return response

    return named
