"""Every fault of a machine that the demonstration looks for is found, and a sound machine passes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.demo import checks, judge
from lab.demo.judge import BAD, GIB, NOTE, OK, Line
from tests.ports import free_port

FAULTS: dict[str, tuple[Line, str]] = {
    "old python": (judge.python((3, 10)), "3.11"),
    "not Debian": (judge.system("Fedora", False), "apt-get"),
    "foreign port": (judge.ports([8080, 8081], [8081], [], 8180), "LAB_PORT=8180 bin/demo"),
    "one port of two is ours": (judge.ports([8080, 8081], [8080, 8081], [8080], 8180), "ss -ltnp 'sport = :8081'"),
    "no rights": (judge.rights(1000, False, False), "su -c bin/demo"),
    "sudo asks": (judge.rights(1000, True, False), "sudo -v"),
    "memory": (judge.memory(2 * GIB), "4 GiB"),
    "one of two disks": (judge.disk({"/a": 90 * GIB, "/b": GIB}), "8 GiB"),
    "snap": (judge.docker("/snap/bin/docker", "", "name=seccomp"), "snap remove docker"),
    "rootless by option": (judge.docker("/usr/bin/docker", "", "[name=rootless]"), "docker context use default"),
    "rootless by address": (judge.docker("/usr/bin/docker", "unix:///run/user/1/docker.sock", ""), "unset DOCKER_HOST"),
    "remote engine": (judge.docker("/usr/bin/docker", "tcp://10.0.0.1:2375", "name=seccomp"), "unset DOCKER_HOST"),
    "broken link": (judge.links(["collections/x"]), "core.symlinks"),
    "world-writable": (judge.folder("/srv/it", 0o40777), "chmod o-w '/srv/it'"),
}
SOUND = [
    judge.python((3, 11)),
    judge.python((3, 13)),
    judge.system("Debian", True),
    judge.ports([8080, 8081], [], [], 8180),
    judge.ports([8080, 8081], [8080, 8081], [8080, 8081], 8180),
    judge.rights(0, False, False),
    judge.rights(1000, True, True),
    judge.memory(3 * GIB),
    judge.disk({"/a": 8 * GIB}),
    judge.docker("", "", ""),
    judge.docker("/usr/bin/docker", "unix:///var/run/docker.sock", "[name=seccomp]"),
    judge.certificates("", []),
    judge.links([]),
    judge.folder("/srv/it", 0o40755),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_with_its_remedy(fault: str) -> None:
    line, remedy = FAULTS[fault]
    assert line.state == BAD
    assert remedy in line.remedy


@pytest.mark.parametrize("line", SOUND, ids=lambda line: f"{line.name}: {line.found}")
def test_a_sound_machine_passes(line: Line) -> None:
    assert (line.state, line.remedy) == (OK, "")


def test_a_private_authority_is_told_and_stops_nothing() -> None:
    assert judge.certificates("/etc/ours.pem", []).state == NOTE
    assert "1 in /usr/local/share" in judge.certificates("", ["/usr/local/share/ca.crt"]).found


def test_a_taken_port_is_seen_and_a_free_one_is_not() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", free_port()))
        holder.listen()
        port = holder.getsockname()[1]
        assert checks.listening(port)
    assert not checks.listening(port)


def test_broken_and_flattened_links_are_seen(tmp_path: Path) -> None:
    (tmp_path / "roles").mkdir()
    (tmp_path / "good").symlink_to("roles")
    assert checks.broken_links(tmp_path, (tmp_path / "good",)) == []
    (tmp_path / "roles" / "bad").symlink_to("nowhere")
    (tmp_path / "flat").write_text("roles")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "ignored").symlink_to("nowhere")
    assert sorted(checks.broken_links(tmp_path, (tmp_path / "flat",))) == ["flat", "roles/bad"]


def test_a_planted_fault_stops_the_demonstration_within_two_seconds_and_before_anything_is_made() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", free_port()))
        holder.listen()
        port = holder.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-B", "-m", "lab.demo.checks"],
            cwd=checks.ROOT,
            env={**os.environ, "LAB_PORT": str(port), "LAB_NAME": "nobody"},
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    assert done.returncode == 1
    assert f"{port} in use by something else" in done.stdout


def test_checks_need_nothing_but_the_standard_library() -> None:
    # -S leaves site-packages out: importing anything else fails.
    code = "import sys; sys.path.insert(0, '.'); import lab.demo.checks"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=checks.ROOT, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("first", ["abc", "80", "70000"])
def test_a_lab_port_that_cannot_be_is_refused(first: str) -> None:
    assert checks.ports("nobody", first).state == BAD
