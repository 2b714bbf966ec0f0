# SPDX-License-Identifier: GPL-3.0-or-later
"""With two proxies and two application hosts, under load, nobody notices a release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://lb"]

ASK = """
import urllib.request
request = urllib.request.Request("http://127.0.0.1/health", headers={"Host": "samokoder.lab"})
print(urllib.request.urlopen(request, timeout=5).headers["X-Release-Version"])
"""


@pytest.mark.usefixtures("nobody_noticed")
def test_nobody_noticed_under_load(outcome: dict[str, Any]) -> None:
    # 200 requests a second, or as many as this machine carries (tests/scenario.py).
    assert outcome["load"]["sent"] > 10 * outcome["rate"]


def test_every_proxy_serves_the_new_slot(flag: Callable[[], list[str]], outcome: dict[str, Any]) -> None:
    assert len(outcome["after"]["live"]) == 2
    (new,) = set(outcome["after"]["live"].values())
    assert flag() == [f"live.{new}"]


def test_every_proxy_holds_the_same_record(record: dict[str, Any]) -> None:
    assert (record["phase"], record["outcome"]) == ("closed", "live")


def test_every_proxy_answers_with_the_new_version(host: Host) -> None:
    assert host.run("python3 -c %s", ASK).stdout.strip() == "1.0.0"
