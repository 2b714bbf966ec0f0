# SPDX-License-Identifier: GPL-3.0-or-later
"""From a log and a scrape on hosts to readings on the controller, by real connections and the resident program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.bluegreen.release.plugins.module_utils import resident

from tests.unit.plugins.module_utils.signal_server import Answering

ROOT = Path(__file__).resolve().parents[4]
LINE = (
    '{"path":"/","status":502,"bytes":1,"seconds":0.010,"slot":"green","upstream":"a:1","upstream_status":"502",'
    '"upstream_seconds":"0.009"}'
)
ACTION = """
import json
from types import SimpleNamespace
from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.module_utils.signal_asks import Plan
from ansible_collections.bluegreen.release.plugins.module_utils.signal_places import Estate
from ansible_collections.bluegreen.release.plugins.plugin_utils.hosts import Hosts
from ansible_collections.bluegreen.release.plugins.plugin_utils.progress import say
from ansible_collections.bluegreen.release.plugins.plugin_utils.signal_collector import Collector

SIGNALS = [
    SimpleNamespace(name="errors", source="access_log", details={}),
    SimpleNamespace(name="users", source="exposition", details={"metric": "users", "how": "gauge"}),
    SimpleNamespace(name="done", source="exposition", details={"metric": "done_total", "how": "counter"}),
    SimpleNamespace(name="up", source="probe", details={"path": "/"}),
]

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        given = self._task.args
        estate = Estate(["lb1"], ["app1"], {"green": int(given["port"])}, {}, "green", given["log"])
        plan = Plan(SIGNALS, estate)
        with Hosts(self, task_vars, plan.asks) as hosts:
            collector = Collector(hosts, given["state"], [])
            for number in range(2):
                taken = collector.read(plan.asks, 120)
                say("sample " + json.dumps([one._asdict() for one in plan.readings(taken)]))
                with open(given["log"], "a") as log:
                    log.write(given["line"])
        return {**super().run(tmp, task_vars), "changed": False}
"""


def test_readings_of_two_samples(tmp_path: Path) -> None:
    (tmp_path / "action").mkdir()
    (tmp_path / "action" / "read_signals.py").write_text(ACTION)
    log, state = tmp_path / "shop.access.log", tmp_path / "state"
    log.touch()
    state.mkdir()
    resident.install(str(state))
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {"all": {"vars": variables, "hosts": {"lb1": {}, "app1": {}}}}
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))
    environment = {
        **os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_ACTION_PLUGINS": str(tmp_path / "action"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
    }  # fmt: skip
    with Answering(b"# TYPE users gauge\nusers 7\n# TYPE done_total counter\ndone_total 3\n") as server:
        port = server.url.rpartition(":")[2]
        given = {"port": port, "log": str(log), "state": str(state), "line": LINE + "\n"}
        play = [{"hosts": "lb1", "gather_facts": False, "tasks": [{"read_signals": given}]}]
        (tmp_path / "play.json").write_text(json.dumps(play))
        done = subprocess.run(
            ["ansible-playbook", "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.json")],
            env=environment, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=300,
        )  # fmt: skip
        scraped = sum(path == "/metrics" for path, _ in server.asked)
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.removeprefix("sample ") for line in done.stdout.splitlines() if line.startswith("sample ")]
    first, second = ({one["signal"]: one for one in json.loads(line)} for line in told)
    assert scraped == 2, "an instance is scraped once a sample for all its signals"
    assert "first look" in first["errors"]["problem"] and "first look" in first["done"]["problem"]
    assert first["users"]["value"] == second["users"]["value"] == 7
    assert second["up"]["value"] == 1 and second["up"]["place"] == "app1"
    assert (second["errors"]["count"], second["errors"]["failed"]) == (1, 1)
    assert second["errors"]["milliseconds"] == {"10": 1} and second["errors"]["started"] < second["errors"]["ended"]
    assert (second["done"]["count"], second["done"]["value"], second["done"]["problem"]) == (0, 0, "")
