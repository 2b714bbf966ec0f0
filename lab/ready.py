# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, bounded, until hosts do what they are for."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lab.errors import LabError
from lab.process import attempt, last_lines
from lab.settings import Settings
from lab.shape import Host

_SECONDS = 60.0
_SERVING_SECONDS = 30.0
_SSH = "ss -Hltn 'sport = :22' | grep -q ."
_POSTGRESQL = "setpriv --reuid postgres --init-groups psql -qtc 'select 1' >/dev/null"
_CHECKS = {
    "lb": f"{_SSH} && pgrep -x nginx >/dev/null",
    "app": f"{_SSH} && docker info >/dev/null 2>&1",
    "db": f"{_SSH} && {_POSTGRESQL} && redis-cli ping | grep -q PONG",
    "mon": f"{_SSH} && ss -Hltn 'sport = :9090' | grep -q .",
    "registry": "ss -Hltn 'sport = :5000' | grep -q . && ss -Hltn 'sport = :5001' | grep -q .",
}


def wait_until(is_so: Callable[[], bool], seconds: float, interval_seconds: float = 0.2) -> bool:
    """Ask until the answer is yes; False when it was not within so many seconds."""
    end = time.monotonic() + seconds
    while True:
        if is_so():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(interval_seconds)


def wait_for_hosts(settings: Settings, hosts: Sequence[Host]) -> None:
    """Wait until every host's daemons answer.

    Raises:
        LabError: one does not within a minute; with the last lines of its log.
    """
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda host: _wait_for(settings, host), hosts))


def _wait_for(settings: Settings, host: Host) -> None:
    container = settings.container(host.name)
    command = ["docker", "exec", container, "sh", "-c", _CHECKS[host.kind]]
    if wait_until(lambda: attempt(command, timeout_seconds=20).returncode == 0, _SECONDS):
        return
    log = attempt(["docker", "logs", "--tail", "12", container])
    raise LabError(
        f"{host.name} ready within {_SECONDS:.0f} s",
        last_lines(log.stdout + log.stderr),
        f"read: docker logs {container}; then: bin/lab down, bin/lab up",
    )


def answers(url: str, host_name: str, timeout_seconds: float = 2, *, good_only: bool = True) -> dict[str, str] | None:
    """The headers (lower case) of an answer on a fresh connection; None without one, or when it is not a 2xx."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, headers={"Host": host_name}), timeout=timeout_seconds) as answer:
            return {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return None if good_only else {name.lower(): value for name, value in error.headers.items()}
    except OSError:
        return None


def wait_until_serving(url: str, host_name: str) -> None:
    """Wait until a front door gives a good answer.

    Raises:
        LabError: it does not.
    """
    if not wait_until(lambda: answers(url, host_name) is not None, _SERVING_SECONDS):
        raise LabError(
            f"{url} serving {host_name} within {_SERVING_SECONDS:.0f} s",
            "no good answer",
            "bin/lab status; if it stays so: bin/lab down, bin/lab up",
        )
