# SPDX-License-Identifier: GPL-3.0-or-later
"""What an access log says of each slot, and that the fast way through it says what JSON says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.signal_log import Lines, Wanted, epoch_of
from hypothesis import given, settings
from hypothesis import strategies as st


def line(**more: Any) -> bytes:
    """A line as nginx writes it with this collection's log_format."""
    told = {
        "time": "2026-01-31T23:59:59+00:00", "epoch": 1769903999.123, "request_id": "abc", "client": "192.0.2.1",
        "host": "shop.test", "method": "GET", "path": "/api/projects", "status": 200, "bytes": 12, "seconds": "0.004",
        "slot": "blue", "upstream": "192.0.2.7:8001", "upstream_status": "200", "upstream_seconds": "0.003", **more,
    }  # fmt: skip
    bare = ("epoch", "status", "bytes", "seconds")
    fields = (f'"{name}":{value if name in bare else json.dumps(value)}' for name, value in told.items())
    return ("{" + ",".join(fields) + "}\n").encode()


EVERYTHING = Wanted()


def read(data: bytes, wanted: Wanted = EVERYTHING) -> tuple[dict[str, Any], int]:
    lines = Lines(wanted)
    lines.add(data)
    return lines.result(), lines.malformed


def one(**more: Any) -> dict[str, Any]:
    """The counts of the only slot of one line."""
    found, malformed = read(line(**more))
    assert malformed == 0
    (slot,) = found[""].values()
    assert isinstance(slot, dict)
    return slot


def test_requests_are_counted_by_slot_in_whole_milliseconds() -> None:
    data = line() * 3 + line(slot="green", seconds="1.500") + line(seconds="0.000")
    found, malformed = read(data)
    assert malformed == 0
    assert found == {
        "": {
            "blue": {"requests": 4, "failed": 0, "retried": 0, "abandoned": 0, "milliseconds": {4: 3, 0: 1}},
            "green": {"requests": 1, "failed": 0, "retried": 0, "abandoned": 0, "milliseconds": {1500: 1}},
        }
    }


@pytest.mark.parametrize(
    ("status", "upstream_status", "failed", "retried", "abandoned"),
    [
        (200, "200", 0, 0, 0),
        (404, "404", 0, 0, 0),
        (499, "-", 0, 0, 1),
        (500, "500", 1, 0, 0),
        (500, "", 1, 0, 0),
        (200, "500", 1, 0, 0),
        (502, "502", 1, 0, 0),
        (503, "", 1, 0, 0),
        (504, "504", 1, 0, 0),
        (200, "502, 200", 0, 1, 0),
        (504, "502, 504", 1, 1, 0),
        (200, "502", 1, 0, 0),  # an error page in the application's stead
        (200, "504 : 200", 0, 1, 0),
        (499, "502, -", 0, 1, 1),
    ],
)
def test_what_has_failed(status: int, upstream_status: str, failed: int, retried: int, abandoned: int) -> None:
    found = one(status=status, upstream_status=upstream_status)
    assert (found["failed"], found["retried"], found["abandoned"]) == (failed, retried, abandoned)


@pytest.mark.parametrize(
    ("seconds", "told"), [("0.003", 3), ("0.500, 0.200", 700), ("-", 4), ("", 4), ("0.100, -", 100), ("0.1 : 0.2", 300)]
)
def test_the_applications_time_is_that_of_all_tries_or_the_requests(seconds: str, told: int) -> None:
    found, malformed = read(line(upstream_seconds=seconds), Wanted(seconds_of="upstream"))
    assert malformed == 0 and found[""]["blue"]["milliseconds"] == {told: 1}


def test_paths_are_told_apart_by_prefix_and_count_for_each_that_fits() -> None:
    wanted = Wanted(("", "/api/", "/api/ai"))
    data = line(path="/") + line(path="/api/x") + line(path="/api/ai/generate") + line(path='/api/ai"quoted')
    found, malformed = read(data, wanted)
    assert malformed == 0
    assert {name: slots["blue"]["requests"] for name, slots in found.items()} == {"": 4, "/api/": 3, "/api/ai": 2}


def test_only_what_is_asked_for_is_counted() -> None:
    found, _ = read(line(path="/other") + line(path="/api/x"), Wanted(("/api/",)))
    assert found == {"/api/": {"blue": found["/api/"]["blue"]}} and found["/api/"]["blue"]["requests"] == 1


def test_what_is_no_users_request_is_left_out() -> None:
    wanted = Wanted(("", "/api/"), without_clients=["127.0.0.1", "::1"], without_hosts=["next.shop.test"])
    lines = Lines(wanted)
    for told in ({}, {"client": "127.0.0.11"}, {"client": "x127.0.0.1"}, {"host": "a.next.shop.test"}, {"host": 'a"b'}):
        lines.add(line(**told))
    for told in ({"client": "127.0.0.1"}, {"client": "::1"}, {"host": "next.shop.test"}):
        lines.add(line(**told))
        lines.add(json.dumps(dict(reversed(json.loads(line(**told)).items()))).encode() + b"\n")
    found = lines.result()
    assert {path: slots["blue"]["requests"] for path, slots in found.items()} == {"": 5, "/api/": 5}
    assert (lines.left_out, lines.malformed) == (6, 0)


def test_a_value_that_looks_like_a_field_is_none() -> None:
    path = '/","status":500,"bytes":1,"seconds":9.000,"slot":"green","upstream":"x","upstream_status":"500"'
    found, malformed = read(line(path=path))
    assert malformed == 0 and list(found[""]) == ["blue"] and found[""]["blue"]["failed"] == 0


def test_two_records_in_one_line_do_not_hide_one_that_is_none() -> None:
    torn = line().rstrip(b"\n") + line() + b"nothing\n"
    _, malformed = read(torn)
    assert malformed == 1


@pytest.mark.parametrize(
    "broken",
    [
        b"not JSON\n", b"{}\n", b"[]\n", b'"status"\n', b"\xff\xfe\n", b'{"path":1}\n', line()[:-20] + b"\n" + b"}\n",
        line(seconds="nan"), line(seconds="-1.0"), line(seconds="1e400"), line(status="Infinity"),
        line(seconds="99999999.0"), line(status="9" * 5000), b"[" * 5000 + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_line_is_counted_and_hides_no_other(broken: bytes) -> None:
    found, malformed = read(line() + broken + line())
    assert malformed >= 1 or broken.startswith(b'{"time"')
    assert found[""]["blue"]["requests"] >= 2


TEXTS = st.text(max_size=12)


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(
        st.fixed_dictionaries(
            {
                "path": TEXTS, "status": st.integers(100, 599), "seconds": st.integers(0, 99999), "slot": TEXTS,
                "upstream": TEXTS, "client": TEXTS,
                "host": TEXTS | st.just("shop.test"),
                "upstream_status": st.sampled_from(["200", "502, 200", "-", "", "500 : 502"]),
                "upstream_seconds": st.sampled_from(["0.001", "-", "", "0.5, 0.25"]),
            }
        ),
        max_size=20,
    ),
    seconds_of=st.sampled_from(["request", "upstream"]),
    prefixes=st.lists(st.text(max_size=2), min_size=1, max_size=3, unique=True),
    without=st.lists(TEXTS.filter(bool) | st.sampled_from(["192.0.2.1", "shop.test"]), max_size=2),
)  # fmt: skip
def test_the_pattern_says_what_json_says(
    lines: list[dict[str, Any]], seconds_of: str, prefixes: list[str], without: list[str]
) -> None:
    data = b"".join(line(**{**told, "seconds": f"{told['seconds'] / 1000:.3f}"}) for told in lines)
    wanted = Wanted(prefixes, seconds_of, without, without)
    # Another order of the fields is one that the pattern does not know.
    other = b"".join(json.dumps(dict(reversed(json.loads(one).items()))).encode() + b"\n" for one in data.splitlines())
    assert read(data, wanted) == read(other, wanted)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_are_too_bad(noise: bytes, at: int) -> None:
    data = line() * 2
    read(data[:at] + noise + data[at:] + b"\n")


def test_when_a_request_ended() -> None:
    assert epoch_of(line()) == 1769903999.123
    assert epoch_of(b"nothing") is None
