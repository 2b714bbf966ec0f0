# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that a host knows when users are to go back: what the module rollback_look does."""

from __future__ import annotations

from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import state_directory
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_switching import Switch


def look(params: dict[str, Any]) -> dict[str, Any]:
    """Everything asked for. Raises ValueError for the URL of a slot that is none."""
    # No fact: Ansible copies all facts of a host with each of its tasks, and records are long.
    found: dict[str, Any] = {"record": state_directory.view(params["state_directory"], params["limit"])}
    if params["proxy"].get("flags_directory"):
        switch = Switch(params["proxy"], check_mode=True)
        switch.query()
        found["proxy"] = switch.result
    found["slots"] = _health(params) if params["slots"] else {}
    return found


def _health(params: dict[str, Any]) -> dict[str, Any]:
    """The health of each slot. Raises ValueError for the URL of one that is none."""
    # Only application hosts are asked for it, and importing it takes longer than all else that a proxy does here.
    from ansible_collections.bluegreen.release.plugins.module_utils import slot_health

    asks = {
        slot: slot_health.asking(
            url, params["steps"], params["version_header"], params["secrets"], params["validate_certs"]
        )
        for slot, url in params["slots"].items()
    }
    return slot_health.ask_all(asks)


def act(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Look; the result of the module, with ``failed`` where it cannot be asked."""
    try:
        return {"changed": False, **look(params)}
    except ValueError as error:
        return {"failed": True, "msg": str(error)}
