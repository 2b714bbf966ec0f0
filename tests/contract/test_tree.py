"""Rules that hold for the tree as a whole."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from tests.contract.repository import COLLECTION, ROOT, load, text, tracked
from tests.run import TIERS, parse

LINKS = {"galaxy.yml", "meta", "playbooks", "plugins", "roles"}
SCENARIOS = sorted(path.parent for path in (ROOT / "molecule").glob("*/molecule.yml"))
# Each with one letter in brackets, so that this file does not hold what it looks for.
NOT_OURS = re.compile(
    r"\b(?:py[p]i|python[h]osted|deb\.[d]ebian|registry\.[n]pmjs)\.(?:org|com)\b"
    r"|(?:^|[^A-Za-z0-9_.])/[w]ork/|/root/\.[p]yenv",
)
ESTATE = re.compile(r"samokoder|guestbook|\blab(?:_\w+|\d+)?\b", re.IGNORECASE)
EXPECTED_CFG = {
    ("defaults", "collections_path"): "collections:~/.ansible/collections:/usr/share/ansible/collections",
    ("defaults", "gathering"): "explicit",
    ("connection", "pipelining"): "true",
    ("defaults", "run_vars_plugins"): "start",
    ("inventory", "any_unparsed_is_failed"): "true",
}
FORBIDDEN_CFG = {"inventory", "roles_path", "host_key_checking", "force_handlers", "deprecation_warnings"}
SECTIONS = {name for name, _ in load(ROOT / "changelogs" / "config.yaml")["sections"]} | {"release_summary", "trivial"}
FRAGMENTS = sorted((ROOT / "changelogs" / "fragments").iterdir())


def test_collection_is_links_to_the_repository_and_they_resolve() -> None:
    found = {path.name: path for path in COLLECTION.iterdir()}
    assert set(found) == LINKS
    for name, path in found.items():
        assert path.is_symlink() and not path.readlink().is_absolute(), name
        assert path.resolve(strict=True) == (ROOT / name), name


def test_no_link_of_the_tree_is_broken() -> None:
    links = [
        path for path in ROOT.rglob("*") if not {".venv", ".cache", ".git"} & set(path.parts) and path.is_symlink()
    ]
    assert len(links) >= len(LINKS)
    assert [str(path) for path in links if not path.exists()] == []


@pytest.mark.parametrize("folder", ["roles", "playbooks", "plugins"])
def test_nothing_that_ships_knows_an_estate(folder: str) -> None:
    files = [path for path in tracked() if path.is_relative_to(ROOT / folder)]
    assert files
    assert matches(files, ESTATE) == []


def test_nothing_names_a_registry_host_or_a_path_of_a_machine() -> None:
    assert matches([path for path in tracked() if path.name != "LICENSE"], NOT_OURS) == []


# Read backwards, for the reason above.
@pytest.mark.parametrize("line", ["elpmis/gro.ipyp", "niam/krow/ ni"])
def test_a_forbidden_host_or_path_is_seen(line: str) -> None:
    assert NOT_OURS.search(line[::-1])


@pytest.mark.parametrize("line", ["lab1 answers", "Samokoder", "{{ lab_db_address }}", "the lab"])
def test_a_forbidden_word_is_seen(line: str) -> None:
    assert ESTATE.search(line)


@pytest.mark.parametrize("line", ["label", "slab", "collaborate", "networks/x", "available"])
def test_an_innocent_word_is_not(line: str) -> None:
    assert not NOT_OURS.search(line) and not ESTATE.search(line)


def matches(files: list[Path], pattern: re.Pattern[str]) -> list[str]:
    """`file:line: text` of every match."""
    found: list[str] = []
    for path in files:
        for number, line in enumerate((text(path) or "").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def test_every_yaml_file_ends_in_yml() -> None:
    allowed = ROOT / "changelogs" / "config.yaml"  # antsibull-changelog knows no other name
    assert [str(path) for path in tracked() if path.suffix == ".yaml" and path != allowed] == []


def test_ansible_cfg_is_what_the_design_relies_on() -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "ansible.cfg")
    assert {key: config.get(*key) for key in EXPECTED_CFG} == EXPECTED_CFG
    assert int(config.get("defaults", "forks")) >= 50
    assert {key for section in config.sections() for key in config[section]} & FORBIDDEN_CFG == set()
    persist = re.search(r"ControlPersist=(\d+)s", config.get("ssh_connection", "ssh_args"))
    assert persist and int(persist[1]) >= 900
    assert "StrictHostKeyChecking=no" not in (ROOT / "ansible.cfg").read_text()


def test_requirements_are_exact_and_collections_are_ranges() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith(("#", "-r "))]
        assert len(lines) > 5
        assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    wanted = {entry["name"]: entry["version"] for entry in load(ROOT / "requirements.yml")["collections"]}
    assert wanted == load(ROOT / "galaxy.yml")["dependencies"]


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_changelog_fragment_is_valid(path: Path) -> None:
    assert path.suffix == ".yml"
    fragment = load(path)
    assert fragment and set(fragment) <= SECTIONS
    for section, entries in fragment.items():
        assert isinstance(entries, str if section == "release_summary" else list), section
        assert all(isinstance(entry, str) and entry for entry in entries), section


def test_every_file_of_tests_is_run_by_a_check() -> None:
    run: set[Path] = set()
    for check in parse(TIERS.read_text()):
        words = check.command.split()
        left_out = {ROOT / word.partition("=")[2] for word in words if word.startswith("--ignore=")}
        for path in [ROOT / word for word in words if words[0] == "pytest" and word.startswith("tests/")]:
            found = [path] if path.is_file() else list(path.rglob("test_*.py"))
            run |= {file for file in found if not left_out & set(file.parents)}
    assert len(run) > 20
    assert sorted(str(path) for path in (ROOT / "tests").rglob("test_*.py") if path not in run) == []


def test_slow_tests_have_a_check_that_runs_them_wherever_they_are() -> None:
    commands = [check.command for check in parse(TIERS.read_text()) if check.tier in ("unit", "record")]
    assert any('-m "not slow"' in command for command in commands)
    assert "pytest -q tests/unit -m slow" in commands


def test_scenarios_in_the_list_of_tiers_are_the_ones_there_are() -> None:
    listed = [check.command.split()[-1] for check in parse(TIERS.read_text()) if check.command.startswith("molecule ")]
    assert listed
    assert sorted(listed) == [path.name for path in SCENARIOS]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_scenario_verifies_something(scenario: Path) -> None:
    files = sorted(scenario.glob("tests/test_*.py"))
    assert sum(path.read_text().count("\ndef test_") for path in files) > 0, "molecule verify without tests exits 0"
    assert all("assert " in path.read_text() for path in files)
