# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A whole site with the user's certificate: TLS, HTTP/2, and streams that arrive while they are made."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.http_client import Endpoint, Request
from ansible_collections.bluegreen.release.plugins.module_utils.http_eval import StepError
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError

from tests.nginx.certificate import make_certificate
from tests.nginx.proxy import COMMON_PORTS, Proxy, new_proxy
from tests.nginx.render import SECRET
from tests.nginx.runs import siting, switching

# The front door's port and the folder of whatever proxy it is rendered for.
TLS = {
    "nginx_switchover_listen": "",
    "nginx_switchover_tls_listen": str(COMMON_PORTS[0]),
    "nginx_switchover_tls_certificate": "/ROOT/tls/cert.pem",
    "nginx_switchover_tls_certificate_key": "/ROOT/tls/cert.key",
}


def options(proxy: Proxy) -> dict[str, Any]:
    """How the modules reach a proxy that speaks TLS only."""
    url = f"https://127.0.0.1:{proxy.port}"
    return {"ca": str(proxy.root / "tls" / "ca.pem"), "probe_url": f"{url}/.bluegreen/slot", "front_url": f"{url}/"}


def start(proxy: Proxy, **inputs: Any) -> None:
    """A running nginx with our site, over TLS only."""
    make_certificate(proxy.root / "tls", "shop.test")
    proxy.write()
    proxy.site_file.unlink()
    other = f"server {{ listen {proxy.port} ssl; ssl_certificate tls/cert.pem; ssl_certificate_key tls/cert.key; }}\n"
    (proxy.root / "conf.d" / "other.conf").write_text(other)
    proxy.start()
    siting(proxy, inputs={**TLS, **inputs}, **options(proxy)).run()


@pytest.fixture(scope="module")
def secure() -> Iterator[Proxy]:
    """A proxy over TLS, on blue, for tests that leave it as it is."""
    with new_proxy() as proxy:
        start(proxy)
        yield proxy


def curl(proxy: Proxy, path: str, *more: str) -> subprocess.Popen[str]:
    """A verified request by name."""
    to = f"shop.test:{proxy.port}"
    command = ["curl", "-sSN", "--cacert", str(proxy.root / "tls" / "ca.pem"), "--resolve", f"{to}:127.0.0.1", *more]
    return subprocess.Popen([*command, f"https://{to}{path}"], stdout=subprocess.PIPE, text=True)


def version(proxy: Proxy) -> str:
    """The version of HTTP that the front door and a client agree on."""
    process = curl(proxy, "/", "--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}")
    return process.communicate(timeout=10)[0]


def test_http2_over_the_users_certificate(secure: Proxy) -> None:
    assert version(secure) == "2 200"


def test_requests_of_one_http2_connection_wait_each_for_itself(own: Proxy) -> None:
    start(own, release_closed_door="hold", release_closed_door_seconds=6)
    (own.flags / "door.closed").touch()
    told = ("--http2", "--parallel", "-d", "a=b", "-o", "/dev/null", "-w", "%{http_version} %{http_code}\n")
    many = [word for number in range(5) for word in (f"https://shop.test:{own.port}/{number}", "-o", "/dev/null")]
    process = curl(own, "/", *told, *many)
    time.sleep(0.7)
    assert process.poll() is None
    (own.flags / "door.closed").unlink()
    assert process.communicate(timeout=10)[0].split("\n")[:-1] == ["2 200"] * 6


def test_http2_can_be_left_out(own: Proxy) -> None:
    start(own, nginx_switchover_http2=False)
    assert version(own) == "1.1 200"


@pytest.mark.parametrize("protocol", ["--http2", "--http1.1"])
def test_server_sent_events_stream_over_tls(secure: Proxy, protocol: str) -> None:
    with curl(secure, "/events/unbuffered", protocol) as process:
        assert process.stdout is not None
        arrived = []
        for line in process.stdout:
            if line.startswith("data:"):
                arrived.append(time.monotonic())
    # Three events, made 0.3 s apart.
    assert len(arrived) == 3 and arrived[2] - arrived[0] > 0.4, arrived


def test_websocket_over_tls(secure: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(secure.root / "tls" / "ca.pem"))
    with (
        socket.create_connection(("127.0.0.1", secure.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="shop.test") as client,
    ):
        client.sendall(
            b"GET /ws HTTP/1.1\r\nHost: shop.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGVzdA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
        client.sendall(b"\x81\x05hello")
        assert client.recv(4096) == b"\x81\x05hello"


def test_the_application_is_told_of_https(secure: Proxy) -> None:
    process = curl(secure, "/", "--http2")
    assert '"x-forwarded-proto": "https"' in process.communicate(timeout=10)[0]


def test_switch_and_back_are_proved_over_tls(own: Proxy) -> None:
    start(own)
    for slot in ("green", "blue"):
        switch = switching(own, slot, **options(own))
        switch.run()
        assert switch.result["proof"]["proved"] and switch.result["agree"]


def test_a_missing_certificate_is_explained(own: Proxy) -> None:
    own.write()
    own.start()
    siting(own).run()
    with pytest.raises(ApplyError, match="nginx_switchover_tls_certificate_key"):
        siting(own, inputs=TLS).run()
    assert own.front().status == 200


def test_steps_of_a_check_are_verified_by_the_name_of_users(secure: Proxy) -> None:
    url, ca = f"https://127.0.0.1:{secure.port}", str(secure.root / "tls" / "ca.pem")
    preview = {"Host": "green.shop.test", "X-Release-Preview": SECRET}
    asked = Request("GET", "/", {}, None, 5)
    assert Endpoint(url, preview, True, ca, "shop.test").send(asked).headers["x-release-slot"] == "green"
    assert Endpoint(url, {"Host": "shop.test"}, False).send(asked).headers["x-release-slot"] == "blue"
    for endpoint in (Endpoint(url, preview, True, ca), Endpoint(url, preview, True, "", "shop.test")):
        with pytest.raises(StepError, match="certificate verify failed"):
            endpoint.send(asked)
