# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opening, resuming and taking over, from what the hosts say."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.filter import release_take as filters
from ansible_collections.bluegreen.release.plugins.module_utils import record, release_take

HOSTS = ["lb1", "lb2", "app1"]
STAMP = {
    "at": "2026-01-31T23:59:59Z", "actor": "alice@c1", "run": "job 7", "user": "alice", "host": "c1", "job": "7",
    "release_id": "20260131T235959Z-1.0.0-aaaa",
}  # fmt: skip
PLAN = {"version": "1.0.0", "image": "i", "digest": "d", "live": "blue", "candidate": "green"}
RELEASE = {"application": "shop", "environment": "test", "mode": "steps"}


def views(*documents: dict[str, Any], **on_lb1: Any) -> dict[str, dict[str, Any]]:
    view = {"directory": "ready", "records": list(documents), "lock": None, "epoch": 3}
    return {"lb1": {**view, **on_lb1}, "lb2": dict(view), "app1": {**view, "records": []}}


def opened(mode: str = "steps") -> dict[str, Any]:
    release = {**RELEASE, "mode": mode, "release_id": "20260130T000000Z-1.0.0-0000"}
    return record.new_document(PLAN, release, 3, STAMP)


def closed() -> dict[str, Any]:
    return record.close(record.advance(opened(), "rolling_back", {}, 3, STAMP), "failed", {}, 3, STAMP)


def holder(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "release_id": document["release_id"], "user": "bob", "host": "c2", "job": "", "mode": "run", "purpose": "x",
        "since": "yesterday", "epoch": 3,
    }  # fmt: skip


def test_opening_raises_the_highest_epoch_that_anyone_has_seen() -> None:
    wish = release_take.to_open(views(epoch=7), HOSTS, PLAN, RELEASE, STAMP, False)
    assert wish["holder"]["epoch"] == wish["document"]["epoch"] == 8
    assert wish["document"]["release_id"] == wish["holder"]["release_id"] == STAMP["release_id"]
    assert wish["holder"]["purpose"] == "release 1.0.0"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({host: view for host, view in views().items() if host != "lb2"}, "found none of lb2"),
        (views(directory="foreign"), "found one that does not on lb1"),
        (views(epoch=None), "damaged file on lb1"),
        (views(opened()), "expected no unfinished release, found 20260130T000000Z-1.0.0-0000 in phase opened"),
        (views(opened(), lock=holder(opened())), "held by bob@c2 since yesterday"),
        (views(lock=holder(opened())), "phase not yet recorded"),
    ],
)
def test_opening_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(release_take.TakeError, match=message):
        release_take.to_open(given, HOSTS, PLAN, RELEASE, STAMP, False)


def test_opening_goes_on_beside_a_closed_release_and_by_takeover() -> None:
    given = views(closed(), lock=holder(opened()))
    assert release_take.to_open(given, HOSTS, PLAN, RELEASE, STAMP, False)["holder"]["epoch"] == 4
    assert release_take.closed_of(given) == [closed()["release_id"]]
    given = views(opened(), lock=holder(opened()))
    assert release_take.to_open(given, HOSTS, PLAN, RELEASE, STAMP, True)["holder"]["epoch"] == 4


def test_resuming() -> None:
    document = opened()
    wish = release_take.to_resume(views(document, lock=holder(document)), HOSTS, "1.0.0", STAMP, False)
    assert (wish["document"], wish["holder"]["epoch"]) == (document, 4)
    for given, message in (
        (views(), "Run playbooks/open.yml first"),
        (views(closed()), "Run playbooks/open.yml first"),
        (views(opened("run")), "in mode run"),
        (views(record.advance(document, "provisioning", {}, 3, STAMP)), "expected a finished phase"),
    ):
        with pytest.raises(release_take.TakeError, match=message):
            release_take.to_resume(given, HOSTS, "1.0.0", STAMP, False)
    with pytest.raises(release_take.TakeError, match=r"of 2\.0\.0 in mode steps"):
        release_take.to_resume(views(document), HOSTS, "2.0.0", STAMP, False)


def test_taking_over_the_newest_copy_that_can_be_reached() -> None:
    older, newer = opened(), record.advance(opened(), "provisioning", {}, 3, STAMP)
    given = views(older, lock=holder(older))
    given["lb2"]["records"] = [newer]
    del given["app1"]
    assert release_take.to_take_over(given, HOSTS[:2], STAMP, False)["document"] == newer
    del given["lb2"]
    assert release_take.to_take_over(given, HOSTS[:2], STAMP, False)["document"] == older
    with pytest.raises(release_take.TakeError, match="at least one proxy"):
        release_take.to_take_over({}, HOSTS[:2], STAMP, False)
    with pytest.raises(release_take.TakeError, match="nothing was released here"):
        release_take.to_take_over(views(), HOSTS[:2], STAMP, False)


def test_what_an_earlier_run_wrote_until_its_lock_was_taken_counts() -> None:
    seen, wrote = opened(), record.advance(opened(), "provisioning", {}, 3, STAMP)
    wish = release_take.to_take_over(views(seen), HOSTS[:2], STAMP, False)
    lock = wish["holder"]
    hostvars = {
        "lb1": {"first": {"lock": lock, "document": wrote}},
        "lb2": {"rest": {"msg": "disk full", "failed": False}},
        "app1": {"rest": {"lock": {**lock, "epoch": 2}, "document": {**wrote, "sequence": 9}}},
    }
    context = filters.taken(wish, HOSTS, hostvars, ["first", "rest"])
    assert (context["document"], context["epoch"]) == (wrote, 4)
    assert filters.taken(wish, HOSTS, {"lb1": {}}, ["first"])["document"] == seen


def test_taking_over_needs_a_word_when_another_release_holds_the_lock() -> None:
    other = {**holder(opened()), "release_id": "20260131T000000Z-2.0.0-ffff"}
    given = views(opened(), lock=other)
    with pytest.raises(release_take.TakeError, match="release_takeover=true"):
        release_take.to_take_over(given, HOSTS[:2], STAMP, False)
    assert release_take.to_take_over(given, HOSTS[:2], STAMP, True)["holder"]["epoch"] == 4


ADOPTION = {"way": "twin"}


def test_the_lock_of_an_adoption_says_so_and_names_its_own_way_back() -> None:
    wish = release_take.to_open(views(), HOSTS, {**PLAN, "live": None, "adoption": ADOPTION}, RELEASE, STAMP, False)
    assert wish["holder"]["purpose"] == "adoption of 1.0.0"
    given = views(wish["document"], lock=wish["holder"])
    with pytest.raises(release_take.TakeError, match=r"adoption of 1\.0\.0.* playbooks/adopt\.yml takes that"):
        release_take.to_open(given, HOSTS, PLAN, RELEASE, STAMP, False)
    with pytest.raises(release_take.TakeError, match=r"unfinished release.* Run playbooks/adopt\.yml"):
        release_take.to_open(views(wish["document"]), HOSTS, PLAN, RELEASE, STAMP, False)
    back = release_take.to_take_over(given, HOSTS[:2], STAMP, False)["holder"]
    assert back["purpose"] == f"adoption taken back: {STAMP['release_id']}"
    with pytest.raises(release_take.TakeError, match=r"playbooks/adopt\.yml takes that release back"):
        release_take.to_open(views(lock=back), HOSTS, PLAN, RELEASE, STAMP, False)


def test_the_release_that_is_named_is_taken_over_although_a_newer_one_failed() -> None:
    wanted = record.new_document(PLAN, {**RELEASE, "release_id": "20260101T000000Z-0.9.0-0000"}, 1, STAMP)
    given = views(wanted, closed())
    wish = release_take.to_take_over(given, HOSTS[:2], STAMP, False, wanted["release_id"])
    assert (wish["document"], wish["holder"]["release_id"]) == (wanted, wanted["release_id"])
    assert wish["holder"]["purpose"] == f"rollback of {wanted['release_id']}"
    assert release_take.to_take_over(given, HOSTS[:2], STAMP, False)["document"] == closed()
    with pytest.raises(release_take.TakeError, match="expected the record of gone"):
        release_take.to_take_over(given, HOSTS[:2], STAMP, False, "gone")


def test_the_next_document_comes_from_the_newest_context() -> None:
    old = release_take.context(opened(), 3)
    new = release_take.context(record.advance(opened(), "provisioning", {}, 3, STAMP), 3)
    made = release_take.next_document([old, new], "provisioned", "", {}, STAMP, "shop")
    assert made["sequence"] == 3
    with pytest.raises(record.RecordError, match="expected phase provisioning"):
        release_take.next_document([old], "switching", "", {}, STAMP, "shop")
    with pytest.raises(record.RecordError, match="found none in this run"):
        release_take.next_document([], "provisioning", "", {}, STAMP, "shop")


def test_answers_of_other_steps_do_not_count() -> None:
    hostvars = {
        "a": {"r": {"done": True, "sequence": 2}},
        "b": {"r": {"done": True, "sequence": 1}},
        "c": {"r": {"msg": "disk full"}},
        "d": {"r": {"unreachable": True, "msg": "x"}},
        "e": {},
    }
    failures = filters.unmet(list("abcde"), hostvars, "r", {"sequence": 2})
    assert list(failures) == list("bcde")
    assert failures["c"] == "disk full"


def test_the_decider_is_the_first_proxy_in_the_order_of_the_inventory() -> None:
    assert filters.decider(["lb1", "lb2"], {"lb2": {}, "lb1": {}}) == "lb1"
    assert filters.decider(["lb1", "lb2"], {"lb2": {}, "app1": {}}) == "lb2"


def test_a_stamp_makes_a_valid_release_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_ID", "42")
    stamp = filters.stamp("1.0.0", "carol")
    assert record.RELEASE_ID.fullmatch(stamp["release_id"])
    assert (stamp["user"], stamp["job"], stamp["run"]) == ("carol", "42", "job 42")
    assert stamp["release_id"] != filters.stamp("1.0.0")["release_id"]


def test_a_new_release_keeps_the_configuration_of_the_live_slot() -> None:
    kept = {"hosts": {}, "secret_versions": {"token": "7"}, "nginx": "gen-1", "singletons": {}}
    former = record.new_document(PLAN, {**RELEASE, "release_id": "20260129T000000Z-0.9.0-0000"}, 1, STAMP)
    former = record.sealed({**former, "to_slot": "blue", "from_slot": "green", "configuration": kept})
    steps = "provisioning provisioned migrating migrated checking checked switching switched watching watched"
    for phase in steps.split():
        former = record.advance(former, phase, {}, 1, STAMP)
    former = record.close(former, "live", {}, 1, STAMP)
    wish = release_take.to_open(views(former), HOSTS, PLAN, RELEASE, STAMP, False)
    assert wish["document"]["from_configuration"] == kept
    assert release_take.to_open(views(), HOSTS, PLAN, RELEASE, STAMP, False)["document"]["from_configuration"] is None
