# SPDX-License-Identifier: GPL-3.0-or-later
"""The guestbook's pages, all JSON but the stream."""

import json
import time
from collections.abc import Iterator

from django.core.mail import get_connection, send_mail
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods

from entries.models import Entry
from guestbook import serving

MOST = 100
POLL_SECONDS = 0.25


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """200 when the database and the mailer answer, 503 with the reason otherwise."""
    found = {"database": _database(), "mailer": _mailer()}
    return JsonResponse(found, status=200 if set(found.values()) == {"ok"} else 503)


@require_http_methods(["GET", "POST"])
def entries(request: HttpRequest) -> HttpResponse:
    """The latest entries, or a new one."""
    if request.method == "POST":
        return _write(request)
    limit = request.GET.get("limit", "20")
    count = min(int(limit), MOST) if limit.isdecimal() else MOST
    return JsonResponse({"entries": [entry.shown() for entry in Entry.objects.order_by("-id")[:count]]})


@require_GET
def entry(request: HttpRequest, number: int) -> HttpResponse:
    """One entry."""
    return JsonResponse(get_object_or_404(Entry, id=number).shown())


@require_GET
def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Every entry from now on, as server-sent events; a stopping server says so and ends."""
    answer = StreamingHttpResponse(_events(), content_type="text/event-stream")
    answer["Cache-Control"] = "no-cache"
    answer["X-Accel-Buffering"] = "no"
    return answer


def _write(request: HttpRequest) -> HttpResponse:
    try:
        given = json.loads(request.body)
        wanted = {name: str(given[name]) for name in ("key", "author", "text")}
    except (ValueError, KeyError, TypeError):
        return JsonResponse({"error": "expected an object with key, author and text"}, status=400)
    made = Entry.objects.create(**wanted, **Entry.further(given))
    if "notify" in given:
        send_mail("A new entry", made.text, "guestbook@example.com", [str(given["notify"])])
    return JsonResponse(made.shown(), status=201)


def _events() -> Iterator[str]:
    last = Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0
    yield "retry: 500\n\n"
    while serving.goes_on():
        for one in Entry.objects.filter(id__gt=last).order_by("id"):
            last = one.id
            yield f"id: {one.id}\nevent: entry\ndata: {json.dumps(one.shown())}\n\n"
        # Without it a client that left would be noticed only with the next entry.
        yield ": here\n\n"
        time.sleep(POLL_SECONDS)
    yield "event: stopping\ndata: {}\n\n"


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return type(error).__name__
    return "ok"


def _mailer() -> str:
    try:
        mailer = get_connection()
        mailer.open()
        mailer.close()
    except OSError as error:
        return type(error).__name__
    return "ok"
