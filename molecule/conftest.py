# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of every scenario share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from tests.scenario import secrets

STATE = "/var/lib/bluegreen"


@pytest.fixture(scope="session")
def outcome() -> dict[str, Any]:
    """What tests/scenario.py wrote down."""
    folder = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
    answer: dict[str, Any] = json.loads((folder / "outcome.json").read_text())
    return answer


@pytest.fixture
def record(host: Host, outcome: dict[str, Any]) -> dict[str, Any]:
    """The last release's record as this proxy holds it."""
    path = f"{STATE}/{outcome['after']['application']}/records/{outcome['after']['release']['id']}.json"
    answer: dict[str, Any] = json.loads(host.file(path).content_string)
    return answer


@pytest.fixture
def flag(host: Host, outcome: dict[str, Any]) -> Callable[[], list[str]]:
    """The names of the flag files on this proxy."""
    return lambda: sorted(host.file(f"{STATE}/{outcome['after']['application']}/flags").listdir())


@pytest.fixture(scope="session")
def lab_secrets() -> list[str]:
    """The secrets of the lab that the scenario ran on."""
    found = secrets()
    assert found and all(len(secret) > 8 for secret in found)
    return found


@pytest.fixture
def nobody_noticed(outcome: dict[str, Any]) -> None:
    """No request failed, and no acknowledged write is lost."""
    load = outcome["load"]
    assert load["sent"] > 100, load
    assert load["failed"] == 0, load["first_failure"]
    assert outcome["writes"]["rc"] == 0, outcome["writes"]["output"]
