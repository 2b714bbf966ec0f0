# SPDX-License-Identifier: GPL-3.0-or-later
"""One action asks many hosts, by real connections of Ansible's local plugin, and says lines while it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.bluegreen.release.plugins.module_utils import resident
from ansible_collections.bluegreen.release.plugins.plugin_utils import hosts as hosts_module
from ansible_collections.bluegreen.release.plugins.plugin_utils.hosts import Hosts

ROOT = Path(__file__).resolve().parents[4]

ACTION = """
import json
from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.modules import signal_readings
from ansible_collections.bluegreen.release.plugins.plugin_utils.hosts import Hosts
from ansible_collections.bluegreen.release.plugins.plugin_utils.progress import say

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        given = self._task.args
        params = {"state_directory": given["state"], "asks": {"log": {"kind": "access_log", "path": given["log"]}}}
        with Hosts(self, task_vars, given["hosts"]) as hosts:
            for number in range(2):
                found = hosts.ask(signal_readings, dict.fromkeys(given["hosts"], params), 120)
                say("sample " + json.dumps({name: [answer.problem, answer.result] for name, answer in found.items()}))
        return {**super().run(tmp, task_vars), "changed": False, "ended": True}
"""

INVENTORY = {
    "all": {
        "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "kind": "local"},
        "hosts": {
            "own": {},
            "other": {"ansible_connection": "{{ kind }}"},
            "nowhere": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
            "strange": {"ansible_connection": "carrier_pigeon"},
            "unknown": {"ansible_connection": "{{ not_there }}"},
            "nobody": {"ansible_become": True, "ansible_become_method": "magic"},
        },
    }
}


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    (tmp_path / "action").mkdir()
    (tmp_path / "action" / "ask_hosts.py").write_text(ACTION)
    (tmp_path / "hosts.json").write_text(json.dumps(INVENTORY))
    (tmp_path / "shop.access.log").touch()
    (tmp_path / "state").mkdir()
    return tmp_path


def play(estate: Path, names: list[str]) -> list[dict[str, Any]]:
    """What each line of the action says."""
    task = {"ask_hosts": {"hosts": names, "state": str(estate / "state"), "log": str(estate / "shop.access.log")}}
    told = [{"hosts": "own", "gather_facts": False, "tasks": [task]}]
    (estate / "play.json").write_text(json.dumps(told))
    environment = {
        **os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_ACTION_PLUGINS": str(estate / "action"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_LOCAL_TEMP": str(estate / "tmp"),
    }  # fmt: skip
    done = subprocess.run(
        ["ansible-playbook", "-i", str(estate / "hosts.json"), str(estate / "play.json")],
        env=environment, capture_output=True, text=True, cwd=estate, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line[len("sample ") :]) for line in done.stdout.splitlines() if line.startswith("sample ")]


def test_every_host_is_asked_and_one_in_trouble_is_a_problem_of_its_own(estate: Path) -> None:
    resident.install(str(estate / "state"))
    for said in play(estate, ["own", "other", "nowhere", "strange", "unknown", "nobody", "ghost"]):
        problems = {name: problem for name, (problem, _) in said.items()}
        assert problems["own"] == problems["other"] == ""
        assert said["other"][1]["answers"]["log"]["paths"] == {"": {}}
        assert problems["nowhere"].startswith("expected to reach it, found:") and "refused" in problems["nowhere"]
        assert "carrier_pigeon" in problems["strange"] and "not_there" in problems["unknown"]
        assert "magic" in problems["nobody"] and "no such host" in problems["ghost"]


def test_where_the_program_is_not_there_the_module_is_sent(estate: Path) -> None:
    for said in play(estate, ["other"]):
        assert said["other"][0] == "" and said["other"][1]["answers"]["log"]["paths"] == {"": {}}


class Speaker:
    """A host that answers as it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, 0
        self._connection = SimpleNamespace(close=lambda: None)

    def execute(self, module: Any, params: Any, variables: Any) -> dict[str, Any]:
        self.asked += 1
        found = self.answer()
        assert isinstance(found, dict)
        return found

    def cleanup(self, force: bool = False) -> None:
        """Nothing is left."""


def speaking(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> tuple[Hosts, dict[str, Speaker]]:
    speakers = {name: Speaker(answer) for name, answer in answers.items()}
    monkeypatch.setattr(hosts_module, "variables_of", lambda task_vars, name: {})
    monkeypatch.setattr(hosts_module, "connect", lambda action, name, variables: {"name": name})
    monkeypatch.setattr(hosts_module, "_Speaker", lambda name: speakers[name])
    action: Any = None
    return Hosts(action, {}, list(answers)), speakers


def raising(error: Exception) -> Any:
    def answer() -> dict[str, Any]:
        raise error

    return answer


def test_a_host_that_hangs_holds_up_no_other_and_is_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def late() -> dict[str, Any]:
        time.sleep(2)
        return {"late": 1}

    hosts, speakers = speaking(monkeypatch, good=lambda: {"a": 1}, slow=late)
    module: Any = None
    began = time.monotonic()
    first = hosts.ask(module, {"good": {}, "slow": {}}, 0.3)
    assert first["good"] == ({"a": 1}, "") and first["slow"].problem == "expected an answer within 0.3 s, found none"
    second = hosts.ask(module, {"good": {}, "slow": {}}, 0.3)
    assert "silent" in second["slow"].problem and second["good"].problem == ""
    hosts.close()
    assert time.monotonic() - began < 1.5
    assert (speakers["good"].asked, speakers["slow"].asked) == (2, 1)
    time.sleep(2.2)
    assert hosts.ask(module, {"slow": {}}, 5)["slow"] == ({"late": 1}, "")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (raising(AnsibleConnectionFailure("no route\n to it")), "expected to reach it, found: no route to it"),
        (raising(KeyError("x")), "expected an answer, found KeyError: 'x'"),
        (lambda: {"failed": True, "msg": "broken"}, "broken"),
        (lambda: {"failed": True, "msg": "no answer", "module_stderr": "no python\n"}, "no answer: no python"),
        (lambda: {"failed": True}, "it failed and gave no reason"),
    ],
)
def test_trouble_is_told(monkeypatch: pytest.MonkeyPatch, answer: Any, words: str) -> None:
    hosts, _ = speaking(monkeypatch, one=answer)
    module: Any = None
    assert hosts.ask(module, {"one": {}}, 5)["one"].problem == words
