# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from lab.inventory import build_inventory
from lab.settings import Settings
from lab.shape import Host
from lab.state import SECRETS
from tests import scenario

HOSTS = {
    "lb": {"hosts": ["lb1", "lb2"]},
    "all": {"vars": {"lab_name": "x", "lab_db_password": "one secret", "lab_application_secret": "another"}},
    "_meta": {"hostvars": {"lb1": {"ansible_host": "10.1.0.11"}, "lb2": {"ansible_host": "10.1.0.12"}}},
}


class Users:
    """Stands in for the load."""

    def __init__(self, did: list[str], argv: list[str]) -> None:
        self._did = did
        did.append(f"users come: {' '.join(argv[4:8])}")

    def poll(self) -> int | None:
        return None

    def terminate(self) -> None:
        self._did.append("users go")

    def communicate(self, timeout: float) -> tuple[str, None]:
        return '{"sent": 3}', None


@pytest.fixture
def did(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the scenario does, in order; nothing of it is done."""
    did: list[str] = []

    def must(argv: list[str]) -> str:
        if argv[0] == "inventories/lab/hosts.py":
            return json.dumps(HOSTS)
        did.append(" ".join(argv))
        return json.dumps({"front_doors": ["http://127.0.0.1:1"]})

    def run(argv: list[str]) -> dict[str, Any]:
        did.append(" ".join(argv))
        output = json.dumps({"failed": 0, "p95": 0.001}) if argv[:2] == ["bin/lab", "load"] else "said"
        return {"rc": int(argv[0] == "false"), "output": output}

    monkeypatch.setattr(scenario, "must", must)
    monkeypatch.setattr(scenario, "run", run)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("subprocess.Popen", lambda argv, **_: Users(did, argv))
    return did


def test_users_come_before_the_first_step_to_what_is_installed(did: list[str]) -> None:
    outcome = scenario.play({"steps": [{"run": ["one"]}]})
    status = "bin/lab status --application samokoder"
    load = "users come: --application samokoder --rate 50"
    verify = "bin/lab verify-writes --application samokoder"
    assert did == [status, load, "one", status, "users go", verify, status]
    assert outcome["load"] == {"sent": 3} and len(outcome["steps"]) == 1


def test_users_come_after_the_steps_that_they_would_not_find_anything_in(did: list[str]) -> None:
    scenario.play(
        {"start": "empty", "users_from": 1, "before": [["go"]], "steps": [{"run": ["one"]}, {"run": ["two"]}]}
    )
    kept = [line for line in did if "status" not in line and "verify" not in line]
    assert kept[:3] == ["bin/lab empty", "go", "one"]
    assert kept[3].startswith("users come") and kept[4:] == ["two", "users go"]


def test_a_plain_application_is_the_one_named(did: list[str]) -> None:
    scenario.play({"start": "plain", "application": "another", "rate": 200, "steps": []})
    assert did[:2] == ["bin/lab plain another", "bin/lab status --application another"]
    assert "bin/lab load --application another --rate 400 --seconds 3" in did
    assert "users come: --application another --rate 200" in did


@pytest.mark.parametrize(
    ("carried", "rate", "tries"), [(1000, 200, [400]), (250, 100, [400, 200]), (0, 50, [400, 200])]
)
def test_users_are_no_more_than_half_of_what_the_machine_carries(
    monkeypatch: pytest.MonkeyPatch, carried: int, rate: int, tries: list[int]
) -> None:
    asked: list[int] = []

    def run(argv: list[str]) -> dict[str, Any]:
        asked.append(int(argv[argv.index("--rate") + 1]))
        return {"output": "progress\n" + json.dumps({"failed": 0, "p95": 0.01 if asked[-1] <= carried else 3.0})}

    monkeypatch.setattr(scenario, "run", run)
    assert (scenario.bearable(200, []), asked) == (rate, tries)


def test_a_load_that_says_nothing_was_not_carried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario, "run", lambda _: {"output": "Traceback"})
    assert scenario.bearable(200, []) == scenario.RATE


def test_an_unknown_start_is_refused(did: list[str]) -> None:
    with pytest.raises(SystemExit, match="installed, plain, empty"):
        scenario.play({"start": "plane", "steps": []})


@pytest.mark.parametrize(("command", "succeeds"), [("true", False), ("false", True)])
def test_a_step_that_ends_otherwise_than_planned_ends_the_scenario(
    did: list[str], command: str, succeeds: bool
) -> None:
    with pytest.raises(SystemExit, match="said"):
        scenario.play({"steps": [{"run": [command], "succeeds": succeeds}]})
    assert did[-1] == "users go"


def test_users_who_left_early_prove_nothing(did: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Users, "poll", lambda _: 0)
    with pytest.raises(LabError, match="they left before it"):
        scenario.play({"steps": [{"run": ["one"]}]})


def test_users_come_where_the_plan_says(did: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDER", "/tmp/x")
    words = scenario.doors({"front": "https://{address}:8443", "ca": "$FOLDER/ca.pem"})
    assert words == ["--front", "https://10.1.0.11:8443", "--front", "https://10.1.0.12:8443", "--ca", "/tmp/x/ca.pem"]
    assert scenario.doors({}) == []


@pytest.mark.usefixtures("did")
def test_every_secret_of_the_lab_is_listened_for() -> None:
    assert scenario.secrets() == ["one secret", "another"]


def test_the_secrets_of_a_real_lab_are_named_as_secrets() -> None:
    kinds = ("lb", "app", "db", "mon", "registry")
    hosts = [Host(name=f"{kind}1", kind=kind, index=1, address="10.1.0.1") for kind in kinds]
    made = {name: f"made-{name}" for name in SECRETS}
    variables: Any = build_inventory(Settings(name="x", port=1, state=Path("/nowhere")), hosts, made)["all"]
    shown = {name for name, value in variables["vars"].items() if str(value).startswith("made-")}
    assert len(shown) == len(SECRETS)
    assert all(name.endswith(scenario.SECRET) for name in shown)


@pytest.mark.parametrize(
    ("failures", "problems"),
    [
        ({}, 0),
        ({"connection reset": 1, "connection closed without an answer": 1}, 0),
        ({"connection reset": 3}, 1),
        ({"timeout": 1}, 1),
        ({"timeout": 3}, 2),
    ],
)
def test_a_reload_costs_one_request_of_each_proxy_at_most(failures: dict[str, int], problems: int) -> None:
    load = {"failures": failures, "failed": sum(failures.values()), "by_front": {"one": 300, "two": 300}, "sent": 600}
    assert len(scenario.reloaded(load, 1)) == problems


def test_users_who_were_not_there_prove_nothing() -> None:
    assert scenario.reloaded({"failures": {}, "failed": 0, "by_front": {"one": 9}, "sent": 9}, 1) != []
