# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as Ansible sees it: a dynamic inventory's JSON, which inventories/lab/hosts.py prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.containers import front_port
from lab.keys import known_hosts, user_key
from lab.profiles import INSTALLED
from lab.registry import PRIVATE_REGISTRY, REGISTRY, REGISTRY_USER
from lab.settings import Settings
from lab.shape import Host

_GROUPS = {"lb": "lb", "app": "app", "db": "db", "mon": "monitoring"}


def build_inventory(settings: Settings, hosts: Sequence[Host], secrets: Mapping[str, str]) -> dict[str, object]:
    """Groups lb, app, db and monitoring with the variables of the lab's hosts."""
    shown = [host for host in hosts if host.kind in _GROUPS]
    groups: dict[str, object] = {
        group: {"hosts": [host.name for host in shown if host.kind == kind]} for kind, group in _GROUPS.items()
    }
    groups["all"] = {"vars": _common(settings, hosts, secrets)}
    groups["_meta"] = {"hostvars": {host.name: _own(settings, host) for host in shown}}
    return groups


def _own(settings: Settings, host: Host) -> dict[str, object]:
    own: dict[str, object] = {"ansible_host": host.address}
    if host.kind == "lb":
        own["lab_front_port"] = front_port(settings, host)
        own["lab_front_url"] = f"http://127.0.0.1:{front_port(settings, host)}"
    return own


def _common(settings: Settings, hosts: Sequence[Host], secrets: Mapping[str, str]) -> dict[str, object]:
    address = {host.kind: host.address for host in hosts}
    return {
        **connection(settings),
        "lab_name": settings.name,
        "lab_registry": REGISTRY,
        "lab_registry_private": PRIVATE_REGISTRY,
        "lab_registry_user": REGISTRY_USER,
        "lab_registry_password": secrets["registry_password"],
        "lab_db_address": address["db"],
        "lab_db_name": INSTALLED.name,
        "lab_db_user": INSTALLED.name,
        "lab_db_password": secrets["db_password"],
        "lab_guestbook_db_password": secrets["guestbook_db_password"],
        "lab_guestbook_secret": secrets["guestbook_secret"],
        "lab_redis_address": address["db"],
        "lab_prometheus_url": f"http://{address['mon']}:9090",
        "lab_preview_secret": secrets["preview_secret"],
        "lab_application_secret": secrets["application_secret"],
        "lab_front_urls": [f"http://127.0.0.1:{front_port(settings, host)}" for host in hosts if host.kind == "lb"],
    }


def connection(settings: Settings) -> dict[str, str]:
    """Over SSH as servers are, their keys known beforehand. No templates: not every reader knows them."""
    arguments = {
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(known_hosts(settings)),
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "PreferredAuthentications": "publickey",
    }
    return {
        "ansible_user": "deploy",
        "ansible_ssh_private_key_file": str(user_key(settings)),
        "ansible_ssh_common_args": " ".join(f"-o {name}={value}" for name, value in arguments.items()),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
