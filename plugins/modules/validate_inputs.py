#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin validate_inputs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: validate_inputs
short_description: Check every input of a run before any host is touched
version_added: 0.1.0
description:
  - Reads the argument specifications of all roles of this collection and compares them with the variables
    that the inventory and the command line give to the hosts.
  - Names unknown variables that begin with a prefix of this collection, wrong types, missing inputs, empty groups,
    C(--limit), C(--tags), a missing inventory, an unsupported ansible-core, unusable slots
    and an unusable compose file.
  - Runs on the controller only and needs no connection. All problems of a run are reported together.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
options:
  required:
    description: Variables that this run needs beyond those that the specifications require.
    type: list
    elements: str
    default: []
  outputs:
    description: Patterns of facts that the roles publish. They begin like inputs and are none.
    type: list
    elements: str
    default: []
  call_inputs:
    description: Options that playbooks give on each call of a role; an inventory need not have them.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Check every input of this run
  bluegreen.release.validate_inputs:
    required: [release_version]
  run_once: true
"""

RETURN = r"""
msg:
  description: Report of all problems, numbered, each with what was expected, what was found and what to do.
  returned: failure
  type: str
"""
