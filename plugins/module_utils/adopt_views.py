# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an adoption was asked for and what it saw of each host. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Look


@dataclass(frozen=True)
class Wanted:
    """The adoption that is asked for.

    project, service: what runs now. services: of a slot, singletons among them. projects, ports: by slot.
    mode: site or include. site_files: the files that nginx_switchover writes for it: the site, or the file of the http
    level and that of the server. listens: ports on which our site will listen. files: path on the proxies to new
    content, empty for a file that goes away. addresses: application host to the names by which a proxy may know it.
    unreached: what the compose file lets a slot depend on and a slot cannot reach, in words. limits: of a container.
    """

    application: str
    lb_hosts: Sequence[str]
    app_hosts: Sequence[str]
    project: str
    service: str
    services: Sequence[str]
    names: Sequence[str]
    image: str = ""
    version: str = ""
    undo: bool = False
    singletons: Sequence[str] = ()
    singleton_host: str = ""
    shared: Sequence[str] = ()
    shared_project: str = ""
    projects: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    container_port: int = 8000
    environment: Sequence[str] = ()
    mode: str = "site"
    site_files: Sequence[str] = ()
    listens: Sequence[int] = (80,)
    files: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unreached: Sequence[str] = ()
    limits: Mapping[str, str] = field(default_factory=dict)


class View(Look):
    """What was seen of one host before an adoption."""

    def containers(self, project: str, services: Sequence[str] = ()) -> list[Mapping[str, Any]]:
        """Give the containers of a project, of these services only when there are any."""
        found = (self.probe or {}).get("containers") or []
        return [one for one in found if one["project"] == project and (not services or one["service"] in services)]


Views = Mapping[str, View]
