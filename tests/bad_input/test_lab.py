"""Bad inputs that show only on an estate: each refused on the lab, and the estate is the same afterwards."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bad_input.messages import said

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TABLE = yaml.safe_load((HERE / "cases.yml").read_text(encoding="utf-8"))
PORTS = {"blue": 8001, "green": 8002}
STATE = "/var/lib/bluegreen/samokoder"
# Everything a release could write, and what runs. Locks and logs of reading are no part of it.
FILES = f"find {STATE} /srv/samokoder /etc/nginx -type f ! -name fence.lock ! -path '*/faults/*' -exec sha256sum {{}} +"
RUNNING = "docker ps -a --no-trunc --format '{{.ID}} {{.State}} {{.Image}}' 2>/dev/null"
IMAGES = "docker images -a --no-trunc --digests 2>/dev/null | tr -s ' ' | cut -d' ' -f1-4"


def rows(table: str) -> list[Any]:
    """Give the rows of a table; one whose fellow fails in nearly the same way is in no fast tier."""
    slow = [pytest.mark.slow]
    return [pytest.param(case, id=case["name"], marks=slow if case.get("slow") else []) for case in TABLE[table]]


def command(words: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False, **options)


def lab_status() -> dict[str, Any] | None:
    done = command(["bin/lab", "status"])
    return json.loads(done.stdout) if done.returncode == 0 else None


@pytest.fixture(scope="module")
def lab() -> Iterator[dict[str, str]]:
    """Give what the table's commands are filled with; the lab is reset before and afterwards."""
    own = os.environ.get("LAB_NAME", "demo") != "demo"
    assert own, "these tests break the lab that LAB_NAME names, and repair it: never the demonstration's"
    reset = command(["bin/lab", "reset"])
    assert reset.returncode == 0, f"the lab named by LAB_NAME is not up: bin/lab up --lb 2 --app 2\n{reset.stderr}"
    status = lab_status()
    assert status is not None, "bin/lab status says nothing of a lab that was just reset"
    (live,) = set(status["live"].values())
    assert live in PORTS, f"expected every front door of the lab to answer, found {status['live']}; bin/lab reset"
    candidate = "green" if live == "blue" else "blue"
    name = status["lab"]
    pid = command(["docker", "inspect", "-f", "{{.State.Pid}}", f"{name}-lb1"]).stdout.strip()
    yield {
        "lab": name,
        "live": live,
        "candidate": candidate,
        "candidate_port": str(PORTS[candidate]),
        "lb1_pid": pid,
        "state": STATE,
        "tools": str(ROOT / "bin"),
        "here": str(HERE),
        "python": sys.executable,
        "plugins": "/usr/libexec/docker/cli-plugins",
        "play": "ansible-playbook",
        "playbooks": str(ROOT / "playbooks"),
        "inventory": str(ROOT / "inventories/lab"),
    }
    command(["bin/lab", "reset"])


def estate(name: str) -> dict[str, Any]:
    """Give what a release could change: the lab's own status, files and containers of every host."""
    found: dict[str, Any] = {"status": lab_status()}
    hosts = command(["docker", "ps", "--format", "{{.Names}}"]).stdout.split()
    for host in sorted(one for one in hosts if one.startswith((f"{name}-lb", f"{name}-app"))):
        seen = command(["docker", "exec", host, "sh", "-c", f"{FILES} | sort; {RUNNING} | sort; {IMAGES} | sort"])
        assert seen.stdout, f"{host} could not be looked at: {seen.stderr}"
        found[host] = seen.stdout
    assert len(found) > 2, f"no hosts of the lab {name} among {hosts}"
    return found


@pytest.fixture(scope="module")
def plain(lab: dict[str, str]) -> dict[str, str]:
    """Give what `lab` gives, on the application as its own team runs it."""
    made = command(["bin/lab", "plain", "samokoder"])
    assert made.returncode == 0, made.stderr
    return lab


@pytest.mark.parametrize("case", rows("lab"))
def test_a_release_is_refused_and_nothing_touched(case: dict[str, Any], lab: dict[str, str], tmp_path: Path) -> None:
    version = ["-e", f"release_version={case.get('version', '1.0.0')}"]
    refused(case, {**lab, "scratch": str(tmp_path)}, ["playbooks/release.yml", *version])


# Behind the table of releases: what they need is gone once the estate is plain.
@pytest.mark.parametrize("case", rows("plain"))
def test_an_adoption_is_refused_and_nothing_touched(
    case: dict[str, Any], plain: dict[str, str], tmp_path: Path
) -> None:
    refused(case, {**plain, "scratch": str(tmp_path)}, ["playbooks/adopt.yml"])


def refused(case: dict[str, Any], known: dict[str, str], words: list[str]) -> None:
    """Require that a row's playbook is refused in the row's words, and that the estate is the same afterwards."""

    def fill(text: str) -> str:
        for key, value in known.items():
            text = text.replace("{" + key + "}", value)
        return text

    left_running = []
    try:
        for before in map(fill, case.get("before", [])):
            if before.startswith("&"):
                left_running.append(subprocess.Popen(shlex.split(before[1:]), stdout=subprocess.DEVNULL))
                continue
            done = command(shlex.split(before))
            assert done.returncode == 0, f"{before}\n{done.stdout}{done.stderr}"
        first = estate(known["lab"])
        arguments = map(fill, case.get("arguments", []))
        done = command(["ansible-playbook", *words, "-i", "inventories/lab", *arguments])
        output = done.stdout + done.stderr
        assert done.returncode != 0, output
        assert [text for text in map(fill, case["expect"]) if text not in output] == [], output
        assert said(case["message"], output), output
        assert "Nothing was touched." in output
        assert estate(known["lab"]) == first
    finally:
        undone = [command(shlex.split(after)) for after in map(fill, case.get("after", []))]
        for process in left_running:
            process.terminate()
            process.wait(timeout=10)
    assert [done.stderr for done in undone if done.returncode != 0] == []
