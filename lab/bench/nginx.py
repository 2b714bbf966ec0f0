# SPDX-License-Identifier: GPL-3.0-or-later
"""What the routing rules cost a proxy: a real nginx with the role's rendered site on loopback, beside what it is
compared with, in turns."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lab.bench.figures import Figure, figure
from lab.bench.progress import say, timed
from lab.bench.sites import BARE, requests_of, stats_of, without_routing
from lab.engine import ensure_package
from lab.errors import LabError
from tests.nginx.proxy import Proxy, new_proxy, until

HOST_NAME = "shop.test"
CONNECTIONS = 32
SECONDS_A_TURN = 4
TRACED_REQUESTS = 500
_WARM_UP_REQUESTS = 50
_ORIGIN = """
worker_processes 1;
pid {root}/origin.pid;
error_log {root}/origin.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok\\n"; }} }}
}}
"""


def ensure_tools() -> None:
    """Have wrk, strace and an nginx on PATH; the nginx is unpacked beside the checkout, not installed."""
    ensure_package("wrk", "wrk")
    ensure_package("strace", "strace")
    if shutil.which("nginx") is None:
        timed(["bash", "tests/fetch_nginx.sh"])


@contextmanager
def _origin(port: int) -> Iterator[None]:
    """The application: an nginx of its own that answers at once, so that the proxy is what is busy."""
    with tempfile.TemporaryDirectory(prefix="bluegreen-bench-") as folder:
        config = Path(folder, "nginx.conf")
        config.write_text(_ORIGIN.format(root=folder, port=port))
        words = ["nginx", "-c", str(config), "-p", folder, "-e", f"{folder}/origin.log", "-g", "daemon off;"]
        process = subprocess.Popen(words)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _variants() -> Iterator[dict[str, Proxy]]:
    """A running proxy of each kind, all before one origin. The idle ones cost nothing."""
    with ExitStack() as stack:
        found: dict[str, Proxy] = {}
        for name in ("site", "fixed", "bare"):
            proxy = stack.enter_context(new_proxy(backends=False))
            first = next(iter(found.values()), proxy)
            proxy.blue, proxy.green = first.blue, first.green
            site = proxy.write().site
            if name == "fixed":
                proxy.site_file.write_text(without_routing(site, "blue"))
            elif name == "bare":
                proxy.site_file.write_text(BARE.format(upstream=proxy.blue, listen=proxy.port))
            found[name] = proxy
        stack.enter_context(_origin(found["site"].blue))
        for proxy in found.values():
            proxy.start()
            until(lambda proxy=proxy: proxy.front().status == 200)
        yield found


def _cpu_seconds(proxy: Proxy) -> float:
    """CPU time of the proxy's workers so far, to the nanosecond."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in proxy.workers()) / 1e9


def _microseconds_a_request(proxy: Proxy) -> float:
    """One turn under full load."""
    before = _cpu_seconds(proxy)
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS_A_TURN}s", "-H", f"Host: {HOST_NAME}", proxy.url + "/"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return (_cpu_seconds(proxy) - before) / requests_of(done.stdout + done.stderr) * 1e6


def _ask(proxy: Proxy, count: int) -> None:
    """So many requests on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    for _ in range(count):
        connection.request("GET", "/", headers={"Host": HOST_NAME})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise LabError("status 200 of the bench's own proxy", str(answer.status), "read nginx's error log")
    connection.close()


def _stats_a_request(proxy: Proxy) -> float:
    """Stat calls of all workers a request, counted while tracing."""
    _ask(proxy, _WARM_UP_REQUESTS)
    with tempfile.NamedTemporaryFile("r") as summary:
        pids = [word for pid in sorted(proxy.workers()) for word in ("-p", str(pid))]
        words = ["strace", "-f", "-c", "-o", summary.name, *pids]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as tracer:
            until(lambda: all(_traced(pid) for pid in proxy.workers()) or tracer.poll() is not None)
            _ask(proxy, TRACED_REQUESTS)
            tracer.send_signal(signal.SIGINT)
        return stats_of(summary.read()) / TRACED_REQUESTS


def _traced(pid: int) -> bool:
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()


def _in_turns(count: int, proxies: Mapping[str, Proxy]) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """CPU and stats of each variant, one number a round; each round begins with another variant."""
    cpu: dict[str, list[float]] = {name: [] for name in proxies}
    stats: dict[str, list[float]] = {name: [] for name in proxies}
    names = list(proxies)
    for number in range(count):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            cpu[name].append(_microseconds_a_request(proxies[name]))
            stats[name].append(_stats_a_request(proxies[name]))
        shown = ", ".join(f"{name} {cpu[name][-1]:.1f} us, {stats[name][-1]:g} stats" for name in names)
        say(f"nginx {number + 1}/{count}: {shown}")
    return cpu, stats


def measure(count: int) -> list[Figure]:
    """All figures of nginx."""
    ensure_tools()
    mask = os.umask(0o022)
    try:
        with _variants() as proxies:
            time.sleep(0.5)
            cpu, stats = _in_turns(count, proxies)
    finally:
        os.umask(mask)
    return [
        figure("nginx_routing_cpu", cpu["site"], cpu["fixed"]),
        figure("nginx_site_cpu", cpu["site"], cpu["bare"]),
        figure("nginx_routing_stats", stats["site"], stats["fixed"]),
    ]
