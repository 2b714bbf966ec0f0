# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run says at its end must be what happened."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import report, rollback_outcome, singleton_back, standby

HOSTS = ["lb1", "lb2", "app1"]
HERE: dict[str, Any] = {"__rollback_present": True}


def document(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "application": "shop",
        "environment": "prod",
        "version": "2.0",
        "release_id": "id-1",
        "from_slot": "blue",
        "from_version": "1.0",
        "to_slot": "green",
        "revision_before": "a",
        "revision_after": "a",
        "started_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T00:00:42Z",
        "transitions": [{"phase": "opened"}, {"phase": "switching"}, {"phase": "rolling_back"}],
    }
    return {**base, **changes}


def undo(**changes: Any) -> rollback_outcome.Undo:
    base: dict[str, Any] = {
        "proved": ["lb1", "lb2"],
        "unproved": [],
        "unasked": [],
        "stopped": ["app1"],
        "cut": 0,
        "complete": True,
    }
    return cast(rollback_outcome.Undo, {**base, **changes})


def failed(message: str) -> dict[str, Any]:
    return {**HERE, "ansible_failed_task": {"name": "Act"}, "ansible_failed_result": {"msg": message}}


def test_failure_names_the_host_that_failed_and_what_it_said() -> None:
    found = rollback_outcome.failure_of(HOSTS, {"lb1": HERE, "lb2": failed("disk full"), "app1": HERE})
    assert found == {"host": "lb2", "task": "Act", "message": "disk full", "missing": []}


def test_failure_of_unreachable_hosts_alone_names_them() -> None:
    found = rollback_outcome.failure_of(HOSTS, {"lb1": HERE, "lb2": {}, "app1": {}})
    assert (found["host"], found["missing"]) == ("", ["lb2", "app1"])
    assert "lb2, app1" in found["message"]


def test_failure_in_a_loop_gives_the_item_that_failed() -> None:
    facts = failed("All items completed")
    facts["ansible_failed_result"]["results"] = [{"msg": "fine"}, {"failed": True, "msg": "second broke"}]
    assert rollback_outcome.failure_of(["lb1"], {"lb1": facts})["message"] == "second broke"


@pytest.mark.parametrize(
    ("facts", "stop_wanted", "complete", "unproved"),
    [
        ({"lb1": True, "lb2": True, "app1": True}, True, True, []),
        ({"lb1": True, "lb2": True, "app1": False}, True, False, []),
        ({"lb1": True, "lb2": True, "app1": False}, False, True, []),
        ({"lb1": True, "lb2": False, "app1": True}, True, False, ["lb2"]),
    ],
)
def test_undo_is_complete_only_when_every_host_is_done(
    facts: dict[str, bool], stop_wanted: bool, complete: bool, unproved: list[str]
) -> None:
    left = {host: {"__rollback_proved": done, "__rollback_stopped": done} for host, done in facts.items()}
    found = rollback_outcome.undo_of(["lb1", "lb2"], ["app1"], left, True, stop_wanted)
    assert (found["complete"], found["unproved"]) == (complete, unproved)


def test_a_proxy_that_was_never_switched_leaves_nothing_undone() -> None:
    facts: dict[str, dict[str, Any]] = {
        "lb1": {"__rollback_proved": True},
        "lb2": {},
        "app1": {"__rollback_stopped": 1},
    }
    found = rollback_outcome.undo_of(["lb1", "lb2"], ["app1"], facts, False, True)
    assert (found["complete"], found["unproved"], found["unasked"]) == (True, [], ["lb2"])
    text = report.rollback_report(document(), found, None, "/r")
    assert "lb2 could not be asked, and was not switched" in text
    assert "NOT PROVED" not in text


def test_report_of_a_failed_release_says_what_failed_what_was_done_and_what_is_next() -> None:
    failure = rollback_outcome.Failure(host="lb2", task="Act", message="disk full", missing=[])
    text = report.rollback_report(document(), undo(), failure, "/state/records")
    for part in ("failed while switching on lb2", "«Act»", "disk full", "Users are on blue (1.0)", "lb1, lb2"):
        assert part in text
    assert "/state/records/id-1.json" in text
    assert "Next: mend the cause" in text


def test_report_never_claims_a_proxy_that_was_not_proved() -> None:
    text = report.rollback_report(
        document(), undo(proved=["lb1"], unproved=["lb2"], stopped=[], complete=False), None, "/r"
    )
    assert "NOT PROVED at lb2" in text
    assert "left because not every proxy is known to have left it" in text
    assert "run playbooks/rollback.yml" in text


def test_report_says_that_the_schema_stays() -> None:
    text = report.rollback_report(document(revision_after="b"), undo(), None, "/r")
    assert "stays at revision b" in text


def test_report_of_a_migration_that_did_not_end_claims_no_revision_after_it() -> None:
    steps = [{"phase": "opened"}, {"phase": "migrating"}, {"phase": "rolling_back"}]
    text = report.rollback_report(document(revision_after=None, transitions=steps), undo(), None, "/r")
    assert "did not end; the database was at revision a when it began, and where it is now, the record does not" in text
    assert "stays at" not in text
    text = report.rollback_report(document(revision_after="b", transitions=steps), undo(), None, "/r")
    assert "was at revision a when it began, and it is at revision b now" in text and "stays at" not in text


def test_release_report_names_slots_versions_time_and_revision() -> None:
    lines = "\n".join(report.release_report(document(revision_after="b")))
    for part in ("shop 2.0 is live on green", "42 s", "1.0 on blue stays up", "from revision a to b", "id-1"):
        assert part in lines


def test_check_mode_never_claims_to_have_done_anything() -> None:
    failure = rollback_outcome.Failure(host="lb2", task="Act", message="disk full", missing=[])
    texts = [
        report.rollback_report(document(), undo(), failure, "/r", True),
        report.rollback_report(document(), undo(), None, "/r", True),
        "\n".join(report.release_report(document(), True)),
    ]
    for text in texts:
        assert text.startswith("Check mode: nothing was touched.")
        assert "was stopped" not in text
        assert "is live" not in text


def test_one_host_speaks_and_it_is_one_that_is_still_there() -> None:
    facts: dict[str, dict[str, Any]] = {
        "lb1": {},
        "lb2": {"__rollback_ended": True},
        "app1": {"__rollback_ended": True},
    }
    assert rollback_outcome.speaker_of(HOSTS, facts) == "lb2"
    assert rollback_outcome.speaker_of(["lb1"], facts) == ""


def test_a_task_of_a_hook_that_only_warned_is_not_what_failed() -> None:
    warned = {**failed("drained nothing"), "__hook_from_file": {"task": "Act"}}
    facts = {"lb1": warned, "lb2": HERE, "app1": {**failed("disk full"), "ansible_failed_task": {"name": "Write"}}}
    assert rollback_outcome.failure_of(HOSTS, facts)["message"] == "disk full"


def test_what_did_not_come_back_is_loud() -> None:
    told = rollback_outcome.Told(
        done=["lb1: nginx is back"], undone=["app1: file compose.yml was changed"], hooks=["gate"]
    )
    text = report.rollback_report(document(), undo(), None, "/records", False, told)
    assert "Brought back: lb1: nginx is back." in text
    assert "NOT BROUGHT BACK: app1: file compose.yml was changed." in text
    assert "A HOOK FAILED: gate." in text
    assert text.index("Users are on blue") < text.index("NOT BROUGHT BACK")


def test_warnings_of_hooks_are_told_once_by_the_hosts_that_are_there() -> None:
    hosts: dict[str, dict[str, Any]] = {
        "lb1": {**HERE, "hook_warnings": ["gate"]}, "lb2": {"hook_warnings": ["old"]},
        "app1": {**HERE, "hook_warnings": ["gate", "drain"]},
    }  # fmt: skip
    still = singleton_back.plan({**document(), "traffic_moved": False, "epoch": 1}, [], "app1", ["app1"])
    present = rollback_outcome.present_of(HOSTS, hosts)
    assert present == ["lb1", "app1"]
    found = rollback_outcome.told_of(document(), ["lb1", "lb2"], ["app1"], hosts, still, present, {})
    assert found == {"done": [], "undone": [], "hooks": ["gate", "drain"]}
    assert "WARNING: gate" in report.release_report(document(), False, ["gate"])


def test_a_proxy_that_is_there_and_did_not_store_the_record_is_told() -> None:
    still = singleton_back.plan({**document(), "traffic_moved": False, "epoch": 1}, [], "app1", ["app1"])
    unwritten = {"lb1": "disk full", "lb2": "no answer"}
    hosts: dict[str, dict[str, Any]] = {host: {} for host in HOSTS}
    found = rollback_outcome.told_of(document(), ["lb1", "lb2"], ["app1"], hosts, still, ["lb1", "app1"], unwritten)
    assert found["undone"] == ["lb1: the record is not written there: disk full"]


@pytest.mark.parametrize(
    ("answers", "learned"),
    [
        ([{"changed": True}, {"changed": False}], {"config_generation": "gen-1", "revision_after": "b"}),
        ([{"changed": True}, {"missing": True}], {"revision_after": "b"}),
        ([{"changed": True}, {"failed": True}], {"revision_after": "b"}),
        ([{"changed": True}, None], {"revision_after": "b"}),
    ],
)
def test_the_record_learns_which_nginx_configuration_is_in_effect(
    answers: list[dict[str, Any] | None], learned: dict[str, Any]
) -> None:
    facts: dict[str, dict[str, Any]] = {
        "lb1": {"__rollback_nginx": answers[0]}, "lb2": {"__rollback_nginx": answers[1]},
        "app1": {"__rollback_facts": {"revision_after": "b"}},
    }  # fmt: skip
    known = document(from_configuration={"nginx": "gen-1"})
    assert rollback_outcome.facts_of(known, ["lb1", "lb2"], ["app1"], facts) == learned


def test_the_record_learns_for_how_long_users_waited_to_go_back() -> None:
    held = {"mode": "hold", "limit_seconds": 30}
    facts: dict[str, dict[str, Any]] = {
        "lb1": {"__rollback_held": {**held, "seconds": 4.5}}, "lb2": {"__rollback_held": {**held, "seconds": None}},
        "app1": {},
    }  # fmt: skip
    before = {"what": "release", "mode": "hold", "limit_seconds": 30.0, "seconds": 7.0, "proxies": {"lb1": 7.0}}
    learned = rollback_outcome.facts_of(document(downtime=[before]), ["lb1", "lb2"], ["app1"], facts)
    back = {**before, "what": "rollback", "seconds": 4.5, "proxies": {"lb1": 4.5}}
    assert learned == {"downtime": [before, back]}
    told = report.rollback_report(document(**learned), undo(), None, "/r")
    assert "Downtime of the release: 7.0 s of at most 30 s, requests held." in told
    assert "Downtime of the rollback: 4.5 s of at most 30 s, requests held." in told
    assert rollback_outcome.facts_of(document(), ["lb2"], ["app1"], facts) == {}


def test_the_report_of_a_release_behind_the_door_says_its_downtime_and_where_the_schema_is() -> None:
    one = {"what": "release", "mode": "maintenance", "limit_seconds": 30.0, "seconds": 31.5, "proxies": {"lb1": 31.5}}
    told = report.release_report(document(downtime=[one]))
    assert "Downtime of the release: 31.5 s of at most 30 s, answered 503. MORE THAN WAS PLANNED." in told
    back = document(rollback_class="behind_closed_door", revision_before="0001", revision_after="0001")
    assert "The database is back at revision 0001." in report.rollback_report(back, undo(), None, "/r")


def test_the_record_learns_which_revisions_a_limit_has_ended() -> None:
    migration = {"target": "0002", "head": "0002", "steps": [], "postponed": []}
    entry = {"revision": "0002", "seconds": 30.2, "by": "migration_statement_timeout_seconds", "limit": 30.0}
    facts: dict[str, dict[str, Any]] = {"app1": {"migration_slow": [entry]}, "app2": {}, "lb1": {}}
    known = document(migration=migration)
    learned = rollback_outcome.facts_of(known, ["lb1"], ["app1", "app2"], facts)
    assert learned == {"migration": {**migration, "slow": [entry]}}
    facts["app1"]["__rollback_facts"] = {"migration": {**migration, "changes": None}, "revision_after": "b"}
    learned = rollback_outcome.facts_of(known, ["lb1"], ["app1", "app2"], facts)
    assert learned == {"migration": {**migration, "changes": None, "slow": [entry]}, "revision_after": "b"}
    del facts["app1"]["__rollback_facts"]
    facts["app1"]["migration_slow"] = []
    assert rollback_outcome.facts_of(known, ["lb1"], ["app1", "app2"], facts) == {}
    facts["app1"]["migration_slow"] = [entry]
    assert rollback_outcome.facts_of(document(), ["lb1"], ["app1"], facts) == {}, "it has not come to its migration"


def test_connections_that_were_cut_are_counted_and_said() -> None:
    facts = {"app1": {"__rollback_stopped": True, "decommission_result": {"abandoned": ["10.0.0.1", "10.0.0.1"]}}}
    found = rollback_outcome.undo_of([], ["app1"], facts, True, True)
    assert found["cut"] == 2
    assert "2 connections were still open and were cut" in report.rollback_report(document(), found, None, "/records")


def test_a_slot_that_users_are_back_on_and_that_does_not_pass_is_said() -> None:
    facts = {"lb1": {"__rollback_judged": "step 'login': expected status 200, found 500"}, "lb2": {}}
    plan: Any = {"wanted": False, "slot": "", "services": [], "hosts": []}
    told = rollback_outcome.told_of(document(), ["lb1", "lb2"], [], facts, plan, ["lb1", "lb2"], {})
    assert told["undone"] == [
        "lb1: the slot that users are back on does not pass: step 'login': expected status 200, found 500"
    ]


def test_nothing_is_said_of_a_migration_where_there_was_none() -> None:
    steps = [{"phase": phase} for phase in ("opened", "migrating", "migrated", "switching", "rolling_back")]
    text = report.rollback_report(
        document(revision_before=None, revision_after=None, transitions=steps), undo(), None, "/r"
    )
    assert "migration" not in text
    assert "database" not in text


def test_a_service_that_ran_once_and_is_in_no_list_any_more_is_said() -> None:
    before, after = {"singletons": {"services": ["cleaner", "cron"]}}, {"singletons": {"services": ["cron"]}}
    found = report.release_report(document(environment="x", from_configuration=before, configuration=after))
    (said,) = [line for line in found if line.startswith("STOPPED")]
    assert said.startswith(
        "STOPPED in blue: cleaner ran once before, and is not in release_singleton_services any more."
    )
    kept = report.release_report(document(environment="x", from_configuration=before, configuration=None))
    assert [line for line in kept if line.startswith("STOPPED")] == []


def test_release_report_does_not_offer_a_way_back_that_is_closed() -> None:
    learned = standby.facts(["on app1: found 500"])
    told = "\n".join(report.release_report(document(**learned)))
    assert "GOING BACK IS CLOSED: 1.0 in blue" in told and "playbooks/rollback.yml goes back" not in told
    assert "playbooks/rollback.yml goes back" in "\n".join(report.release_report(document()))


STEPS = {"migration": {"steps": [{"revision": "b"}]}, "revision_before": "a", "revision_after": "b"}


@pytest.mark.parametrize(
    ("asked", "changes", "wanted"),
    [
        ("always", {}, True),
        ("always", {"revision_after": None}, True),  # a migration failed, and nobody knows where it is
        ("always", {"revision_after": "a"}, False),  # it is back, as behind the closed door
        ("always", {"migration": {"steps": []}}, False),
        ("always", {"migration": None}, False),
        ("never", {"rollback_class": "switch_then_downgrade"}, False),
        ("auto", {}, False),
        ("auto", {"rollback_class": "switch_then_downgrade"}, True),
    ],
)
def test_when_the_schema_is_taken_back_behind_users(asked: str, changes: dict[str, Any], wanted: bool) -> None:
    stopped = {"app1": {"__rollback_stopped": True}, "app2": {"__rollback_stopped": True}}
    found = rollback_outcome.schema_back(document(**{**STEPS, **changes}), asked, ["app1", "app2"], stopped)
    assert found == {"wanted": wanted, "problem": ""}


def test_the_schema_is_not_taken_from_a_candidate_that_may_run() -> None:
    """Nor is it left in silence: what was asked for and not done ends the run non-zero."""
    half = {"app1": {"__rollback_stopped": True}, "app2": {}}
    found = rollback_outcome.schema_back(document(**STEPS), "always", ["app1", "app2"], half)
    assert found["wanted"] and found["problem"].endswith("it may run on app2")
    said = {"app1": {"__rollback_schema": found["problem"]}, "lb1": {}}
    plan = singleton_back.plan({**document(), "traffic_moved": False, "epoch": 1}, [], "app1", ["app1"])
    told = rollback_outcome.told_of(document(**STEPS), ["lb1"], ["app1"], said, plan, [], {})
    assert told["undone"][0].endswith("it may run on app2. playbooks/downgrade.yml takes it back later")
