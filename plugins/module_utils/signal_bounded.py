# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A look that ends in time, even where a reader does not keep to its deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ansible_collections.bluegreen.release.plugins.module_utils.signal_reading import Reading

# What a reader that keeps to its deadline needs to come back with what it has.
GRACE_SECONDS = 0.5


class LateError(Exception):
    """A look has not ended in time; the text says which."""


class Bounded:
    """Looks in a thread of its own, and comes back without it where it is late.

    A look that hangs is left behind. As long as it does, no other one begins: two of them would share connections.
    """

    def __init__(self, look: Callable[[float], Sequence[Reading]], grace_seconds: float = GRACE_SECONDS) -> None:
        self._look, self._grace = look, grace_seconds
        self._thread: threading.Thread | None = None

    def __call__(self, seconds: float) -> Sequence[Reading]:
        """The readings. Raises LateError, or what the look raises."""
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(seconds)
            if self._thread.is_alive():
                raise LateError("an earlier look still hangs")
        found: list[Sequence[Reading] | Exception] = []
        self._thread = threading.Thread(target=self._run, args=(seconds, found), daemon=True)
        self._thread.start()
        self._thread.join(seconds + self._grace)
        if not found:
            raise LateError(f"expected an end within {seconds:.1f} s, found none")
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def _run(self, seconds: float, found: list[Sequence[Reading] | Exception]) -> None:
        try:
            found.append(self._look(seconds))
        except Exception as error:  # raised again where it was asked
            found.append(error)
        except BaseException as error:  # an exit of a module ends its thread, never the watch
            found.append(LateError(f"looking ended with {error!r}"))
