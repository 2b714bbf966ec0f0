#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin preflight_judge."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_judge
short_description: Judge whether a release may begin, and plan it
version_added: 0.1.0
description:
  - Takes what role preflight registered on every host, finds everything that stands in the way of the release,
    and plans it when nothing does. Never fails; the role turns the answer into a failure on every host.
  - Runs on the controller only and needs no connection.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
  - bluegreen.release.estate
  - bluegreen.release.estate.hosts
options:
  version:
    description: Version to release.
    type: str
    required: true
  horizon_seconds:
    description: For how long a standby may not be replaced.
    type: int
    required: true
  replace_standby:
    description: Whether it may be all the same.
    type: bool
    required: true
  takeover:
    description: Whether the lock of another release may be taken.
    type: bool
    required: true
  disk_margin_megabytes:
    description: Free space beyond three times the image.
    type: int
    required: true
  image_megabytes:
    description: Compressed size that is assumed where the registry does not tell it.
    type: int
    required: true
  clock_skew_seconds:
    description: How far the clocks of two hosts may be apart.
    type: float
    required: true
  logs_in:
    description: Whether a login of the registry was given.
    type: bool
    required: true
  site:
    description:
      - What is to be written on the proxies, and where - mode, site_file, http_file, server_file, preview_file, flags,
        server_names, preview_name, listen, tls_certificate, tls_listen, container, replaces, preview_addresses; of role
        nginx_switchover.
    type: dict
    required: true
  shared:
    description: Where services beside the slots are to run - application, project, and others, projects of others.
    type: dict
    required: true
  dumps:
    description: Of a dump before a migration - host that makes it, user of the database, verify, spare_megabytes.
    type: dict
    required: true
  started:
    description: Controller's clock before the hosts were looked at, seconds since 1970.
    type: float
    required: true
  ended:
    description: Controller's clock after it.
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Judge what was seen
  bluegreen.release.preflight_judge:
    version: 1.0.0
    image: registry.example.com/shop
    lb_hosts: [lb1, lb2]
    app_hosts: [app1, app2]
    horizon_seconds: 86400
    replace_standby: false
    takeover: false
    disk_margin_megabytes: 512
    image_megabytes: 500
    clock_skew_seconds: 5
    logs_in: false
    site: "{{ __preflight_site }}"
    shared: {application: shop, project: shop-shared, others: []}
    dumps: {host: db1, user: shop, verify: true, spare_megabytes: 256}
    started: "{{ __preflight_started }}"
    ended: "{{ now().timestamp() }}"
  register: __preflight_judgement
  run_once: true
"""

RETURN = r"""
passed:
  description: Whether the release may begin.
  returned: always
  type: bool
report:
  description: All problems in one text.
  returned: always
  type: str
summary:
  description: The plan and the notes in a few lines for a person; empty unless passed.
  returned: always
  type: list
  elements: str
plan:
  description: version, image, digest, live, candidate, live_version, live_digest, first, epoch; null unless passed.
  returned: always
  type: dict
"""
