"""Bad inputs that the controller refuses before any connection, by real runs of playbooks/preflight.yml."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bad_input.messages import said

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = yaml.safe_load((HERE / "cases.yml").read_text(encoding="utf-8"))["controller"]
INVENTORY = yaml.safe_load((HERE / "inventory.yml").read_text(encoding="utf-8"))


def run(arguments: list[str], playbook: str = "preflight") -> subprocess.CompletedProcess[str]:
    command = ["ansible-playbook", f"playbooks/{playbook}.yml", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def arguments_of(case: dict[str, Any], folder: Path) -> list[str]:
    """Write the inventory of a case and give the arguments of its run."""
    inventory = copy.deepcopy(INVENTORY)
    variables = {**inventory["all"]["vars"], **case.get("variables", {})}
    if "compose" in case:
        compose = folder / "compose.yml"
        compose.write_text(case["compose"], encoding="utf-8")
        variables["release_compose_file"] = str(compose)
    inventory["all"]["vars"] = {name: value for name, value in variables.items() if value is not None}
    for group, hosts in case.get("groups", {}).items():
        inventory["all"]["children"][group]["hosts"] = dict.fromkeys(hosts)
    for group, hosts in case.get("hosts", {}).items():
        for host, changes in hosts.items():
            inventory["all"]["children"][group]["hosts"][host].update(changes)
    path = folder / "hosts.yml"
    path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
    version = case.get("version", "1.0.0")
    arguments = ["-i", str(path)] if case.get("inventory", True) else []
    return [*arguments, *(["-e", f"release_version={version}"] if version else []), *case.get("arguments", [])]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_refused_before_any_connection(case: dict[str, Any], tmp_path: Path) -> None:
    done = run(arguments_of(case, tmp_path))
    output = done.stdout + done.stderr
    assert done.returncode != 0, output
    assert [text for text in case["expect"] if text not in output] == [], output
    assert said(case["message"], output), output
    assert "Nothing was touched." in output
    assert "unreachable=1" not in output and "UNREACHABLE" not in output, (
        "a host was asked before the inputs were judged"
    )
    assert "observe |" not in output, output


@pytest.mark.parametrize(
    ("no_look", "causes"),
    [
        (
            ["-e", "ansible_connection=local", "-e", "ansible_python_interpreter=/nowhere"],
            ["There is no Python on lb1, lb2, app1 and app2"],
        ),
        (
            ["-e", '{"ansible_host": "{{ inventory_hostname }}.invalid"}'],
            [f"The name of {host} cannot be resolved" for host in ("lb1", "lb2", "app1", "app2")],
        ),
    ],
    ids=["no Python", "unresolvable"],
)
def test_good_inputs_pass_and_only_then_the_hosts_are_asked(
    no_look: list[str], causes: list[str], tmp_path: Path
) -> None:
    """The cases above are refused for their own reason; hosts that cannot be looked at end no play in silence."""
    done = run([*arguments_of({}, tmp_path), *no_look])
    assert "The inputs of this run cannot be used" not in done.stdout
    assert "observe | Look at every host" in done.stdout
    assert all(cause in done.stdout for cause in causes)
    assert "Nothing was touched." in done.stdout
    assert done.returncode != 0


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"inventory": False}, "There is no inventory"),
        ({"arguments": ["--skip-tags", "always"]}, "The run skips some tags"),
        ({"arguments": ["-e", "release_build=pussh"]}, "release_build is not one of the possible values"),
    ],
)
@pytest.mark.parametrize("playbook", ["adopt", "build"])
def test_no_other_playbook_ends_well_having_done_nothing(
    playbook: str, case: dict[str, Any], message: str, tmp_path: Path
) -> None:
    done = run(arguments_of(case, tmp_path), playbook)
    assert done.returncode != 0, done.stdout
    assert said(message, done.stdout), done.stdout
    assert "The inputs of this run cannot be used" in done.stdout


def test_an_adoption_names_every_host_that_cannot_be_looked_at_in_one_report(tmp_path: Path) -> None:
    no_look = ["-e", "ansible_connection=local", "-e", "ansible_python_interpreter=/nowhere"]
    done = run([*arguments_of({}, tmp_path), *no_look], "adopt")
    assert done.returncode != 0
    assert "shop cannot be adopted: 1 problem. Nothing was touched." in done.stdout
    assert "1. There is no Python on lb1, lb2, app1 and app2" in done.stdout


def test_inputs_are_checked_once_in_a_run_and_a_build_that_is_not_asked_for_says_so(tmp_path: Path) -> None:
    done = run(arguments_of({}, tmp_path), "build")
    assert done.returncode == 0, done.stdout
    assert "Nothing is built here: release_build is never." in done.stdout
    assert done.stdout.count("Check every input of this run") == 1 and "skipped=1 " in done.stdout


@pytest.mark.parametrize("estate", ["prod", "staging"])
def test_the_inputs_of_our_estates_pass(estate: str, tmp_path: Path) -> None:
    playbook = tmp_path / "inputs.yml"
    role = {"name": "bluegreen.release.preflight", "tasks_from": "inputs"}
    play = {"hosts": "localhost:all", "gather_facts": False, "tasks": [{"ansible.builtin.import_role": role}]}
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    folder = ROOT / "inventories" / estate
    secrets = f"@{folder / 'group_vars/all/vault.yml.example'}"
    command = ["ansible-playbook", str(playbook), "-i", str(folder), "-e", "release_version=1.0.0", "-e", secrets]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_secret_of_a_wrong_type_is_not_shown(tmp_path: Path) -> None:
    case = {"variables": {"release_app_environment": "PASSWORD=hunter2", "nginx_switchover_preview_secret": [4711]}}
    done = run(arguments_of(case, tmp_path))
    assert "release_app_environment has the wrong type" in done.stdout
    assert "nginx_switchover_preview_secret has the wrong type" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    assert "4711" not in done.stdout + done.stderr
