# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the services that must run once are running, as the application hosts show their slots. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# All others may act, or will again by themselves.
_AT_REST = ("exited", "created", "dead")
Places = Mapping[str, Sequence[Mapping[str, str]]]


def places(
    views: Mapping[str, Mapping[str, Any]], app_hosts: Sequence[str], services: Sequence[str]
) -> dict[str, list[dict[str, str]]]:
    """For each service where it is not at rest: ``host`` and ``slot``."""
    found: dict[str, list[dict[str, str]]] = {name: [] for name in services}
    for host in app_hosts:
        for slot, view in ((views.get(host, {}).get("probe") or {}).get("slots") or {}).items():
            for one in view.get("containers", []):
                if one.get("service") in found and one.get("state") not in _AT_REST:
                    found[one["service"]].append({"host": host, "slot": slot})
    return found


def problems(found: Places, live: str | None, host: str) -> list[str]:
    """What is not as it must be; *live* is the slot that users are on, None when the proxies disagree."""
    told_of = []
    for name, where in found.items():
        if len(where) > 1:
            told_of.append(
                f"expected {name} to run once, found it running {len(where)} times at once, in {told(where)}. Stop all "
                f"but the one in {live or 'the live slot'} on {host} (docker stop)."
            )
        elif live and [dict(one) for one in where] != [{"host": host, "slot": live}]:
            told_of.append(f"expected {name} to run in {live} on {host}, found it in {told(where)}.")
    return told_of


def stray(document: Mapping[str, Any] | None, found: Places, live: str | None) -> list[str]:
    """What ran once in a version of the last release, is not listed any more, and still acts in a slot without users.

    In the live slot a service of that name is an ordinary one.
    """
    return [
        f"expected {name}, which ran once in a version of {document['release_id']}, to be stopped where no users are, "
        f"found it in {told(away)}. Stop it there (docker stop)."
        for name, where in found.items()
        if document and live and (away := [one for one in where if one["slot"] != live])
    ]


def unlisted(document: Mapping[str, Any] | None, services: Sequence[str]) -> list[str]:
    """What ran once in a version of a release, and is not among *services*."""
    sides = [((document or {}).get(side) or {}).get("singletons") for side in ("configuration", "from_configuration")]
    names = [name for side in sides if side for name in side["services"]]
    return [name for name in dict.fromkeys(names) if name not in services]


def told(where: Sequence[Mapping[str, str]]) -> str:
    """Places in words."""
    return ", ".join(f"{one['slot']} on {one['host']}" for one in where) or "no slot"
