# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge the estate as a whole: which slot is live, what the records say, what the release would replace. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.lock import way_back
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import SLOTS
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Findings, Views, Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.record import newest, seconds_of

STATUS = "playbooks/status.yml shows what every proxy and every record says"


def records(wanted: Wanted, views: Views) -> list[dict[str, Any]]:
    """Give the newest copy of each release's record over all proxies, the newest release first."""
    return newest(one for host in wanted.lb_hosts for one in (views[host].record or {}).get("records", []))


def live_slot(
    wanted: Wanted, views: Views, history: list[dict[str, Any]], findings: Findings
) -> tuple[str | None, bool]:
    """Give the live slot and whether this is a first install; (None, False) when it cannot be told."""
    proxies = {host: views[host].proxy for host in wanted.lb_hosts}
    seen = {host: proxy for host, proxy in proxies.items() if proxy is not None}
    if not seen:
        return None, False
    files = {host: str(proxy["file"]) for host, proxy in seen.items()}
    if not any(map(_recorded_live, history)) and (set(files.values()) == {"none"} or _only_failed_installs(history)):
        return None, len(seen) == len(proxies)
    findings.add_for_hosts((host, problem) for host, proxy in seen.items() for problem in _proxy(proxy))
    slots = {slot for slot in files.values() if slot in SLOTS}
    if len(slots) > 1:
        found = ", ".join(f"{host} {slot}" for host, slot in sorted(files.items()))
        findings.add("The proxies disagree on the live slot", "the same slot on every proxy", found, _decide_remedy())
    return (slots.pop() if len(slots) == 1 else None), False


def _only_failed_installs(history: list[dict[str, Any]]) -> bool:
    """Whether all that was ever tried here is first installs; their flag names a slot in which nothing runs."""
    return bool(history) and all(record["from_slot"] is None for record in history)


def _decide_remedy() -> str:
    return f"{STATUS}; playbooks/rollback.yml brings all proxies to the slot of the last good release"


def _proxy(proxy: Mapping[str, Any]) -> Iterable[Problem]:
    """Give what is wrong with one proxy that should be serving."""
    flag, probe = str(proxy["file"]), str(proxy["probe"])
    if flag not in SLOTS:
        expected = "exactly one flag, live.blue or live.green, readable for the SSH user"
        found = "no flag although there are records" if flag == "none" else "both flags, or flags that cannot be read"
        yield Problem("The flags read unknown", expected, found, f"{STATUS}; put back the one flag that is right")
    if probe == "unreachable":
        found = str(proxy.get("probe_reason") or "no answer")
        remedy = "start nginx there; compare its configuration with what the role nginx_switchover writes"
        yield Problem("nginx does not say which slot is live", "an answer of the guarded probe", found, remedy)
    elif probe not in SLOTS:
        remedy = "make the flags directory readable for nginx's workers (0755), and look at its mounts"
        yield Problem("The flags read unknown through nginx", "blue or green", probe, remedy)
    elif flag in SLOTS and flag != probe:
        remedy = "nginx reads another directory or caches it: open_file_cache must be off in this server"
        yield Problem("nginx and the flags disagree", f"the slot of the flag, {flag}", probe, remedy)


def check_history(
    wanted: Wanted, history: list[dict[str, Any]], live: str | None, views: Views, findings: Findings
) -> None:
    """Add an unfinished release, a held lock, and a record that contradicts the proxies."""
    # What a closed release left behind on a proxy that was away holds nobody up.
    closed = {record["release_id"] for record in history if record["phase"] == "closed"}
    locks = [holder for host in wanted.lb_hosts if (holder := _lock(views[host].record)) is not None]
    lock = next((holder for holder in locks if holder["release_id"] not in closed), None)
    unfinished = next((record for record in history if record["phase"] != "closed"), None)
    if unfinished and not (wanted.takeover and not unfinished.get("traffic_moved")):
        findings.add(
            "An earlier release is not finished",
            "every earlier release closed",
            f"{unfinished['release_id']} in phase {unfinished['phase']}, since {_since(unfinished)}, "
            f"by {_actor(unfinished, lock)}",
            _way_out(unfinished),
        )
    if lock and not wanted.takeover and (unfinished is None or lock["release_id"] != unfinished["release_id"]):
        found = f"held by {lock['user']}@{lock['host']} since {lock['since']} for {lock['release_id']}"
        remedy = "wait for it to end; if its run is dead, take the lock with -e release_takeover=true"
        findings.add("Another run holds the lock", "no other release at work", found, remedy)
    expected = _recorded_live(history[0]) if history else None
    if live and expected and expected != live and not unfinished:
        found = f"the proxies are on {live}, the record of {history[0]['release_id']} says {expected}"
        remedy = f"{STATUS}; traffic was moved by hand: move it back, or take that release back: playbooks/rollback.yml"
        findings.add("The proxies and the record disagree", "the proxies on the recorded slot", found, remedy)
    _check_readable(wanted, views, findings)


def check_candidate(
    wanted: Wanted, history: list[dict[str, Any]], candidate: str, views: Views, findings: Findings
) -> None:
    """Add a candidate slot that users could still need, or are still on."""
    running = [host for host in wanted.app_hosts if _running(views, host, candidate)]
    if not running:
        return
    standby = None if wanted.replace_standby else _standby_since(history, candidate)
    left = standby + wanted.horizon - wanted.now if standby is not None else 0
    if left > 0:
        findings.add(
            f"Slot {candidate} is a standby inside the rollback horizon",
            f"a standby older than {wanted.horizon} s (release_rollback_horizon_seconds), or none",
            f"running on {listed(running)}; the horizon ends in {left:.0f} s",
            "wait; or stop it: playbooks/decommission.yml; or give up the way back: -e release_replace_standby=true",
        )
    busy = [(host, count) for host in wanted.lb_hosts if (count := _connections(views, host, candidate))]
    if busy:
        found = ", ".join(f"{count} connections from {host}" for host, count in busy)
        remedy = "wait until they end (idle ones end within nginx's keep-alive time), or playbooks/decommission.yml"
        findings.add(f"Slot {candidate} is not drained", "no connection from a proxy to it", found, remedy)


def running_versions(wanted: Wanted, views: Views, slot: str) -> dict[str, str]:
    """Give host -> version of what runs in a slot, by the labels of its containers."""
    found = {}
    for host in wanted.app_hosts:
        for container in _running(views, host, slot):
            if container.get("version"):
                found[host] = str(container["version"])
    return found


def running_digest(wanted: Wanted, views: Views, slot: str) -> str | None:
    """Give the digest that a slot's containers were made of."""
    for host in wanted.app_hosts:
        for container in _running(views, host, slot):
            if "@sha256:" in str(container.get("image")):
                return str(container["image"])
    return None


def _running(views: Views, host: str, slot: str) -> list[dict[str, Any]]:
    slots = (views[host].probe or {}).get("slots") or {}
    return [one for one in slots.get(slot, {}).get("containers", []) if one.get("state") == "running"]


def _connections(views: Views, host: str, slot: str) -> int:
    slots = (views[host].probe or {}).get("slots") or {}
    return int(slots.get(slot, {}).get("connections") or 0)


def _lock(record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give the holder of a host's lock, unless its release has ended."""
    if not record or record.get("lock_phase") == "closed":
        return None
    return record.get("lock")


def _recorded_live(record: dict[str, Any]) -> str | None:
    slot = {"live": record.get("to_slot"), "rolled_back": record.get("from_slot")}.get(str(record.get("outcome")))
    return None if slot is None else str(slot)


def _since(record: dict[str, Any]) -> str:
    transitions = record.get("transitions") or [{}]
    return str(transitions[-1].get("at") or record["started_at"])


def _actor(record: dict[str, Any], lock: dict[str, Any] | None) -> str:
    if lock and lock["release_id"] == record["release_id"]:
        job = f" (job {lock['job']})" if lock.get("job") else ""
        return f"{lock['user']}@{lock['host']}{job}, which holds the lock"
    return str((record.get("transitions") or [{}])[-1].get("actor") or "unknown")


def _way_out(record: dict[str, Any]) -> str:
    ways = ["wait if its run is still at work", f"{way_back(bool(record.get('adoption')))} takes it back"]
    if record.get("mode") == "steps":
        ways.insert(1, "run the next phase of it")
    if not record.get("traffic_moved"):
        ways.append("-e release_takeover=true leaves it as it is and takes the lock (no user was moved)")
    return "; ".join(ways)


def _standby_since(history: list[dict[str, Any]], slot: str) -> float | None:
    """Give since when a slot is the standby of the last good release, in seconds since 1970; None when it is not."""
    for record in history:
        if record.get("phase") == "closed" and record.get("outcome") == "live":
            standby = record.get("standby") or {}
            if standby.get("slot") != slot or standby.get("state") != "running":
                return None
            return _instant(standby.get("since") or record.get("ended_at"))
    return None


def _instant(text: Any) -> float | None:
    try:
        return seconds_of(str(text))
    except ValueError:
        return None


def _check_readable(wanted: Wanted, views: Views, findings: Findings) -> None:
    for host in [*wanted.lb_hosts, *wanted.app_hosts]:
        view = views[host].record
        if view is None:
            continue
        for one in view.get("corrupt", []):
            findings.notes.append(f"{host}: {one['file']}: {one['problem']}")
        if view.get("epoch", 0) is None:
            remedy = (
                "write the highest epoch of the other hosts into it (playbooks/status.yml), or restore the directory"
            )
            findings.add(f"The epoch of {host} is damaged", "a number", f"an unreadable file epoch on {host}", remedy)
