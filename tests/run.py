"""Runs the tiers of tests/tiers.yml and says how each went; started by bin/test.

Output of every check goes to tests/output/<check>.log; the end of a failed one is shown. The last line is
`N passed, N failed`; the exit code is 0 only when something ran and nothing failed.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
TIERS = ROOT / "tests" / "tiers.yml"
OUTPUT = ROOT / "tests" / "output"
NGINX = str(ROOT / ".cache" / "nginx" / "usr" / "sbin")
TAIL_LINES = 40
FAILED_TEST = ("FAILED ", "ERROR ")
TIMEOUT_SECONDS = 600.0
LAB_UP_SECONDS = 1500.0
TIER_KEYS = {"name", "fast", "parallel", "needs", "seconds", "checks"}


# Commands at work, each leader of its own process group, so that an interrupt can end them with all they started.
RUNNING: set[subprocess.Popen[bytes]] = set()


class BadTiers(Exception):
    """The list of tiers, or a name asked for, cannot be used."""


@dataclass(frozen=True)
class Check:
    """One command; `name` is `tier/check`, or the tier's name where both are the same."""

    name: str
    tier: str
    command: str
    fast: bool
    parallel: bool
    needs: str | None
    seconds: float


@dataclass(frozen=True)
class Result:
    """How one check went; `seconds` is wall time, `note` says why there is no exit code of its own."""

    name: str
    passed: bool
    seconds: float
    log: Path
    note: str = ""


def parse(text: str) -> list[Check]:
    """Checks of a tiers file, in its order; BadTiers when a tier is empty, unknown or named twice."""
    checks: list[Check] = []
    for tier in yaml.safe_load(text)["tiers"]:
        if unknown := set(tier) - TIER_KEYS:
            raise BadTiers(f"tier {tier.get('name')}: expected keys of {sorted(TIER_KEYS)}, found {sorted(unknown)}")
        if not tier.get("checks"):
            raise BadTiers(f"tier {tier['name']}: expected at least one check, found none")
        if tier.get("needs") not in (None, "lab", "nginx"):
            raise BadTiers(f"tier {tier['name']}: expected needs: lab or nginx, found {tier['needs']}")
        for name, command in tier["checks"].items():
            checks.append(
                Check(
                    name=name if name == tier["name"] else f"{tier['name']}/{name}",
                    tier=tier["name"],
                    command=command,
                    fast=tier.get("fast", False),
                    parallel=tier.get("parallel", False),
                    needs=tier.get("needs"),
                    seconds=float(tier.get("seconds", TIMEOUT_SECONDS)),
                )
            )
    names = [check.name for check in checks]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadTiers(f"expected every check once, found twice: {sorted(twice)}")
    return checks


def select(checks: Sequence[Check], names: Sequence[str], everything: bool) -> list[Check]:
    """Checks asked for: by name of tier or check, all, or the fast ones. BadTiers names an unknown name."""
    known = {name for check in checks for name in (check.name, check.tier)}
    if unknown := set(names) - known:
        raise BadTiers(f"expected names of {', '.join(sorted(known))}; found {', '.join(sorted(unknown))}")
    if names:
        return [check for check in checks if check.name in names or check.tier in names]
    return [check for check in checks if everything or check.fast]


def arguments(command: str) -> list[str]:
    """Words of a command; a word with `*` becomes the paths it matches, and BadTiers when none does."""
    words: list[str] = []
    for word in shlex.split(command):
        if "*" not in word:
            words.append(word)
            continue
        paths = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(word))
        if not paths:
            raise BadTiers(f"expected files that match {word}, found none")
        words += paths
    return words


def environment(name: str = "") -> dict[str, str]:
    """Environment of check `name`: the virtual environment first, no colours, and the lab that is the tests' own."""
    own = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin", NGINX]),
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "LAB_NAME": os.environ.get("LAB_NAME", "test"),
        "LAB_PORT": os.environ.get("LAB_PORT", "18080"),
        "MOLECULE_GLOB": "molecule/*/molecule.yml",
        # Molecule names its state after the folder's base name only: two checkouts would share it.
        "MOLECULE_EPHEMERAL_DIRECTORY": str(ROOT / ".cache" / "molecule" / name),
    }
    return {**os.environ, **own}


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a command that still runs, and all it started."""
    RUNNING.discard(process)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def execute(check: Check) -> Result:
    """Runs one check with its output in its log. Never raises: what cannot start, or takes too long, has failed."""
    log = OUTPUT / f"{check.name.replace('/', '-')}.log"
    started = time.monotonic()
    note = ""
    passed = False
    process: subprocess.Popen[bytes] | None = None
    # Where Molecule remembers a run, it does not bring the lab back to its first state a second time.
    shutil.rmtree(environment(check.name)["MOLECULE_EPHEMERAL_DIRECTORY"], ignore_errors=True)
    with log.open("wb") as stream:
        try:
            process = subprocess.Popen(
                arguments(check.command),
                cwd=ROOT,
                env=environment(check.name),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            RUNNING.add(process)
            passed = process.wait(check.seconds) == 0
            note = "" if passed else f"exit code {process.returncode}"
        except subprocess.TimeoutExpired:
            note = f"stopped after {check.seconds:.0f} s"
        except (OSError, BadTiers) as error:
            note = str(error)
        finally:
            if process is not None:
                stop(process)
    return Result(check.name, passed, time.monotonic() - started, log, note)


def report(result: Result) -> None:
    """One line for a check that ended; the end of its output too when it failed."""
    print(f"{'ok    ' if result.passed else 'FAILED'} {result.name}  {result.seconds:.1f} s  {result.note}".rstrip())
    if not result.passed:
        lines = result.log.read_text(errors="replace").splitlines()
        # First, because pytest names the failed tests last, and of a long output often only the beginning is kept.
        shown = [line for line in lines if line.startswith(FAILED_TEST)]
        shown += [f"--- last lines of {result.log.relative_to(ROOT)}", *lines[-TAIL_LINES:]]
        shown += [f"--- run it alone: bin/test {result.name}"]
        print("\n".join(f"  {line}" for line in shown))
    sys.stdout.flush()


def run_all(checks: Sequence[Check], run: Callable[[Check], Result], workers: int) -> list[Result]:
    """Results of the checks: those marked parallel first, `workers` at a time, then the others one by one."""
    results: list[Result] = []
    together = [check for check in checks if check.parallel]
    with concurrent.futures.ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            for future in concurrent.futures.as_completed([pool.submit(run, check) for check in together]):
                results.append(future.result())
                report(results[-1])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(RUNNING):
                stop(process)
            raise
    for check in checks:
        if not check.parallel:
            print(f"running {check.name} ...", flush=True)
            results.append(run(check))
            report(results[-1])
    order = [check.name for check in checks]
    return sorted(results, key=lambda result: order.index(result.name))


def bring_up_lab() -> Result:
    """The tests' own lab, up (a lab that is up stays as it is)."""
    name, port = environment()["LAB_NAME"], environment()["LAB_PORT"]
    print(f"bringing up the lab '{name}' on port {port} (tests/output/lab-up.log) ...", flush=True)
    up = Check("lab-up", "lab", "bin/lab up --lb 2 --app 2", False, False, None, LAB_UP_SECONDS)
    return execute(up)


def bring_nginx() -> list[Result]:
    """Result of fetching an nginx for the tests that start one themselves; none when there is one already."""
    if shutil.which("nginx", path=environment()["PATH"]):
        return []
    print("no nginx here: unpacking Debian's into .cache/nginx ...", flush=True)
    result = execute(Check("fetch-nginx", "nginx", "bash tests/fetch_nginx.sh", False, False, None, TIMEOUT_SECONDS))
    report(result)
    return [result]


def main() -> int:
    """Exit code of a whole run."""
    parser = argparse.ArgumentParser(prog="bin/test", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="tiers or checks; default: the fast ones")
    parser.add_argument("--all", action="store_true", help="every tier")
    parser.add_argument("--list", action="store_true", help="name the checks and stop")
    chosen = parser.parse_args()
    try:
        checks = select(parse(TIERS.read_text()), chosen.names, chosen.all)
    except BadTiers as error:
        parser.error(str(error))
    if chosen.list:
        print("\n".join(f"{check.name:32} {check.command}" for check in checks))
        return 0
    OUTPUT.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    print(f"{len(checks)} checks; output of each in {OUTPUT.relative_to(ROOT)}/", flush=True)
    fetched = bring_nginx() if any(check.needs == "nginx" for check in checks) else []
    alone = [check for check in checks if check.needs != "lab"]
    results = [*fetched, *run_all(alone, execute, workers=min(4, os.cpu_count() or 1))]
    if hosts := [check for check in checks if check.needs == "lab"]:
        lab = bring_up_lab()
        report(lab)
        if lab.passed:
            results += run_all(hosts, execute, workers=1)
        else:
            results += [Result(check.name, False, 0.0, lab.log, "the lab did not come up") for check in hosts]
        print(f"the lab stays up; LAB_NAME={environment()['LAB_NAME']} bin/lab down removes it")
    return summarise(results, time.monotonic() - started)


def summarise(results: Sequence[Result], seconds: float) -> int:
    """Prints the table and the last line; exit code 0 only when at least one check ran and none failed."""
    print(f"\n{'check':32} {'result':7} seconds")
    for result in results:
        print(f"{result.name:32} {'ok' if result.passed else 'FAILED':7} {result.seconds:7.1f}  {result.note}".rstrip())
    print(f"{'all':32} {'':7} {seconds:7.1f}")
    failed = sum(not result.passed for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 0 if results and not failed else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing counts as passed")
