# SPDX-License-Identifier: GPL-3.0-or-later
"""An estate as it is before anybody adopts it: one compose project a host, nginx configured by hand; or nothing."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Mapping, Sequence

from lab import database, faults, snapshot
from lab.containers import front_port, inside
from lab.errors import LabError
from lab.process import say, step
from lab.profiles import APPLICATIONS, Application
from lab.ready import wait_until_serving
from lab.registry import REGISTRY
from lab.settings import Settings
from lab.shape import Host
from lab.state import ensure_secrets, read_json

_START_SECONDS = 180.0
_SITE = """\
upstream {name} {{
{servers}
    keepalive 32;
}}

server {{
    listen 80;
    server_name {site};
    access_log /var/log/nginx/{name}.log;
    client_max_body_size 20m;

    location / {{
        proxy_pass http://{name};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
    }}
}}
"""


def empty(settings: Settings) -> None:
    """Hosts on which nothing was ever installed, and empty databases; `reset` goes back from it."""
    begun = time.monotonic()
    _clear(settings, snapshot.need_hosts(settings))
    say(f"empty in {time.monotonic() - begun:.1f} s; bin/lab reset goes back")


def plain(settings: Settings, application: Application) -> None:
    """The application's previous version with its data, run as its own team does; `reset` goes back from it."""
    begun = time.monotonic()
    hosts = snapshot.need_hosts(settings)
    apps, proxies = snapshot.of_kind(hosts, "app"), snapshot.of_kind(hosts, "lb")
    _clear(settings, hosts)
    environment = environment_of(application, ensure_secrets(settings), snapshot.of_kind(hosts, "db")[0].address)
    files = project_files(application, environment)
    snapshot.on_each(apps, lambda host: _lay_out(settings, host, application, files))
    _fill(settings, application, apps[0])
    with step(f"starting {application.name} {application.previous} from its own compose file"):
        snapshot.on_each(apps, lambda host: _compose(settings, host, application, "up --detach --wait"))
    site = nginx_site(application, apps)
    snapshot.on_each(proxies, lambda host: _route(settings, host, application, site))
    for host in proxies:
        wait_until_serving(f"http://127.0.0.1:{front_port(settings, host)}{application.ready}", application.site)
    say(f"plain {application.name} {application.previous} in {time.monotonic() - begun:.1f} s; bin/lab reset goes back")


def environment_of(application: Application, secrets: Mapping[str, str], db_address: str) -> str:
    """The text of .env beside the compose file."""
    values = {**secrets, "registry": REGISTRY, "version": application.previous, "db": db_address}
    return "".join(f"{name}={value.format(**values)}\n" for name, value in application.environment.items())


def nginx_site(application: Application, apps: Sequence[Host]) -> str:
    """What a person writes for a proxy in front of these hosts."""
    servers = "\n".join(f"    server {host.name}:{application.port};" for host in apps)
    return _SITE.format(name=application.name, site=application.site, servers=servers)


def project_files(application: Application, environment: str) -> bytes:
    """A tar of the project's folder, to be unpacked at a host's root."""
    stream = io.BytesIO()
    folder = folder_of(application).lstrip("/")
    compose = (application.folder / "compose.yml").read_bytes()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content, mode in (("compose.yml", compose, 0o644), (".env", environment.encode(), 0o600)):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode, entry.uname, entry.gname = len(content), mode, "deploy", "deploy"
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def folder_of(application: Application) -> str:
    """Where a plain project is on an application host."""
    return f"/srv/plain/{application.name}"


def _clear(settings: Settings, hosts: Sequence[Host]) -> None:
    if read_json(settings.state / snapshot.KEPT) is None:
        raise LabError("a kept state that bin/lab reset goes back to", "none", "bin/lab up, without --bare")
    with step("clearing hosts and databases"):
        faults.heal(settings, hosts)
        snapshot.clear(settings, hosts)
        for application in APPLICATIONS.values():
            database.empty(settings, application)
        database.forget_writes(settings)


def _lay_out(settings: Settings, host: Host, application: Application, files: bytes) -> None:
    folder = folder_of(application)
    inside(settings, host.name, ["install", "-d", "-o", "deploy", "-g", "deploy", folder])
    inside(settings, host.name, ["tar", "-xpf", "-", "-C", "/"], stdin=files)


def _fill(settings: Settings, application: Application, host: Host) -> None:
    """The data of the kept state; where there is none, made by the application itself and kept."""
    if database.has_snapshot(settings, application):
        database.restore(settings, application)
        return
    with step("migrating and filling the database (once)"):
        command = f"run --rm --no-deps {application.service} {' '.join(application.migrate)}"
        _compose(settings, host, application, command)
        database.seed(settings, application)
        database.snapshot(settings, application)


def _compose(settings: Settings, host: Host, application: Application, command: str) -> None:
    """As its user would: from the project's folder, without options."""
    script = f"cd {folder_of(application)} && docker compose --progress quiet {command}"
    as_deploy = ["setpriv", "--reuid", "deploy", "--regid", "deploy", "--init-groups", "env", "HOME=/home/deploy"]
    inside(settings, host.name, [*as_deploy, "sh", "-ec", script], timeout_seconds=_START_SECONDS)


def _route(settings: Settings, host: Host, application: Application, site: str) -> None:
    script = f"cat > /etc/nginx/conf.d/{application.name}.conf && nginx -t -q && nginx -s reload"
    inside(settings, host.name, ["sh", "-ec", script], stdin=site.encode())
