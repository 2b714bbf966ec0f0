# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this process goes on serving; gunicorn.conf.py puts the worker's own answer here."""

from collections.abc import Callable


def _always() -> bool:
    return True


goes_on: Callable[[], bool] = _always
