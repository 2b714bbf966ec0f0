# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters are in Ansible's main process as soon as the first action is, so that no worker reads them again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PLUGINS = "ansible_collections.bluegreen.release.plugins"
PROGRAM = f"""
import sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
import {PLUGINS}.action.{{action}}
names = [one.removeprefix("{PLUGINS}.filter.") for one in sys.modules if one.startswith("{PLUGINS}.filter.")]
print(",".join(sorted(names)))
"""


@pytest.mark.parametrize("action", ["validate_inputs", "rollback_look"])
def test_every_filter_is_loaded_with_the_action(action: str) -> None:
    here = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(action=action)], cwd=ROOT, env=here, text=True, capture_output=True,
        check=True,
    )  # fmt: skip
    assert set(done.stdout.strip().split(",")) == {path.stem for path in (ROOT / "plugins/filter").glob("*.py")}
