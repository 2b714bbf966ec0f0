# SPDX-License-Identifier: GPL-3.0-or-later
"""Django's settings, all from the environment."""

import os
from urllib.parse import unquote, urlsplit

SECRET_KEY = os.environ["SECRET_KEY"]
VERSION = os.environ.get("GUESTBOOK_VERSION", "unknown")
ALLOWED_HOSTS = [".guestbook.lab", "localhost", "127.0.0.1"]
ROOT_URLCONF = "guestbook.urls"
INSTALLED_APPS = ["entries"]
MIDDLEWARE = ["entries.middleware.version", "django.middleware.common.CommonMiddleware"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True

_database = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path.lstrip("/"),
        "USER": unquote(_database.username or ""),
        "PASSWORD": unquote(_database.password or ""),
        "HOST": _database.hostname,
        "PORT": _database.port or 5432,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 3},
    }
}

EMAIL_HOST, _, _port = os.environ.get("MAILER", "mailer:1025").partition(":")
EMAIL_PORT = int(_port or 25)
EMAIL_TIMEOUT = 3

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
