# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program: inputs as JSON in, the role's defaults and templates evaluated by Ansible's own templater out.

A process of its own, because Ansible's collection loader must come before any plain import of ansible_collections.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "nginx_switchover"
DEFAULTS = (ROOT / "roles/release/defaults/main.yml", ROLE / "defaults/main.yml", ROLE / "vars/main.yml")


def main() -> None:
    """stdin: {inputs, expressions}; stdout: {site, server, preview, values}."""
    asked = json.load(sys.stdin)
    init_plugin_loader([str(ROOT / "collections")])
    loader = DataLoader()
    variables: dict[str, Any] = {"ansible_search_path": [str(ROLE)]}
    for part in DEFAULTS:
        variables.update(loader.load_from_file(str(part), trusted_as_template=True))
    variables.update(asked["inputs"])
    templar = Templar(loader=loader, variables=variables)

    def value(expression: str) -> Any:
        return templar.template(trust_as_template("{{ " + expression + " }}"))

    rendered = {
        "site": value("lookup('ansible.builtin.template', __nginx_switchover_files.template)"),
        "server": value("__nginx_switchover_files.server"),
        "preview": value("lookup('ansible.builtin.template', 'preview.conf.j2')"),
        "values": {expression: value(expression) for expression in asked["expressions"]},
    }
    json.dump(rendered, sys.stdout)


if __name__ == "__main__":
    main()
