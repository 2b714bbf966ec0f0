"""The runner of the tests: nothing that failed, hung, could not start or never ran counts as passed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests import run
from tests.run import BadTiers, Check, Result

TIERS = """
tiers:
  - {name: static, fast: true, parallel: true, checks: {lint: "lint .", types: "mypy ."}}
  - {name: nginx, checks: {nginx: pytest}}
  - {name: scenarios, fast: true, needs: lab, seconds: 60, checks: {default: molecule}}
"""


def check(command: str, seconds: float = 20, name: str = "it", parallel: bool = False) -> Check:
    return Check(name, "tier", command, True, parallel, None, seconds)


@pytest.fixture(autouse=True)
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run, "OUTPUT", tmp_path)
    return tmp_path


def test_parse_names_checks_by_tier() -> None:
    assert [found.name for found in run.parse(TIERS)] == ["static/lint", "static/types", "nginx", "scenarios/default"]
    assert run.parse(TIERS)[3].needs == "lab" and run.parse(TIERS)[3].seconds == 60


@pytest.mark.parametrize(
    "tiers",
    [
        "tiers: [{name: empty, checks: {}}]",
        "tiers: [{name: typo, check: {a: b}, checks: {a: b}}]",
        "tiers: [{name: a, needs: moon, checks: {a: b}}]",
        "tiers: [{name: a, checks: {a: b}}, {name: a, checks: {a: c}}]",
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(tiers: str) -> None:
    with pytest.raises(BadTiers, match="expected"):
        run.parse(tiers)


@pytest.mark.parametrize(
    ("names", "everything", "expected"),
    [
        ([], False, ["static/lint", "static/types", "scenarios/default"]),
        ([], True, ["static/lint", "static/types", "nginx", "scenarios/default"]),
        (["static", "nginx"], False, ["static/lint", "static/types", "nginx"]),
        (["static/types"], False, ["static/types"]),
    ],
)
def test_select(names: list[str], everything: bool, expected: list[str]) -> None:
    assert [found.name for found in run.select(run.parse(TIERS), names, everything)] == expected


def test_an_unknown_name_is_refused_even_beside_a_known_one() -> None:
    with pytest.raises(BadTiers, match="statik"):
        run.select(run.parse(TIERS), ["static", "statik"], False)


def test_a_pattern_that_matches_nothing_is_refused() -> None:
    assert run.arguments("x 'a b' tests/run.p*") == ["x", "a b", "tests/run.py"]
    with pytest.raises(BadTiers, match="no-such"):
        run.arguments("x no-such/*.yml")


def test_exit_codes_and_output(output: Path) -> None:
    good = run.execute(check(f"{sys.executable} -c 'print(1)'", name="a/good"))
    assert good.passed and (output / "a-good.log").read_text() == "1\n"
    bad = run.execute(check("bash -c 'echo words; exit 3'"))
    assert not bad.passed and bad.note == "exit code 3" and bad.log.read_text() == "words\n"


@pytest.mark.parametrize("command", ["no-such-program-at-all", "cat no-such/*.yml"])
def test_what_cannot_start_has_failed(command: str) -> None:
    result = run.execute(check(command))
    assert not result.passed and "no-such" in result.note


def test_what_takes_too_long_is_ended_with_all_it_started(output: Path) -> None:
    started = time.monotonic()
    result = run.execute(check(f"bash -c '(sleep 1; touch {output}/alive) & wait'", seconds=0.3))
    assert not result.passed and "stopped after" in result.note
    assert time.monotonic() - started < 0.9
    time.sleep(1)
    assert not (output / "alive").exists()


def test_results_keep_the_order_of_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [check("x", name="slow", parallel=True), check("x", name="alone"), check("x", name="quick", parallel=True)]

    def fake(one: Check) -> Result:
        time.sleep(0.05 if one.name == "slow" else 0)
        return Result(one.name, True, 0.0, Path("none"))

    assert [result.name for result in run.run_all(checks, fake, 2)] == ["slow", "alone", "quick"]


@pytest.mark.parametrize(
    ("passed", "code", "last"), [([True, True], 0, "2 passed, 0 failed"), ([True, False], 1, "1 passed, 1 failed")]
)
def test_the_last_line_and_the_exit_code(
    passed: list[bool], code: int, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    results = [Result(str(number), one, 1.0, Path("none")) for number, one in enumerate(passed)]
    assert run.summarise(results, 2.0) == code
    assert capsys.readouterr().out.splitlines()[-1] == last


def test_nothing_run_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.summarise([], 0.0) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 0 failed"


def test_a_failure_begins_with_the_names_of_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "ROOT", tmp_path)
    log = tmp_path / "it.log"
    log.write_text("\n".join([*map(str, range(60)), "FAILED tests/one.py::test[row]", *map(str, range(60, 100))]))
    run.report(Result("it", False, 1.0, log, "exit code 1"))
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["FAILED it  1.0 s  exit code 1", "  FAILED tests/one.py::test[row]"]
    assert said[2] == "  --- last lines of it.log"
    assert said[3:] == [*(f"  {number}" for number in range(60, 100)), "  --- run it alone: bin/test it"]
