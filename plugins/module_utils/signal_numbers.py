# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bounds as people write them, ``500 ms`` or ``0.1 %``, to numbers in a signal's unit, and back into words. Pure."""

from __future__ import annotations

import math
import re
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.signal import (
    COUNT,
    PER_SECOND,
    PERCENT,
    SECONDS,
    SHARE,
)

_WRITTEN = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*")
# By unit, what may stand behind a number, to what one of it is in the unit. A bare number is in the unit itself.
SUFFIXES = {
    SECONDS: {"ms": 0.001, "s": 1.0, "min": 60.0},
    SHARE: {"%": 0.01},
    PERCENT: {"%": 1.0},
    PER_SECOND: {"/s": 1.0},
    COUNT: {},
}
MOST = {SHARE: 1.0, PERCENT: 100.0}


class NumberError(Exception):
    """It is no such number; the text says what was expected."""


def bound(value: Any, unit: str) -> float:
    """The number that is meant, in the unit: 0.5 for ``500 ms`` in seconds, 0.001 for ``0.1 %`` as a share.

    Raises NumberError for what is none, is not finite or negative, has another unit's suffix, or is above all.
    """
    expected = f"a number in {unit}" + "".join(f", or with {suffix}" for suffix in SUFFIXES[unit])
    written = _WRITTEN.fullmatch(str(value)) if isinstance(value, (int, float, str)) else None
    if isinstance(value, bool) or not written or (written[2] and written[2] not in SUFFIXES[unit]):
        raise NumberError(expected)
    factor = SUFFIXES[unit][written[2]] if written[2] else 1.0
    # Dividing, 0.1 % is the same number as 0.001; multiplying, it is another one.
    number = float(written[1]) * factor if factor >= 1 else float(written[1]) / round(1 / factor)
    if not math.isfinite(number) or number < 0:
        raise NumberError(expected)
    if number > MOST.get(unit, math.inf):
        raise NumberError(f"{expected}, at most {words(MOST[unit], unit)}")
    return number


def words(number: float, unit: str) -> str:
    """The number for people, rounded to three digits: ``480 ms``, ``0.2 %``, ``12.5/s``."""
    if not math.isfinite(number):
        return "no number" if math.isnan(number) else "any number"
    if unit == SECONDS:
        return f"{_short(number * 1000)} ms" if abs(number) < 1 else f"{_short(number)} s"
    if unit in (SHARE, PERCENT):
        return f"{_short(number * 100 if unit == SHARE else number)} %"
    return f"{_short(number)}/s" if unit == PER_SECOND else _short(number)


def _short(number: float) -> str:
    """Three digits, and never an exponent in sight."""
    if number == 0:
        return "0"
    digits = max(2 - math.floor(math.log10(abs(number))), 0)
    text = f"{number:.{min(digits, 9)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
