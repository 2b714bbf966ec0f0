"""Probes of the machine, put to the judges: python3 -m lab.demo.checks. Exit code 1 when one of them is BAD.

Takes less than two seconds and changes nothing; standard library only (see judge.py).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from lab.demo import judge

ROOT = Path(__file__).resolve().parents[2]
PROXIES = 2
PATIENCE_SECONDS = 1.0
SKIPPED = {".git", ".venv", ".cache", ".ansible"}
# The collection's links: a checkout without link support makes plain files of them.
COLLECTION = ROOT / "collections" / "ansible_collections" / "bluegreen" / "release"
LINKS = ("galaxy.yml", "meta", "playbooks", "plugins", "roles")
BUNDLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def output(*words: str) -> str:
    """What a command prints, empty when it fails, is missing or takes too long."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def os_like() -> str:
    """The distribution's own name."""
    lines = Path("/etc/os-release").read_text().splitlines() if Path("/etc/os-release").exists() else []
    names = dict(line.split("=", 1) for line in lines if "=" in line)
    return names.get("PRETTY_NAME", "").strip('"')


def listening(port: int) -> bool:
    """Whether something holds a port of this machine's loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def published(name: str, wanted: list[int]) -> list[int]:
    """Which of the ports containers of this lab publish."""
    shown = output("docker", "ps", "--filter", f"label=bluegreen.lab={name}", "--format", "{{.Ports}}")
    return [port for port in wanted if f":{port}->" in shown]


def ports(name: str, first: str) -> judge.Line:
    """The ports of the lab's front doors; `first` is LAB_PORT as it was given."""
    if not first.isdigit() or not 1024 <= int(first) <= 65000:
        return judge.Line(
            judge.BAD, "ports", f"LAB_PORT={first}", "expected a number from 1024 to 65000: unset LAB_PORT"
        )
    wanted = list(range(int(first), int(first) + PROXIES))
    starts = (start for start in range(8180, 65000, 100) if not any(map(listening, range(start, start + PROXIES))))
    taken = [port for port in wanted if listening(port)]
    return judge.ports(wanted, taken, published(name, wanted), next(starts, 8180) if taken else 8180)


def memory_available() -> int:
    """Bytes, as the kernel estimates them."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def disk_free() -> dict[str, int]:
    """Bytes free where the demonstration writes: the checkout and the engine's store, or where that will be."""
    store = next(path for path in (Path("/var/lib/docker"), Path("/var/lib"), Path("/")) if path.exists())
    return {str(path): shutil.disk_usage(path).free for path in (ROOT, store)}


def docker_path() -> str:
    """The docker command, links resolved; empty when there is none."""
    found = shutil.which("docker")
    if not found:
        return ""
    return found if found.startswith("/snap/") else os.path.realpath(found)


def docker_host() -> str:
    """The engine's address that is in force."""
    host = os.environ.get("DOCKER_HOST", "")
    return host or output("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")


def bundle() -> str:
    """The certificate bundle that the environment names, if it can be read."""
    return next((os.environ[name] for name in BUNDLES if os.access(os.environ.get(name, ""), os.R_OK)), "")


def broken_links(root: Path, expected: tuple[Path, ...]) -> list[str]:
    """Links below `root` that lead nowhere, and paths of `expected` that are no links; relative names."""
    broken = [str(path.relative_to(root)) for path in expected if not path.is_symlink()]
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in [*folders, *files]:
            path = Path(folder) / name
            if path.is_symlink() and not path.exists():
                broken.append(str(path.relative_to(root)))
    return broken


def lines() -> list[judge.Line]:
    """All checks of this machine, in the order they are shown."""
    path = docker_path()
    return [
        judge.python(sys.version_info[:2]),
        judge.system(os_like(), shutil.which("apt-get") is not None),
        ports(os.environ.get("LAB_NAME") or "demo", os.environ.get("LAB_PORT") or "8080"),
        judge.rights(os.geteuid(), shutil.which("sudo") is not None, bool(output("sudo", "-n", "echo", "yes"))),
        judge.memory(memory_available()),
        judge.disk(disk_free()),
        judge.docker(
            path,
            docker_host() if path else "",
            output("docker", "info", "--format", "{{.SecurityOptions}}") if path else "",
        ),
        judge.certificates(bundle(), sorted(map(str, Path("/usr/local/share/ca-certificates").rglob("*.crt")))),
        judge.links(broken_links(ROOT, tuple(COLLECTION / name for name in LINKS))),
        judge.folder(str(ROOT), ROOT.stat().st_mode),
    ]


def main() -> int:
    """Shows every check; 1 when the demonstration would fail."""
    print("demo: this machine")
    found = lines()
    print("\n".join(map(str, found)))
    bad = sum(line.state == judge.BAD for line in found)
    if bad:
        print(f"demo: nothing was changed; {bad} to put right (->), then run bin/demo again")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
