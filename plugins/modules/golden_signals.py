#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin golden_signals."""

from __future__ import annotations

DOCUMENTATION = r"""
module: golden_signals
short_description: Watch the Golden Signals of a slot, and reach a verdict
version_added: 0.1.0
description:
  - Reads every signal again and again, on all hosts of the estate and at Prometheus side by side, shows a line with
    each sample and judges it at once. Runs on the controller, for all hosts; give it C(run_once).
  - Ends with the first sample that proves a P0, when a P1 has lasted, or when the time is over. Only positive
    evidence passes.
  - Does not fail by itself; RV(verdict) is to be judged. It fails where the signals contradict themselves.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
attributes:
  check_mode:
    details:
      - Takes two looks, an interval apart, which are one reading of what grows.
options:
  signals:
    description: The signals; docs/signals.md tells their keys.
    type: list
    elements: dict
    required: true
  slot:
    description: The slot that is judged.
    type: str
    required: true
  estate:
    description: >-
      Where signals are read. C(proxies) and C(applications) are hosts, C(slots) the port of each slot's instances,
      C(projects) their Compose projects, C(live) the slot behind the front door, C(access_log) the proxies' log;
      further C(metrics_path), C(proxy_url), C(proxy_request), C(instance_url), C(instance_request), C(engine_socket)
      and C(back_seconds).
    type: dict
    required: true
  state_directory:
    description: The state directory of the application on the hosts.
    type: path
    required: true
  watch_seconds:
    description: How long the slot is watched.
    type: float
    default: 1800
  interval_seconds:
    description: Time between two samples.
    type: float
    default: 5
  extend_seconds:
    description: How much longer while too little is known.
    type: float
    default: 600
  baseline:
    description: >-
      What each signal was on the live slot before the switch, the RV(measured) of a watch of it; for bounds that are so
      many times as much.
    type: dict
    default: {}
  prometheus:
    description: Where signals with a query are asked.
    type: dict
    suboptions:
      url:
        description: Its address, as the controller reaches it; empty for none.
        type: str
        default: ""
      headers:
        description: Headers that it must be asked with.
        type: dict
        default: {}
      validate_certs:
        description: Whether its certificate is checked.
        type: bool
        default: true
      ca:
        description: File of authorities on the controller; empty for those of the system.
        type: path
        default: ""
  secrets:
    description: Values that no message may show.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Watch for ten minutes
  bluegreen.release.golden_signals:
    signals:
      - name: error rate
        kind: errors
        source: access_log
        unit: share
        norm: 0.1 %
        p1: 1 %
        p0: 5 %
    slot: green
    estate:
      proxies: [lb1, lb2]
      applications: [app1]
      slots: {green: 8002}
      projects: {green: shop-green}
      live: green
      access_log: /var/log/nginx/shop.access.log
    state_directory: /var/lib/bluegreen/shop
    watch_seconds: 600
  run_once: true
  register: __watched
"""

RETURN = r"""
verdict:
  description: V(pass), V(insufficient), V(p1) or V(p0).
  type: str
  returned: success
sentence:
  description: Which signal decided it, over which time, against which bound, and what would have changed it.
  type: str
  returned: success
signals:
  description: What became of each signal, with its values and intervals.
  type: list
  elements: dict
  returned: success
measured:
  description: What each signal was, of those of which there were enough observations.
  type: dict
  returned: success
samples:
  description: >-
    Every sample, with C(at_seconds), the C(verdict) so far, and C(values) by signal, each of its window.
  type: list
  elements: dict
  returned: success
readings:
  description: Of every sample, what was read of each signal at each place, or the problem of it.
  type: list
  elements: list
  returned: success
queries:
  description: The queries of Prometheus as they were sent, by signal.
  type: dict
  returned: success
slot:
  description: The slot that was judged.
  type: str
  returned: success
seconds:
  description: How long it was watched.
  type: float
  returned: success
extended:
  description: Whether that was longer than planned.
  type: bool
  returned: success
"""
