# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a number of observations proves of a share: exact, so that three requests prove no more than three can. Pure.

The interval is that of Clopper and Pearson (Biometrika 26, 1934), whose ends are found by the binomial distribution
itself. Wilson's is narrower, but for few observations it claims too much: one failure in three would prove a share
above 5 %, which in truth gives one or more of three in 14 % of all cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable

_TINY = 1e-300
_PRECISE = 1e-14


def at_least(bad: int, count: int, share: float) -> float:
    """The probability of *bad* or more out of *count*, where each is bad with probability *share*."""
    if bad <= 0:
        return 1.0
    if bad > count or share <= 0:
        return 0.0
    return 1.0 if share >= 1 else _beta(bad, count - bad + 1, share)


def at_most(bad: int, count: int, share: float) -> float:
    """The probability of *bad* or fewer. Found by those that are not bad: a small number keeps its digits."""
    return at_least(count - bad, count, 1 - share)


def least_share(bad: int, count: int, doubt: float) -> float:
    """The lower end: with a smaller share, *bad* or more would be seen less often than *doubt*. 0 for none."""
    return _root(lambda share: at_least(bad, count, share) < doubt) if bad > 0 else 0.0


def most_share(bad: int, count: int, doubt: float) -> float:
    """The upper end: with a greater share, *bad* or fewer would be seen less often than *doubt*. 1 for none."""
    return 1 - _root(lambda share: at_least(count - bad, count, share) < doubt) if bad < count else 1.0


def fewest_above(count: int, share: float, doubt: float) -> int:
    """The fewest bad ones that prove more than *share* of them; count + 1 where all would not."""
    return _first(count + 1, lambda bad: at_least(bad, count, share) < doubt)


def most_below(count: int, share: float, doubt: float) -> int:
    """The most bad ones that prove less than *share* of them; -1 where none at all would not."""
    return _first(count + 1, lambda bad: at_most(bad, count, share) >= doubt) - 1


def _first(size: int, holds: Callable[[int], bool]) -> int:
    """The first of 0 to size - 1 for which it holds, as it does for all behind it; size when there is none."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _root(below: Callable[[float], bool]) -> float:
    """Where between 0 and 1 it stops to hold. The lower side, so that an end never claims more than is proved."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if below(middle):
            low = middle
        else:
            high = middle
    return low


def _beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function I_x(a, b) (DLMF 8.17): by its continued fraction, 8.17.22."""
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    if x < (a + 1) / (a + b + 2):
        return min(front * _fraction(a, b, x) / a, 1.0)
    return max(1 - front * _fraction(b, a, 1 - x) / b, 0.0)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction, evaluated forwards as Lentz does (Applied Optics 15, 1976). Needs O(sqrt(max(a, b)))."""
    c, d = 1.0, 1 / _apart(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _apart(1 + step * d)
            c = _apart(1 + step / c)
            result *= c * d
        if abs(c * d - 1) < _PRECISE:
            break
    return result


def _apart(value: float) -> float:
    """The value, but never zero: it is divided by."""
    return value if abs(value) > _TINY else _TINY
