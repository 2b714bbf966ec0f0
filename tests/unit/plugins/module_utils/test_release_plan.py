"""The plan of a release says what was seen, and that something is not known where it was not."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.filter.plan import release_plan
from ansible_collections.bluegreen.release.plugins.module_utils.release_plan import plan_lines

OVERRIDE = "services:\n  api:\n    ports:\n      - {port}:8000\n    labels:\n      bluegreen.release_id: {release}\n"


def read(name: str, text: str | None) -> dict[str, Any]:
    """A result of slurp in a loop."""
    content = {} if text is None else {"content": base64.b64encode(text.encode()).decode()}
    return {"__green_provision_name": name, "failed": text is None, **content}


def seen(**changes: Any) -> dict[str, Any]:
    """What a run in check mode saw of a release from 0.9.0 in blue to 1.0.0 in green."""
    everything: dict[str, Any] = {
        "context": {
            "version": "1.0.0", "candidate": "green", "live": "blue", "live_version": "0.9.0", "first": False,
            "digest": "registry.example.com/shop@sha256:abc", "image": "registry.example.com/shop:1.0.0",
        },
        "inputs": {
            "release_application": "shop", "release_environment": "prod", "release_lb_hosts": ["lb1", "lb2"],
            "release_app_hosts": ["app1", "app2"], "release_app_environment": ["DATABASE_URL"],
            "release_singleton_services": [], "release_singleton_host": "app1", "release_hooks": {},
        },
        "images": {"app1": {"local": True, "bytes": 1}, "app2": {"local": False, "bytes": 130 * 1024**2}},
        "provision": {
            "first": False,
            "before": [
                read("compose.yml", "services: {}\n"), read("override.yml", OVERRIDE.format(port=1, release="a"))
            ],
            "after": {"compose.yml": "services: {}\n", "override.yml": OVERRIDE.format(port=2, release="b")},
            "live": {"files": {"compose.yml": "1"}, "environment": {"SAME": "1", "OTHER": "1", "OLD": "1"}},
            "environment_after": {"SAME": "1", "OTHER": "2", "NEW": "1"},
        },
        "sites": {
            "lb1": {"reloaded": False, "files": []},
            "lb2": {
                "reloaded": True, "files": ["/etc/nginx/conf.d/shop.conf"],
                "diff": [{"before": "a;\n", "after": "b;\n"}],
            },
        },
        "migration": {
            "known": True, "problem": "", "before": "0001", "after": "0002", "lines": ["0002: expand (its mark)"],
            "left": [], "asks_live": False, "asks_preview": False, "asks_copy": False,
        },
        "rollback_database": "never",
    }  # fmt: skip
    return {**everything, **changes}


def plan(diff: bool = True, **changes: Any) -> list[str]:
    return [line.strip() for line in plan_lines(seen(**changes), diff)]


def first() -> dict[str, Any]:
    return {**seen()["context"], "live": None, "live_version": None, "first": True}


@pytest.mark.parametrize(
    "line",
    [
        "app1: there already",
        "app2: to be pulled, 130 MiB compressed",
        "compose.yml: the same as the live slot's",
        "override.yml: differs from the live slot's",
        "-      - 1:8000",
        "+      - 2:8000",
        "changed: OTHER",
        "new: NEW",
        "gone: OLD",
        "lb1: the same, no reload",
        "lb2: /etc/nginx/conf.d/shop.conf; nginx is reloaded",
        "+b;",
        "0001 -> 0002, once, on app1, in the new image",
        "0002: expand (its mark)",
        "provision slot green: app1, app2, all at once; then nginx on lb1, lb2",
    ],
)
def test_plan_says(line: str) -> None:
    assert line in plan()


def test_plan_begins_with_what_runs_and_what_comes() -> None:
    title = plan()[0]
    assert "shop 1.0.0 in prod: now 0.9.0 in blue, then 1.0.0 in green" in title and "Nothing was touched" in title


def test_files_are_named_but_not_shown_without_diff() -> None:
    lines = plan(diff=False)
    assert (
        "override.yml: differs from the live slot's" in lines and "+      - 2:8000" not in lines and "+b;" not in lines
    )


def test_label_that_always_differs_is_no_difference() -> None:
    provision = {**seen()["provision"], "after": {"override.yml": OVERRIDE.format(port=1, release="c")}}
    assert "override.yml: the same as the live slot's" in plan(provision=provision)


def test_every_part_that_was_not_seen_is_not_known() -> None:
    lines = plan(images={}, provision=None, sites={}, migration=None)
    assert sum("not known, because" in line for line in lines) == 2 + 1 + 1 + 2 + 1


def test_file_of_the_live_slot_that_cannot_be_read_is_not_taken_for_empty() -> None:
    provision = {**seen()["provision"], "before": [read("compose.yml", None)]}
    assert "compose.yml: not known, because the live slot has no such file that can be read" in plan(
        provision=provision
    )


def test_environment_without_fingerprints_is_not_the_same() -> None:
    provision = {**seen()["provision"], "live": {"files": {"compose.yml": "1"}}, "environment_after": {}}
    assert any("the host has no fingerprints yet" in line for line in plan(provision=provision))


@pytest.mark.parametrize("live", [{}, {"files": {}, "environment": {}}], ids=["no answer", "adopted as it was"])
def test_environment_of_a_slot_whose_files_were_not_read_is_not_taken_for_empty(live: dict[str, Any]) -> None:
    lines = plan(provision={**seen()["provision"], "live": live})
    assert "what changes is not known, because the live slot has no files that can be read" in lines
    assert not any(line.startswith("new:") for line in lines)


def test_fingerprints_are_not_shown() -> None:
    provision = {**seen()["provision"], "environment_after": {"OTHER": "0123456789abcdef"}}
    assert "0123456789abcdef" not in "\n".join(plan(provision=provision))


@pytest.mark.parametrize(
    ("migration", "line"),
    [
        ({"before": "0002", "lines": []}, "none: the database stays at 0002"),
        ({"before": "", "after": "", "lines": []}, "none: the application has no migration tool"),
        ({"before": ""}, "an empty database -> 0002, once, on app1, in the new image"),
        ({"known": False, "problem": "the image could not be pulled: 401"}, "not known, because the image could not"),
        ({"problem": "0003 drops a column"}, "TO BE REFUSED: 0003 drops a column"),
        ({"problem": "x", "asks_live": True}, "TO BE REFUSED, unless the live slot's image has them: x"),
        ({"problem": "x", "asks_preview": True}, "to be decided in the release, by the SQL of preview: x"),
        (
            {"problem": "x", "asks_copy": True},
            "to be decided in the release, by what is seen on a copy of the database",
        ),
        ({"left": ["network shop-plan-x"]}, "LEFT BEHIND on app1 by asking; remove it: network shop-plan-x"),
    ],
)
def test_migrations(migration: dict[str, Any], line: str) -> None:
    assert [shown for shown in plan(migration={**seen()["migration"], **migration}) if shown.startswith(line)]


def test_first_install_has_nothing_to_compare_with_or_go_back_to() -> None:
    lines = plan(context=first(), provision={**seen()["provision"], "first": True})
    assert "compose.yml: new, there is no live slot yet" in lines and "new: DATABASE_URL" in lines
    assert "none: this is the first install, there is no version to go back to" in lines


@pytest.mark.parametrize(
    ("how", "known", "line"),
    [
        ("never", True, "leaves the database as it is migrated; blue was checked on it before the switch"),
        ("always", True, "takes the database back to 0001, because rollback_database is always"),
        ("always", False, "takes the database back, because rollback_database is always"),
    ],
)
def test_rollback_and_the_database(how: str, known: bool, line: str) -> None:
    outlook = seen()["migration"] if known else {**seen()["migration"], "known": False, "before": "", "problem": "x"}
    assert plan(rollback_database=how, migration=outlook)[-1] == line


def test_hooks_of_a_release_stand_in_its_order() -> None:
    hooks = {
        "before_switch": [{"name": "tell"}, {"name": "warm up", "hosts": "app"}],
        "after_close": [],
        "before_provision": [{"name": "look"}],
        "before_rollback": [{"name": "not in a release"}],
    }
    lines = plan(inputs={**seen()["inputs"], "release_hooks": hooks})
    assert lines[lines.index("Hooks") + 1 :][:3] == [
        "before_provision: look (controller)",
        "before_switch: tell (controller), warm up (app)",
        "",
    ]
    assert "none" in plan()


def test_shared_and_singleton_services() -> None:
    services = {"release_shared_services": ["db"], "release_shared_project": "shop-shared"}
    lines = plan(inputs={**seen()["inputs"], **services, "release_singleton_services": ["worker"]})
    assert "move with the switch: worker on app1" in lines
    assert "start where it does not run, and leave alone where it does: db in project shop-shared" in lines
    assert not any("alone where it does" in line for line in plan())


def test_filter_gathers_what_the_hosts_have() -> None:
    everything = seen()
    proxy = {"nginx_switchover_site": {"skipped": True}, "release_record_context": everything["context"]}
    host = {
        "release_record_context": everything["context"],
        "__preflight_probe": {"image": everything["images"]["app2"]},
        "migration_outlook": everything["migration"],
        "green_provision_plan": everything["provision"],
    }
    inputs = {**everything["inputs"], "release_lb_hosts": ["lb1"], "release_app_hosts": ["app1"]}
    text = release_plan(["lb1", "app1"], {"lb1": proxy, "app1": host}, inputs)
    assert "app1: to be pulled, 130 MiB" in text and "0001 -> 0002" in text
    assert "lb1: not known, because the proxy was not asked" in text
