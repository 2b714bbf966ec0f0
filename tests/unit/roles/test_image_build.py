# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""playbooks/build.yml by real ansible-playbook runs, with a docker command that writes down how it is called."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.roles.estate import Estate

ROOT = Path(__file__).parents[3]
PASSWORD = "hunter2hunter2"
# Files in its folder say what is so: tag (the registry has it), meanwhile (since the build), ill, refused.
DOCKER = """#!/bin/sh
cd {folder}
echo "$*" >> told
case "$*" in
  'context inspect') echo '[{{"Endpoints": {{"docker": {{"Host": "unix:///engine.sock"}}}}}}]' ;;
  login*) cat > password; [ ! -e refused ] || {{ echo "401 unauthorized" >&2; exit 1; }} ;;
  'manifest inspect'*)
    [ ! -e tag ] || exit 0
    [ ! -e ill ] || {{ echo 'received unexpected HTTP status: 503 Service Unavailable' >&2; exit 1; }}
    echo 'no such manifest: r/shop:1.0.0' >&2; exit 1 ;;
  compose*) cp $7 build.yml; cp $9 build.env; [ ! -e meanwhile ] || touch tag ;;
  push*) echo "$DOCKER_CONFIG $DOCKER_HOST" > pushed; touch tag ;;
esac
"""


class Controller:
    """A docker command, an inventory with release_build push, and runs of the playbook."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.docker = folder, folder / "docker"
        self.docker.mkdir()
        command = folder / "bin" / "docker"
        command.parent.mkdir()
        command.write_text(DOCKER.format(folder=self.docker))
        command.chmod(0o755)
        Estate(folder)
        service = {"build": ".", "ports": ["8000"], "env_file": "developers.env"}
        (folder / "compose.yml").write_text(yaml.safe_dump({"services": {"api": service}}))
        (folder / "developers.env").touch()
        (folder / "tmp").mkdir()

    def run(self, *words: str, **variables: Any) -> tuple[int, str]:
        common = {"release_build": "push", "release_registry_insecure": True, "release_image": "reg.test:5000/shop"}
        extra = ["-e", json.dumps({**common, "release_app_environment": {"TOKEN": PASSWORD}, **variables})]
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(self.folder / "hosts.yml"), *extra, *words]
        environment = {
            **os.environ, "ANSIBLE_NOCOLOR": "1", "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "TMPDIR": f"{self.folder}/tmp",
        }  # fmt: skip
        done = subprocess.run(
            [*command, "playbooks/build.yml"], cwd=ROOT, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert list((self.folder / "tmp").glob("bluegreen-build-*")) == []
        return done.returncode, " ".join(done.stdout.split())

    def so(self, what: str) -> None:
        (self.docker / what).touch()

    @property
    def told(self) -> list[str]:
        """The first words of each call, without the one that looks for the engine."""
        lines = (self.docker / "told").read_text().splitlines()
        return [line.split()[0] for line in lines if not line.startswith("context")]


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def test_a_version_that_is_missing_is_built_once_and_pushed(controller: Controller) -> None:
    login = {"release_registry_username": "ann", "release_registry_password": PASSWORD}
    rc, output = controller.run("-vvv", **login)
    assert rc == 0, output
    assert controller.told == ["login", "manifest", "compose", "manifest", "push"]
    told = (controller.docker / "told").read_text().splitlines()
    assert told[-1] == "push --quiet reg.test:5000/shop:1.0.0"
    assert "login --username ann --password-stdin reg.test:5000" in told
    assert PASSWORD not in output and PASSWORD not in "".join(told)
    assert (controller.docker / "password").read_text().strip() == PASSWORD
    assert (
        '    image: "reg.test:5000/shop:1.0.0"\n    env_file: !reset []'
        in (controller.docker / "build.yml").read_text()
    )
    assert (controller.docker / "build.env").read_text() == f"TOKEN='{PASSWORD}'\n"
    config, engine = (controller.docker / "pushed").read_text().split()
    assert "bluegreen-build-" in config and engine == "unix:///engine.sock"
    rc, output = controller.run(**login)
    assert rc == 0 and controller.told[5:] == ["login", "manifest"], output


def test_check_mode_asks_and_builds_nothing(controller: Controller) -> None:
    rc, output = controller.run("--check", "--diff")
    assert rc != 0 and "Run playbooks/build.yml, which changes nothing but the registry" in output, output
    controller.so("tag")
    rc, output = controller.run("--check", "--diff")
    assert rc == 0, output
    assert controller.told == ["manifest", "manifest"]


@pytest.mark.parametrize(
    ("so", "variables", "words", "told"),
    [
        ("meanwhile", {}, "somebody pushed it meanwhile", ["manifest", "compose", "manifest"]),
        ("ill", {}, "503 Service Unavailable", ["manifest"]),
        (
            "refused",
            {"release_registry_username": "ann", "release_registry_password": PASSWORD},
            "to take the login of ann, found: 401 unauthorized",
            ["login"],
        ),
    ],
)
def test_what_stands_in_the_way(
    controller: Controller, so: str, variables: dict[str, Any], words: str, told: list[str]
) -> None:
    controller.so(so)
    rc, output = controller.run(**variables)
    assert rc != 0 and words in output and PASSWORD not in output, output
    assert controller.told == told


@pytest.fixture
def plain() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_registry_without_tls_that_docker_cannot_ask_is_not_pushed_over(controller: Controller, plain: str) -> None:
    rc, output = controller.run(release_image=f"{plain}/shop", release_registry_insecure=False)
    assert rc != 0 and "Set release_registry_insecure to true when it speaks plain HTTP" in output, output
    assert controller.told == ["manifest"]


def test_nothing_is_built_unless_it_is_asked_for(controller: Controller) -> None:
    rc, output = controller.run(release_build="never")
    assert rc == 0 and not (controller.docker / "told").exists(), output
