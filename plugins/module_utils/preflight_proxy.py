# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge a proxy by itself: does nginx run, may it see the flags, does its configuration leave us our place. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_container import (
    Needs,
    container_problems,
    unanswered,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Dump
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_nginx import judge_nginx
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Site, View, Wanted

# Types of SELinux's reference policy whose files a web server may look at.
READABLE = {
    "httpd_sys_content_t", "httpd_sys_rw_content_t", "httpd_config_t", "httpd_cache_t", "httpd_var_lib_t",
    "httpd_var_run_t", "public_content_t", "public_content_rw_t",
}  # fmt: skip


def judge_proxy(wanted: Wanted, view: View) -> Iterator[Problem]:
    """Give what is wrong with one proxy."""
    probe = view.probe or {}
    yield from _unresolved(probe)
    seen, site = probe.get("nginx") or {}, wanted.site
    if site is None:
        return
    if seen.get("runs") is False and not site.container:
        remedy = "start it, and look why it does not: systemctl status nginx"
        yield Problem("nginx does not run", "nginx at work, to be told of the site", "no process of nginx", remedy)
    yield from _housed(site, view)
    if view.nginx is not None:
        yield from judge_nginx(site, view.nginx)
    if _probed(view):
        return  # nginx itself said what it sees of the flags.
    if view.container:
        yield from unanswered(view.container, site.preview_addresses)
    yield from _closed(site, seen.get("closed"), view)
    if not site.container:  # A container has labels of its own, where it is confined at all.
        yield from _labelled(site.flags, seen.get("selinux"))


def unhoused(view: View) -> bool:
    """Whether the container that nginx should run in is missing or stopped: nginx cannot be asked anything then."""
    return bool(view.uncontained) or (view.container is not None and view.container.state != "running")


def _housed(site: Site, view: View) -> Iterator[Problem]:
    if view.container:
        needs = Needs((*site.files, *site.replaces), site.flags)
        yield from container_problems(view.container, needs)
    elif view.uncontained:
        yield Problem(
            "nginx's container is not there",
            f"container {site.container}, as nginx_switchover_container says",
            view.uncontained,
            "correct nginx_switchover_container, or make the container; docker ps -a (as root) lists what there is",
        )


def _probed(view: View) -> bool:
    """Whether nginx answered for these flags. Where there is none, it answered for those of another directory."""
    seen = view.proxy or {}
    return str(seen.get("file")) != "none" and str(seen.get("probe")) in ("blue", "green", "unknown")


def _unresolved(probe: Mapping[str, Any]) -> Iterator[Problem]:
    for one in probe.get("unresolved") or []:
        remedy = "set release_address of that application host to what the proxies can resolve, or to its IP address"
        expected = f"{one['name']} known there: nginx does not start with a name that it cannot resolve"
        yield Problem("The address of an application host cannot be resolved", expected, one["reason"], remedy)


def _worker(dump: Dump | None) -> str:
    """Give the user of nginx's workers."""
    named = [one.args[0] for one in (dump.main if dump else ()) if one.name == "user" and one.args]
    return named[0] if named else "nobody"


def _closed(site: Site, closed: dict[str, Any] | None, view: View) -> Iterator[Problem]:
    worker, flags = _worker(view.nginx), site.flags
    if view.nginx is None or closed is None or worker == "root":
        return
    if not site.container and worker in (closed["owner"], closed["group"]):
        return
    mount = view.container.mount_of(flags) if view.container else None
    if mount and not mount.shows(closed["path"]):
        return  # Above its mounts a container has directories of its own; and its users are not the host's.
    found = f"{closed['path']} has mode {closed['mode']}"
    remedy = f"let everybody enter it: chmod o+x {closed['path']}; or choose another release_state_directory"
    yield Problem("nginx's workers cannot reach the flags", f"{flags} open to user {worker}", found, remedy)


def _labelled(flags: str, selinux: dict[str, Any] | None) -> Iterator[Problem]:
    if selinux is None:
        return
    if selinux["label"] is not None and selinux["label"] not in READABLE:
        remedy = (
            f"label it: semanage fcontext -a -t httpd_sys_content_t '{flags}(/.*)?' && restorecon -Rv {flags} (as root)"
        )
        found = f"SELinux enforces, and the label is {selinux['label']}"
        yield Problem("SELinux keeps nginx from the flags", f"a label that nginx may read on {flags}", found, remedy)
    elif selinux["label"] is None:
        remedy = (
            f"make it first (as root): semanage fcontext -a -t httpd_sys_content_t '{flags}(/.*)?' && "
            f"mkdir -p {flags} && restorecon -Rv {flags}, and give it to the SSH user"
        )
        found = "SELinux enforces, and the directory is not there yet; a new one would get another label"
        yield Problem("SELinux keeps nginx from the flags", f"a label that nginx may read on {flags}", found, remedy)
    if not selinux["may_connect"]:
        remedy = "setsebool -P httpd_can_network_connect on (as root)"
        expected = "nginx allowed to connect to the application hosts"
        found = "SELinux enforces, and httpd_can_network_connect is off"
        yield Problem("SELinux keeps nginx from the application", expected, found, remedy)
