# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What going back from an adoption has reached, and what is said at the end of a run. Pure.

A host that takes part has the fact ``__adopt_present``, in ``__adopt_reached`` what was done on it, and
``__adopt_ended`` unless it dropped out on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import listed

Facts = Mapping[str, Mapping[str, Any]]


def reached(hosts: Sequence[str], facts: Facts, what: str, absent_too: bool = False) -> dict[str, list[str]]:
    """Give the hosts that have reached a step (done) and those that have not (missing).

    absent_too: whether a host that could not be asked counts as missing.
    """
    done = [host for host in hosts if (facts[host].get("__adopt_reached") or {}).get(what)]
    missing = [host for host in hosts if host not in done and (absent_too or facts[host].get("__adopt_present"))]
    return {"done": done, "missing": missing}


def undone(lb_hosts: Sequence[str], app_hosts: Sequence[str], facts: Facts, moved: bool) -> dict[str, Any]:
    """Sum up every host. moved: whether the adoption may have changed a proxy; one that is away then counts."""
    proxies = reached(lb_hosts, facts, "withdrawn", moved)
    hosts = reached(app_hosts, facts, "settled", True)
    return {
        "withdrawn": proxies["done"],
        "settled": hosts["done"],
        "left": [*proxies["missing"], *hosts["missing"]],
        "complete": not proxies["missing"] and not hosts["missing"],
    }


def failure(hosts: Sequence[str], facts: Facts) -> str:
    """Give in words what failed; empty when nothing did."""
    for host in hosts:
        failed = facts[host].get("__adopt_failed") or {}
        if failed.get("task"):
            return f" on {host}, in task «{failed['task']}»:\n{str(failed.get('message')).strip() or 'no message'}"
    missing = [host for host in hosts if not facts[host].get("__adopt_present")]
    return f":\ncannot be reached: {listed(missing)}" if missing else ""


def adopted_lines(
    document: Mapping[str, Any], app_hosts: Sequence[str], facts: Facts, check_mode: bool = False
) -> list[str]:
    """Say what an adoption has done."""
    adoption, slot = document["adoption"], document["to_slot"]
    if check_mode:
        return [
            "Check mode: nothing was touched. What cannot be known without acting: whether the twin becomes healthy, "
            "and whether nginx takes the new files."
        ]
    lines = [f"{document['application']} {document['version']} is adopted: users are on slot {slot}."]
    if adoption["way"] == "twin":
        busy = [host for host in app_hosts if not (facts[host].get("__adopt_drained") or {}).get("drained")]
        how = f"still run on {listed(busy)}, where users are connected" if busy else "are stopped, kept for an undo"
        lines.append(f"The old containers of {adoption['project']} {how}.")
    lines.append(f"Record: {document['release_id']}")
    lines.append(
        "Next: playbooks/release.yml -e release_version=... releases into the other slot; playbooks/adopt.yml "
        "-e adopt_undo=true goes back to the plain estate, as long as nothing is released."
    )
    return lines


def report(
    document: Mapping[str, Any], lb_hosts: Sequence[str], app_hosts: Sequence[str], facts: Facts, records: str,
    check_mode: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Give the text at the end of going back, the one host that says it, and whether all is as it was (complete).

    The first host that came to the end speaks. It is not complete without a record that says so.
    """
    hosts = list(dict.fromkeys([*lb_hosts, *app_hosts]))
    undo = undone(lb_hosts, app_hosts, facts, bool(document["traffic_moved"]))
    failed = failure(hosts, facts)
    speaker = next((host for host in hosts if facts[host].get("__adopt_ended")), hosts[0])
    name = f"{document['application']} {document['version']}"
    where = "undone" if undo["complete"] else "not undone everywhere"
    parts = [f"The adoption of {name} failed{failed}" if failed else f"The adoption of {name} is {where}."]
    if check_mode:
        text = "\n".join(["Check mode: nothing was touched.", *parts])
        return {"speaker": speaker, "text": text, "complete": undo["complete"]}
    parts.append(f"nginx is as it was at {listed(undo['withdrawn']) or 'no proxy'}.")
    twin = (document.get("adoption") or {}).get("way") == "twin"
    what = "The old containers run, the twin is stopped" if twin else "No container was touched; all is as it was"
    parts.append(f"{what} on {listed(undo['settled']) or 'no host'}.")
    parts += [_cut(host, facts[host]) for host in undo["settled"] if _abandoned(facts[host])]
    if undo["left"]:
        parts.append(f"NOT DONE at {listed(undo['left'])}.")
    unwritten = facts[speaker].get("release_record_unwritten") or {}
    written = [host for host in lb_hosts if host not in unwritten]
    parts += [f"NOT WRITTEN at {host}: {why}" for host, why in unwritten.items()]
    parts.append(f"Record: {records}/{document['release_id']}.json on {listed(written) or 'no proxy'}.")
    complete = undo["complete"] and bool(written)
    again = "make the hosts named above reachable and well, then run playbooks/adopt.yml again: it ends what is left"
    mend = "mend the cause and run playbooks/adopt.yml again" if failed else "playbooks/adopt.yml adopts again"
    parts.append(f"Next: {mend if complete else again}.")
    return {"speaker": speaker, "text": "\n".join(parts), "complete": complete}


def _abandoned(variables: Mapping[str, Any]) -> Sequence[str]:
    return (variables.get("decommission_result") or {}).get("abandoned") or []


def _cut(host: str, variables: Mapping[str, Any]) -> str:
    """Users who did not leave the twin in time."""
    return f"{len(_abandoned(variables))} connections to the twin on {host} had not ended by then, and were cut."
