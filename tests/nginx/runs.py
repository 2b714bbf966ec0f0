# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules' work on a real proxy, in this process."""

from __future__ import annotations

import subprocess
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import CommandResult, Nginx
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_siting import Site
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_switching import Switch
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_undoing import Restoration, Withdrawal

from tests.nginx.proxy import Proxy
from tests.nginx.render import SECRET

PREVIEW_HEADERS = {"Host": "green.shop.test", "X-Release-Preview": SECRET}


def run(command: list[str]) -> CommandResult:
    """Run a command as a module would."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return CommandResult(done.returncode, done.stdout, done.stderr)


def asked(proxy: Proxy) -> dict[str, Any]:
    """What both modules are given: their fence, and how the proxy is asked."""
    return {
        "flags_directory": str(proxy.flags),
        "state_directory": str(proxy.root / "state"),
        "epoch": 0,
        "fence_wait_seconds": 5.0,
        "probe_url": proxy.url + "/.bluegreen/slot",
        "probe_headers": PREVIEW_HEADERS,
        "front_url": proxy.url + "/",
        "front_headers": {"Host": "shop.test"},
        "slot_header": "X-Release-Slot",
        "tls_name": "shop.test",
        "ca": None,
    }


def switching(proxy: Proxy, slot: str, check_mode: bool = False, **more: Any) -> Switch:
    """A run of nginx_switch, not yet started."""
    params: dict[str, Any] = {
        "state": "switched",
        "slot": slot,
        **asked(proxy),
        "prove_seconds": 0.2,
        "prove_timeout_seconds": 1.0,
        "at": None,
        **more,
    }
    return Switch(params, check_mode)


def given(proxy: Proxy, mode: str = "site", **inputs: Any) -> dict[str, Any]:
    """What the role would give nginx_site for this proxy, whatever the state."""
    include = mode == "include"
    rendered = proxy.rendered(nginx_switchover_mode=mode, **inputs)
    files = {"site": str(proxy.site_file), "http": str(proxy.http_file), "server": str(proxy.server_file)}
    return {
        "site": rendered.template,
        "site_file": files["http" if include else "site"],
        "server": rendered.server if include else "",
        "server_file": files["server"] if include else "",
        "former_files": [files["site"]] if include else [files["http"], files["server"]],
        "replaces": {},
        "generation": "",
        "preview": rendered.preview,
        "preview_file": str(proxy.preview_file),
        "inputs": {
            "application": "shop",
            "slots": {"blue": {"port": proxy.blue}, "green": {"port": proxy.green}},
            "instances": [{"host": "app1", "address": "127.0.0.1"}],
            "server_names": ["shop.test"],
            "preview_server_name": "green.shop.test",
            "preview_addresses": [],
            "preview_secret": SECRET,
        },
        "peers": [],
        "guard_file": "",
        "guard_directory": str(proxy.root / "guard"),
        "initial_slot": "",
        "owner": "",
        **asked(proxy),
    }


def nginx_of(proxy: Proxy) -> Nginx:
    """The proxy as the modules see it."""
    return Nginx(run, [*proxy.command, "-t"], [*proxy.command, "-s", "reload"], prove_seconds=0.3, timeout_seconds=2.0)


def siting(
    proxy: Proxy, check_mode: bool = False, inputs: dict[str, Any] | None = None, mode: str = "site", **more: Any
) -> Site:
    """A run of nginx_site, not yet started."""
    return Site({**given(proxy, mode, **(inputs or {})), **more}, nginx_of(proxy), check_mode)


def withdrawing(proxy: Proxy, check_mode: bool = False, mode: str = "site", **more: Any) -> Withdrawal:
    """A run of nginx_site with state withdrawn, not yet started."""
    return Withdrawal({**given(proxy, mode), **more}, nginx_of(proxy), check_mode)


def restoring(proxy: Proxy, generation: str, mode: str = "site", **more: Any) -> Restoration:
    """A run of nginx_site with state restored, not yet started."""
    return Restoration({**given(proxy, mode), "generation": generation, **more}, nginx_of(proxy), False)
