# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rollback on demand goes back, says that it is done, or refuses; from every record a release can leave."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import record, rollback_plan, standby
from ansible_collections.bluegreen.release.plugins.module_utils.rollback_plan import Asked, Refused

STAMP = {
    "at": "2026-01-01T00:00:00.000000Z", "actor": "someone", "run": "host", "user": "someone", "host": "host",
    "job": "", "release_id": "20260101T000000Z-0-ffff",
}  # fmt: skip
ORDER = (
    "provisioning", "provisioned", "migrating", "migrated", "checking", "checked", "switching", "switched",
    "watching", "watched",
)  # fmt: skip
NOTHING = Asked()
FIRST, LAST = "20260101T000000Z-1.0-0001", "20260102T000000Z-2.0-0002"
WELL = {"passed": True, "reason": "", "version": "1.0"}
ILL = {"passed": False, "reason": "step 'health': expected status 200, found 500", "version": "1.0"}


def opened(live: str | None = "blue", version: str = "2.0", name: str = LAST, epoch: int = 2) -> dict[str, Any]:
    candidate = "blue" if live != "blue" else "green"
    plan = {
        "version": version, "image": f"shop:{version}", "digest": "shop@sha256:0", "candidate": candidate, "live": live,
        "live_version": "1.0" if live else None, "live_digest": None,
    }  # fmt: skip
    release = {"release_id": name, "application": "shop", "environment": "x", "mode": "run"}
    return record.new_document(plan, release, epoch, STAMP)


def at(phase: str, **given: Any) -> dict[str, Any]:
    document = opened(**given)
    for step in ORDER[: ORDER.index(phase) + 1] if phase in ORDER else ():
        document = record.advance(document, step, {}, document["epoch"], STAMP)
    return document


def closed(outcome: str, **given: Any) -> dict[str, Any]:
    document = at("watched", **given)
    if outcome != "live":
        document = record.advance(document, "rolling_back", {}, document["epoch"], STAMP)
    return record.close(document, outcome, {}, document["epoch"], STAMP)


def look(*documents: dict[str, Any], slot: str = "green", corrupt: Any = (), **health: Any) -> dict[str, Any]:
    view = {"records": list(documents), "corrupt": list(corrupt), "lock": None, "epoch": 2, "directory": "ready"}
    proxy = {"file": slot, "probe": slot, "agree": True}
    return {"record": view, "proxy": proxy, "slots": {"blue": WELL, "green": {**WELL, "version": "2.0"}, **health}}


def plan(*documents: dict[str, Any], asked: Asked = NOTHING, **given: Any) -> rollback_plan.Plan:
    looks = {"lb1": look(*documents, **given), "app1": look(**{k: v for k, v in given.items() if k != "corrupt"})}
    return rollback_plan.plan(looks, ["lb1", "lb2"], ["app1", "app2"], asked, STAMP)


def refusal(*documents: dict[str, Any], **given: Any) -> str:
    with pytest.raises(Refused) as caught:
        plan(*documents, **given)
    return str(caught.value)


@pytest.mark.parametrize("phase", ["opened", *ORDER])
def test_an_unfinished_release_is_gone_back_from_under_a_higher_epoch(phase: str) -> None:
    found = plan(at(phase))
    assert (found["action"], found["slot"], found["version"]) == ("go_back", "blue", "1.0")
    assert found["wish"] is not None
    assert (found["wish"]["holder"]["release_id"], found["wish"]["holder"]["epoch"]) == (LAST, 3)


def test_a_live_release_is_gone_back_from_while_its_standby_runs() -> None:
    assert plan(closed("live"))["action"] == "go_back"


def test_a_decommissioned_standby_is_refused_with_the_way_out() -> None:
    gone = record.amend(closed("live"), {"standby": {"slot": "blue", "state": "decommissioned", "since": "then"}}, 2)
    said = refusal(gone)
    assert "decommissioned then" in said
    assert "Release 1.0 again" in said


@pytest.mark.parametrize("outcome", ["rolled_back", "failed"])
def test_a_second_rollback_does_nothing(outcome: str) -> None:
    found = plan(closed(outcome), slot="blue")
    assert (found["action"], found["slot"], found["wish"]) == ("already_back", "blue", None)


@pytest.mark.parametrize("outcome", ["rolled_back", "failed"])
def test_a_second_rollback_that_wants_the_schema_back_is_sent_to_where_that_is_done(outcome: str) -> None:
    migrated = {"revision_before": "0001", "revision_after": "0002", "migration": {"steps": [{"revision": "0002"}]}}
    left = record.amend(closed(outcome), migrated, 2)
    assert plan(left, slot="blue")["action"] == "already_back"
    said = refusal(left, slot="blue", asked=Asked(database="always"))
    assert "with the database at revision 0001 again" in said and "Run playbooks/downgrade.yml" in said
    back = record.amend(left, {"revision_after": "0001"}, 2)
    assert plan(back, slot="blue", asked=Asked(database="always"))["action"] == "already_back"


def test_a_second_rollback_does_not_say_so_where_a_proxy_is_elsewhere() -> None:
    said = refusal(closed("rolled_back"), slot="green")
    assert "lb1 serves green" in said
    assert "playbooks/reconcile.yml" in said


@pytest.mark.parametrize(("file", "nginx"), [("blue", "unreachable"), ("green", "blue"), ("unknown", "blue")])
def test_a_second_rollback_does_not_say_so_where_flag_and_nginx_differ(file: str, nginx: str) -> None:
    looks = {"lb1": look(closed("rolled_back"), slot="blue"), "app1": look()}
    looks["lb1"]["proxy"] = {"file": file, "probe": nginx, "agree": False}
    with pytest.raises(Refused, match=f"lb1 has the flag of {file}, while nginx says {nginx}"):
        rollback_plan.plan(looks, ["lb1"], ["app1"], NOTHING, STAMP)


def test_a_first_install_has_nothing_to_go_back_to() -> None:
    assert "first install" in refusal(closed("live", live=None))


def test_no_record_at_all_is_refused() -> None:
    assert "lb1, lb2, found none" in refusal()


def test_no_proxy_at_all_is_refused() -> None:
    with pytest.raises(Refused, match="at least one proxy out of lb1"):
        rollback_plan.plan({"app1": look()}, ["lb1"], ["app1"], Asked(), STAMP)


def test_an_adoption_is_undone_by_its_own_playbook() -> None:
    adopted = record.amend(at("watched", live=None), {"adoption": {"way": "twin"}}, 2)
    assert "adopt_undo=true" in refusal(record.close(adopted, "live", {}, 2, STAMP))


@pytest.mark.parametrize("name", [LAST, "20260103T000000Z-3.0-0003"])
def test_an_older_record_is_not_taken_for_the_last_where_that_is_damaged(name: str) -> None:
    bad = {"file": f"/var/lib/bluegreen/shop/records/{name}.json", "problem": "expected schema_version 1, found 2."}
    said = refusal(closed("live", version="1.0", name=FIRST, epoch=1), corrupt=[bad])
    assert "expected schema_version 1, found 2." in said
    assert "the version of this collection that wrote it" in said


def test_a_damaged_copy_is_told_where_another_can_be_read() -> None:
    bad = {"file": f"/var/lib/bluegreen/shop/records/{LAST}.json", "problem": "is not JSON"}
    looks = {"lb1": look(corrupt=[bad]), "lb2": look(closed("live")), "app1": look()}
    found = rollback_plan.plan(looks, ["lb1", "lb2"], ["app1"], Asked(), STAMP)
    assert (found["action"], found["slot"]) == ("go_back", "blue")
    assert found["notes"] == [f"lb1: {bad['file']} is damaged: is not JSON"]


def test_a_slot_that_is_not_healthy_is_refused_and_what_users_would_get_is_said() -> None:
    said = refusal(closed("live"), blue=ILL)
    assert "on app1 step 'health': expected status 200, found 500" in said
    assert "what users would get" in said
    assert "rollback_force=true" in said


def test_another_version_than_that_of_the_record_is_not_healthy() -> None:
    assert "app1 answers as version 0.7" in refusal(closed("live"), blue={**WELL, "version": "0.7"})


def test_a_slot_that_nobody_can_be_asked_about_is_refused() -> None:
    with pytest.raises(Refused, match="none of app1 can be reached"):
        rollback_plan.plan({"lb1": look(closed("live"))}, ["lb1"], ["app1"], Asked(), STAMP)


def test_forced_it_is_told_and_gone_back_to() -> None:
    found = plan(closed("live"), blue=ILL, asked=Asked(force=True))
    assert found["action"] == "go_back"
    assert found["notes"] == ["blue is not healthy: on app1 step 'health': expected status 200, found 500"]


def test_where_all_users_are_in_the_slot_already_its_health_stops_nothing() -> None:
    assert plan(at("provisioned"), slot="blue", blue=ILL)["action"] == "go_back"


def test_a_version_that_does_not_survive_the_schema_is_judged_when_that_is_back() -> None:
    document = record.amend(closed("live"), {"rollback_class": "behind_closed_door", "revision_before": "0001"}, 2)
    found = plan(document, blue=ILL)
    assert found["action"] == "go_back" and "blue is not healthy" in found["notes"][0]


def test_a_second_rollback_does_not_say_so_where_a_door_is_closed() -> None:
    looks = {"lb1": look(closed("rolled_back"), slot="blue"), "app1": look(slot="blue")}
    looks["lb1"]["proxy"]["door"] = "closed"
    with pytest.raises(Refused, match="lb1 lets nobody in, its door is closed"):
        rollback_plan.plan(looks, ["lb1"], ["app1"], NOTHING, STAMP)


def test_a_candidate_that_is_ill_does_not_matter() -> None:
    assert plan(closed("live"), green=ILL)["notes"] == []


def test_the_release_in_the_standby_may_be_named() -> None:
    documents = (closed("live"), closed("live", live=None, version="1.0", name=FIRST, epoch=1))
    assert plan(*documents, asked=Asked(to=FIRST))["slot"] == "blue"


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("20250101T000000Z-9-0009", "no proxy has a record of"),
        (LAST, "the last one"),
        ("20260101T100000Z-1.5-0005", "is marked: it was closed as rolled_back at 2026-01-01T00:00:00.000000Z"),
        ("20251231T000000Z-0.9-0009", "which runs no more"),
    ],
)
def test_no_other_release_can_be_gone_back_to(to: str, says: str) -> None:
    documents = (
        closed("live", epoch=9),
        closed("rolled_back", version="1.5", name="20260101T100000Z-1.5-0005", epoch=5),
        closed("live", live=None, version="1.0", name=FIRST, epoch=2),
        closed("live", live="green", version="0.9", name="20251231T000000Z-0.9-0009", epoch=1),
    )
    said = refusal(*documents, asked=Asked(to=to))
    assert says in said
    assert f"going back leads to 1.0 in blue ({FIRST})" in said


def test_the_lock_of_another_release_is_respected() -> None:
    other = at("migrating", name="20260101T100000Z-4.0-0004", epoch=1)
    holder = {
        "release_id": other["release_id"], "user": "bob", "host": "c2", "job": "", "mode": "run",
        "purpose": "release 4.0", "since": "then", "epoch": 3,
    }  # fmt: skip
    looks = {"lb1": look(closed("live"), other), "app1": look()}
    looks["lb1"]["record"]["lock"] = holder
    with pytest.raises(Refused, match="held by bob@c2"):
        rollback_plan.plan(looks, ["lb1"], ["app1"], Asked(), STAMP)
    taken = rollback_plan.plan(looks, ["lb1"], ["app1"], Asked(takeover=True), STAMP)
    assert taken["wish"] is not None
    assert taken["wish"]["holder"]["epoch"] == 4


@pytest.mark.parametrize("unfinished", [True, False])
def test_a_release_that_has_a_lock_and_never_began_is_ended(unfinished: bool) -> None:
    holder = {
        "release_id": "20260104T000000Z-4.0-0004", "user": "bob", "host": "c2", "job": "", "mode": "run",
        "purpose": "release 4.0", "since": "then", "epoch": 3,
    }  # fmt: skip
    looks = {"lb1": look(closed("live")), "app1": look()}
    looks["app1"]["record"]["lock"] = holder
    found = rollback_plan.plan(looks, ["lb1"], ["app1"], Asked(unfinished=unfinished), STAMP)
    assert (found["action"], "took the lock and never began" in found["reason"]) == ("drop", True)
    assert found["wish"] is not None
    assert (found["wish"]["holder"]["release_id"], found["wish"]["holder"]["epoch"]) == (holder["release_id"], 4)


@pytest.mark.parametrize("documents", [(), (closed("live"),), (closed("rolled_back"),)])
def test_asked_for_the_unfinished_it_does_nothing_where_all_is_ended(documents: tuple[dict[str, Any], ...]) -> None:
    assert plan(*documents, asked=Asked(unfinished=True))["action"] == "nothing"


def test_a_first_install_that_was_left_in_the_middle_is_ended_without_a_slot() -> None:
    found = plan(at("migrating", live=None), blue=ILL)
    assert (found["action"], found["slot"]) == ("go_back", "")


def red(document: dict[str, Any]) -> dict[str, Any]:
    return record.amend(document, standby.facts(["on app1: found 500"]), document["epoch"])


def test_nobody_goes_back_to_a_standby_that_does_not_work_on_what_was_written() -> None:
    """Though it is healthy: its health does not read what the new version has written."""
    assert "it does not work on what 2.0 writes, as its record says: on app1: found 500" in refusal(red(closed("live")))
    forced = plan(red(closed("live")), asked=Asked(force=True))
    assert forced["action"] == "go_back" and any("found 500" in note for note in forced["notes"])
