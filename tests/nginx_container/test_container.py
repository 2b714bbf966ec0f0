# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules' work on an nginx that runs in a container of this machine's engine. Needs a lab, for its image."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError, Nginx
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_siting import Site

from tests.nginx.proxy import Proxy, backend, until
from tests.nginx.runs import given, nginx_of, run, switching
from tests.ports import free_port

Start = Callable[..., "Housed"]


class Housed(Proxy):
    """A proxy whose nginx is in a container on the network of the host. Never stopped by its process id."""

    name = ""

    @property
    def command(self) -> list[str]:
        """nginx with this configuration, in the container."""
        return ["docker", "exec", self.name, "nginx", "-c", str(self.root / "nginx.conf")]

    def nginx(self) -> Nginx:
        """As the modules see it."""
        return replace(nginx_of(self), timeout_seconds=5.0)

    def site(self, check_mode: bool = False, **more: Any) -> Site:
        """A run of nginx_site, not yet started."""
        return Site({**given(self), **more}, self.nginx(), check_mode)


@pytest.fixture(scope="module")
def image() -> str:
    """The image of the lab's proxies."""
    lab = os.environ.get("LAB_NAME", "test")
    found = run(["docker", "inspect", "--format", "{{.Config.Image}}", f"{lab}-lb1"])
    assert found.code == 0, f"expected the lab {lab}, for its image: bin/lab up; found: {found.errors}"
    return found.output.strip()


@pytest.fixture
def start(image: str) -> Iterator[Start]:
    """Start a container with these mounts; without any: the whole place of the proxy."""
    root = Path(tempfile.mkdtemp(prefix="bluegreen-nginx-"))
    root.chmod(0o755)
    proxy = Housed(root, free_port(), free_port(), free_port())
    proxy.name = f"bluegreen-test-{uuid.uuid4().hex[:12]}"

    def begin(*mounts: str) -> Housed:
        proxy.write()
        # Its own configuration alone, and its process id where no one takes it for one of this machine.
        proxy.site_file.unlink()
        proxy.preview_file.unlink()
        conf = root / "nginx.conf"
        conf.write_text(conf.read_text().replace(f"{root}/nginx.pid", "/run/nginx.pid"))
        volumes = [word for one in mounts or ("{root}:{root}",) for word in ("-v", one.format(root=root))]
        words = ["docker", "run", "-d", "--name", proxy.name, "--network", "host", *volumes, "--entrypoint", "nginx"]
        started = run([*words, image, "-c", str(conf), "-g", "daemon off;"])
        assert started.code == 0, started.errors
        return proxy

    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        stack.callback(subprocess.run, ["docker", "rm", "-f", "-v", proxy.name], capture_output=True, check=False)
        stack.enter_context(backend("blue", proxy.blue))
        stack.enter_context(backend("green", proxy.green))
        yield begin


def answers(proxy: Housed) -> None:
    """Wait until nginx in the container can be asked."""
    until(lambda: run([*proxy.command, "-t"]).code == 0, 10.0)


def test_a_site_is_brought_in_and_users_are_moved(start: Start) -> None:
    proxy = start()
    answers(proxy)
    site = proxy.site()
    site.run()
    assert site.result["reloaded"] and site.result["proof"]["proved"], site.result
    assert proxy.probe() == "blue", "its workers read the flags"
    again = proxy.site()
    again.run()
    assert not again.result["changed"]
    move = switching(proxy, "green", prove_timeout_seconds=5.0)
    move.run()
    assert move.result["proof"]["proved"] and proxy.front().headers["x-backend"] == "green"


def test_what_nginx_refuses_in_there_is_put_back(start: Start) -> None:
    proxy = start()
    answers(proxy)
    proxy.site().run()
    before = proxy.site_file.read_text()
    with pytest.raises(ApplyError, match="docker exec"):
        proxy.site(site=proxy.rendered().template.replace("server {", "server { nonsense;")).run()
    assert proxy.site_file.read_text() == before and proxy.probe() == "blue"


@pytest.mark.parametrize(
    ("mounts", "said"),
    [
        (("{root}/nginx.conf:{root}/nginx.conf",), "conf.d is not mounted"),
        (("{root}/nginx.conf:{root}/nginx.conf", "{root}/conf.d:{root}/conf.d"), "flags is not mounted"),
        (("{root}:{root}", "{root}/conf.d:{root}/state/flags"), "shows the host's"),
        (("{root}:{root}", "{root}/nginx.conf:{root}/bluegreen/shop-preview.conf"), "keeps showing its former content"),
    ],
)
def test_what_the_container_does_not_see_is_refused_before_anything_is_written(
    start: Start, mounts: tuple[str, ...], said: str
) -> None:
    proxy = start(*mounts)
    with pytest.raises(ApplyError, match=said):
        proxy.site().run()
    assert not proxy.site_file.is_file() and not (proxy.root / "state" / "nginx").exists()


def test_a_container_that_is_gone_or_stopped(start: Start) -> None:
    proxy = start()
    run(["docker", "stop", "-t", "1", proxy.name])
    with pytest.raises(ApplyError, match="its state is exited"):
        proxy.site().run()
    run(["docker", "rm", "-f", proxy.name])
    with pytest.raises(ApplyError, match="No such container"):
        proxy.site().run()
    assert not proxy.site_file.exists()
