# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters by which the role release_record computes on the controller what its modules then do.

Those that can refuse return ``{"problem": text, ...}`` instead of failing, so that the role can say it on every host.
"""

from __future__ import annotations

import datetime
import getpass
import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import configuration, record, release_take

Result = dict[str, Any]
_NO_ANSWER = ("unreachable", "failed", "skipped")


def stamp(version: str, user: str = "") -> Result:
    """When, who and from where: the parts of a record that are not computed. Made once for all hosts."""
    now = datetime.datetime.now(datetime.timezone.utc)
    try:
        name = user or getpass.getuser()
    except (KeyError, OSError):
        name = f"uid{os.getuid()}"
    host, job = socket.gethostname(), os.environ.get("JOB_ID", "")
    return {
        "at": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "release_id": f"{now:%Y%m%dT%H%M%SZ}-{version}-{secrets.token_hex(2)}",
        "user": name,
        "host": host,
        "job": job,
        "actor": f"{name}@{host}",
        "run": f"job {job}" if job else f"process {os.getppid()}",
    }


def answers(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> Result:
    """For each host that has it, the variable *name*: a fact, or the answer of a task that did not fail."""
    found: Result = {}
    for host in hosts:
        value = hostvars[host].get(name) if host in hostvars else None
        if isinstance(value, Mapping) and value and not any(value.get(flag) for flag in _NO_ANSWER):
            found[host] = value
    return found


def decider(lb_hosts: Sequence[str], views: Result) -> str:
    """The first proxy, in the order of the inventory, that answered; it decides between two takers. Empty = none."""
    return next((host for host in lb_hosts if host in views), "")


def _tried(make: Callable[[], Result]) -> Result:
    try:
        return {"problem": "", **make()}
    except (release_take.TakeError, record.RecordError) as error:
        return {"problem": str(error)}


def to_open(
    views: Result, hosts: Sequence[str], plan: Result, release: Result, stamp: Result, takeover: bool
) -> Result:
    """The holder and first document of a new release, or the problem."""
    return _tried(lambda: release_take.to_open(views, hosts, plan, release, stamp, takeover))


def to_resume(views: Result, hosts: Sequence[str], version: str, stamp: Result, takeover: bool) -> Result:
    """The holder and document of the release to go on with, or the problem."""
    return _tried(lambda: release_take.to_resume(views, hosts, version, stamp, takeover))


def to_take_over(views: Result, lb_hosts: Sequence[str], stamp: Result, takeover: bool, release_id: str = "") -> Result:
    """The holder and document of the release to take over (the newest without an id), or the problem."""
    return _tried(lambda: release_take.to_take_over(views, lb_hosts, stamp, takeover, release_id))


def taken(wish: Result, hosts: Sequence[str], hostvars: Mapping[str, Any], names: Sequence[str]) -> Result:
    """The context of the release whose lock the tasks *names* have taken as wished."""
    return release_take.taken(wish, [answer for name in names for answer in answers(hosts, hostvars, name).values()])


def unmet(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str, expected: Mapping[str, Any]) -> Result:
    """For each host whose task *name* was not done with the *expected* results: why, in its own words.

    expected keeps what a host answered earlier in the run from passing for an answer.
    """
    failures: Result = {}
    for host in hosts:
        value = hostvars[host].get(name) if host in hostvars else None
        if not isinstance(value, Mapping) or value.get("unreachable"):
            failures[host] = "no answer: the host is not reachable in this run"
        elif not value.get("done"):
            failures[host] = str(value.get("msg", "the task did not run on it"))
        elif any(value.get(key) != wanted for key, wanted in expected.items()):
            failures[host] = "no answer to this step: the host left the run before it"
    return failures


def in_words(failures: Result) -> str:
    """Failures by host as one line."""
    return " | ".join(f"{host}: {problem}" for host, problem in failures.items())


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {
            "release_stamp": stamp,
            "release_answers": answers,
            "release_decider": decider,
            "release_closed": release_take.closed_of,
            "release_to_open": to_open,
            "release_to_resume": to_resume,
            "release_to_take_over": to_take_over,
            "release_taken": taken,
            "release_configuration": configuration.collected,
            "release_unmet": unmet,
            "release_in_words": in_words,
        }
