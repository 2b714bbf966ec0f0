# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From which states users may be moved."""

from __future__ import annotations

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_probe import Probe, probe
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_switching import refusal


@pytest.mark.parametrize(
    ("file", "live", "message"),
    [
        ("blue", "blue", ""),
        ("green", "green", ""),
        ("blue", "unreachable", ""),
        ("blue", "green", "reads another directory"),
        ("green", "blue", "reads another directory"),
        ("blue", "unknown", "cannot tell"),
        ("none", "unknown", "found neither"),
        ("none", "unreachable", "nginx_switchover_initial_slot"),
        ("unknown", "blue", "exactly one readable flag"),
        ("unknown", "unreachable", "exactly one readable flag"),
    ],
)
def test_refusal(file: str, live: str, message: str) -> None:
    reason = refusal(file, Probe(live, "0f", ""), "/flags")
    assert (reason == "") is (message == "")
    assert message in reason


def test_probe_that_nobody_answers_is_unreachable() -> None:
    found = probe("http://127.0.0.1:1/.bluegreen/slot", {}, 1)
    assert (found.live, found.generation) == ("unreachable", "")
    assert "no answer from 127.0.0.1:1" in found.reason
