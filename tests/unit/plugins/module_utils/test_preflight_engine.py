"""Logins of registries and sizes of images, as Docker's own files and commands give them."""

from __future__ import annotations

import base64
import http.server
import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_docker import client_login, platform_of
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import (
    Engine,
    EngineError,
    EngineSilence,
    manifest_bytes,
    registry_login,
    registry_of,
)

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("registry1:5000/shop:1", "registry1:5000"),
        ("registry.example.com/team/shop:1", "registry.example.com"),
        ("localhost/shop", "localhost"),
        ("team/shop:1", "docker.io"),
        ("shop", "docker.io"),
    ],
)
def test_registry_of(image: str, registry: str) -> None:
    assert registry_of(image) == registry


def login(home: Path, config: dict[str, Any], image: str = "registry.example.com/shop:1") -> Any:
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(json.dumps(config), encoding="utf-8")
    return json.loads(base64.urlsafe_b64decode(registry_login(image, home)))


def test_login_of_a_file(tmp_path: Path) -> None:
    auth = base64.b64encode(b"ann:se:cret").decode()
    assert login(tmp_path, {"auths": {"registry.example.com": {"auth": auth}}}) == {
        "username": "ann",
        "password": "se:cret",
        "serveraddress": "registry.example.com",
    }


def test_login_by_token(tmp_path: Path) -> None:
    found = login(tmp_path, {"auths": {"registry.example.com": {"identitytoken": "t"}}})
    assert found == {"identitytoken": "t", "serveraddress": "registry.example.com"}


@pytest.mark.parametrize("config", [{}, {"auths": {"other": {"auth": "YTpi"}}}, {"credsStore": "is-not-installed"}])
def test_no_login(tmp_path: Path, config: dict[str, Any]) -> None:
    assert login(tmp_path, config) == {}


def test_a_login_that_is_given_counts_for_more(tmp_path: Path) -> None:
    found = json.loads(base64.urlsafe_b64decode(registry_login("reg:5000/shop:1", tmp_path, "ann", "se:cret")))
    assert found == {"username": "ann", "password": "se:cret", "serveraddress": "reg:5000"}


def test_the_client_is_logged_in_and_nothing_stays_behind() -> None:
    with client_login("reg:5000/shop:1", "ann", "se:cret") as environment:
        folder = Path(environment["DOCKER_CONFIG"])
        config = folder / "config.json"
        assert folder.stat().st_mode & 0o777 == 0o700 and config.stat().st_mode & 0o777 == 0o600
        auth = base64.b64encode(b"ann:se:cret").decode()
        assert json.loads(config.read_text()) == {"auths": {"reg:5000": {"auth": auth}}}
    assert not folder.exists()
    with client_login("shop:1", "", "") as environment:
        assert environment == {}


@pytest.mark.parametrize(
    ("info", "platform"),
    [
        ({"Architecture": "x86_64", "OSType": "linux"}, "linux/amd64"),
        ({"Architecture": "aarch64"}, "linux/arm64"),
        ({"Architecture": "s390x", "OSType": "linux"}, "linux/s390x"),
        ({}, None),
    ],
)
def test_platform(info: dict[str, str], platform: str | None) -> None:
    assert platform_of(info) == platform


def test_no_login_without_a_file(tmp_path: Path) -> None:
    assert json.loads(base64.urlsafe_b64decode(registry_login("shop:1", tmp_path))) == {}


def test_manifest_bytes_are_those_of_the_largest_platform() -> None:
    def entry(key: str, *sizes: int) -> dict[str, Any]:
        return {key: {"layers": [{"size": size} for size in sizes]}}

    assert manifest_bytes(entry("SchemaV2Manifest", 10, 20)) == 30
    assert manifest_bytes([entry("OCIManifest", 10), entry("OCIManifest", 50)]) == 50
    assert manifest_bytes({"Descriptor": {}}) is None


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found: dict[str, Any] = {"message": "manifest unknown"}
        status = 404
        if self.path == "/distribution/reg:5000/shop:1/json" and self.headers["X-Registry-Auth"]:
            names = ("arm64", "amd64", "unknown")
            platforms = [{"os": "unknown" if name == "unknown" else "linux", "architecture": name} for name in names]
            found, status = {"Descriptor": {"digest": DIGEST}, "Platforms": platforms}, 200
        if self.path == f"/images/reg:5000/shop@{DIGEST}/json":
            found, status = {"Id": "x"}, 200
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "engine"

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    path = str(tmp_path / "docker.sock")
    with socketserver.UnixStreamServer(path, _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Engine(path, 5.0)
        server.shutdown()


def test_digest_and_presence(engine: Engine, tmp_path: Path) -> None:
    login = registry_login("reg:5000/shop:1", tmp_path)
    assert engine.distribution("reg:5000/shop:1", login) == (DIGEST, ["linux/amd64", "linux/arm64"])
    assert engine.has_image(f"reg:5000/shop@{DIGEST}") is True
    assert engine.has_image("reg:5000/other") is False


def test_refusal_carries_the_reason_and_the_status(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="manifest unknown") as caught:
        engine.distribution("reg:5000/shop:2", registry_login("reg:5000/shop:2", tmp_path))
    assert caught.value.status == 404


def test_no_engine(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"docker\.sock"):
        Engine(str(tmp_path / "docker.sock"), 1.0).containers()


def test_silence_is_told_from_that_of_the_registry(tmp_path: Path) -> None:
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(path)
        silent.listen()
        engine = Engine(path, 0.05)
        with pytest.raises(EngineSilence, match=f"^{path}: no answer in 0.05 s$"):
            engine.get("/info")
        with pytest.raises(EngineError, match=r"^no answer from reg:5000 in 0.05 s$"):
            engine.distribution("reg:5000/shop:1", registry_login("reg:5000/shop:1", tmp_path))
