# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What going back reached and what a run says at its end, of module_utils, as filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import (
    report,
    rollback_outcome,
    singleton,
    singleton_back,
)


class FilterModule:
    """Filters that turn the record and the hosts' facts into decisions and into what a run says at its end."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "failure_of": rollback_outcome.failure_of,
            "speaker_of": rollback_outcome.speaker_of,
            "undo_of": rollback_outcome.undo_of,
            "rollback_present": rollback_outcome.present_of,
            "rollback_facts": rollback_outcome.facts_of,
            "rollback_schema_back": rollback_outcome.schema_back,
            "rollback_told": rollback_outcome.told_of,
            "rollback_singletons": singleton_back.plan,
            "singleton_left": singleton_back.left,
            "singleton_unstopped": singleton.unstopped,
            "release_report": report.release_report,
            "rollback_report": report.rollback_report,
        }
