# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what Ansible says when it cannot work on a host: the cause in words, and its remedy. Pure: no I/O."""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem


class Cause(NamedTuple):
    """What stands behind a reason that Ansible gives; ``{hosts}`` in it is where the names of the hosts go."""

    what: str
    expected: str
    do: str


_NAME = Cause(
    "The name of {hosts} cannot be resolved",
    "an ansible_host that the controller can resolve",
    "correct ansible_host (or the host's name) in the inventory, or add it to DNS",
)
_CHANGED = Cause(
    "The host key of {hosts} is another than the one that is known",
    "the host key in known_hosts",
    "find out whether the host was made anew; if so: ssh-keygen -R ADDRESS, then add the new key, compared by hand",
)
_UNKNOWN_KEY = Cause(
    "The host key of {hosts} is not known",
    "the host's key in known_hosts",
    "compare its fingerprint with the host's own, then add it: ssh-keyscan ADDRESS >> ~/.ssh/known_hosts",
)
_KEY_FILE = Cause(
    "The SSH key for {hosts} cannot be read",
    "a private key that only its owner may read",
    "correct ansible_ssh_private_key_file, or its rights: chmod 600",
)
_REFUSED_LOGIN = Cause(
    "SSH does not let the user in",
    "a login with the user and key of the inventory",
    "correct ansible_user and ansible_ssh_private_key_file, or add the public key to authorized_keys there",
)
_SSHPASS = Cause(
    "A password for SSH to {hosts} needs a program that is missing",
    "the program sshpass on the controller",
    "install sshpass on the controller, or use a key instead of ansible_password",
)
_CLOSED = Cause(
    "Nothing listens for SSH",
    "an SSH server at ansible_host and ansible_port",
    "start sshd there, or correct ansible_port",
)
_SILENT = Cause(
    "There is no answer from {hosts}",
    "an answer over SSH within the time of ansible_timeout",
    "bring the host back, look at firewalls and routes, or correct ansible_host",
)
_PYTHON = Cause(
    "There is no Python",
    "Python 3.9 or newer",
    "install python3 there, or set ansible_python_interpreter",
)
_TEMPORARY = Cause(
    "Ansible cannot write its temporary files",
    "a directory in which the SSH user may write",
    "make room or correct the rights of ~/.ansible/tmp there, or set ansible_remote_tmp",
)
_OTHER = Cause(
    "No look was possible",
    "a host that answers over SSH and has Python 3",
    "bring the host back, or take it out of the inventory; ansible -m ping shows whether it answers",
)

# The first that fits counts: a changed key also says that the verification failed.
_CAUSES = (
    (r"could not resolve hostname|name or service not known|nodename nor servname|temporary failure in name", _NAME),
    (r"remote host identification has changed|host key .*has changed|offending .*key in", _CHANGED),
    (r"host key verification failed|no .*host key is known|authenticity of host", _UNKNOWN_KEY),
    (r"unprotected private key file|load key .*: |identity file .* not accessible|no such identity", _KEY_FILE),
    (r"sshpass", _SSHPASS),
    (r"permission denied \(|permission denied, please|too many authentication|authentication fail", _REFUSED_LOGIN),
    (r"invalid/incorrect password|no supported authentication", _REFUSED_LOGIN),
    (r"connection refused|kex_exchange_identification|connection reset", _CLOSED),
    (r"timed out|no route to host|network is unreachable|host is down|banner exchange|not responding", _SILENT),
    (r"python interpreter was not found|python[\d.]*: (?:command )?not found|python[\d.]*: no such file", _PYTHON),
    (r"module interpreter .* was not found|no python interpreters? found|no module named", _PYTHON),
    (r"requires (?:a minimum of )?python", _PYTHON),
    (r"failed to create temporary directory|no space left|read-only file system", _TEMPORARY),
)


def cause_of(reason: str) -> Cause:
    """Give the cause that a reason speaks of; a general one where it speaks of none that is known."""
    text = " ".join(reason.split())
    return next((cause for pattern, cause in _CAUSES if re.search(pattern, text, re.IGNORECASE)), _OTHER)


def silent(reason: str) -> Problem:
    """Give the problem of a host that could not be looked at."""
    cause = cause_of(reason)
    return Problem(cause.what, cause.expected, " ".join(reason.split())[:400] or "no answer", cause.do)


_ROOT = "become works for the SSH user"
_SUDO = (
    (
        r"sudo: not found|sudo: command not found|no such file.*sudo|sudo: no such file|command not found.*sudo",
        "install sudo there, or set ansible_become_method to what there is",
    ),
    (
        r"missing (?:sudo|become) password|a password is required|a terminal is required",
        "give ansible_become_password from a vault (or --ask-become-pass), or allow the user sudo without a password",
    ),
    (
        r"incorrect (?:sudo|become) password|sorry, try again|incorrect password attempt",
        "correct ansible_become_password",
    ),
    (
        r"not in the sudoers|is not allowed to (?:execute|run)|may not run sudo|not in sudoers",
        "add the SSH user to sudoers there: it must be allowed to become root",
    ),
    (
        r"no new privileges|must be owned by uid 0|effective uid is not 0",
        "let sudo become root there: it must belong to root, with its setuid bit, on a file system without nosuid",
    ),
    (r"timeout .*(?:become|privilege)|waiting for privilege", "look at sudo there: it does not answer (DNS, PAM)"),
)


def no_root(output: str) -> Cause | None:
    """Give the cause when it was becoming root that failed; None when the command itself did."""
    text = " ".join(output.split())
    for pattern, remedy in _SUDO:
        if re.search(pattern, text, re.IGNORECASE):
            return Cause("Commands cannot be run as root", _ROOT, remedy)
    return None
