# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role's templates rendered from the roles' own defaults, without a host."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_config import generation_of, with_generation

SECRET = "a-secret-for-tests_0123"
INVENTORY: dict[str, Any] = {
    "groups": {"lb": ["lb1"], "app": ["app1"]},
    "inventory_hostname": "lb1",
    "hostvars": {"app1": {"ansible_host": "127.0.0.1"}},
    "release_application": "shop",
    "release_record_context": {"epoch": 1, "first": False, "candidate": "green"},
    "nginx_switchover_server_names": ["shop.test"],
    "nginx_switchover_preview_server_name": "green.shop.test",
    "nginx_switchover_preview_secret": SECRET,
}


@dataclass(frozen=True)
class Rendered:
    """Both files and whatever expressions were asked for. template: the site before its generation is filled in.

    server: the file for the inside of a user's server; empty when the site is a whole one.
    """

    template: str
    preview: str
    server: str
    values: dict[str, Any]

    @property
    def generation(self) -> str:
        """The generation of the configuration."""
        return generation_of(self.template, self.preview, self.server)

    @property
    def site(self) -> str:
        """The site as it is on a proxy."""
        return with_generation(self.template, self.generation)


@functools.cache
def _render(asked: str) -> Rendered:
    program = Path(__file__).with_name("templater.py")
    done = subprocess.run([sys.executable, str(program)], input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return Rendered(found["site"], found["preview"], found["server"], found["values"])


def render(expressions: tuple[str, ...] = (), **inputs: Any) -> Rendered:
    """Render with what an inventory would set beside INVENTORY."""
    return _render(json.dumps({"inputs": {**INVENTORY, **inputs}, "expressions": expressions}, sort_keys=True))
