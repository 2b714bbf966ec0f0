"""The login of a registry: tried, kept by Docker, and its password nowhere else."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.bluegreen.release.plugins.module_utils import slot_registry
from ansible_collections.bluegreen.release.plugins.modules import slot_login

PASSWORD = "correct horse battery"
# Knows one password, keeps the login as Docker does, and writes down how it was called.
DOCKER = """#!/bin/sh
echo "$@" >> {log}
read -r given
if [ "$given" != "{password}" ]; then echo "Error: $given: unauthorized: authentication required" >&2; exit 1; fi
printf '{{"auths": {{"reg.example.com:5001": {{"auth": "%s"}}}}}}' "{auth}" > "$DOCKER_CONFIG/config.json"
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    auth = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    (tmp_path / "docker").write_text(DOCKER.format(log=tmp_path / "log", password=PASSWORD, auth=auth))
    (tmp_path / "docker").chmod(0o755)
    return {
        "image": "reg.example.com:5001/shop",
        "username": "ann",
        "password": PASSWORD,
        "docker_cli": str(tmp_path / "docker"),
        "state_directory": str(tmp_path),
        "epoch": 1,
    }


def run(capsys: pytest.CaptureFixture[str], check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    with patch_module_args({**arguments, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
        slot_login.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_login_is_kept_once(host: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, True, **host)["changed"] and not (tmp_path / "log").exists()
    assert run(capsys, **host)["changed"]
    assert not run(capsys, **host)["changed"] and not run(capsys, True, **host)["changed"]
    called = (tmp_path / "log").read_text().splitlines()
    assert called == ["login --username ann --password-stdin reg.example.com:5001"] * 2


def test_wrong_password_is_named_as_such_and_not_shown(
    host: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    result = run(capsys, **{**host, "password": "wrong-password"})
    assert result["failed"] and "refuses them" in result["msg"] and "release_registry_password" in result["msg"]
    assert "wrong-password" not in json.dumps({**result, "invocation": None})


def test_registry_that_does_not_answer_is_no_wrong_password() -> None:
    def run(command: list[str], data: str) -> tuple[int, str, str]:
        return 1, "", "Error: dial tcp 192.0.2.1:443: connection refused"

    with pytest.raises(slot_registry.LoginError, match=r"found: Error: dial tcp.*Is it up"):
        slot_registry.log_in(run, "docker", "reg.example.com/shop", "ann", PASSWORD)


def test_hub_needs_no_name() -> None:
    seen: list[list[str]] = []

    def run(command: list[str], data: str) -> tuple[int, str, str]:
        seen.append(command)
        return 0, "", ""

    slot_registry.log_in(run, "docker", "ann/shop", "ann", PASSWORD)
    assert seen == [["docker", "login", "--username", "ann", "--password-stdin"]]


@pytest.mark.parametrize("content", ["", "{}", '{"auths": []}', '{"credsStore": "pass"}'])
def test_configuration_that_holds_no_login(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    assert not slot_registry.is_logged_in(str(tmp_path), "reg.example.com/shop", "ann", PASSWORD)


def test_hub_is_kept_under_its_own_key(tmp_path: Path) -> None:
    auth = base64.b64encode(b"ann:secret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": auth}}}))
    assert slot_registry.is_logged_in(str(tmp_path), "ann/shop", "ann", "secret")
    assert not slot_registry.is_logged_in(str(tmp_path), "ann/shop", "ann", "other")
