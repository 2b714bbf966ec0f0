# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import tarfile

import pytest

from lab.plain import environment_of, nginx_site, project_files
from lab.profiles import APPLICATIONS, Application
from lab.settings import read_settings
from lab.shape import Shape, plan_hosts
from lab.state import ensure_secrets

EVERY = pytest.mark.parametrize("application", APPLICATIONS.values(), ids=lambda one: one.name)


@EVERY
def test_the_environment_is_filled_in(
    application: Application, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    secrets = ensure_secrets(read_settings({"XDG_STATE_HOME": str(tmp_path)}))
    text = environment_of(application, secrets, "10.9.9.9")
    assert secrets[application.password] in text and "10.9.9.9" in text
    assert "{" not in text
    assert len(text.splitlines()) == len(application.environment)


@EVERY
def test_only_the_owner_reads_the_environment(application: Application) -> None:
    with tarfile.open(fileobj=io.BytesIO(project_files(application, "A=b\n"))) as tar:
        found = {entry.name: entry for entry in tar}
        folder = f"srv/plain/{application.name}"
        assert set(found) == {f"{folder}/compose.yml", f"{folder}/.env"}
        assert found[f"{folder}/.env"].mode == 0o600 and found[f"{folder}/.env"].uname == "deploy"
        kept = tar.extractfile(f"{folder}/compose.yml")
        assert kept and kept.read() == (application.folder / "compose.yml").read_bytes()


@EVERY
def test_the_proxy_knows_every_host_at_the_port_that_the_compose_file_publishes(application: Application) -> None:
    apps = [host for host in plan_hosts(Shape(lb=1, app=2), "10.1.0.0/16") if host.kind == "app"]
    site = nginx_site(application, apps)
    assert f"server app1:{application.port};\n    server app2:{application.port};" in site
    assert f"server_name {application.site};" in site
    assert site.count("{") == site.count("}") == 3
    assert f'"{application.port}:' in (application.folder / "compose.yml").read_text()
