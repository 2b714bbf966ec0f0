# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's site is compared with, and the readers of wrk and strace."""

from __future__ import annotations

import pytest

from lab.bench.sites import requests_of, stats_of, without_routing
from lab.errors import LabError
from tests.nginx.render import render

WRK = """Running 4s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  118321 requests in 4.00s, 27.08MB read
Requests/sec:  29575.44
"""
STRACE = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 46.59    0.001331           2       500       500 newfstatat
 20.00    0.000500           1       499           epoll_wait
 12.00    0.000300           1        12           statx
------ ----------- ----------- --------- --------- ----------------
100.00    0.002857           1      1011       500 total
"""


def test_the_fixed_site_is_the_roles_own_without_its_routing() -> None:
    site = render().site
    fixed = without_routing(site, "blue")
    removed = [line.strip() for line in site.splitlines() if line not in fixed.splitlines()]
    added = [line.strip() for line in fixed.splitlines() if line not in site.splitlines()]
    assert len(removed) == 3 and added == ["proxy_pass http://shop-blue;"]
    assert removed[0].startswith("set $") and removed[1].startswith("if (-f /") and removed[2].startswith("proxy_pass")


def test_a_site_that_routes_otherwise_is_refused() -> None:
    site = render().site
    with pytest.raises(LabError, match="0 if"):
        without_routing(site.replace("if (-f", "if (!-f"), "blue")


def test_wrk_with_any_failed_request_counts_for_nothing() -> None:
    assert requests_of(WRK) == 118321
    for trouble in ("  Socket errors: connect 0, read 3, write 0, timeout 0\n", "  Non-2xx or 3xx responses: 4\n"):
        with pytest.raises(LabError, match=trouble.strip()):
            requests_of(WRK + trouble)
    with pytest.raises(LabError):
        requests_of("unable to connect to 127.0.0.1:1 Connection refused")


def test_stat_calls_are_counted_whether_they_failed_or_not() -> None:
    assert stats_of(STRACE) == 512


def test_a_tracer_that_was_not_allowed_is_not_a_count_of_none() -> None:
    with pytest.raises(LabError, match="summary of strace"):
        stats_of("strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted")
    with pytest.raises(LabError):
        stats_of("")
