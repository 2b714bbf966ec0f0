"""Releases VERSION on the lab while users are on it: bin/demo, once the machine is checked and .venv is there."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lab import database
from lab.demo import summary
from lab.errors import LabError
from lab.load_report import last_json
from lab.profiles import INSTALLED
from lab.settings import ROOT, read_settings
from lab.users import users

RATE = 200
LONGEST_RELEASE_SECONDS = 900
# So many that the signals can prove that all is well: with one look a second at two instances, 59 good ones do.
WATCH_SECONDS = 35
COUNT_ROWS = f"select count(*) from {summary.TABLE}"


def say(line: str) -> None:
    """One line of the demonstration's own, told apart from what it runs."""
    print(f"demo: {line}", flush=True)


def lab(*words: str) -> subprocess.CompletedProcess[str]:
    """A command of the lab whose progress is shown and whose answer is kept."""
    return subprocess.run(["bin/lab", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)


def lab_must(*words: str) -> str:
    """Answer of a command of the lab; LabError when it fails."""
    done = lab(*words)
    if done.returncode:
        raise LabError(f"bin/lab {' '.join(words)} to succeed", f"exit code {done.returncode}", "see its message above")
    return done.stdout


def status() -> dict[str, Any]:
    """What `bin/lab status` says."""
    said: dict[str, Any] = json.loads(lab_must("status"))
    return said


def rows() -> int:
    """Rows of the application's table, counted in the database itself."""
    return int(database.query(read_settings(os.environ), COUNT_ROWS, INSTALLED.name))


def look() -> summary.Seen:
    """The lab as it is now."""
    return summary.seen(status(), rows())


def ready_lab() -> None:
    """The lab up, with the version before live and nothing else."""
    lab_must("up", "--lb", "2", "--app", "2")
    if summary.needs_reset(status()):
        say(f"something was released here before; back to {summary.VERSION_BEFORE}: bin/lab reset")
        lab_must("reset")


def release() -> tuple[int, float]:
    """Exit code and seconds of the release; what it prints goes to the terminal as it comes."""
    command = f"ansible-playbook playbooks/release.yml -i inventories/lab -e release_version={summary.VERSION}"
    command += f" -e golden_signals_watch_seconds={WATCH_SECONDS}"
    say(command)
    started = time.monotonic()
    words = [str(Path(sys.executable).with_name("ansible-playbook")), *shlex.split(command)[1:]]
    code = subprocess.run(words, cwd=ROOT, check=False).returncode
    return code, time.monotonic() - started


def prefix() -> str:
    """What a command to paste needs in front: the folder, and the lab when it is not the default one."""
    names = [f"{name}={os.environ[name]} " for name in ("LAB_NAME", "LAB_PORT") if os.environ.get(name)]
    here = "" if Path(os.environ.get("DEMO_CALLED_FROM", os.getcwd())) == ROOT else f"cd {shlex.quote(str(ROOT))} && "
    return here + "".join(names)


def demonstrate() -> int:
    """0 when the release succeeded, no request failed and no acknowledged write is lost."""
    ready_lab()
    before, doors = look(), status()["front_doors"]
    counted: dict[str, Any] = {}
    say(f"users arrive: bin/lab load --rate {RATE}, at {' and '.join(doors)}")
    front = [f"--front={door}" for door in doors]
    with users(counted, LONGEST_RELEASE_SECONDS, ["--rate", str(RATE), *front]):
        code, seconds = release()
    say("every acknowledged write in the database? bin/lab verify-writes")
    writes = lab("verify-writes")
    outcome = summary.Outcome(before, look(), code, seconds, counted, writes.returncode, last_json(writes.stdout))
    print(summary.text(outcome, prefix()))
    found = summary.problems(outcome)
    for problem in found:
        say(f"FAILED: {problem}")
    if not found:
        say(f"{summary.VERSION} is live and nobody noticed")
    return 1 if found else 0


def main() -> int:
    """Exit code of the demonstration."""
    try:
        return demonstrate()
    except LabError as error:
        print(f"demo: it could not be shown\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted; bin/demo starts again from the beginning", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
