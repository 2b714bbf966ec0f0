# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action adopt_plan makes of inputs, host variables and files on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.bluegreen.release.plugins.action import adopt_plan

GIVEN: dict[str, Any] = {
    **{name: "" for name in adopt_plan.TEXTS},
    **{name: [] for name in adopt_plan.LISTS},
    "projects": {"blue": "shop-blue", "green": "shop-green"},
    "slots": {"blue": {"port": 8001}, "green": {"port": "8002"}},
    "image": "",
    "lb_hosts": [],
    "app_hosts": ["app1", "gone"],
    "container_port": 8000,
    "undo": False,
    "listen": "127.0.0.1:8080",
    "tls_listen": "443",
    "limits": {},
}
COMPOSE = adopt_plan.Compose({"services": {}}, lambda name: "")


def test_ports_and_addresses_are_understood() -> None:
    hostvars = {"app1": {"release_address": "10.0.0.1", "ansible_host": "10.0.0.1"}}
    wanted = adopt_plan.wanted_of(GIVEN, {}, hostvars, COMPOSE)
    assert wanted.ports == {"blue": 8001, "green": 8002}
    assert wanted.addresses == {"app1": ["app1", "10.0.0.1"]}
    assert wanted.listens == [8080]


def test_with_a_certificate_our_site_listens_there_too() -> None:
    assert adopt_plan.wanted_of({**GIVEN, "tls_certificate": "/c.pem"}, {}, {}, COMPOSE).listens == [8080, 443]


@pytest.mark.parametrize("listen", ["80 default_server", " 80 ", "10.0.0.5:80 proxy_protocol", "[::]:80 ipv6only=off"])
def test_words_behind_a_port_do_not_hide_it(listen: str) -> None:
    assert adopt_plan.wanted_of({**GIVEN, "listen": listen}, {}, {}, COMPOSE).listens == [80]


def test_what_our_site_is_told_is_taken_from_the_task() -> None:
    given = {**GIVEN, "listen": "", "told": {"read_timeout_seconds": 600}}
    wanted = adopt_plan.wanted_of(given, {}, {}, COMPOSE)
    assert (wanted.told["listen"], wanted.told["read_timeout_seconds"]) == ("", 600)
    assert wanted.told["client_max_body_size"] == "100m"


def test_values_are_those_of_the_task_with_its_templates_filled_in(action: adopt_plan.ActionModule) -> None:
    variables = {"long": 900, "nginx_switchover_read_timeout_seconds": trust_as_template("{{ long }}")}
    action._templar = Templar(DataLoader(), variables)
    told = action._told()
    assert told["read_timeout_seconds"] == 900
    assert "client_max_body_size" not in told


def test_a_host_that_did_not_answer_has_only_a_reason() -> None:
    view = adopt_plan.view_of({"__adopt_probe": {"unreachable": True, "msg": "no route"}})
    assert (view.reason, view.probe, view.record, view.proxy) == ("no route", None, None, None)


def test_skipped_tasks_are_no_answers() -> None:
    probe = {"nginx": {"dump": "x"}}
    view = adopt_plan.view_of({"__adopt_probe": probe, "nginx_switchover_view": {"skipped": True, "probe": "blue"}})
    assert view.probe == probe
    assert view.proxy is None


@pytest.fixture
def action() -> adopt_plan.ActionModule:
    nothing: Any = None
    return adopt_plan.ActionModule(nothing, nothing, nothing, DataLoader(), nothing, nothing)


def test_new_versions_of_files_are_read_on_the_controller(action: adopt_plan.ActionModule, tmp_path: Path) -> None:
    (tmp_path / "new.conf").write_text("server { }\n")
    contents, problems = action._contents({"/etc/a": str(tmp_path / "new.conf"), "/etc/b": "", "/etc/c": None})
    assert contents == {"/etc/a": "server { }\n", "/etc/b": "", "/etc/c": ""}
    assert problems == []


def test_one_that_is_not_there_is_a_problem_with_its_name(action: adopt_plan.ActionModule, tmp_path: Path) -> None:
    _, (problem,) = action._contents({"/etc/a": str(tmp_path / "none.conf")})
    assert "none.conf" in problem.found
    assert 'adopt_nginx_files["/etc/a"]' in problem.do


def test_the_compose_file_and_its_environment_files_are_read_beside_it(
    action: adopt_plan.ActionModule, tmp_path: Path
) -> None:
    text = "services:\n  web:\n    env_file: [.env, gone.env]\n    environment: [MODE=x]\n    depends_on: [cache, db]\n"
    (tmp_path / "compose.yml").write_text(text + "  cache: {}\n  db: {}\n")
    (tmp_path / ".env").write_text('# A=1\nPGHOST=db\nexport SECRET="a b"\nPASSED\n')
    compose = action._compose(str(tmp_path / "compose.yml"))
    given = {**GIVEN, "service": "web", "services": ["web"], "shared": ["db"], "environment": ["OWN"]}
    wanted = adopt_plan.wanted_of(given, {}, {}, compose)
    assert wanted.environment == ["OWN", "MODE", "PASSED", "PGHOST", "SECRET"]
    assert wanted.unreached == ["web depends on cache"]
