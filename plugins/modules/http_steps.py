#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module http_steps."""

from __future__ import annotations

DOCUMENTATION = r"""
module: http_steps
short_description: Send HTTP requests in order and say whether every answer is as expected
description:
  - Sends the steps in order to one server, carries values from one answer to later steps, and compares each
    answer with what the step expects. The first answer that is not as expected ends the sequence.
  - Can repeat the whole sequence until it passes (O(within_seconds)) or for as long as it passes (O(watch_seconds)).
  - Values saved from answers and O(secrets) are masked in results and messages.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
attributes:
  check_mode:
    details:
      - Steps are sent in check mode only when all of them use C(GET), C(HEAD) or C(OPTIONS); otherwise RV(passed) is
        true, RV(attempts) is 0 and nothing is sent.
  idempotent:
    description: Whether a second run changes nothing; the module itself reports no change.
    support: N/A
options:
  base_url:
    description: Scheme, address and port of the server, for example V(http://127.0.0.1:8001).
    type: str
    required: true
  headers:
    description: Headers of every request.
    type: dict
    default: {}
  steps:
    description: What to send, in order.
    type: list
    elements: dict
    required: true
    options: &step
      name:
        description: Name of the step in results and messages.
        type: str
        required: true
      method:
        description: HTTP method.
        type: str
        default: GET
      path:
        description: Path and query. C(${name}) is replaced by a saved value, here and in headers, json and body.
        type: str
        required: true
      headers:
        description: Headers of this request.
        type: dict
        default: {}
      json:
        description: Body, sent as JSON.
        type: raw
      body:
        description: Body, sent as it is.
        type: str
      expect:
        description: What the answer must be.
        type: dict
        default: {}
        options:
          status:
            description: Status codes, one of which is expected.
            type: list
            elements: int
            default: [200]
          json:
            description: Dotted keys of a JSON body and the values expected there.
            type: dict
          contains:
            description: Text that the body must contain.
            type: str
          headers:
            description: Headers that the answer must carry, with their values.
            type: dict
      save:
        description: Names of values for later steps, each with its dotted key in the JSON body.
        type: dict
        default: {}
      timeout_seconds:
        description: Longest time for the whole answer.
        type: float
        default: 5
  expect_headers:
    description: Headers that every answer must carry, with their values.
    type: dict
    default: {}
  beginning:
    description: >-
      Steps that another server answers before, for example a login at the version that users come from. What they save
      is known to O(steps). Sent anew with every repetition; the options of the connection are those of O(base_url).
    type: dict
    options:
      base_url:
        description: As O(base_url), of the other server.
        type: str
        required: true
      steps:
        description: As O(steps).
        type: list
        elements: dict
        required: true
        options: *step
      expect_headers:
        description: As O(expect_headers).
        type: dict
        default: {}
  within_seconds:
    description: Repeat the whole sequence until it passes or this time is over. V(0) sends it once.
    type: float
    default: 0
  watch_seconds:
    description: After the sequence passed, repeat it for this time; the first failed one ends the watch and fails.
    type: float
    default: 0
  interval_seconds:
    description: Pause between two attempts, or between the starts of two readings of a watch.
    type: float
    default: 0.5
  validate_certs:
    description: Whether the certificate of an C(https) server is checked.
    type: bool
    default: true
  ca:
    description: File of the authorities that C(https) is verified by; none means those of the system.
    type: path
  tls_name:
    description: Name that the certificate must be for; empty means the host of O(base_url).
    type: str
    default: ""
  secrets:
    description: Values that must not be shown.
    type: list
    elements: str
    default: []
  fail:
    description: Whether the task fails when O(steps) do not pass. When O(beginning) does not, it always fails.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Log in and read the own projects
  bluegreen.release.http_steps:
    base_url: http://127.0.0.1:8001
    steps:
      - &login
        name: login
        method: POST
        path: /api/auth/login
        json: {email: test@example.com, password: "{{ vault_test_password }}"}
        save: {token: access_token}
      - &projects
        name: projects
        path: /api/projects
        headers: {Authorization: "Bearer ${token}"}
    secrets: ["{{ vault_test_password }}"]

- name: Go on in one version with a session that was begun in another
  bluegreen.release.http_steps:
    base_url: http://127.0.0.1:8002
    beginning:
      base_url: http://127.0.0.1:8001
      steps: [*login]
    steps: [*projects]
    secrets: ["{{ vault_test_password }}"]
"""

RETURN = r"""
passed:
  description: Whether every answer was as expected.
  returned: always
  type: bool
reason:
  description: What was expected and found in the step that did not pass; empty otherwise.
  returned: always
  type: str
attempts:
  description: How often the sequence was sent.
  returned: always
  type: int
steps:
  description: The steps of the last attempt, each with name, status (0 without an answer), ok, seconds and reason.
  returned: always
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.http_client import Endpoint
from ansible_collections.bluegreen.release.plugins.module_utils.http_run import (
    Beginning,
    Clock,
    Reading,
    StepSequence,
    until_passed,
    while_passing,
)

_READING = ("GET", "HEAD", "OPTIONS")


def argument_spec() -> dict[str, Any]:
    expect = {
        "status": {"type": "list", "elements": "int", "default": [200]},
        "json": {"type": "dict"},
        "contains": {"type": "str"},
        "headers": {"type": "dict"},
    }
    step = {
        "name": {"type": "str", "required": True},
        "method": {"type": "str", "default": "GET"},
        "path": {"type": "str", "required": True},
        "headers": {"type": "dict", "default": {}},
        "json": {"type": "raw"},
        "body": {"type": "str"},
        "expect": {"type": "dict", "default": {}, "options": expect},
        "save": {"type": "dict", "default": {}, "no_log": False},
        "timeout_seconds": {"type": "float", "default": 5},
    }
    return {
        "base_url": {"type": "str", "required": True},
        "headers": {"type": "dict", "default": {}},
        "steps": {"type": "list", "elements": "dict", "required": True, "options": step},
        "expect_headers": {"type": "dict", "default": {}},
        "beginning": {
            "type": "dict",
            "options": {
                "base_url": {"type": "str", "required": True},
                "steps": {"type": "list", "elements": "dict", "required": True, "options": step},
                "expect_headers": {"type": "dict", "default": {}},
            },
        },
        "within_seconds": {"type": "float", "default": 0},
        "watch_seconds": {"type": "float", "default": 0},
        "interval_seconds": {"type": "float", "default": 0.5},
        "validate_certs": {"type": "bool", "default": True},
        "ca": {"type": "path"},
        "tls_name": {"type": "str", "default": ""},
        "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
        "fail": {"type": "bool", "default": True},
    }


def _endpoint(given: dict[str, Any], base_url: str) -> Endpoint:
    headers = {name: str(value) for name, value in given["headers"].items()}
    return Endpoint(base_url, headers, given["validate_certs"], given["ca"] or "", given["tls_name"])


def read(parameters: dict[str, Any]) -> Reading:
    """Send the steps as asked. Raises ValueError for a base_url that cannot be used."""
    endpoint, beginning = _endpoint(parameters, parameters["base_url"]), None
    if parameters["beginning"]:
        first = parameters["beginning"]
        beginning = Beginning(first["steps"], first["expect_headers"], _endpoint(parameters, first["base_url"]).send)
    sequence = StepSequence(parameters["steps"], parameters["expect_headers"], parameters["secrets"], beginning)
    interval, clock = parameters["interval_seconds"], Clock()
    reading = until_passed(sequence, endpoint.send, parameters["within_seconds"], interval, clock)
    if reading.passed and parameters["watch_seconds"] > 0:
        reading = while_passing(sequence, endpoint.send, parameters["watch_seconds"], interval, clock)
    return reading


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    parameters = module.params
    sent = [*(parameters["beginning"] or {"steps": []})["steps"], *parameters["steps"]]
    writes = [step["name"] for step in sent if step["method"].upper() not in _READING]
    if not parameters["steps"]:
        module.fail_json(msg="expected at least one step, found none: an empty list would pass without any evidence.")
    if module.check_mode and writes:
        module.exit_json(changed=False, passed=True, reason="", attempts=0, steps=[])
    try:
        reading = read(parameters)
    except ValueError as error:
        module.fail_json(msg=str(error))
    result: dict[str, Any] = {
        "passed": reading.passed,
        "reason": reading.reason,
        "attempts": reading.attempts,
        "steps": reading.steps,
    }
    if reading.passed or (reading.begun and not parameters["fail"]):
        module.exit_json(changed=False, **result)
    hint = (
        "See the log of the service behind it, or correct the step in the inventory (health_check_steps, "
        "smoke_test_steps, smoke_test_session_begin and _use; release_version_header for the header of the version)"
    )
    asked = parameters if reading.begun else parameters["beginning"]
    module.fail_json(msg=f"{asked['base_url']}: {reading.reason}. {hint}.", **result)


if __name__ == "__main__":
    main()
