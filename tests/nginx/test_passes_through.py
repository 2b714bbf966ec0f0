# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What users send and get passes through nginx unchanged."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import time
from typing import Any

import pytest

from tests.nginx.backend import LOCATION
from tests.nginx.proxy import Proxy, until
from tests.nginx.render import SECRET

MEGABYTE = 1024 * 1024


def exchange(
    proxy: Proxy, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Any:
    """One response with its body in .data, sent exactly as written."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, text in {"Host": "shop.test", **(headers or {})}.items():
        connection.putheader(name, text)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    if body is not None:
        connection.send(body)
    response: Any = connection.getresponse()
    response.data = response.read()
    connection.close()
    return response


@pytest.mark.parametrize(
    "target",
    [
        "/a%2Fb%2fc",
        "/a%20b/%D7%A9%D7%9C%D7%95%D7%9D",
        "//double//slashes/",
        "/a/../b/./c",
        "/q?x=%2F&y=a%20b&z=?/:",
        "/percent%25and;semi,colon",
        "/.bluegreen/slot",
    ],
)
def test_request_target_reaches_the_application_as_sent(shared: Proxy, target: str) -> None:
    assert json.loads(exchange(shared, "GET", target).data)["target"] == target


def test_host_and_forwarded_headers(shared: Proxy) -> None:
    answer = exchange(shared, "GET", "/", headers={"Host": "shop.test:8443", "X-Forwarded-For": "192.0.2.7"})
    seen = json.loads(answer.data)["headers"]
    assert seen["host"] == "shop.test:8443"
    assert seen["x-forwarded-host"] == "shop.test:8443"
    assert seen["x-forwarded-for"] == "192.0.2.7, 127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-real-ip"] == "127.0.0.1"


def test_connections_to_the_application_are_kept(shared: Proxy) -> None:
    seen = json.loads(exchange(shared, "GET", "/").data)
    assert "connection" not in seen["headers"] and seen["version"] == "HTTP/1.1"


def test_redirect_location_is_untouched(shared: Proxy) -> None:
    answer = exchange(shared, "GET", "/redirect")
    assert (answer.status, answer.headers["Location"]) == (302, LOCATION)


def test_post_reaches_the_application(shared: Proxy) -> None:
    seen = json.loads(exchange(shared, "POST", "/p", b"name=value").data)
    assert (seen["method"], seen["length"]) == ("POST", 10)


def test_head_has_headers_and_no_body(shared: Proxy) -> None:
    answer = exchange(shared, "HEAD", "/")
    assert (answer.status, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_not_modified_passes(shared: Proxy) -> None:
    answer = exchange(shared, "GET", "/", headers={"If-None-Match": '"tag"'})
    assert (answer.status, answer.headers["ETag"], answer.data) == (304, '"tag"', b"")


def test_upload_of_100_megabytes_arrives_byte_for_byte(shared: Proxy) -> None:
    body = os.urandom(MEGABYTE) * 100
    seen = json.loads(exchange(shared, "POST", "/upload", body).data)
    assert (seen["length"], seen["sha256"]) == (100 * MEGABYTE, hashlib.sha256(body).hexdigest())


def test_larger_upload_is_refused_by_nginx(shared: Proxy) -> None:
    assert exchange(shared, "POST", "/upload", headers={"Content-Length": str(100 * MEGABYTE + 1)}).status == 413


def test_websocket_upgrade_and_frames_pass(shared: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=5) as client:
        client.sendall(
            b"GET /ws HTTP/1.1\r\nHost: shop.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGVzdA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        head = client.recv(4096)
        assert head.startswith(b"HTTP/1.1 101 "), head
        client.sendall(b"\x81\x05hello")
        assert client.recv(4096) == b"\x81\x05hello"


def first_event_seconds(proxy: Proxy, path: str) -> float:
    """Seconds until the first event arrives, of a stream that lasts 0.9 s."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        began = time.monotonic()
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode())
        seen = b""
        while b"data: 0" not in seen:
            chunk = client.recv(4096)
            assert chunk, seen
            seen += chunk
        return time.monotonic() - began


def test_server_sent_events_stream_when_the_application_asks(shared: Proxy) -> None:
    assert first_event_seconds(shared, "/events/unbuffered") < 0.25


def test_server_sent_events_stream_without_response_buffering(own: Proxy) -> None:
    own.write(nginx_switchover_response_buffering=False)
    own.start()
    assert first_event_seconds(own, "/events") < 0.25


def test_slot_is_named_by_the_upstream_and_never_forged(shared: Proxy) -> None:
    answer = exchange(shared, "GET", "/")
    assert answer.headers.get_all("X-Release-Slot") == ["blue"]
    assert answer.headers["X-Backend"] == "blue"


def test_secret_does_not_reach_the_application(shared: Proxy) -> None:
    seen = json.loads(
        exchange(shared, "GET", "/", headers={"Host": "green.shop.test", "X-Release-Preview": SECRET}).data
    )
    assert seen["name"] == "green"
    assert "x-release-preview" not in seen["headers"]


def test_log_is_json_and_names_slot_and_upstream(shared: Proxy) -> None:
    exchange(shared, "GET", "/logged?token=abc")

    def logged() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in (shared.root / "access.log").read_text().splitlines()]
        return [line for line in lines if line["path"] == "/logged"]

    until(logged)  # nginx writes the line behind its answer
    (entry,) = logged()
    assert (entry["slot"], entry["upstream"], entry["upstream_status"]) == ("blue", f"127.0.0.1:{shared.blue}", "200")
    assert float(entry["upstream_seconds"]) <= entry["seconds"] + 0.01
    assert "token" not in (shared.root / "access.log").read_text()
