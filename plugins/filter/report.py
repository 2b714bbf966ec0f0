# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The functions of module_utils/report.py and rollback_decision.py as filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import (
    report,
    rollback_decision,
    singleton,
    singleton_back,
)


class FilterModule:
    """Filters that turn the record and the hosts' facts into decisions and into what a run says at its end."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "failure_of": report.failure_of,
            "speaker_of": report.speaker_of,
            "undo_of": report.undo_of,
            "rollback_present": report.present_of,
            "rollback_facts": report.facts_of,
            "rollback_told": report.told_of,
            "rollback_singletons": singleton_back.plan,
            "singleton_unstopped": singleton.unstopped,
            "release_report": report.release_report,
            "rollback_report": report.rollback_report,
            "rollback_decision": rollback_decision.decide,
        }
