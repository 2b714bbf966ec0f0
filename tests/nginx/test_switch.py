# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users move by one rename: none is lost, nothing delays it, nothing silently undoes it."""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import record
from ansible_collections.bluegreen.release.plugins.module_utils.fence import StaleEpoch
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import (
    FlagsError,
    Stamp,
    read_stamp,
    write_stamp,
)

from tests.nginx.conftest import HOSTILE
from tests.nginx.proxy import Proxy, backend, until
from tests.nginx.runs import switching


@pytest.fixture
def live(own: Proxy) -> Proxy:
    """A running proxy on blue, of this test alone."""
    own.write()
    own.start()
    return own


def test_no_request_fails_while_switching_under_full_load(live: Proxy) -> None:
    program = Path(__file__).with_name("load.py")
    load = subprocess.Popen([sys.executable, str(program), str(live.port), "4", "32", "20000"], stdout=subprocess.PIPE)
    for turn in range(10):
        switching(live, ("green", "blue")[turn % 2], prove_seconds=0.05).run()
        time.sleep(0.15)
    output, _ = load.communicate(timeout=20)
    seen = json.loads(output)
    assert seen["failed"] == 0, seen
    assert min(seen["blue"], seen["green"]) > 50, seen


def test_switch_moves_users_and_preview_and_says_so(live: Proxy) -> None:
    assert live.preview().headers["x-release-slot"] == "green"
    switch = switching(live, "green")
    switch.run()
    assert switch.result["changed"] and switch.result["proof"]["proved"]
    assert switch.result["proof"]["requests"] == switch.result["proof"]["wanted"] > 5
    assert switch.result["proof"]["last_other_seconds"] is None
    assert (live.front().headers["x-release-slot"], live.front().headers["x-backend"]) == ("green", "green")
    assert live.preview().headers["x-release-slot"] == "blue"
    assert live.probe() == "green"


def test_back_is_the_same_run_with_the_other_slot(live: Proxy) -> None:
    for slot in ("green", "blue"):
        switching(live, slot).run()
        assert live.front().headers["x-backend"] == slot
    again = switching(live, "blue")
    again.run()
    assert not again.result["changed"] and again.result["proof"]["proved"]


def test_check_mode_moves_nothing(live: Proxy) -> None:
    switch = switching(live, "green", check_mode=True)
    switch.run()
    assert switch.result["changed"] and live.probe() == "blue"
    assert switch.result["diff"]["after"].endswith("live.green\n")


def test_agreed_instant(live: Proxy) -> None:
    instant = time.time() + 0.4
    switch = switching(live, "green", at=instant)
    switch.run()
    assert 0 <= switch.result["renamed_at"] - instant < 0.2
    with pytest.raises(FlagsError, match="clocks"):
        switching(live, "blue", at=time.time() + 3600).run()


def test_stale_epoch_is_refused(live: Proxy) -> None:
    switching(live, "green", epoch=5).run()
    with pytest.raises(StaleEpoch):
        switching(live, "blue", epoch=4).run()
    assert live.probe() == "green"


def test_unproved_switch_fails_and_tells_the_truth(live: Proxy) -> None:
    switch = switching(live, "green", front_headers={"Host": "green.shop.test"}, prove_timeout_seconds=0.5)
    with pytest.raises(FlagsError, match="slot blue to go back"):
        switch.run()
    assert switch.result["changed"] and switch.result["file"] == "green"


def test_dead_slot_is_not_proved(own: Proxy) -> None:
    own.green = 1
    own.write()
    own.start()
    with pytest.raises(FlagsError, match="502"):
        switching(own, "green").run()


def test_inherited_open_file_cache_does_not_delay_the_switch(own: Proxy) -> None:
    own.write(http=HOSTILE)
    own.start()
    for slot in ("green", "blue", "green"):
        for _ in range(20):
            own.front()
        own.point_at(slot)
        assert {own.front().headers["x-release-slot"] for _ in range(20)} == {slot}
        assert {own.probe() for _ in range(20)} == {slot}
        assert {own.preview().headers["x-release-slot"] for _ in range(20)}.isdisjoint({slot})


def test_unreadable_flags_are_unknown_and_refused(live: Proxy) -> None:
    live.point_at("green")
    live.flags.chmod(0)
    assert live.probe() == "unknown"
    switch = switching(live, "blue")
    with pytest.raises(FlagsError, match=r"cannot tell|unreadable"):
        switch.run()
    assert not switch.result["changed"]
    live.flags.chmod(0o755)
    assert live.probe() == "green"


def test_both_flags_or_none_are_unknown_and_refused(live: Proxy) -> None:
    (live.flags / "live.green").touch()
    assert live.probe() == "unknown"
    with pytest.raises(FlagsError, match="exactly one"):
        switching(live, "green").run()
    for flag in live.flags.iterdir():
        flag.unlink()
    assert live.probe() == "unknown"
    with pytest.raises(FlagsError, match="found neither"):
        switching(live, "green").run()


def test_another_directory_than_the_workers_read_is_refused(live: Proxy, tmp_path: Path) -> None:
    (tmp_path / "live.green").touch()
    switch = switching(live, "blue", flags_directory=str(tmp_path))
    with pytest.raises(FlagsError, match="reads another directory"):
        switch.run()
    assert not switch.result["changed"]


def test_query_reads_and_changes_nothing(live: Proxy) -> None:
    switch = switching(live, "green", state="query")
    switch.run()
    found = switch.result
    assert (found["file"], found["probe"], found["agree"], found["changed"]) == ("blue", "blue", True, False)
    assert found["generation"] == live.rendered().generation
    live.stop()
    switch = switching(live, "green", state="query")
    switch.run()
    assert (switch.result["probe"], switch.result["agree"]) == ("unreachable", False)
    assert sorted(os.listdir(live.flags)) == ["live.blue"]


@contextlib.contextmanager
def small_file_system(directory: Path) -> Iterator[None]:
    """A file system of 64 KiB and 32 files on *directory*."""
    directory.mkdir(parents=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=32,mode=0755", "tmpfs", str(directory)], check=True
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(directory: Path) -> None:
    """Write until neither a byte nor an empty file goes in any more."""
    with contextlib.suppress(OSError), open(directory / "ballast", "wb", buffering=0) as ballast:
        while True:
            ballast.write(b"x" * 4096)
    with pytest.raises(OSError) as refused:
        for number in range(100):
            (directory / f"empty{number}").touch()
    assert refused.value.errno == errno.ENOSPC


def recorded(epoch: int = 0) -> dict[str, Any]:
    """A record as going back stores it on the way."""
    plan = {"version": "2.0", "image": "i", "digest": "d", "live": "blue", "candidate": "green"}
    release = {"release_id": "20260101T000000Z-2.0-0000", "application": "shop", "environment": "x", "mode": "run"}
    return record.new_document(plan, release, epoch, {"at": "2026-01-01T00:00:00Z", "actor": "a", "run": "r"})


def test_a_record_is_stored_before_the_rename_and_counts_as_a_change(live: Proxy) -> None:
    document = recorded()
    switch = switching(live, "green", document=document)
    switch.run()
    path = live.root / "state" / "records" / f"{document['release_id']}.json"
    assert json.loads(path.read_text()) == document
    assert switch.result["stored"] == {"done": True, "release_id": document["release_id"], "sequence": 1}
    assert path.stat().st_mtime <= switch.result["renamed_at"]
    again = switching(live, "green", document=document)
    again.run()
    assert not again.result["changed"], "the same record, and the same slot"
    later = switching(live, "green", document=record.amend(document, {}, 0))
    later.run()
    assert (later.result["changed"], later.result["renamed_at"]) == (True, None)


def spooled(proxy: Proxy) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((proxy.root / "state" / "spool").glob("*.json"))]


def test_word_is_left_of_users_that_are_back_and_of_those_that_are_not_proved_to_be(live: Proxy) -> None:
    switching(live, "green", document=recorded()).run()
    (event,) = spooled(live)
    assert (event["event"], event["slot"], event["proved"], event["actor"]) == ("users_back", "green", True, "a")
    assert event["release_id"] == recorded()["release_id"] and event["problem"] == ""
    later = record.amend(recorded(), {}, 0)
    asked = {"Host": "shop.test", "X-Nobody": "1"}
    with pytest.raises(FlagsError, match="expected every answer"):
        switching(live, "blue", document=later, front_headers=asked, slot_header="X-Nobody").run()
    assert [(event["proved"], event["slot"]) for event in spooled(live)] == [(True, "green"), (False, "blue")]
    assert "expected every answer" in spooled(live)[1]["problem"]


def test_word_that_cannot_be_left_stops_nothing(live: Proxy) -> None:
    (live.root / "state" / "spool").write_text("not a directory")
    switch = switching(live, "green", document=recorded())
    switch.run()
    assert live.front().headers["x-backend"] == "green"
    assert "word of it could not be left" in switch.warnings[0]


def test_a_record_of_a_stale_epoch_moves_nobody(live: Proxy) -> None:
    (live.root / "state" / "epoch").write_text("7")
    with pytest.raises(StaleEpoch):
        switching(live, "green", document=recorded()).run()
    assert live.front().headers["x-backend"] == "blue"


def test_full_disk_switches_in_both_directions(own: Proxy) -> None:
    with small_file_system(own.root / "state"):
        own.write()
        own.start()
        (own.root / "state" / "fence.lock").touch()
        write_stamp(str(own.flags), "blue", Stamp())  # as the first flag is made
        fill(own.root / "state")
        for slot in ("green", "blue"):
            switch = switching(own, slot, document=recorded())
            switch.run()
            assert own.front().headers["x-backend"] == slot
            assert "No space left on device" in switch.result["stored"]["msg"]
            # The stamp is that of the record that could not be stored: proxies that were away follow it all the same.
            assert read_stamp(str(own.flags), slot).sequence == 1
        own.stop()


def test_probing_a_booting_candidate_does_not_harm_after_the_switch(own: Proxy) -> None:
    with contextlib.ExitStack() as boot:
        own.write(
            nginx_switchover_instances=[{"host": "a", "address": "127.0.0.2"}, {"host": "b", "address": "127.0.0.3"}]
        )
        for address in ("127.0.0.2", "127.0.0.3"):
            boot.enter_context(backend("blue", own.blue, address))
        own.start()
        assert {own.preview().status for _ in range(40)} == {502}
        for address in ("127.0.0.2", "127.0.0.3"):
            boot.enter_context(backend("green", own.green, address))
        own.point_at("green")
        assert [own.front().status for _ in range(60)] == [200] * 60


def test_dead_instance_costs_no_request(own: Proxy) -> None:
    own.write(nginx_switchover_instances=[{"host": "a", "address": "127.0.0.1"}, {"host": "b", "address": "127.0.0.3"}])
    own.start()
    until(lambda: own.probe() == "blue")
    assert [own.front().status for _ in range(40)] == [200] * 40


@pytest.mark.parametrize(("method", "tries"), [("POST", 1), ("PATCH", 1), ("GET", 2)])
def test_only_idempotent_requests_are_tried_again(own: Proxy, method: str, tries: int) -> None:
    own.write(
        http=HOSTILE,
        nginx_switchover_instances=[{"host": "a", "address": "127.0.0.2"}, {"host": "b", "address": "127.0.0.3"}],
    )
    with backend("blue", own.blue, "127.0.0.2"), backend("blue", own.blue, "127.0.0.3"):
        own.start()
        connection = http.client.HTTPConnection("127.0.0.1", own.port, timeout=5)
        connection.request(method, "/die", headers={"Host": "shop.test"})
        assert connection.getresponse().status == 502
        connection.close()
    until((own.root / "access.log").read_text)
    entry = json.loads((own.root / "access.log").read_text().splitlines()[-1])
    assert len(entry["upstream"].split(", ")) == tries
