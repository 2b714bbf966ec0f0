#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What signals ask of one host, read at once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: signal_readings
short_description: Read on a host what signals ask of it
version_added: 0.1.0
description:
  - Reads the access log of a proxy, the metrics of instances, whether they answer, and what containers use and log,
    side by side and by one deadline. Gives numbers and lines as they were found; it judges nothing.
  - Changes nothing, and a reading that fails is a problem of its own, never a failure of the task.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
options:
  state_directory:
    description: The state directory of the application on the host.
    type: path
    required: true
  asks:
    description:
      - What to read, by a name of the caller's choice. Each is a dictionary with its C(kind).
      - >-
        C(access_log): lines that nginx has written since the last time to C(path), with the fields of this collection's
        own format. C(paths) are prefixes of paths to count apart (an empty one is every request); C(seconds_of) is
        C(request) or C(upstream); C(back_seconds) is how much of the past the first reading takes in; requests from
        C(without_clients) and to C(without_hosts) are left out, as are a release's own.
      - >-
        C(exposition): the lines of C(metrics), each with C(metric) and C(labels), that C(url) shows, of at most
        C(most_bytes).
      - "C(probe): whether C(url) answers with one of C(statuses)."
      - >-
        C(containers): what the containers of C(project), or those of its C(services), use of their own limits of
        processors and memory. C(socket) is the engine's.
      - >-
        C(container_logs): how many lines they have logged since the last time, and in how many the regular expression
        C(pattern) is found.
      - >-
        C(exposition) and C(probe) take C(headers), C(method), C(ca), C(tls_name) and C(validate_certs), too. C(cursor)
        is what the last answer gave.
    type: dict
    required: true
  seconds:
    description: How long all of it may take.
    type: float
    default: 5
  secrets:
    description: Values that must not be shown.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Read on a proxy
  bluegreen.release.signal_readings:
    state_directory: /var/lib/bluegreen/shop
    asks:
      requests:
        kind: access_log
        path: /var/log/nginx/shop.access.log
        paths: ["", /api/]
  register: __read

- name: Read on an application host
  bluegreen.release.signal_readings:
    state_directory: /var/lib/bluegreen/shop
    asks:
      metrics:
        kind: exposition
        url: http://127.0.0.1:8002/metrics
        metrics: [{metric: http_requests_total, labels: {method: GET}}]
      available: {kind: probe, url: "http://127.0.0.1:8002/health"}
      limits: {kind: containers, project: shop-green}
      errors: {kind: container_logs, project: shop-green, pattern: "ERROR|CRITICAL"}
    seconds: 2
"""

RETURN = r"""
answers:
  description: >-
    What was found, by the names of O(asks); C(problem) says why there is nothing. C(cursor) is for the next time.
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options
from ansible_collections.bluegreen.release.plugins.module_utils.signal_asking import act

SPEC: Options = {
    "state_directory": {"type": "path", "required": True},
    "asks": {"type": "dict", "required": True},
    "seconds": {"type": "float", "default": 5},
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
}
REQUIRED_IF: list[tuple[str, ...]] = []


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.exit_json(**act(module.params, module.check_mode))


if __name__ == "__main__":
    main()
