# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the guestbook."""

from django.urls import path

from entries import views

urlpatterns = [
    path("status/", views.status),
    path("entries/", views.entries),
    path("entries/stream", views.stream),
    path("entries/<int:number>/", views.entry),
]
