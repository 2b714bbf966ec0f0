# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the steps of a Molecule scenario while users are on the lab, and writes down all that came of it.

Usage: python -m tests.scenario STEPS.yml OUTCOME.json

Keys of the steps file:
    steps: list of `run` (a command) and `succeeds` (default true).
    before: commands that have to succeed first.
    application: whose users, writes and status; default samokoder.
    start: installed (as `bin/lab reset` leaves the lab; the default), plain or empty (as those commands do).
    users_from: index of the step before which users come; default 0.
    rate: their requests per second; default 50. More than that is halved, and said, until this machine has carried
        twice as many with nothing else going on: a request that it cannot carry anyway says nothing about a release.
    patience: seconds after which a request of theirs has failed; default: that of `bin/lab load`.
    front: where they come, instead of the lab's front doors: a URL with {address} for that of each proxy.
    ca: file of the certificate authority when that is https. In both, $VARIABLES of the environment are filled in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError
from lab.load_report import last_json
from lab.users import users

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(sys.executable).parent
LOAD_SECONDS = 900
RATE = 50.0
# A request as slow as this, with nothing else going on, waits for the processor.
SLOW_SECONDS = 0.25
SECRET = ("_password", "_secret")  # how the names of the lab's secrets end


def environment() -> dict[str, str]:
    """What commands of the repository run with."""
    return {**os.environ, "PATH": f"{VENV}:{os.environ['PATH']}", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}


def run(argv: list[str]) -> dict[str, Any]:
    """Run one command of the repository and return its argv, code, output and seconds."""
    began = time.monotonic()
    done = subprocess.run(
        argv, cwd=ROOT, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return {"argv": argv, "rc": done.returncode, "output": done.stdout, "seconds": time.monotonic() - began}


def must(argv: list[str]) -> str:
    """Run a command that has to work, and return what it printed."""
    done = subprocess.run(argv, cwd=ROOT, env=environment(), text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"expected {' '.join(argv)} to succeed, found exit {done.returncode}: {done.stdout}")
    return done.stdout


def application_of(plan: Mapping[str, Any]) -> list[str]:
    """The words that tell a command of the lab which application is meant."""
    return ["--application", plan.get("application", "samokoder")]


def status(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What the lab says of itself."""
    answer: dict[str, Any] = json.loads(must(["bin/lab", "status", *application_of(plan)]))
    return answer


def begin(plan: Mapping[str, Any]) -> None:
    """Have the estate that the plan starts from: `create` has reset the lab already."""
    start = plan.get("start", "installed")
    commands = {
        "installed": [],
        "plain": [["bin/lab", "plain", plan.get("application", "samokoder")]],
        "empty": [["bin/lab", "empty"]],
    }
    if start not in commands:
        raise SystemExit(f"expected start to be one of {', '.join(commands)}, found {start!r}")
    for argv in [*commands[start], *plan.get("before", [])]:
        must(argv)


def doors(plan: Mapping[str, Any]) -> list[str]:
    """Words for the load: other front doors than the lab's own, and whose certificates they have."""
    fronts = []
    if "front" in plan:
        hosts = json.loads(must(["inventories/lab/hosts.py"]))
        addresses = [hosts["_meta"]["hostvars"][name]["ansible_host"] for name in hosts["lb"]["hosts"]]
        fronts = [os.path.expandvars(plan["front"]).format(address=address) for address in addresses]
    ca = ["--ca", os.path.expandvars(plan["ca"])] if "ca" in plan else []
    return [*(word for front in fronts for word in ("--front", front)), *ca]


def bearable(rate: float, words: list[str]) -> float:
    """Return *rate*, or the half of it (and so on, down to RATE) of which this machine carries the double."""
    while rate > RATE:
        load = last_json(run(["bin/lab", "load", *words, "--rate", f"{2 * rate:g}", "--seconds", "3"])["output"])
        if load.get("failed") == 0 and (load.get("p95") or 0.0) < SLOW_SECONDS:
            break
        print(f"this machine does not carry {2 * rate:g} requests a second: half as many users; {load}", flush=True)
        rate /= 2
    return max(rate, RATE)


def reloaded(load: Mapping[str, Any], reloads: int) -> list[str]:
    """Return what failed beyond what so many reloads of each proxy cost: seldom one request each, most often none.

    Such a request reaches nginx in the moment in which it closes the idle connections of its former workers.
    """
    cost = {"connection closed without an answer", "connection reset"}
    problems = [f"{count} x {why}" for why, count in load["failures"].items() if why not in cost]
    if load["failed"] > reloads * len(load["by_front"]):
        problems.append(f"{load['failed']} requests failed: {load['failures']}")
    if load["sent"] <= 100:
        problems.append(f"only {load['sent']} requests were sent")
    return problems


def secrets() -> list[str]:
    """What nobody may ever read: the lab's own secrets, made when it was brought up."""
    variables = json.loads(must(["inventories/lab/hosts.py"]))["all"]["vars"]
    return [value for name, value in variables.items() if name.endswith(SECRET)]


@contextmanager
def eavesdropper(words: list[str], heard: list[str]) -> Iterator[None]:
    """Read every command line on this machine, the hosts' too, again and again; *heard* gets those with a secret."""
    over = threading.Event()

    def listen() -> None:
        while not over.wait(0.3):
            listed = subprocess.run(["ps", "-eo", "args"], text=True, stdout=subprocess.PIPE, check=False).stdout
            heard.extend(line for line in listed.splitlines() if any(word in line for word in words))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def take(plan: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    """Take one step; SystemExit when it ends otherwise than the plan says."""
    done = run(step["run"])
    done["status"] = status(plan)
    if (done["rc"] == 0) != step.get("succeeds", True):
        raise SystemExit(f"expected succeeds={step.get('succeeds', True)}, found:\n{done['output']}")
    return done


def play(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Carry the scenario out."""
    begin(plan)
    before = status(plan)
    load: dict[str, Any] = {}
    words = [*application_of(plan), *doors(plan)]
    rate = float(plan.get("rate", RATE))
    rate = bearable(rate, words) if rate > RATE else rate
    words += ["--rate", f"{rate:g}"]
    words += ["--timeout", f"{plan['patience']:g}"] if "patience" in plan else []
    heard: list[str] = []
    alone = plan.get("users_from", 0)
    with eavesdropper(secrets(), heard):
        steps = [take(plan, step) for step in plan["steps"][:alone]]
        with users(load, LOAD_SECONDS, words):
            steps += [take(plan, step) for step in plan["steps"][alone:]]
    writes = run(["bin/lab", "verify-writes", *application_of(plan)])
    return {
        "before": before, "steps": steps, "rate": rate, "load": load, "writes": writes, "heard": heard,
        "after": status(plan),
    }  # fmt: skip


if __name__ == "__main__":
    try:
        outcome = play(yaml.safe_load(Path(sys.argv[1]).read_text()))
    except LabError as error:
        sys.exit(str(error))
    Path(sys.argv[2]).write_text(json.dumps(outcome, indent=1))
