# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The views of all hosts as one document, and everything in which they may disagree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import estate, record

LB, APP = ["lb1", "lb2"], ["app1"]
STAMP = {"at": "2026-01-31T23:59:59Z", "actor": "alice@c1", "run": "job 7"}
HOLDER = {
    "release_id": "20260131T235959Z-1.0.0-aaaa", "user": "alice", "host": "c1", "job": "7", "mode": "run",
    "purpose": "release 1.0.0", "since": "2026-01-31T23:59:59Z", "epoch": 1,
}  # fmt: skip


def document(*phases: str, outcome: str = "") -> dict[str, Any]:
    plan = {
        "version": "1.0.0", "image": "i", "digest": "d", "live": "blue", "candidate": "green", "live_version": "0.9.0",
    }  # fmt: skip
    release = {"release_id": HOLDER["release_id"], "application": "shop", "environment": "test", "mode": "run"}
    result = record.new_document(plan, release, 1, STAMP)
    for phase in phases:
        result = record.advance(result, phase, {}, 1, STAMP)
    return record.close(result, outcome, {}, 1, STAMP) if outcome else result


ALL = (
    "provisioning", "provisioned", "migrating", "migrated", "checking", "checked", "switching", "switched", "watching",
    "watched",
)  # fmt: skip
LIVE = document(*ALL, outcome="live")


def views(newest: dict[str, Any] = LIVE, slot: str = "green") -> dict[str, dict[str, Any]]:
    remembered = {"records": [newest], "corrupt": [], "lock": None, "epoch": 1}
    proxy = {"file": slot, "probe": slot, "agree": True, "generation": "g"}
    containers = {
        "blue": {"containers": [{"state": "running", "version": "0.9.0"}]},
        "green": {"containers": [{"state": "running", "version": "1.0.0"}, {"state": "exited", "version": "0.8.0"}]},
    }
    result: dict[str, dict[str, Any]] = {host: {"record": remembered, "proxy": proxy} for host in LB}
    result["app1"] = {"record": {**remembered, "records": []}, "probe": {"slots": containers}}
    for host, view in result.items():
        result[host] = json.loads(json.dumps(view))  # Of its own: a test changes one host.
    return result


def merged(given: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return estate.estate(given, LB, APP, "shop", "test")


def test_an_estate_in_order() -> None:
    found = merged(views())
    assert found["problems"] == []
    assert found["ok"] is True
    assert found["live"] == {"lb1": "green", "lb2": "green"}
    assert found["versions"] == {"blue": "0.9.0", "green": "1.0.0"}
    assert (found["release"]["release_id"], found["release"]["phase"]) == (HOLDER["release_id"], "closed")
    assert found["lock"] is None
    told = "\n".join(estate.lines(found))
    for part in ("proxy lb1: green", "slot green (live): 1.0.0", "alice@c1", "lock: free", "hosts agree"):
        assert part in told


def broken(change: str) -> dict[str, dict[str, Any]]:
    given = views()
    if change == "lb2 gone":
        given["lb2"] = {}
    elif change == "app1 gone":
        given["app1"] = {}
    elif change == "unknown":
        given["lb2"]["proxy"].update(probe="unknown", agree=False)
    elif change == "file differs":
        given["lb2"]["proxy"].update(file="blue", agree=False)
    elif change == "door is closed":
        given["lb2"]["proxy"].update(door="closed")
    elif change == "proxies differ":
        given["lb2"]["proxy"].update(file="blue", probe="blue")
    elif change == "record differs":
        given = views(slot="blue")
    elif change == "copy is old":
        given["lb2"]["record"]["records"] = [document("provisioning")]
    elif change == "copy is missing":
        given["lb2"]["record"]["records"] = []
    elif change == "corrupt":
        given["lb1"]["record"]["corrupt"] = [{"file": "/x/torn.json", "problem": "is not JSON"}]
    elif change == "live slot is empty":
        given["app1"]["probe"]["slots"]["green"]["containers"] = []
    elif change == "other version":
        given["app1"]["probe"]["slots"]["green"]["containers"][0]["version"] = "1.0.1"
    elif change == "two holders":
        given["lb1"]["record"]["lock"] = HOLDER
        given["lb2"]["record"]["lock"] = {**HOLDER, "release_id": "20260131T235959Z-1.0.0-bbbb"}
    return given


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("lb2 gone", "lb2: expected an answer, found none: the host is unreachable"),
        ("app1 gone", "app1: expected an answer, found none: the host is unreachable"),
        ("unknown", "lb2: expected the probe through nginx to answer blue or green, found unknown"),
        ("file differs", "lb2: expected file and probe to agree, found file blue, probe green"),
        ("door is closed", "lb2: expected an open door, found it closed: users wait"),
        ("proxies differ", "expected all proxies on one slot, found lb1 green, lb2 blue"),
        ("record differs", "lb1: expected green as the record says, found blue"),
        ("copy is old", "at epoch 1, sequence 12, found epoch 1, sequence 2"),
        ("copy is missing", "sequence 12, found none"),
        ("corrupt", "lb1: /x/torn.json: is not JSON"),
        ("live slot is empty", "app1: expected green, which is live, to run, found no container"),
        ("other version", "app1: expected 1.0.0 in green as the record says, found 1.0.1"),
        ("two holders", "expected one release to hold the lock"),
    ],
)
def test_every_disagreement_is_named_and_not_ok(change: str, message: str) -> None:
    found = merged(broken(change))
    assert found["ok"] is False
    assert message in " | ".join(found["problems"])
    assert any(line.startswith("PROBLEM: ") for line in estate.lines(found))


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (document(), "blue"),
        (document(*ALL[:6]), "blue"),
        (document(*ALL[:7]), None),
        (document(*ALL[:8]), "green"),
        (document(*ALL), "green"),
        (LIVE, "green"),
        (document("rolling_back"), None),
        (document("rolling_back", outcome="failed"), "blue"),
        (None, None),
    ],
)
def test_where_the_record_says_that_users_are(newest: dict[str, Any] | None, expected: str | None) -> None:
    assert estate.expected_live(newest) == expected


def test_a_release_under_way_is_no_disagreement_but_is_told() -> None:
    given = views(document("provisioning"), slot="blue")
    found = merged(given)
    assert (found["ok"], "nobody holds the lock" in found["notes"][0]) == (True, True)
    for host in given:
        given[host]["record"]["lock"] = HOLDER
    found = merged(given)
    assert (found["notes"], found["lock"]) == ([], HOLDER)
    assert "lock: alice@c1 (job 7) since" in "\n".join(estate.lines(found))


def test_an_adoption_that_did_not_end_is_told_as_one_with_the_way_on() -> None:
    begun = record.sealed({**document("provisioning"), "adoption": {"way": "twin"}})
    found = merged(views(begun))
    assert found["notes"] == [
        f"The adoption {HOLDER['release_id']} is unfinished (provisioning). Unless it runs right now, run "
        "playbooks/adopt.yml: it takes back what was left and begins anew."
    ]
    assert f"adoption {HOLDER['release_id']} by alice@c1: 0.9.0 to 1.0.0, unfinished" in "\n".join(estate.lines(found))


def test_a_lock_left_by_a_closed_release_is_told() -> None:
    given = views()
    given["lb1"]["record"]["lock"] = HOLDER
    found = merged(given)
    assert (found["ok"], "the next release takes it" in found["notes"][0]) == (True, True)


def test_nothing_answers() -> None:
    found = merged({})
    assert len(found["problems"]) == 3
    assert found["live"] == {"lb1": "unreachable", "lb2": "unreachable"}


def test_the_revision_is_that_of_the_last_release_that_came_to_the_database() -> None:
    migrated = record.amend(LIVE, {"revision_before": "a", "revision_after": "b"}, 1)
    later = {"release_id": "20260201T000000Z-1.1.0-bbbb", "application": "shop", "environment": "test", "mode": "run"}
    plan = {"version": "1.1.0", "image": "i", "digest": "d", "live": "green", "candidate": "blue"}
    failed = record.new_document(plan, later, 2, {**STAMP, "at": "2026-02-01T00:00:00Z"})
    given = views(migrated)
    for host in LB:
        given[host]["record"]["records"].append(failed)
    assert merged(given)["release"]["release_id"] == later["release_id"]
    assert merged(given)["revision"] == "b"


def running_once(
    *where: tuple[str, str], services: tuple[str, ...] = ("jobs",), newest: dict[str, Any] = LIVE
) -> dict[str, Any]:
    """The estate with a service that must run once on app1, and that runs in these slots of these hosts."""
    given = views(newest)
    given["app2"] = json.loads(json.dumps(given["app1"]))
    for host in ("app1", "app2"):
        for slot, view in given[host]["probe"]["slots"].items():
            state = "running" if (host, slot) in where else "exited"
            view["containers"].append({"service": "jobs", "state": state, "version": view["containers"][0]["version"]})
    singletons = {"host": "app1", "services": list(services)}
    return estate.estate(given, LB, ["app1", "app2"], "shop", "test", singletons)


def test_what_runs_once_is_shown_and_right_on_the_live_slot_of_its_host() -> None:
    found = running_once(("app1", "green"))
    assert found["problems"] == []
    assert found["singletons"] == {"jobs": [{"host": "app1", "slot": "green"}]}
    assert "runs once: jobs, in green on app1" in estate.lines(found)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ([("app1", "blue"), ("app1", "green")], "running 2 times at once, in blue on app1, green on app1"),
        ([("app1", "green"), ("app2", "green")], "running 2 times at once"),
        ([("app1", "blue")], "expected jobs to run in green on app1, found it in blue on app1"),
        ([("app2", "green")], "found it in green on app2"),
        ([], "found it in no slot"),
    ],
)
def test_what_runs_twice_or_elsewhere_is_a_problem(where: list[tuple[str, str]], words: str) -> None:
    (problem,) = running_once(*where)["problems"]
    assert words in problem


@pytest.mark.parametrize(
    ("where", "problems"),
    [([("app1", "green")], 0), ([], 0), ([("app1", "blue")], 1), ([("app2", "blue"), ("app1", "green")], 1)],
)
@pytest.mark.parametrize("side", ["configuration", "from_configuration"])
def test_what_ran_once_and_is_not_listed_any_more_acts_in_no_slot_without_users(
    where: list[tuple[str, str]], problems: int, side: str
) -> None:
    newest = {**LIVE, side: {"singletons": {"host": "app1", "services": ["jobs"]}}}
    found = running_once(*where, services=(), newest=record.sealed(newest))["problems"]
    assert len(found) == problems
    assert all("expected jobs, which ran once in a version of" in one and " in blue on app" in one for one in found)
