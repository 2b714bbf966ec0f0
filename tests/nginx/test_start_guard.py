# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two real proxies: one that was away while users were moved asks the other one before it starts."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import nginx_run
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError, CommandResult
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import Stamp, read_stamp

from tests.nginx.proxy import Proxy, new_proxy
from tests.nginx.runs import run, siting, switching, withdrawing


def guarded(proxy: Proxy, *peers: Proxy, **more: Any) -> Any:
    """A run of nginx_site with a guard that asks *peers*."""
    named = [{"host": f"lb{peer.port}", "address": "127.0.0.1"} for peer in peers]
    return siting(proxy, peers=named, guard_file=str(drop_in(proxy)), **more)


def drop_in(proxy: Proxy) -> Path:
    return proxy.root / "nginx.service.d" / "bluegreen-shop.conf"


@pytest.fixture
def pair() -> Iterator[tuple[Proxy, Proxy]]:
    """Two proxies on blue, each guarded by the other."""
    with contextlib.ExitStack() as stack:
        first, second = stack.enter_context(new_proxy()), stack.enter_context(new_proxy())
        for proxy in (first, second):
            proxy.write()
            proxy.start()
            guarded(proxy, second if proxy is first else first).run()
        # Both listen on one address here, so that the port tells them apart.
        for proxy, peer in ((first, second), (second, first)):
            told = proxy.root / "guard" / "start_guard.json"
            told.write_text(told.read_text().replace(f":{proxy.port}/", f":{peer.port}/"))
        yield first, second


def start_guarded(proxy: Proxy) -> tuple[int, str]:
    """What systemd does: the line of the drop-in, and nginx when that succeeds."""
    line = drop_in(proxy).read_text().partition("-c '")[2].partition("'\n")[0]
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    if done.returncode == 0:
        proxy.start()
    return done.returncode, done.stdout


def test_a_proxy_that_was_away_follows_the_one_that_was_moved(pair: tuple[Proxy, Proxy]) -> None:
    away, there = pair
    for proxy in pair:
        switching(proxy, "green", epoch=7).run()
    away.stop()
    switching(there, "blue", epoch=8).run()
    code, said = start_guarded(away)
    assert code == 0 and "users go to blue" in said
    assert away.front().headers["x-backend"] == "blue"
    assert read_stamp(str(away.flags), "blue") == Stamp(8, 0)
    assert "users stay on blue; 1 of 1" in start_again(away)[1]


@pytest.fixture
def doors() -> Iterator[tuple[Proxy, Proxy]]:
    """Two proxies that have a door, each guarded by the other."""
    with contextlib.ExitStack() as stack:
        first, second = stack.enter_context(new_proxy()), stack.enter_context(new_proxy())
        for proxy, peer in ((first, second), (second, first)):
            proxy.write(release_closed_door="maintenance")
            proxy.start()
            guarded(proxy, peer, inputs={"release_closed_door": "maintenance"}).run()
            switching(proxy, "blue", epoch=7).run()
            told = proxy.root / "guard" / "start_guard.json"
            told.write_text(told.read_text().replace(f":{proxy.port}/", f":{peer.port}/"))
        yield first, second


def test_a_door_that_was_opened_while_a_proxy_was_away_is_open_when_it_is_back(doors: tuple[Proxy, Proxy]) -> None:
    away, there = doors
    for proxy in doors:
        switching(proxy, "", state="closed", epoch=8, prove_seconds=0.1).run()
    away.stop()
    code, said = start_guarded(away)
    assert code == 0 and "no other proxy says that it is open" in said
    assert away.front().status == 503, "nobody has opened one yet"
    away.stop()
    switching(there, "green", epoch=8).run()
    code, said = start_guarded(away)
    assert code == 0 and "is opened now" in said and "users go to green" in said
    assert away.front().headers["x-backend"] == "green"


def start_again(proxy: Proxy) -> tuple[int, str]:
    proxy.stop()
    return start_guarded(proxy)


def test_one_that_was_moved_last_follows_nobody(pair: tuple[Proxy, Proxy]) -> None:
    moved, left = pair
    switching(left, "green", epoch=6).run()
    switching(moved, "blue", epoch=7).run()
    assert "users stay on blue" in start_again(moved)[1]
    # Chosen again, without a rename: it counts as much as a move.
    switching(left, "green", epoch=8).run()
    assert "users go to green" in start_again(moved)[1]


def test_all_of_them_down_start_as_they_were(pair: tuple[Proxy, Proxy]) -> None:
    first, second = pair
    switching(first, "green", epoch=7).run()
    for proxy in pair:
        proxy.stop()
    assert start_guarded(first) == (0, "bluegreen: users stay on green; 0 of 1 other proxies answered\n")
    assert "users go to green" in start_guarded(second)[1]


def test_nginx_is_not_started_where_it_would_serve_the_slot_that_was_left(pair: tuple[Proxy, Proxy]) -> None:
    away, there = pair
    away.stop()
    switching(there, "green", epoch=8).run()
    taken = away.flags / "live.green"
    lock = away.root / "state" / "fence.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()  # the fence cannot be taken
    code, said = start_guarded(away)
    assert code == 1 and "nginx is not started" in said
    assert not taken.exists() and not away.accepts()


def test_the_stamp_is_told_to_nobody_without_the_secret(pair: tuple[Proxy, Proxy]) -> None:
    first, _ = pair
    switching(first, "green", epoch=7).run()
    answer = first.preview("/.bluegreen/slot/stamp")
    assert (answer.body, answer.headers["x-release-live"]) == ("0000000007 0000000000\n", "green")
    assert first.preview("/.bluegreen/slot/stamp", secret=None).status == 404
    assert first.preview("/.bluegreen/slot/stamp", address="127.0.0.2").status == 404
    assert first.front("/.bluegreen/slot/stamp").body != answer.body


def test_the_guard_comes_with_the_site_and_goes_with_it(own: Proxy) -> None:
    own.write()
    own.start()
    checked = guarded(own, check_mode=True)
    checked.run()
    assert checked.result["changed"] and not drop_in(own).exists()
    site = guarded(own)
    site.run()
    assert str(drop_in(own)) in site.result["files"]
    told = own.root / "guard" / "start_guard.json"
    assert told.stat().st_mode & 0o777 == 0o600
    again = guarded(own)
    again.run()
    assert not again.result["changed"] and not again.result["reloaded"]
    told.unlink()
    mended = guarded(own)
    mended.run()
    assert (mended.result["files"], mended.result["reloaded"]) == ([str(told)], False)
    secret = mended.params["inputs"]["preview_secret"]
    assert secret in told.read_text() and secret not in str(mended.result)
    withdrawing(own, guard_file=str(drop_in(own))).run()
    assert not drop_in(own).exists() and not told.exists() and not (own.root / "guard" / "start_guard").exists()


@pytest.mark.parametrize("answer", [0, 1])
def test_systemd_is_told_and_a_guard_that_it_does_not_read_is_not_left(
    own: Proxy, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    own.write()
    own.start()
    monkeypatch.setattr(nginx_run, "SYSTEMD", str(own.root))
    told: list[list[str]] = []

    def systemctl(command: list[str]) -> CommandResult:
        if command[0] != "systemctl":
            return run(command)
        told.append(command)
        return CommandResult(answer, "", "no bus")

    site = guarded(own)
    site.nginx = replace(site.nginx, run=systemctl)
    if answer:
        with pytest.raises(ApplyError, match=r"expected systemd to read .* no bus"):
            site.run()
        # So that the next run has it to do.
        assert not drop_in(own).exists()
    else:
        site.run()
        assert drop_in(own).exists()
    assert told == [["systemctl", "daemon-reload"]]
