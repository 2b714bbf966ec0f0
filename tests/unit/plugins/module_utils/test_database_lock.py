# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The numbers of advisory locks; that they hold is tried on PostgreSQL, in tests/database."""

from __future__ import annotations

from ansible_collections.bluegreen.release.plugins.module_utils.database_lock import lock_key


def test_every_work_has_a_lock_of_its_own() -> None:
    keys = {lock_key(f"{work} of {name}") for work in ("migration", "backup") for name in ("shop", "guestbook")}
    assert len(keys) == 4 and all(-(2**63) <= key < 2**63 for key in keys)
