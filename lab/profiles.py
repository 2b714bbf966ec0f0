# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications of the lab: all that differs between them, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.settings import ROOT


@dataclass(frozen=True)
class Traffic:
    """What users of an application send.

    Attributes:
        write: path of the POST that makes a thing; its name is sent and answered as the field `key`.
        more: further fields of that POST.
        items: path of the list.
        item: path of one thing, with {id}.
        version_header: header in which the application says its version.
        light: path that answers JSON and costs next to nothing; slow: one that answers after five seconds; websocket:
            one that repeats what it hears. Empty: it has none.
        login: path of the POST that answers a token as `token`, with `credentials`; empty: nobody logs in.
    """

    write: str
    key: str
    more: Mapping[str, str]
    items: str
    item: str
    version_header: str
    light: str = ""
    slow: str = ""
    websocket: str = ""
    login: str = ""
    token: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Application:
    """One application of the lab.

    Attributes:
        name: of its image, its database and that database's role, its plain compose project.
        folder: its sources, its compose file and seed.sql.
        previous: the version that a lab begins with; following: the one that it releases.
        port: what its compose file publishes.
        service: the service of its compose file that answers users.
        ready: a path that answers 200 when it serves, its database too.
        migrate: command that brings an empty database to the version of the image.
        table: where its users' writes are, in the column `key` of `traffic`.
        revision: SQL for the last migration that its database has seen.
        migrations: the table that this reads; without it there is none.
        environment: .env beside its compose file; {registry}, {version}, {db} and the names of secrets are filled in.
        password: name of the secret that is its database password.
        traffic: what its users send.
        faults: folder of the application hosts in which its versions look for faults; empty: they know none.
    """

    name: str
    folder: Path
    previous: str
    following: str
    port: int
    service: str
    ready: str
    migrate: tuple[str, ...]
    table: str
    migrations: str
    revision: str
    environment: Mapping[str, str]
    password: str
    traffic: Traffic
    faults: str = ""

    @property
    def site(self) -> str:
        """The host name that its users ask."""
        return f"{self.name}.lab"

    @property
    def previous_image(self) -> str:
        """The image that a lab begins with."""
        return f"{self.name}:{self.previous}"

    @property
    def acked_file(self) -> str:
        """File of the lab's folder in which the load notes confirmed writes."""
        return f"acked-{self.name}"


SAMOKODER = Application(
    name="samokoder",
    folder=ROOT / "lab" / "application",
    previous="0.9.0",
    following="1.0.0",
    port=8000,
    service="api",
    ready="/health/db",
    migrate=("alembic", "upgrade", "head"),
    table="projects",
    migrations="public.alembic_version",
    revision="select version_num from alembic_version",
    environment={
        "SAMOKODER_IMAGE": "{registry}/samokoder:{version}",
        "DATABASE_URL": "postgresql+psycopg://samokoder:{db_password}@{db}:5432/samokoder",
        "REDIS_URL": "redis://{db}:6379/0",
        "SAMOKODER_SECRET": "{application_secret}",
    },
    password="db_password",
    traffic=Traffic(
        write="/api/projects",
        key="name",
        more={"description": "written by the load"},
        items="/api/projects?limit=10",
        item="/api/projects/{id}",
        version_header="X-Release-Version",
        light="/health",
        slow="/api/slow?seconds=5",
        websocket="/ws",
        login="/api/auth/login",
        token="access_token",
        credentials={"email": "test@example.com", "password": "test123"},
    ),
    faults="/srv/samokoder/faults",
)

GUESTBOOK = Application(
    name="guestbook",
    folder=ROOT / "lab" / "guestbook",
    previous="1.0",
    following="1.1",
    port=9000,
    service="web",
    ready="/status/",
    migrate=("python3", "manage.py", "migrate"),
    table="entries_entry",
    migrations="public.django_migrations",
    revision="select name from django_migrations where app = 'entries' order by id desc limit 1",
    environment={
        "DATABASE_URL": "postgresql://guestbook:{guestbook_db_password}@{db}:5432/guestbook",
        "SECRET_KEY": "{guestbook_secret}",
    },
    password="guestbook_db_password",
    traffic=Traffic(
        write="/entries/",
        key="key",
        more={"author": "load", "text": "written by the load"},
        items="/entries/?limit=10",
        item="/entries/{id}/",
        version_header="X-Guestbook-Version",
    ),
)

APPLICATIONS = {application.name: application for application in (SAMOKODER, GUESTBOOK)}
# The one that `bin/lab up` installs.
INSTALLED = SAMOKODER
