"""The judge: every row changes one thing of an estate that is fine, and one problem must come of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_judge import judge, summary
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import (
    Dumps,
    Judgement,
    Shared,
    View,
    Wanted,
)

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC).timestamp()
OLD, NEW = "reg:5000/shop@sha256:" + "a" * 64, "reg:5000/shop@sha256:" + "b" * 64
GIB = 1024**3
WANTED = Wanted(
    version="1.0.0", image="reg:5000/shop", lb_hosts=["lb1", "lb2"], app_hosts=["app1", "app2"], window=1.0, now=NOW,
    dumps=Dumps(host="db1", user="shop", verify=True, spare=0),
)  # fmt: skip
RECORD: dict[str, Any] = {
    "release_id": "20260101T000000Z-0.9.0-abcd",
    "epoch": 3,
    "sequence": 12,
    "phase": "closed",
    "outcome": "live",
    "mode": "run",
    "traffic_moved": True,
    "version": "0.9.0",
    "digest": OLD,
    "from_slot": "green",
    "to_slot": "blue",
    "from_version": "0.8.0",
    "from_digest": OLD,
    "started_at": "2026-01-01T00:00:00Z",
    "ended_at": "2026-01-01T00:10:00Z",
    "standby": {"slot": "green", "state": "decommissioned", "since": "2026-01-01T00:10:00Z"},
    "transitions": [{"at": "2026-01-01T00:10:00Z", "phase": "closed", "actor": "ann@desk", "epoch": 3}],
}
LOCK = {
    "release_id": "20260102T110000Z-1.0.0-ffff",
    "user": "ann",
    "host": "desk",
    "job": "",
    "since": "2026-01-02T11:00:00Z",
}
Estate = dict[str, dict[str, Any]]


def place(path: str) -> dict[str, Any]:
    return {"path": path, "exists": True, "writable": True, "read_only": False, "free_bytes": 10 * GIB}


def container(version: str, image: str) -> dict[str, Any]:
    return {"name": "shop-api-1", "state": "running", "version": version, "image": image}


def probe(engine: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "clock": NOW,
        "python": "3.11.2",
        "state": {**place("/var/lib/bluegreen/shop"), "flags": place("/var/lib/bluegreen/shop/flags")},
        "slots": {
            slot: {"port": port, "containers": [], "listener": None, "connections": 0}
            for slot, port in (("blue", 8001), ("green", 8002))
        },
    }
    if engine:
        found["slots"]["blue"]["containers"] = [container("0.9.0", OLD)]
        found["docker"] = {
            "version": "20.10.24",
            "compose": "2.26.1-4",
            "root": {"path": "/var/lib/docker", "free_bytes": 10 * GIB},
            "problem": None,
            "platform": "linux/amd64",
        }
        found["image"] = {
            "found": True,
            "digest": NEW,
            "bytes": 100 * 1024**2,
            "local": False,
            "platforms": ["linux/amd64", "linux/arm64"],
            "problem": None,
        }
    return found


def estate() -> Estate:
    record = {"records": [RECORD], "corrupt": [], "lock": None, "lock_phase": None, "epoch": 3}
    root = {"succeeded": True, "output": ""}
    proxy = {"file": "blue", "probe": "blue", "agree": True, "generation": "g1"}
    lb = {"probe": probe(engine=False), "record": record, "proxy": proxy, "privileged": root}
    app = {"probe": probe(engine=True), "record": {**record, "records": []}, "proxy": None, "privileged": root}
    return {host: copy.deepcopy(lb if host.startswith("lb") else app) for host in ("lb1", "lb2", "app1", "app2")}


def judged(change: Callable[[Estate], object] = lambda _: None, wanted: Wanted = WANTED) -> Judgement:
    seen = estate()
    change(seen)
    return judge(wanted, {host: View(**parts) for host, parts in seen.items()})


def put(path: str, value: Any) -> Callable[[Estate], None]:
    """Set one value of the estate: put("lb1/proxy/file", "green")."""

    def change(seen: Estate) -> None:
        *parents, last = path.split("/")
        place_: Any = seen
        for name in parents:
            place_ = place_[name]
        place_[last] = value

    return change


def put_all(*changes: Callable[[Estate], object]) -> Callable[[Estate], None]:
    def change(seen: Estate) -> None:
        for one in changes:
            one(seen)

    return change


def on_lbs(path: str, value: Any) -> Callable[[Estate], None]:
    return put_all(put(f"lb1/{path}", value), put(f"lb2/{path}", value))


def history(**change: Any) -> Callable[[Estate], None]:
    return on_lbs("record/records", [{**RECORD, **change}])


STANDBY = {"slot": "green", "state": "running", "since": "2026-01-02T00:00:00Z"}
GREEN_RUNS = put("app1/probe/slots/green/containers", [container("0.8.0", OLD)])
UNFINISHED = {"phase": "migrating", "outcome": None, "traffic_moved": False}


def test_a_good_estate_is_planned() -> None:
    found = judged()
    assert found.problems == []
    assert found.plan == {
        "version": "1.0.0",
        "image": "reg:5000/shop:1.0.0",
        "digest": NEW,
        "live": "blue",
        "candidate": "green",
        "live_version": "0.9.0",
        "live_digest": OLD,
        "first": False,
        "epoch": 3,
    }
    text = "\n".join(summary(WANTED, found))
    assert "0.9.0 in slot blue" in text and "1.0.0 in slot green" in text and NEW in text


ROWS: list[tuple[str, Callable[[Estate], object], str]] = [
    ("unreachable", lambda seen: seen["app2"].update(probe=None, reason="timed out"), "There is no answer from app2"),
    ("missing host", lambda seen: seen.pop("lb2"), "No look was possible on lb2"),
    ("old python", put("app1/probe/python", "3.8.10"), "Python is too old on app1"),
    (
        "nginx -t",
        put("lb1/privileged", {"succeeded": False, "output": "nginx: [emerg] no"}),
        "The test of nginx's configuration failed on lb1",
    ),
    (
        "no sudo",
        put("app1/privileged", {"succeeded": False, "output": "sudo"}),
        "Commands cannot be run as root on app1",
    ),
    (
        "read-only flags",
        put_all(put("lb1/probe/state/flags/read_only", True), put("lb1/probe/state/flags/writable", False)),
        "The flags directory is read-only on lb1",
    ),
    ("read-only state", put("app1/probe/state/read_only", True), "The state directory is read-only on app1"),
    ("foreign flags", put("lb2/probe/state/flags/writable", False), "The flags directory is not writable on lb2"),
    ("full disk", put("lb1/probe/state/free_bytes", 1024), "There is no space for the record on lb1"),
    (
        "engine",
        put("app1/probe/docker", {"problem": "permission denied"}),
        "The Docker engine does not answer on app1",
    ),
    ("old compose", put("app1/probe/docker/compose", "2.24.3"), "Docker Compose is too old or missing on app1"),
    ("no compose", put("app1/probe/docker/compose", None), "Docker Compose is too old or missing on app1"),
    (
        "no image",
        put_all(
            *(
                put(f"{host}/probe/image", {"found": False, "problem": "manifest unknown", "digest": None})
                for host in ("app1", "app2")
            )
        ),
        "The image reg:5000/shop:1.0.0 cannot be pulled on app1 and app2",
    ),
    (
        "no login",
        put_all(
            *(
                put(f"{host}/probe/image", {"found": False, "problem": "no basic auth credentials", "digest": None})
                for host in ("app1", "app2")
            )
        ),
        "The registry refuses to show the image reg:5000/shop:1.0.0 on app1 and app2",
    ),
    (
        "another architecture",
        put("app2/probe/image/platforms", ["linux/arm64", "linux/s390x"]),
        "The image reg:5000/shop:1.0.0 is for another architecture on app2",
    ),
    (
        "disk",
        put("app2/probe/docker/root/free_bytes", 811 * 1024**2),
        "There is not enough disk for the image on app2",
    ),
    (
        "port taken by a process",
        put(
            "app1/probe/slots/green/listener",
            {"container": None, "pid": 7, "command": "python3 -m http.server", "user": "bob"},
        ),
        "The port of slot green is taken by something else on app1",
    ),
    (
        "port taken by a container",
        put("app1/probe/slots/blue/listener", {"container": "other", "pid": None, "command": None, "user": None}),
        "The port of slot blue is taken by something else on app1",
    ),
    ("clock", put("app2/probe/clock", NOW + 6.5), "The clocks of the hosts differ"),
    ("different images", put("app2/probe/image/digest", OLD), "The application hosts see different images"),
    (
        "same version",
        lambda seen: [
            put(f"{host}/probe/slots/blue/containers", [container("1.0.0", NEW)])(seen) for host in ("app1", "app2")
        ],
        "Version 1.0.0 is live already",
    ),
    (
        "different versions",
        put("app2/probe/slots/blue/containers", [container("0.8.0", OLD)]),
        "The live slot blue runs different versions",
    ),
    ("unknown flags", put("lb1/proxy/file", "unknown"), "The flags read unknown on lb1"),
    ("lost flags", put("lb1/proxy/file", "none"), "The flags read unknown on lb1"),
    ("unknown probe", put("lb1/proxy/probe", "unknown"), "The flags read unknown through nginx on lb1"),
    ("silent nginx", put("lb2/proxy/probe", "unreachable"), "nginx does not say which slot is live on lb2"),
    ("another directory", put("lb2/proxy/probe", "green"), "nginx and the flags disagree on lb2"),
    ("proxies", put("lb2/proxy", {"file": "green", "probe": "green"}), "The proxies disagree on the live slot"),
    ("record", history(to_slot="green"), "The proxies and the record disagree"),
    ("record rolled back", history(outcome="rolled_back"), "The proxies and the record disagree"),
    ("unfinished", history(**UNFINISHED), "An earlier release is not finished"),
    ("unfinished on one proxy", put("lb2/record/records", [{**RECORD, **UNFINISHED, "sequence": 13}]), "An earlier"),
    ("lock", put("lb2/record/lock", LOCK), "Another run holds the lock"),
    ("epoch", put("app1/record/epoch", None), "The epoch of app1 is damaged"),
    ("standby", put_all(history(standby=STANDBY), GREEN_RUNS), "Slot green is a standby inside the rollback horizon"),
    ("database", put("app1/database", ("found a pooler",)), "app1 gets no good answer of the database"),
    ("dumps", put("app1/dumps", {"unreachable": True, "msg": "gone"}), "The host of the dumps could not be looked at"),
    ("not drained", put_all(GREEN_RUNS, put("lb1/probe/slots/green/connections", 2)), "Slot green is not drained"),
]


@pytest.mark.parametrize(("change", "what"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_one_change_one_problem(change: Callable[[Estate], object], what: str) -> None:
    found = judged(change)
    assert len(found.problems) == 1, found.problems
    assert found.problems[0].what.startswith(what)
    assert all(found.problems[0]), "every problem says expected, found and what to do"
    assert found.plan is None


def first_install(seen: Estate) -> None:
    on_lbs("proxy", {"file": "none", "probe": "unreachable", "probe_reason": "refused"})(seen)
    on_lbs("record", {"records": [], "corrupt": [], "lock": None, "lock_phase": None, "epoch": 0})(seen)
    for host in ("app1", "app2"):
        seen[host]["record"] = {"records": [], "corrupt": [], "lock": None, "epoch": 0}
        seen[host]["probe"]["slots"]["blue"]["containers"] = []


def test_the_newest_release_is_that_of_the_highest_epoch_whatever_a_clock_said() -> None:
    step = {**RECORD["transitions"][0], "epoch": 4}
    later = {**RECORD, **UNFINISHED, "release_id": "later", "epoch": 4, "transitions": [step]}
    slow = {**later, "started_at": "2025-01-01T00:00:00Z", "phase": "closed", "outcome": "rolled_back"}
    found = judged(put("lb1/record/records", [RECORD, slow]))
    assert [one.what for one in found.problems] == ["The proxies and the record disagree"]


def test_a_lock_that_a_closed_release_left_behind_holds_nobody_up() -> None:
    left = judged(put("lb2/record/lock", {**LOCK, "release_id": RECORD["release_id"]}))
    assert left.plan is not None and left.problems == []


def test_first_install() -> None:
    plan = judged(first_install).plan
    assert plan is not None
    assert (plan["first"], plan["live"], plan["candidate"], plan["live_version"]) == (True, None, "blue", None)


def test_first_install_again_after_one_that_failed() -> None:
    failed = {**RECORD, "outcome": "rolled_back", "from_slot": None}
    plan = judged(put_all(first_install, on_lbs("record/records", [failed]))).plan
    assert plan is not None and plan["first"] is True


def test_first_install_again_when_the_failed_one_left_its_flag() -> None:
    failed = {**RECORD, "outcome": "failed", "from_slot": None}
    seen = {"file": "green", "probe": "green", "agree": True}
    plan = judged(put_all(first_install, on_lbs("proxy", seen), on_lbs("record/records", [failed]))).plan
    assert plan is not None and (plan["first"], plan["candidate"]) == (True, "blue")


def test_a_new_proxy_is_no_first_install() -> None:
    found = judged(put("lb2/proxy", {"file": "none", "probe": "unreachable"}))
    assert [problem.what for problem in found.problems] == [
        "The flags read unknown on lb2",
        "nginx does not say which slot is live on lb2",
    ]


def test_without_an_answer_of_every_proxy_there_is_no_first_install() -> None:
    found = judged(put_all(first_install, lambda seen: seen["lb2"].update(probe=None, proxy=None, record=None)))
    assert found.plan is None and found.problems


def test_all_problems_come_together() -> None:
    whats = [
        one.what for one in judged(put_all(*(row[1] for row in ROWS if row[0] in ("disk", "proxies", "lock")))).problems
    ]
    assert len(whats) == 3


@pytest.mark.parametrize(
    ("size", "local", "free", "passes"),
    [
        (100 * 1024**2, False, 812 * 1024**2, True),
        (100 * 1024**2, True, 512 * 1024**2, True),
        (None, False, 812 * 1024**2, False),
        (None, False, 2012 * 1024**2, True),
    ],
)
def test_disk(size: int | None, local: bool, free: int, passes: bool) -> None:
    found = judged(
        put_all(
            put("app1/probe/image/bytes", size),
            put("app1/probe/image/local", local),
            put("app1/probe/docker/root/free_bytes", free),
        )
    )
    assert (found.problems == []) is passes


@pytest.mark.parametrize(("seconds", "passes"), [(5.9, True), (6.1, False)])
def test_clocks_are_compared_beyond_the_window_of_observation(seconds: float, passes: bool) -> None:
    assert (judged(put("lb1/probe/clock", NOW - seconds)).problems == []) is passes


@pytest.mark.parametrize(
    "change",
    [
        history(standby={**STANDBY, "since": "2026-01-01T11:59:00Z"}),
        history(standby={**STANDBY, "state": "decommissioned"}),
        history(standby={**STANDBY, "slot": "blue"}),
    ],
)
def test_a_slot_outside_the_horizon_may_be_replaced(change: Callable[[Estate], object]) -> None:
    assert judged(put_all(change, GREEN_RUNS)).plan is not None


def test_a_standby_that_does_not_run_may_be_replaced() -> None:
    assert judged(history(standby=STANDBY)).plan is not None


def test_a_standby_may_be_given_up_but_not_its_users() -> None:
    wanted = replace(WANTED, replace_standby=True)
    change = put_all(history(standby=STANDBY), GREEN_RUNS)
    assert judged(change, wanted).plan is not None
    busy = put_all(change, put("lb1/probe/slots/green/connections", 1))
    assert [one.what for one in judged(busy, wanted).problems] == ["Slot green is not drained"]


def test_a_takeover_takes_the_lock_and_leaves_what_moved_nobody() -> None:
    wanted = replace(WANTED, takeover=True)
    assert judged(put("lb1/record/lock", LOCK), wanted).plan is not None
    assert judged(history(**UNFINISHED), wanted).plan is not None
    assert judged(history(**{**UNFINISHED, "traffic_moved": True}), wanted).plan is None


def test_the_lock_of_a_closed_release_was_left_behind() -> None:
    assert judged(put_all(put("lb1/record/lock", LOCK), put("lb1/record/lock_phase", "closed"))).plan is not None


def test_unfinished_release_is_told_with_its_holder_once() -> None:
    lock = {**LOCK, "release_id": RECORD["release_id"], "job": "77"}
    (problem,) = judged(put_all(history(**UNFINISHED), put("lb1/record/lock", lock))).problems
    assert "migrating" in problem.found and "ann@desk (job 77)" in problem.found
    assert "playbooks/rollback.yml" in problem.do and "release_takeover" in problem.do


def test_an_unfinished_adoption_is_not_taken_back_by_a_rollback() -> None:
    (problem,) = judged(history(**UNFINISHED, adoption={"way": "twin"})).problems
    assert "playbooks/adopt.yml takes it back" in problem.do and "rollback.yml" not in problem.do


def test_a_damaged_record_is_a_note() -> None:
    found = judged(put("lb1/record/corrupt", [{"file": "/x.json", "problem": "no JSON"}]))
    assert found.notes == ["lb1: /x.json: no JSON"] and found.plan is not None


def test_version_and_digest_come_from_the_record_when_nothing_runs() -> None:
    plan = judged(lambda seen: [put(f"{host}/probe/slots/blue/containers", [])(seen) for host in ("app1", "app2")]).plan
    assert plan is not None and (plan["live_version"], plan["live_digest"]) == ("0.9.0", OLD)


@pytest.mark.parametrize("built", [[], ["linux/386"], ["linux/amd64"]])
def test_an_image_that_runs_there_or_does_not_say(built: list[str]) -> None:
    assert judged(put("app1/probe/image/platforms", built)).plan is not None


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("http: server gave HTTP response to HTTPS client", "insecure-registries"),
        ("x509: certificate signed by unknown authority", "/etc/docker/certs.d"),
        ("name unknown: repository name not known to registry", "no such repository"),
        ("manifest unknown: manifest unknown", "no such tag"),
        ("toomanyrequests: You have reached your pull rate limit", "how often"),
        ("dial tcp 10.0.0.9:5000: connect: connection refused", "reachable from there"),
        ("no answer from registry.example.com in 5 s", "reachable from there"),
        ("unauthorized: authentication required", "set release_registry_username"),
        ("something new", "look at its registry"),
    ],
)
def test_the_remedy_of_what_a_registry_says(reason: str, remedy: str) -> None:
    change = put("app1/probe/image", {"found": False, "problem": reason, "digest": None})
    (problem,) = judged(change).problems
    assert remedy in problem.do
    given = judged(change, replace(WANTED, logs_in=True)).problems[0]
    assert ("correct release_registry_username" in given.do) is ("unauthorized" in reason)


def shared(project: str, application: str | None = None, slot: str | None = None) -> dict[str, Any]:
    parts = {"application": application, "slot": slot}
    return {"name": f"{project}-db-1", "service": "db", "project": project, **parts}


BESIDE = replace(WANTED, shared=Shared("shop", "shop-shared", ("blog",)))


@pytest.mark.parametrize("first", [True, False])
def test_what_runs_in_another_project_is_not_started_a_second_time(first: bool) -> None:
    plain = put("app1/probe/shared", [shared("shop")])
    none = on_lbs("proxy", {"file": "none", "probe": "unreachable"}) if first else put_all()
    empty = on_lbs("record/records", []) if first else put_all()
    found = judged(put_all(plain, none, empty), BESIDE)
    (problem,) = found.problems
    assert found.plan is None
    assert problem.what == "A shared service is in another project on app1"
    assert "container shop-db-1 of project shop" in problem.found and "release_shared_project to shop" in problem.do
    assert judged(plain, replace(BESIDE, shared=None)).plan is not None


@pytest.mark.parametrize(
    "seen",
    [
        [],
        [shared("shop-shared", "shop")],
        # The one of its project is taken, and none is started.
        [shared("shop"), shared("shop-shared", "shop")],
        [shared("blog")],
        [shared("wiki-shared", "wiki")],
        # It was a service of the slots so far, of which each had its own.
        [shared("shop-blue", "shop", "blue")],
    ],
    ids=["none", "there", "both", "named as another's", "labelled as another's", "of a slot"],
)
def test_what_is_no_second_copy_of_a_shared_service(seen: list[dict[str, Any]]) -> None:
    assert judged(put("app1/probe/shared", seen), BESIDE).plan is not None
