# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
import yaml

from lab.profiles import APPLICATIONS, INSTALLED, Application
from lab.registry import REGISTRY
from lab.verify_writes import AFTER

EVERY = pytest.mark.parametrize("application", APPLICATIONS.values(), ids=lambda one: one.name)


@EVERY
def test_the_previous_version_is_one_that_is_built(application: Application) -> None:
    services = yaml.safe_load((application.folder / "build.yml").read_text())["services"].values()
    assert application.previous_image in {service["image"] for service in services}


@EVERY
def test_the_service_that_answers_users_is_in_its_compose_file_as_it_stands(application: Application) -> None:
    service = yaml.safe_load((application.folder / "compose.yml").read_text())["services"][application.service]
    assert service["container_name"] and f"{application.port}:{application.port}" in service["ports"]
    text = "".join([service["image"], *application.environment.values()])
    assert "{registry}" in text or REGISTRY in text, "a plain project pulls from the lab's registry"


@EVERY
def test_writes_are_looked_for_where_the_application_keeps_them(application: Application) -> None:
    script = AFTER.format(table=application.table, key=application.traffic.key, most=3)
    assert f"LEFT JOIN {application.table} AS written ON written.{application.traffic.key} = acked.name" in script
    assert "{" not in script


def test_applications_share_nothing_that_tells_them_apart() -> None:
    for differs in ("name", "site", "port", "password", "acked_file"):
        assert len({getattr(one, differs) for one in APPLICATIONS.values()}) == len(APPLICATIONS)
    assert INSTALLED.name in APPLICATIONS
