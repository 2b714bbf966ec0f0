"""Reasons as OpenSSH, sudo and Ansible print them, and what preflight makes of them."""

from __future__ import annotations

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_reach import cause_of, no_root

CHANGED = """@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Offending ED25519 key in /home/ann/.ssh/known_hosts:3
Host key verification failed."""


@pytest.mark.parametrize(
    ("reason", "what", "do"),
    [
        ("ssh: Could not resolve hostname app9: Name or service not known", "The name of", "correct ansible_host"),
        ("ssh: Could not resolve hostname x: Temporary failure in name resolution", "The name of", "DNS"),
        (CHANGED, "The host key of {hosts} is another", "ssh-keygen -R"),
        (
            "No ED25519 host key is known for 10.0.0.1 and you have requested strict checking.\n"
            "Host key verification failed.",
            "The host key of {hosts} is not known",
            "ssh-keyscan",
        ),
        ("Host key verification failed.", "The host key of {hosts} is not known", "ssh-keyscan"),
        ("deploy@10.0.0.1: Permission denied (publickey).", "SSH does not let the user in", "ansible_user"),
        ("Received disconnect: Too many authentication failures", "SSH does not let the user in", "authorized_keys"),
        ("Invalid/incorrect password: Permission denied", "SSH does not let the user in", "ansible_user"),
        (
            "WARNING: UNPROTECTED PRIVATE KEY FILE!\nPermissions 0644 for 'k' are too open.\n"
            "d@h: Permission denied (publickey).",
            "The SSH key for {hosts} cannot be read",
            "chmod 600",
        ),
        (
            "no such identity: /nowhere/key: No such file or directory\nd@h: Permission denied (publickey).",
            "The SSH key for {hosts} cannot be read",
            "ansible_ssh_private_key_file",
        ),
        ("you must install the sshpass program", "A password for SSH to {hosts} needs a program", "sshpass"),
        ("ssh: connect to host 10.0.0.1 port 22: Connection refused", "Nothing listens for SSH", "sshd"),
        ("ssh: connect to host 10.0.0.1 port 22: Connection timed out", "There is no answer from", "firewalls"),
        ("ssh: connect to host 10.0.0.1 port 22: No route to host", "There is no answer from", "firewalls"),
        ("The module interpreter '/usr/bin/python3' was not found.", "There is no Python", "install python3"),
        ("/bin/sh: 1: /usr/bin/python3: not found", "There is no Python", "ansible_python_interpreter"),
        ("Failed to create temporary directory. In some cases", "Ansible cannot write its temporary", "remote_tmp"),
        ("", "No look was possible", "ansible -m ping"),
        ("something else entirely", "No look was possible", "ansible -m ping"),
    ],
)
def test_cause(reason: str, what: str, do: str) -> None:
    cause = cause_of(reason)
    assert cause.what.startswith(what)
    assert do in cause.do


@pytest.mark.parametrize(
    ("output", "do"),
    [
        ("/bin/sh: 1: sudo: not found", "install sudo"),
        ("Task failed: Missing sudo password", "ansible_become_password"),
        ("sudo: a password is required", "without a password"),
        ("Sorry, try again.\nsudo: 1 incorrect password attempt", "correct ansible_become_password"),
        ("deploy is not in the sudoers file.", "add the SSH user to sudoers"),
        ("Sorry, user deploy is not allowed to execute '/bin/sh' as root", "add the SSH user to sudoers"),
        ("sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set", "setuid"),
        ("Timeout (12s) waiting for privilege escalation prompt", "does not answer"),
    ],
)
def test_no_root(output: str, do: str) -> None:
    cause = no_root(output)
    assert cause is not None and do in cause.do


def test_a_command_that_fails_as_root_is_no_matter_of_sudo() -> None:
    assert no_root("nginx: [emerg] unknown directive in /etc/nginx/conf.d/x.conf:1") is None
    assert no_root("") is None
