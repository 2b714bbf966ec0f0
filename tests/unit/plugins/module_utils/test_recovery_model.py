# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A model of the estate on which runs die between any two of their acts: two more runs bring it to one state.

The acts are those of the playbooks, each atomic as a rename or a written file is; what a run decides, the real pure
functions decide. Acts of one task on several hosts come in any order, as they do on real hosts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import (
    lock,
    reconcile_plan,
    record,
    release_take,
    rollback_plan,
)
from hypothesis import given, settings
from hypothesis import strategies as st

LB, APP = ("lb1", "lb2", "lb3"), ("app1", "app2")
HOSTS = (*LB, *APP)
ORDER = (
    "provisioning", "provisioned", "migrating", "migrated", "checking", "checked", "switching", "switched",
    "watching", "watched",
)  # fmt: skip
WELL = {"passed": True, "reason": "", "version": ""}
PLAN = {
    "version": "2.0", "image": "i", "digest": "d", "live": "blue", "candidate": "green", "live_version": "1.0",
    "live_digest": None,
}  # fmt: skip
Act = Callable[[], None]


class Fenced(Exception):
    """A host refused a run whose epoch is too low."""


@dataclass
class Host:
    """What one host remembers and runs."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: dict[str, Any] | None = None
    epoch: int = 0
    flag: str = "blue"
    candidate: bool = False
    up: bool = True


class Estate:
    """All hosts, a clock, and the acts that runs are made of."""

    def __init__(self, seed: int) -> None:
        self.hosts = {name: Host() for name in HOSTS}
        self.clock = 0
        self.random = random.Random(seed)

    def stamp(self) -> dict[str, Any]:
        self.clock += 1
        at = f"2026-01-01T{self.clock // 3600:02}:{self.clock // 60 % 60:02}:{self.clock % 60:02}.000000Z"
        name = f"20260101T{self.clock:06}Z-2.0-{self.clock:04x}"
        return {"at": at, "release_id": name, "user": "u", "host": "h", "job": "", "actor": "u@h", "run": "r"}

    def looks(self) -> dict[str, dict[str, Any]]:
        return {
            name: {
                "record": {
                    "records": [*host.records.values()], "corrupt": [], "lock": host.lock, "epoch": host.epoch,
                    "directory": "ready",
                },
                "slots": {"blue": WELL, "green": WELL},
                **({"proxy": {"file": host.flag, "probe": host.flag, "agree": True}} if name in LB else {}),
            }
            for name, host in self.hosts.items()
            if host.up
        }  # fmt: skip

    def views(self) -> dict[str, dict[str, Any]]:
        return {name: look["record"] for name, look in self.looks().items()}

    def at_once(self, acts: list[Act]) -> Iterator[Act]:
        """The acts of one task, in the order in which the hosts happen to do them."""
        self.random.shuffle(acts)
        yield from acts

    def fenced(self, name: str, epoch: int, act: Callable[[Host], None]) -> Act:
        def run() -> None:
            host = self.hosts[name]
            if epoch < host.epoch:
                raise Fenced(name)
            host.epoch = epoch
            act(host)

        return run

    def take(self, name: str, holder: dict[str, Any], takeover: bool) -> Act:
        def run() -> None:
            host = self.hosts[name]
            phase = (host.records.get((host.lock or {}).get("release_id", "")) or {}).get("phase")
            if lock.decide_take(holder, host.lock, phase, host.epoch, takeover, decided=takeover).refusal:
                raise Fenced(name)
            host.lock, host.epoch = holder, holder["epoch"]

        return run

    def write(self, name: str, document: dict[str, Any]) -> Act:
        def store(host: Host) -> None:
            stored = host.records.get(document["release_id"])
            assert record.validate(document) == []
            assert record.compare(stored, document) == ""
            host.records[document["release_id"]] = document

        return self.fenced(name, document["epoch"], store)

    def drop(self, name: str, holder: dict[str, Any]) -> Act:
        def unlock(host: Host) -> None:
            if host.lock and host.lock["release_id"] == holder["release_id"]:
                host.lock = None

        return self.fenced(name, holder["epoch"], unlock)


def to(slot: str) -> Callable[[Host], None]:
    return lambda host: setattr(host, "flag", slot)


def running(wanted: bool) -> Callable[[Host], None]:
    return lambda host: setattr(host, "candidate", wanted)


def release(estate: Estate) -> Iterator[Act]:
    """The acts of release.yml."""
    stamp, names = estate.stamp(), {"application": "shop", "environment": "x", "mode": "run"}
    wish = release_take.to_open(estate.views(), HOSTS, PLAN, names, stamp, False)
    document, epoch = wish["document"], wish["holder"]["epoch"]
    yield estate.take(LB[0], wish["holder"], False)
    yield from estate.at_once([estate.take(name, wish["holder"], True) for name in HOSTS[1:]])
    yield from estate.at_once([estate.write(name, document) for name in LB])
    for phase in ORDER:
        document = record.advance(document, phase, {}, epoch, estate.stamp())
        yield from estate.at_once([estate.write(name, document) for name in LB])
        if phase == "provisioning":
            yield from estate.at_once([estate.fenced(name, epoch, running(True)) for name in APP])
        if phase == "switching":
            yield from estate.at_once([estate.fenced(name, epoch, to("green")) for name in LB])
    document = record.close(document, "live", {}, epoch, estate.stamp())
    yield from estate.at_once([estate.write(name, document) for name in LB])
    yield from estate.at_once([estate.drop(name, wish["holder"]) for name in HOSTS])


def go_back(estate: Estate, plan: Any) -> Iterator[Act]:
    """The acts of going back, by the hosts that are up when they come to them."""
    holder, document = plan["wish"]["holder"], plan["wish"]["document"]
    lbs, apps = ([name for name in group if estate.hosts[name].up] for group in (LB, APP))
    yield estate.take(lbs[0], holder, False)
    if document is not None:
        told = estate.hosts[lbs[0]].records.get(document["release_id"])
        document = max([document, *([told] if told else [])], key=record.age)
        document = record.advance(document, "rolling_back", {}, holder["epoch"], estate.stamp())
        for name in lbs:
            yield estate.write(name, document)
            yield estate.fenced(name, holder["epoch"], to("blue"))
    yield from estate.at_once([estate.take(name, holder, True) for name in (*lbs[1:], *apps)])
    if document is not None:
        if document["traffic_moved"] and len(lbs) < len(LB):
            return  # A proxy may still have users there: the candidate runs on, and the record stays open.
        yield from estate.at_once([estate.fenced(name, holder["epoch"], running(False)) for name in apps])
        if len(apps) < len(APP):
            return
        outcome = "rolled_back" if document["traffic_moved"] else "failed"
        document = record.close(document, outcome, {}, holder["epoch"], estate.stamp())
        yield from estate.at_once([estate.write(name, document) for name in lbs])
    yield from estate.at_once([estate.drop(name, holder) for name in (*lbs, *apps)])


def rollback(estate: Estate) -> Iterator[Act]:
    """The acts of rollback.yml; none where there is nothing to go back from."""
    plan = rollback_plan.plan(estate.looks(), LB, APP, rollback_plan.Asked(unfinished=True), estate.stamp())
    if plan["wish"] is not None:
        yield from go_back(estate, plan)


def reconcile(estate: Estate) -> Iterator[Act]:
    """The acts of reconcile.yml with nobody at work."""
    plan = reconcile_plan.plan(estate.looks(), LB, APP, 0, estate.stamp())
    if plan["action"] in (rollback_plan.GO_BACK, rollback_plan.DROP):
        yield from go_back(estate, plan)
    elif plan["action"] == reconcile_plan.BRING:
        assert plan["wish"] is not None
        holder = plan["wish"]["holder"]
        lbs, apps = ([name for name in group if estate.hosts[name].up] for group in (LB, APP))
        yield estate.take(lbs[0], holder, False)
        document = record.amend(plan["wish"]["document"], {}, holder["epoch"])
        for name in lbs:
            yield estate.write(name, document)
            yield estate.fenced(name, holder["epoch"], to(plan["slot"]))
        yield from [estate.take(name, holder, True) for name in (*lbs[1:], *apps)]
        yield from [estate.drop(name, holder) for name in (*lbs, *apps)]


def done(acts: Iterator[Act], count: int | None = None) -> int:
    """Do so many acts, or all; then the controller is dead. Returns how many were done."""
    number = 0
    for number, act in enumerate(acts, 1):
        act()
        if number == count:
            break
    return number


def consistent(estate: Estate, live: bool) -> None:
    """All users on one slot, nothing left of a release that was taken back, no lock that anybody would respect."""
    assert {estate.hosts[name].flag for name in LB} == {"green" if live else "blue"}
    assert {estate.hosts[name].candidate for name in APP} == {live}
    newest = release_take.records_of(estate.views())
    assert all(one["phase"] == "closed" for one in newest)
    # One that a run left between closing its record and dropping it is a leftover, which the next one takes.
    closed = {one["release_id"] for one in newest}
    assert {host.lock["release_id"] for host in estate.hosts.values() if host.lock} <= closed
    # Whatever comes next may begin.
    release_take.to_open(estate.views(), HOSTS, {**PLAN, "live": "blue"}, {
        "application": "shop", "environment": "x", "mode": "run",
    }, estate.stamp(), False)  # fmt: skip


LENGTH = done(release(Estate(0)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("acts", range(LENGTH + 1))
def test_one_rollback_is_enough_wherever_the_release_died(acts: int, seed: int) -> None:
    estate = Estate(seed)
    done(release(estate), acts or -1) if acts else None
    live = len(release_take.records_of(estate.views())) > 0 and all(
        one["phase"] == "closed" for one in release_take.records_of(estate.views())
    )
    done(rollback(estate))
    if live:
        done(reconcile(estate))  # the release was live: its last copies are written
    consistent(estate, live)


@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 10_000), first=st.integers(1, LENGTH - 12), second=st.integers(0, 30),
    away=st.sets(st.sampled_from(HOSTS), max_size=3), recover=st.sampled_from(["rollback", "reconcile"]),
)  # fmt: skip
def test_a_release_and_its_rollback_die_and_hosts_are_away(
    seed: int, first: int, second: int, away: set[str], recover: str
) -> None:
    estate = Estate(seed)
    done(release(estate), first)
    for group in (LB, APP):
        for name in away & set(group[1:]):  # never all of a kind: nobody would know, or could say how the slot is
            estate.hosts[name].up = False
    if second:
        done(rollback(estate), second)
    for host in estate.hosts.values():
        host.up = True
    # What an unfinished release is, a person decides; a rollback that was begun, the schedule ends.
    unfinished = [
        one for one in release_take.records_of(estate.views()) if one["phase"] not in ("closed", "rolling_back")
    ]
    runs = [rollback, rollback] if recover == "rollback" or unfinished else [reconcile, reconcile]
    for run in runs:
        done(run(estate))
    done(reconcile(estate))
    consistent(estate, live=False)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10_000), acts=st.integers(1, LENGTH - 12))
def test_a_release_that_was_taken_over_changes_nothing_more(seed: int, acts: int) -> None:
    estate = Estate(seed)
    going = release(estate)
    done(going, acts)
    done(rollback(estate))
    before = {name: (host.flag, host.candidate, host.epoch) for name, host in estate.hosts.items()}
    with pytest.raises(Fenced):
        done(going)
    assert {name: (host.flag, host.candidate, host.epoch) for name, host in estate.hosts.items()} == before
