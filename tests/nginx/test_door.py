# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The closed door: nobody reaches a slot, nobody is lost, and whatever goes wrong is an open door."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.fence import StaleEpoch
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_door import closed_since
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import FlagsError, Stamp, write_stamp

from tests.nginx.conftest import HOSTILE
from tests.nginx.proxy import Proxy, until
from tests.nginx.render import render
from tests.nginx.runs import siting, switching, withdrawing
from tests.nginx.test_passes_through import exchange
from tests.nginx.test_switch import fill, recorded, small_file_system

HOLD: dict[str, Any] = {"release_closed_door": "hold", "release_closed_door_seconds": 6}
MAINTENANCE: dict[str, Any] = {"release_closed_door": "maintenance", "release_closed_door_seconds": 30}


@pytest.fixture
def holding(own: Proxy) -> Proxy:
    """A running proxy on blue that lets requests wait."""
    own.write(http=HOSTILE, **HOLD)
    own.start()
    return own


@pytest.fixture
def refusing(own: Proxy) -> Proxy:
    """A running proxy on blue that answers for itself."""
    own.write(http=HOSTILE, **MAINTENANCE)
    own.start()
    return own


def door(proxy: Proxy, state: str, **more: Any) -> dict[str, Any]:
    """Close or open it, as the module does; the result."""
    moved = switching(proxy, "", state=state, **{"prove_seconds": 0.1, **more})
    moved.run()
    return moved.result


@contextlib.contextmanager
def in_background(call: Any) -> Iterator[list[Any]]:
    """What *call* gives, in a thread of its own; joined at the end."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    yield found
    thread.join(30)


def test_nobody_is_lost_while_the_door_is_closed_and_users_are_switched_behind_it(holding: Proxy) -> None:
    program = Path(__file__).with_name("door_load.py")
    load = subprocess.Popen([sys.executable, str(program), str(holding.port), "12", "40"], stdout=subprocess.PIPE)
    until(lambda: (holding.root / "access.log").read_text().count("turn") > 200, 10)
    closed = door(holding, "closed")
    assert (closed["door"], closed["proof"]["proved"], closed["changed"]) == ("closed", True, True)
    time.sleep(3)
    moved = switching(holding, "green")
    moved.run()
    assert 3 <= moved.result["held_seconds"] < 4.5 and moved.result["proof"]["last_other_seconds"] is None
    seen = json.loads(load.communicate(timeout=40)[0])
    longest = seen.pop("longest")
    assert set(seen) == {"blue", "green", "failed"} and seen["failed"] == 0, seen
    assert min(seen["blue"], seen["green"]) > 100, seen
    assert longest > 2.5, "they waited"


def test_who_waits_reaches_the_slot_that_is_live_then_with_all_that_was_sent(holding: Proxy) -> None:
    headers = {"Authorization": "Basic YTpi", "X-Forwarded-For": "192.0.2.7"}
    door(holding, "closed")
    with in_background(lambda: exchange(holding, "PATCH", "/a%2Fb//c?x=%20", b"x" * 300_000, headers)) as found:
        time.sleep(0.7)
        assert found == []
        switching(holding, "green").run()
    (answer,) = found
    seen = json.loads(answer.data)
    assert (answer.status, seen["name"], seen["method"], seen["target"]) == (200, "green", "PATCH", "/a%2Fb//c?x=%20")
    assert (seen["length"], seen["headers"]["host"], seen["headers"]["authorization"]) == (
        300_000, "shop.test", "Basic YTpi",
    )  # fmt: skip
    assert seen["headers"]["x-forwarded-for"] == "192.0.2.7, 127.0.0.1"
    assert answer.headers["X-Release-Slot"] == "green" and "WWW-Authenticate" not in answer.headers


def test_a_websocket_that_begins_meanwhile_is_let_through(holding: Proxy) -> None:
    door(holding, "closed")
    with socket.create_connection(("127.0.0.1", holding.port), 10) as user:
        lines = ["GET /socket HTTP/1.1", "Host: shop.test", "Upgrade: websocket", "Connection: Upgrade", "", ""]
        user.sendall("\r\n".join(lines).encode())
        time.sleep(0.5)
        door(holding, "opened")
        assert b"101 Switching Protocols" in user.recv(4096)
        user.sendall(b"echo")
        assert user.recv(16) == b"echo"


def test_one_that_began_before_is_not_cut(holding: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", holding.port), 10) as user:
        user.sendall(b"GET /events/unbuffered HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n")
        until(lambda: b"data: 0" in user.recv(4096))
        door(holding, "closed")
        text = b""
        while chunk := user.recv(4096):
            text += chunk
    assert b"data: 2" in text


def test_the_longest_wait_ends_with_a_refusal_that_says_when_to_come_again(holding: Proxy) -> None:
    door(holding, "closed")
    began = time.monotonic()
    answer = exchange(holding, "POST", "/p", b"a=b")
    assert 5.9 < time.monotonic() - began < 7
    assert (answer.status, answer.headers["Retry-After"]) == (503, "6")


def test_who_gives_up_is_noticed(holding: Proxy) -> None:
    door(holding, "closed")
    with socket.create_connection(("127.0.0.1", holding.port), 10) as user:
        user.sendall(b"GET /gave-up HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        time.sleep(0.2)
    log = holding.root / "access.log"
    until(lambda: '"path":"/gave-up","status":499' in log.read_text(), 2)


def test_hundreds_wait_on_one_connection_each(holding: Proxy) -> None:
    """A held request holds nothing but itself: no connection to a slot, no worker."""
    door(holding, "closed")
    with contextlib.ExitStack() as stack:
        users = []
        for _ in range(600):
            user = stack.enter_context(socket.create_connection(("127.0.0.1", holding.port), 10))
            user.sendall(b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            users.append(user)
        assert holding.probe() == "blue"
        door(holding, "opened")
        answers = {user.recv(4096).split(b"\r\n")[0] for user in users}
    assert answers == {b"HTTP/1.1 200 OK"}


@pytest.mark.parametrize(
    ("accept", "kind", "text"),
    [
        ("", "application/json", '"retry_after_seconds": 30'),
        ("application/json", "application/json", '"error"'),
        ("text/html,*/*;q=0.8", "text/html", "<title>"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_maintenance_says_when_to_come_again(refusing: Proxy, method: str, accept: str, kind: str, text: str) -> None:
    door(refusing, "closed")
    body = b"x" * 200_000 if method == "POST" else None
    answer = exchange(refusing, method, "/any", body, {"Accept": accept} if accept else {})
    assert (answer.status, answer.headers["Retry-After"], answer.headers["Cache-Control"]) == (503, "30", "no-store")
    assert answer.headers["Content-Type"] == kind and text in answer.data.decode()
    door(refusing, "opened")
    assert refusing.front().status == 200


def test_a_page_of_the_inventory_is_shown(own: Proxy) -> None:
    page = own.root / "page.html"
    page.write_text("<h1>We are moving</h1>")
    own.write(nginx_switchover_closed_page=str(page), **MAINTENANCE)
    own.start()
    door(own, "closed")
    known = {"Accept": "text/html", "If-Modified-Since": "Wed, 01 Jan 2098 00:00:00 GMT"}
    answer = exchange(own, "POST", "/", b"a", known)
    assert (answer.status, answer.headers["Retry-After"], answer.headers["Content-Type"]) == (503, "30", "text/html")
    assert answer.data == page.read_bytes()
    page.unlink()
    missing = own.front(Accept="text/html")
    assert (missing.status, missing.headers["retry-after"]) == (503, "30") and "Back in a moment" in missing.body
    door(own, "opened")
    page.write_text("<h1>We are moving</h1>")
    assert "moving" not in own.front("/.bluegreen/slot/closed").body, "nobody asks for it by its name"


def test_the_preview_does_not_wait(refusing: Proxy) -> None:
    door(refusing, "closed")
    assert (refusing.preview().status, refusing.preview().headers["x-backend"]) == (200, "green")
    assert refusing.front().status == 503
    door(refusing, "opened")


def test_whatever_nginx_cannot_read_is_an_open_door(refusing: Proxy) -> None:
    door(refusing, "closed")
    assert refusing.front().status == 503
    refusing.flags.chmod(0)
    assert refusing.front().status == 200
    refusing.flags.chmod(0o755)
    assert refusing.front().status == 503
    (refusing.flags / "door.closed").unlink()
    assert refusing.front().status == 200


def test_who_waits_is_let_in_too_when_nginx_cannot_read_the_door_any_more(holding: Proxy) -> None:
    door(holding, "closed")
    with in_background(lambda: holding.front()) as found:
        time.sleep(0.3)
        holding.flags.chmod(0)
    holding.flags.chmod(0o755)
    assert found[0].status == 200


def test_a_switch_opens_the_door_also_where_users_are_there_already(refusing: Proxy) -> None:
    door(refusing, "closed")
    switch = switching(refusing, "blue")
    switch.run()
    assert (switch.result["renamed_at"], switch.result["changed"], switch.result["door"]) == (None, True, "open")
    assert refusing.front().status == 200
    again = switching(refusing, "blue")
    again.run()
    assert not again.result["changed"] and "held_seconds" not in again.result


def test_closing_twice_keeps_when_it_was_closed(refusing: Proxy) -> None:
    first = door(refusing, "closed")
    again = door(refusing, "closed")
    assert (again["changed"], again["door_since"]) == (False, first["door_since"])
    assert door(refusing, "opened")["held_seconds"] > 0.1
    assert closed_since(str(refusing.flags)) is None


def test_check_mode_moves_no_door(refusing: Proxy) -> None:
    moved = switching(refusing, "", check_mode=True, state="closed")
    moved.run()
    assert moved.result["changed"] and refusing.front().status == 200


def test_a_stale_epoch_closes_nothing(refusing: Proxy) -> None:
    switching(refusing, "blue", epoch=5).run()
    with pytest.raises(StaleEpoch):
        door(refusing, "closed", epoch=4)
    assert refusing.front().status == 200


def test_without_a_door_in_its_configuration_nginx_is_not_closed(own: Proxy) -> None:
    own.write()
    own.start()
    with pytest.raises(FlagsError, match="release_closed_door"):
        door(own, "closed")
    assert not (own.flags / "door.closed").exists()
    assert door(own, "opened")["changed"] is False


def test_a_door_that_is_not_proved_to_be_closed_is_opened_again(refusing: Proxy, tmp_path: Path) -> None:
    """Here: nginx reads other files than the module moves."""
    (tmp_path / "live.blue").touch()
    with pytest.raises(FlagsError, match=r"door is closed, found.*opened again"):
        door(refusing, "closed", flags_directory=str(tmp_path), prove_timeout_seconds=0.5)
    assert not (tmp_path / "door.closed").exists() and refusing.front().status == 200


def test_a_full_disk_opens_and_does_not_close(own: Proxy) -> None:
    with small_file_system(own.root / "state"):
        own.write(**MAINTENANCE)
        own.start()
        (own.root / "state" / "fence.lock").touch()
        write_stamp(str(own.flags), "blue", Stamp())
        door(own, "closed")
        fill(own.root / "state")
        switching(own, "green", document=recorded()).run()
        assert own.front().headers["x-backend"] == "green"
        (own.flags / "door.open").unlink()
        fill_again = own.root / "state" / "last"
        with contextlib.suppress(OSError):
            fill_again.touch()
        with pytest.raises(FlagsError, match="the door is open"):
            door(own, "closed")
        assert own.front().status == 200
        own.stop()


def test_no_door_is_rendered_where_none_is_asked_for_and_two_names_are_asked_for_where_one_is() -> None:
    assert "door.closed" not in render().site and "X-Release-Door" not in render().site
    front = re.search(r"^# The front door.*?^}", render(**HOLD).site, re.M | re.S)
    assert front
    before_waiting = front[0].partition("@shop_door_1 {")[0]
    assert re.findall(r"-f (\S+)\)", before_waiting) == [
        f"/var/lib/bluegreen/shop/flags/{name}" for name in ("live.green", "door.closed")
    ]


def test_a_site_with_a_door_is_put_and_withdrawn(own: Proxy) -> None:
    own.write()
    own.start()
    siting(own, inputs=HOLD).run()
    door(own, "closed")
    door(own, "opened")
    assert sorted(path.name for path in own.flags.iterdir()) == ["door.open", "live.blue"]
    withdrawing(own).run()
    assert list(own.flags.iterdir()) == []


def test_asking_says_how_the_door_is(refusing: Proxy) -> None:
    query = switching(refusing, "", state="query")
    query.run()
    assert (query.result["door"], query.result["door_seen"], query.result["door_since"]) == ("open", "open", None)
    closed = door(refusing, "closed")
    query = switching(refusing, "", state="query")
    query.run()
    assert (query.result["door"], query.result["door_seen"]) == ("closed", "closed")
    assert query.result["door_since"] == closed["door_since"]
    assert abs(time.time() - closed["door_since"]) < 10
