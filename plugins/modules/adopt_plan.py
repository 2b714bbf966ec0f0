#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin adopt_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt_plan
short_description: Plan the adoption of an application that runs already, or its undoing
version_added: 0.1.0
description:
  - Takes what role adopt registered on every host, finds everything that stands in the way, and plans the adoption when
    nothing does. Never fails; the role turns the answer into a failure on every host.
  - Runs on the controller only and needs no connection.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
  - bluegreen.release.estate
  - bluegreen.release.estate.hosts
options:
  application: {description: Name of the application., type: str, required: true}
  project: {description: Compose project that runs now., type: str, required: true}
  service: {description: Its service that answers HTTP., type: str, required: true}
  version: {description: Version that runs; empty for the tag of its image., type: str, required: true}
  undo: {description: Whether the adoption is to be undone., type: bool, required: true}
  services: {description: Services of a slot., type: list, elements: str, required: true}
  singletons: {description: Those of them that run once., type: list, elements: str, required: true}
  singleton_host: {description: The host they run on., type: str, required: true}
  shared: {description: Services beside the slots., type: list, elements: str, required: true}
  shared_project: {description: Compose project of those., type: str, required: true}
  projects: {description: Compose project of each slot., type: dict, required: true}
  slots: {description: 'The slots, each with its C(port).', type: dict, required: true}
  container_port: {description: Port inside the container., type: int, required: true}
  environment: {description: Names of the slot's environment., type: list, elements: str, required: true}
  compose_file: {description: The compose file on the controller., type: str, required: true}
  limits: {description: Limits of each container of a slot., type: dict, required: true}
  mode: {description: 'How nginx is configured, site or include.', type: str, required: true}
  names: {description: Host names that users ask for., type: list, elements: str, required: true}
  site_files:
    description: The file of the site, or with mode include that of the http level and that of the server.
    type: list
    elements: str
    required: true
  listen: {description: What our site listens on., type: str, required: true}
  tls_listen: {description: What it listens on with TLS., type: str, required: true}
  tls_certificate: {description: Its certificate; empty for no TLS., type: str, required: true}
  files:
    description: Path on the proxies to a file on the controller with new content, empty for a file that goes away.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Plan the adoption
  bluegreen.release.adopt_plan:
    application: shop
    project: shop
    service: api
    version: ""
    undo: false
    image: registry.example.com/shop
    lb_hosts: [lb1]
    app_hosts: [app1]
    services: [api]
    singletons: []
    singleton_host: app1
    shared: []
    shared_project: shop-shared
    projects: {blue: shop-blue, green: shop-green}
    slots: {blue: {port: 8001}, green: {port: 8002}}
    container_port: 8000
    environment: [DATABASE_URL]
    compose_file: /home/me/shop/compose.yml
    limits: {cpus: "1.0", memory: 512m}
    mode: site
    names: [shop.example.com]
    site_files: [/etc/nginx/conf.d/shop.conf]
    listen: "80"
    tls_listen: "443"
    tls_certificate: ""
    files: {/etc/nginx/conf.d/old.conf: ""}
  register: __adopt_judgement
  run_once: true
"""

RETURN = r"""
passed:
  description: Whether nothing stands in the way.
  returned: always
  type: bool
report: {description: All problems in one text., returned: always, type: str}
summary:
  description: The plan and the notes in a few lines for a person; empty unless passed.
  returned: always
  type: list
  elements: str
plan:
  description:
    - C(action), one of adopt, nothing, undo and take_back; C(lines) for a person; and what the action needs.
    - Null unless passed.
  returned: always
  type: dict
"""
