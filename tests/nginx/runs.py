# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules' work on a real proxy, in this process."""

from __future__ import annotations

import subprocess
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import CommandResult, Nginx
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_probe import look_at_generation
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_siting import Site
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_switching import Switch

from tests.nginx.proxy import Proxy
from tests.nginx.render import SECRET

PREVIEW_HEADERS = {"Host": "green.shop.test", "X-Release-Preview": SECRET}


def run(command: list[str]) -> CommandResult:
    """Run a command as a module would."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return CommandResult(done.returncode, done.stdout + done.stderr)


def switching(proxy: Proxy, slot: str, check_mode: bool = False, **more: Any) -> Switch:
    """A run of nginx_switch, not yet started."""
    params: dict[str, Any] = {
        "state": "switched",
        "slot": slot,
        "flags_directory": str(proxy.flags),
        "state_directory": str(proxy.root / "state"),
        "epoch": 0,
        "fence_wait_seconds": 5.0,
        "probe_url": proxy.url + "/.bluegreen/slot",
        "probe_headers": PREVIEW_HEADERS,
        "front_url": proxy.url + "/",
        "front_headers": {"Host": "shop.test"},
        "slot_header": "X-Release-Slot",
        "prove_seconds": 0.2,
        "prove_timeout_seconds": 1.0,
        "at": None,
        **more,
    }
    return Switch(params, check_mode)


def siting(proxy: Proxy, check_mode: bool = False, inputs: dict[str, Any] | None = None, **more: Any) -> Site:
    """A run of nginx_site, not yet started."""
    rendered = proxy.rendered(**(inputs or {}))
    given = proxy.inputs(**(inputs or {}))
    params: dict[str, Any] = {
        "site": rendered.template,
        "site_file": str(proxy.site_file),
        "preview": rendered.preview,
        "preview_file": str(proxy.root / "bluegreen" / "shop-preview.conf"),
        "inputs": {
            "application": "shop",
            "slots": given["release_slots"],
            "instances": [{"host": "app1", "address": "127.0.0.1"}],
            "server_names": ["shop.test"],
            "preview_server_name": "green.shop.test",
            "preview_addresses": [],
            "preview_secret": SECRET,
        },
        "flags_directory": str(proxy.flags),
        "initial_slot": "",
        "owner": "",
        "state_directory": str(proxy.root / "state"),
        "epoch": 0,
        "fence_wait_seconds": 5.0,
        **more,
    }
    nginx = Nginx(
        run=run,
        test_command=[*proxy.command, "-t"],
        reload_command=[*proxy.command, "-s", "reload"],
        look=look_at_generation(proxy.url + "/.bluegreen/slot", PREVIEW_HEADERS),
        prove_seconds=0.3,
        timeout_seconds=2.0,
    )
    return Site(params, nginx, check_mode)
