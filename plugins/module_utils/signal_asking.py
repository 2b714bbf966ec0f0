# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that signals ask of one host, side by side and by one deadline: what the module signal_readings does.

What is kept between two readings, a cursor, goes to the caller and comes back from him. What a reading needs is
imported when it is asked for: this is called every second, and importing takes longer than most readings.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

Ask = Mapping[str, Any]
Answer = dict[str, Any]
Read = Callable[[Ask, float], Answer]

_LOG_BYTES = 8 << 20  # of the log of one container at a time
_BODY_BYTES = 64 << 10  # of the answer to a probe


def access_log(ask: Ask, deadline: float) -> Answer:
    """``paths``: prefix to slot to counts (signal_log.Lines.result). ``malformed``, ``left_out``: lines.

    ``behind_bytes``: what there was no time for; ``notes``: what people must know of the log.
    """
    from ansible_collections.bluegreen.release.plugins.module_utils import signal_log, signal_log_file, signal_log_place

    wanted = signal_log.Wanted(
        ask.get("paths") or [""],
        ask.get("seconds_of") or signal_log.REQUEST,
        ask.get("without_clients") or (),
        ask.get("without_hosts") or (),
    )
    lines = signal_log.Lines(wanted)
    follower = signal_log_file.Follower(ask["path"], lines.add, lambda: time.monotonic() > deadline)
    try:
        found = follower.read(ask.get("cursor"), float(ask.get("back_seconds") or 0), time.time())
    except signal_log_place.LogError as error:
        return {"problem": str(error)}
    paths = lines.result()
    return {
        "paths": paths,
        "malformed": lines.malformed,
        "left_out": lines.left_out,
        "behind_bytes": found.behind,
        "notes": found.notes,
        "cursor": found.cursor,
    }


def exposition(ask: Ask, deadline: float) -> Answer:
    """``text``: the lines of the wanted metrics; ``missing``: the metrics without any, each with names near to it."""
    from ansible_collections.bluegreen.release.plugins.module_utils import signal_fetch, signal_lines

    headers = {"Accept": "text/plain;version=0.0.4", **(ask.get("headers") or {})}
    try:
        answer = signal_fetch.fetch(_target(ask, headers), deadline, int(ask.get("most_bytes") or 32 << 20))
        if answer.status != 200:
            return {"problem": f"expected status 200, found {answer.status}: {signal_fetch.shown(answer.body)}"}
        wanted = [signal_lines.Select(one["metric"], one.get("labels") or {}) for one in ask["metrics"]]
        picked = signal_lines.pick(answer.body, wanted)
    except (signal_fetch.FetchError, signal_lines.ExpositionError) as error:
        return {"problem": str(error)}
    return {"text": picked.text, "missing": {name: picked.near.get(name, []) for name in picked.missing}}


def probe(ask: Ask, deadline: float) -> Answer:
    """``ok``, ``seconds`` and the ``reason`` why not: no answer is a service that is not available, not a problem."""
    from ansible_collections.bluegreen.release.plugins.module_utils import signal_fetch

    began = time.monotonic()
    try:
        target = _target(ask, ask.get("headers") or {})
        answer = signal_fetch.fetch(target, deadline, _BODY_BYTES)
    except signal_fetch.FetchError as error:
        return {"ok": False, "seconds": round(time.monotonic() - began, 6), "reason": str(error)}
    statuses = ask.get("statuses") or [200]
    ok = answer.status in statuses
    wanted = " or ".join(str(status) for status in statuses)
    reason = "" if ok else f"expected status {wanted}, found {answer.status}: {signal_fetch.shown(answer.body)}"
    return {"ok": ok, "seconds": round(answer.seconds, 6), "reason": reason}


def _target(ask: Ask, headers: Mapping[str, str]) -> Any:
    from ansible_collections.bluegreen.release.plugins.module_utils.signal_fetch import Target

    told = {str(name): str(value) for name, value in headers.items()}
    return Target(
        ask["url"], told, ask.get("method") or "GET", ask.get("ca") or "", ask.get("tls_name") or "",
        ask.get("validate_certs") is not False,
    )  # fmt: skip


def containers(ask: Ask, deadline: float) -> Answer:
    """``containers``: name to its usage (signal_containers.usage), or to a ``problem``."""
    from ansible_collections.bluegreen.release.plugins.module_utils import signal_containers

    def look(engine: Any, container: Any, before: Any) -> tuple[Answer, Any]:
        found = signal_containers.usage(engine, container, before)
        return found, found.pop("cursor")

    return _each(ask, deadline, look)


def container_logs(ask: Ask, deadline: float) -> Answer:
    """``containers``: name to its ``lines`` and ``errors`` since the last time, or to a ``problem``."""
    from ansible_collections.bluegreen.release.plugins.module_utils import signal_containers

    began = f"{time.time() - float(ask.get('back_seconds') or 0):.9f}"

    def look(engine: Any, container: Any, before: Any) -> tuple[Answer, Any]:
        since = before if isinstance(before, str) else began
        return signal_containers.error_lines(engine, container, ask["pattern"], since, _LOG_BYTES)

    return _each(ask, deadline, look)


def _each(ask: Ask, deadline: float, look: Callable[[Any, Any, Any], tuple[Answer, Any]]) -> Answer:
    """Look at every container of the slot; trouble with one hides none of the others."""
    from ansible_collections.bluegreen.release.plugins.module_utils import signal_containers

    engine = signal_containers.Engine(ask.get("socket") or "/var/run/docker.sock", deadline)
    before = (ask.get("cursor") or {}).get("containers") or {}
    found: dict[str, Answer] = {}
    kept: dict[str, Any] = {}
    try:
        for one in signal_containers.of_slot(engine, ask["project"], ask.get("services") or []):
            name = signal_containers.name_of(one)
            try:
                found[name], kept[name] = look(engine, one, before.get(name))
            except signal_containers.ContainerError as error:
                found[name] = {"problem": str(error)}
                kept.update({name: before[name]} if name in before else {})
    except signal_containers.ContainerError as error:
        return {"problem": str(error)}
    return {"containers": found, "cursor": {"containers": kept}}


READS: Mapping[str, Read] = {
    "access_log": access_log,
    "exposition": exposition,
    "probe": probe,
    "containers": containers,
    "container_logs": container_logs,
}


def read_all(asks: Mapping[str, Ask], seconds: float) -> dict[str, Answer]:
    """The answer to each ask by its name; a ``problem`` for one that takes more than so many seconds. Never raises."""
    deadline = time.monotonic() + seconds
    answers: queue.SimpleQueue[tuple[str, Answer]] = queue.SimpleQueue()
    for name, ask in asks.items():
        # Daemons: Python does not wait at its end for one that hangs, as it would for those of a pool.
        thread = threading.Thread(
            target=lambda name=name, ask=ask: answers.put((name, _read(ask, deadline))), daemon=True
        )
        thread.start()
    found: dict[str, Answer] = {}
    while len(found) < len(asks):
        try:
            name, answer = answers.get(timeout=max(deadline + _GRACE_SECONDS - time.monotonic(), 0.001))
        except queue.Empty:
            break
        found[name] = answer
    late = f"expected a reading within {seconds:g} s, found none"
    return {name: found.get(name) or {"problem": late} for name in asks}


# A reading that notices by itself that time is over says more than that it is late.
_GRACE_SECONDS = 0.1


def _read(ask: Ask, deadline: float) -> Answer:
    try:
        return READS[ask["kind"]](ask, deadline)
    except Exception as error:  # whatever a reader did not foresee is a problem of its signal, and of no other
        return {"problem": f"expected a reading, found {type(error).__name__}: {error}"}


def act(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Read; the result of the module."""
    return {"changed": False, "answers": read_all(params["asks"], params["seconds"])}
