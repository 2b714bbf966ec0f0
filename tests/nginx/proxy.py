# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real nginx with the role's real site, on loopback ports, and the backends behind it."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import Answer, AskError, ask

from tests.nginx.render import SECRET, Rendered, render
from tests.ports import free_port

WORKERS = 2  # as in MAIN
MAIN = """
worker_processes 2;
pid {root}/nginx.pid;
error_log {root}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    {http}
    access_log off;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    include {root}/conf.d/*.conf;
}}
"""


# Ports that stand for a proxy's own in what is rendered.
COMMON_PORTS = (64001, 64002, 64003)


def until(condition: Any, seconds: float = 5.0) -> None:
    """Wait until *condition* holds; AssertionError after *seconds*."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {condition}"
        time.sleep(0.02)


@contextlib.contextmanager
def backend(name: str, port: int, address: str = "127.0.0.1") -> Iterator[None]:
    """A backend as long as the body runs."""
    program = Path(__file__).with_name("backend.py")
    process = subprocess.Popen([sys.executable, str(program), name, address, str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.terminate()
        process.wait()


@dataclass
class Proxy:
    """One nginx. root is readable by its workers; ports are of the front door and of the two slots."""

    root: Path
    port: int
    blue: int
    green: int

    @property
    def flags(self) -> Path:
        """The flags directory."""
        return self.root / "state" / "flags"

    @property
    def url(self) -> str:
        """The front door and the preview."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def site_file(self) -> Path:
        """Where the site goes."""
        return self.root / "conf.d" / "shop.conf"

    @property
    def http_file(self) -> Path:
        """Where our file for the http level goes, in include mode."""
        return self.root / "bluegreen" / "shop" / "http.conf"

    @property
    def server_file(self) -> Path:
        """Where our file for the inside of the user's server goes, in include mode."""
        return self.root / "bluegreen" / "shop" / "server.conf"

    @property
    def preview_file(self) -> Path:
        """Where the secret goes."""
        return self.root / "bluegreen" / "shop-preview.conf"

    @property
    def command(self) -> list[str]:
        """nginx with this configuration."""
        return ["nginx", "-c", str(self.root / "nginx.conf"), "-p", str(self.root), "-e", str(self.root / "error.log")]

    def inputs(self, **more: Any) -> dict[str, Any]:
        """What the role would be given for this proxy."""
        return {
            "release_slots": {"blue": {"port": self.blue}, "green": {"port": self.green}},
            "release_state_directory": str(self.root / "state"),
            "nginx_switchover_listen": str(self.port),
            "nginx_switchover_site_file": str(self.site_file),
            "nginx_switchover_http_file": str(self.http_file),
            "nginx_switchover_server_file": str(self.server_file),
            "nginx_switchover_preview_file": str(self.preview_file),
            "nginx_switchover_access_log": str(self.root / "access.log"),
            "nginx_switchover_test_command": [*self.command, "-t"],
            "nginx_switchover_reload_command": [*self.command, "-s", "reload"],
            **more,
        }

    def rendered(self, **more: Any) -> Rendered:
        """The site of this proxy. Rendered once for all proxies, since it takes a process, then given its ports."""
        common = Proxy(Path("/ROOT"), *COMMON_PORTS)
        found = render(**common.inputs(**more))
        return Rendered(
            self._with_ports(found.template),
            self._with_ports(found.preview),
            self._with_ports(found.server),
            found.values,
        )

    def _with_ports(self, text: str) -> str:
        for common, mine in zip(COMMON_PORTS, (self.port, self.blue, self.green), strict=True):
            text = text.replace(str(common), str(mine))
        return text.replace("/ROOT", str(self.root))

    def write(self, http: str = "", **more: Any) -> Rendered:
        """Write nginx.conf, the site and a first flag."""
        found = self.rendered(**more)
        for folder in (self.flags, self.root / "conf.d", self.root / "bluegreen"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / "nginx.conf").write_text(MAIN.format(root=self.root, http=http))
        self.site_file.write_text(found.site)
        (self.root / "bluegreen" / "shop-preview.conf").write_text(found.preview)
        self.point_at("blue")
        return found

    def point_at(self, slot: str) -> None:
        """Have exactly the flag of *slot*, by rename where there is another."""
        other = self.flags / ("live.green" if slot == "blue" else "live.blue")
        if other.exists():
            other.rename(self.flags / f"live.{slot}")
        (self.flags / f"live.{slot}").touch()

    def start(self) -> None:
        """Start and wait until it accepts and both workers are there."""
        done = subprocess.run(self.command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        until(lambda: self.accepts() and len(self.workers()) == WORKERS)

    def accepts(self) -> bool:
        """Whether the port is open."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """End it and its workers."""
        pid = self.root / "nginx.pid"
        # Testing a configuration leaves an empty one. Not `nginx -s stop`, which wants a good configuration.
        if pid.exists() and pid.read_text().strip():
            os.kill(int(pid.read_text()), signal.SIGTERM)
            until(lambda: not pid.exists())

    def workers(self) -> set[int]:
        """Process ids of the workers."""
        master = (self.root / "nginx.pid").read_text().strip()
        return {int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()}

    def front(self, path: str = "/", **headers: str) -> Answer:
        """One answer of the front door."""
        return ask(self.url + path, {"Host": "shop.test", **headers}, 5)

    def preview(self, path: str = "/", secret: str | None = SECRET, address: str = "127.0.0.1") -> Answer:
        """One answer of the preview, asked from *address*."""
        headers = {"Host": "green.shop.test", **({"X-Release-Preview": secret} if secret is not None else {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5, source_address=(address, 0))
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read().decode())

    def probe(self) -> str:
        """What the probe says."""
        with contextlib.suppress(AskError):
            return self.preview("/.bluegreen/slot").body.strip()
        return ""


@contextlib.contextmanager
def new_proxy(backends: bool = True) -> Iterator[Proxy]:
    """A proxy that is not yet written or started, with a backend for each slot."""
    root = Path(tempfile.mkdtemp(prefix="bluegreen-nginx-"))
    root.chmod(0o755)
    proxy = Proxy(root, free_port(), free_port(), free_port())
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        if backends:
            stack.enter_context(backend("blue", proxy.blue))
            stack.enter_context(backend("green", proxy.green))
        stack.callback(proxy.stop)
        os.umask(0o022)
        yield proxy
