# SPDX-License-Identifier: GPL-3.0-or-later
"""The gauges of the last seconds."""

from __future__ import annotations

from samokoder.window import Window


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_happened() -> None:
    window = Window()
    assert (window.p95(), window.failed_ratio(), window.per_second()) == (0.0, 0.0, 0.0)


def test_p95_is_the_95th_of_a_hundred() -> None:
    window = Window()
    for number in range(100, 0, -1):
        window.add(float(number))
    assert window.p95() == 95.0


def test_p95_of_one_is_that_one() -> None:
    window = Window()
    window.add(7.0)
    assert window.p95() == 7.0


def test_old_samples_are_forgotten() -> None:
    clock = Clock()
    window = Window(seconds=30, clock=clock)
    window.add(9.0, failed=True)
    clock.now += 20
    window.add(1.0)
    assert window.failed_ratio() == 0.5
    clock.now += 11
    assert window.failed_ratio() == 0.0
    assert window.p95() == 1.0


def test_rate_of_a_young_window_is_over_its_own_age() -> None:
    clock = Clock()
    window = Window(seconds=30, clock=clock)
    clock.now += 2
    for _ in range(10):
        window.add(0.1)
    assert window.per_second() == 5.0
    clock.now += 28
    assert window.per_second() == 10 / 30


def test_memory_is_bounded() -> None:
    window = Window(most=10)
    for _ in range(50):
        window.add(1.0)
    assert window.per_second() <= 10
