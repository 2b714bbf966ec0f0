# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proof: a window of nothing but the wanted, by the clock, within a bound."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import AskError, Proof, ask, prove


class Clock:
    """Time that passes only by sleeping and looking."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def proving(answers: Iterator[str], window: float, timeout: float, look_seconds: float = 0.095) -> Proof:
    """Prove 'new' with one look each 0.1 s."""
    clock = Clock()

    def look(timeout_seconds: float) -> str:
        assert 0 < timeout_seconds <= 2.0
        clock.sleep(look_seconds)
        return next(answers)

    return prove(look, "new", window, timeout, clock, clock.sleep)


def repeat(*texts: str) -> Iterator[str]:
    """The texts, then the last one for ever."""
    yield from texts
    while True:
        yield texts[-1]


def test_proved_after_the_window() -> None:
    proof = proving(repeat("new"), 0.5, 5)
    assert proof.proved and proof.requests == proof.wanted == 5
    assert (proof.first, proof.last, proof.last_other_seconds) == ("new", "new", None)
    assert 0.5 <= proof.seconds < 0.7


def test_one_old_answer_begins_the_window_anew() -> None:
    proof = proving(repeat("new", "new", "new", "old", "new"), 0.4, 5)
    assert proof.proved and proof.requests == 8
    assert (proof.first, proof.last_other, proof.found) == ("new", "old", {"new": 7, "old": 1})
    assert proof.last_other_seconds == pytest.approx(0.44)


def test_given_up_at_the_timeout() -> None:
    proof = proving(repeat("old"), 0.3, 1.0)
    assert not proof.proved and proof.seconds < 1.15
    assert proof.as_result()["found"] == {"old": proof.requests}


def test_alternating_answers_never_prove() -> None:
    proof = proving((("new", "old")[turn % 2] for turn in range(1000)), 0.3, 2.0)
    assert not proof.proved


def test_a_slow_look_does_not_stretch_the_timeout() -> None:
    assert proving(repeat("old"), 0.3, 1.0, look_seconds=0.6).requests == 2


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1", "http:///path"])
def test_ask_refuses_other_urls(url: str) -> None:
    with pytest.raises(AskError, match="expected a URL like"):
        ask(url, {}, 1)


def test_ask_says_that_nobody_answers() -> None:
    with pytest.raises(AskError, match=r"no answer from 127\.0\.0\.1:1: .*refused"):
        ask("http://127.0.0.1:1/", {}, 1)
