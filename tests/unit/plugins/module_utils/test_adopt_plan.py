# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of an adoption: what is done, and everything that stands in its way, each told by its own words."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.module_utils import record
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_plan import adopt_plan, summary
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_site import TOLD, Sited
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import View, Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Judgement

DIGEST = "registry.test/shop@sha256:" + "a" * 64
MAIN = "http {\n    include /etc/nginx/conf.d/*.conf;\n}\n"
SITE = """\
upstream shop {
    server app1:8000;
    server app2:8000;
    keepalive 32;
}

server {
    listen 80;
    server_name shop.test;
    access_log off;
    client_max_body_size 100m;

    location / {
        proxy_pass http://shop;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
    }
}
"""
PATH = "/etc/nginx/conf.d/old.conf"
OURS = "/etc/nginx/conf.d/shop.conf"
HTTP, SERVER = "/etc/nginx/bluegreen/shop/http.conf", "/etc/nginx/bluegreen/shop/server.conf"
WANTED = Sited(
    application="shop",
    lb_hosts=["lb1"],
    app_hosts=["app1", "app2"],
    project="shop",
    service="api",
    services=["api"],
    names=["shop.test"],
    image="registry.test/shop",
    projects={"blue": "shop-blue", "green": "shop-green"},
    ports={"blue": 8001, "green": 8002},
    shared_project="shop-shared",
    site_files=[OURS],
    addresses={"app1": ["app1", "192.0.2.1"], "app2": ["app2", "192.0.2.2"]},
)


def container(service: str = "api", **changes: Any) -> dict[str, Any]:
    return {
        "name": f"shop-{service}-1",
        "service": service,
        "project": "shop",
        "image": "registry.test/shop:0.9.0",
        "image_id": "sha256:" + "b" * 64,
        "digests": [DIGEST],
        "state": "running",
        "health": "healthy",
        "ports": [{"port": 8000, "container_port": 8000}],
        "environment": [],
        **changes,
    }


def app(*containers: dict[str, Any], compose: str = "2.29.1", listeners: dict[str, Any] | None = None) -> View:
    docker = {"engine": "27.1", "compose": compose, "problem": None}
    found = list(containers) or [container()]
    return View(probe={"docker": docker, "containers": found, "listeners": listeners or {}}, record=remembered())


def proxy(
    *records: dict[str, Any], probe: str = "unreachable", file: str = "none", problem: str = "", **files: str
) -> View:
    texts = {"/etc/nginx/nginx.conf": MAIN, **(files or {PATH: SITE})}
    dump = "".join(f"# configuration file {path}:\n{text}\n" for path, text in texts.items())
    nginx = {"dump": "" if problem else dump, "problem": problem}
    return View(probe={"nginx": nginx}, record=remembered(*records), proxy={"file": file, "probe": probe})


def remembered(*records: dict[str, Any]) -> dict[str, Any]:
    return {"records": list(records), "lock": None, "epoch": 0, "directory": "ours"}


def judged(wanted: Wanted = WANTED, **views: View) -> Judgement:
    return adopt_plan(wanted, {"lb1": proxy(), "app1": app(), "app2": app(), **views})


def plan(wanted: Wanted = WANTED, **views: View) -> dict[str, Any]:
    found = judged(wanted, **views)
    assert found.problems == []
    assert found.plan is not None
    return found.plan


def problem(what: str, wanted: Wanted = WANTED, **views: View) -> str:
    """Give the one problem with these words, in one line."""
    found = judged(wanted, **views)
    assert found.plan is None
    (one,) = [each for each in found.problems if what in each.what]
    assert one.expected and one.found and one.do
    return " | ".join(one)


def but(**changes: Any) -> Wanted:
    return dataclasses.replace(WANTED, **changes)


def test_a_twin_is_started_and_the_old_site_goes_away() -> None:
    found = plan()
    assert (found["action"], found["way"], found["slot"], found["version"]) == ("adopt", "twin", "blue", "0.9.0")
    assert found["replaces"] == {"lb1": {PATH: ""}}
    assert {**found["release"], "adoption": None} == {
        "adoption": None, "version": "0.9.0", "image": "registry.test/shop:0.9.0", "digest": DIGEST, "live": None,
        "candidate": "blue",
    }  # fmt: skip
    assert found["release"]["adoption"] == {
        "way": "twin", "project": "shop", "service": "api", "image": "registry.test/shop:0.9.0",
        "hosts": {host: {"services": ["api"], "singletons": []} for host in ("app1", "app2")},
        "replaced": {"lb1": [PATH]},
    }  # fmt: skip
    text = "\n".join(found["lines"])
    assert "started: api in slot blue (project shop-blue, port 8001) on app1 and app2" in text
    assert f"nginx on lb1: {PATH} goes away" in text
    assert "stopped at the end, not removed: api of shop" in text


def test_the_running_project_is_taken_in_place_where_the_inventory_names_it() -> None:
    wanted = but(projects={"blue": "shop-blue", "green": "shop"}, ports={"blue": 8001, "green": 8000})
    found = plan(wanted)
    assert (found["way"], found["slot"]) == ("in_place", "green")
    assert "no container is touched" in "\n".join(found["lines"])
    assert "stopped" not in "\n".join(found["lines"])


def test_in_place_on_another_port_is_refused() -> None:
    said = problem("not on its slot's port", but(projects={"blue": "shop", "green": "shop-green"}))
    assert "port 8001 (release_slots.blue.port)" in said
    assert "set release_slots.blue.port to 8000" in said


def test_an_image_without_a_registry_is_known_by_its_id() -> None:
    bare = container(digests=[], image="shop:1.2")
    assert plan(app1=app(bare), app2=app(bare))["release"]["digest"] == "sha256:" + "b" * 64


def test_the_digest_of_the_release_image_is_preferred() -> None:
    several = container(digests=["a.test/x@sha256:" + "c" * 64, DIGEST])
    assert plan(app1=app(several), app2=app(several))["release"]["digest"] == DIGEST


def test_different_images_are_refused() -> None:
    other = container(digests=[], image_id="sha256:" + "d" * 64)
    assert "app2 sha256:dddd" in problem("different images", app2=app(other))


@pytest.mark.parametrize("image", ["shop", "shop:latest", "registry.test:5000/shop", "shop@sha256:" + "a" * 64])
def test_a_version_that_is_not_known_is_asked_for(image: str) -> None:
    one = container(image=image)
    assert "-e adopt_version=" in problem("version that runs", app1=app(one), app2=app(one))
    assert plan(but(version="7"), app1=app(one), app2=app(one))["version"] == "7"


def test_nothing_runs_anywhere() -> None:
    other = container(project="other")
    said = problem("nothing to adopt", app1=app(other), app2=app(other))
    assert "playbooks/release.yml" in said


@pytest.mark.parametrize(
    ("what", "says", "view"),
    [
        ("does not run on app2", "only worker of that project", app(container("worker"))),
        ("several containers on app2", "scale it to one", app(container(), container(name="shop-api-2"))),
        ("not well on app2", "shop-api-1 is running, health unhealthy", app(container(health="unhealthy"))),
        ("not well on app2", "is exited", app(container(state="exited"))),
        ("not published on app2", "9000 to 9001", app(container(ports=[{"port": 9000, "container_port": 9001}]))),
        ("Docker Compose is too old or missing on app2", "2.24.4", app(compose="2.24.3")),
        ("Docker Compose is too old or missing on app2", "none", app(compose="")),
        ("There is no answer from app2", "no route", View(reason="no route to host")),
        ("port of slot green is taken on app2", "8002", app(listeners={"8002": {"command": "java"}})),
    ],
)
def test_a_host_that_cannot_be_adopted(what: str, says: str, view: View) -> None:
    assert says in problem(what, app2=view)


def test_the_engine_that_cannot_be_asked() -> None:
    view = View(probe={"docker": {"problem": "no socket"}, "containers": [], "listeners": {}})
    assert "no socket" in problem("The Docker engine does not answer on app2", app2=view)


def test_a_port_held_by_the_running_project_names_the_way_in_place() -> None:
    view = app(listeners={"8001": {"container": "shop-api-1", "project": "shop"}})
    assert "release_projects.blue: shop" in problem("port of slot blue is taken on app1", app1=view)


def test_a_twin_that_stands_already_holds_its_own_port() -> None:
    assert plan(app1=app(listeners={"8001": {"container": "x", "project": "shop-blue"}}))["way"] == "twin"


def test_a_shared_service_must_be_looked_for_where_it_runs() -> None:
    views = {host: app(container(), container("db")) for host in ("app1", "app2")}
    said = problem("shared service runs elsewhere", but(shared=["db"]), **views)
    assert "second, empty db" in said
    found = plan(but(shared=["db"], shared_project="shop"), **views)
    assert "stays:   db of shop" in "\n".join(found["lines"])


def test_names_of_the_environment_that_the_inventory_does_not_know_are_told() -> None:
    one = container(environment=["DATABASE_URL", "KNOWN"])
    notes = judged(but(environment=["KNOWN"]), app1=app(one)).notes
    assert notes == ["app1: shop-api-1 has DATABASE_URL, not in release_app_environment"]


def test_a_service_that_a_slot_cannot_reach_is_told_with_the_way_to_share_it() -> None:
    (note,) = judged(but(unreached=["api depends on cache"]), app1=app(container())).notes
    assert note.startswith("api depends on cache, which is neither")
    assert note.endswith("release_shared_project: shop")


def test_limits_that_the_running_containers_may_not_have_are_in_the_plan() -> None:
    lines = plan(but(limits={"cpus": "1.0", "memory": "512m"}))["lines"]
    assert "  limits:  cpus 1.0, memory 512m for each container (release_slot_limits)" in lines


def test_singletons_are_moved_and_not_stopped_as_services() -> None:
    found = plan(but(services=["api", "beat"], singletons=["beat"]), app1=app(container(), container("beat")))
    assert found["hosts"] == {
        "app1": {"services": ["api"], "singletons": ["beat"]},
        "app2": {"services": ["api"], "singletons": []},
    }


@pytest.mark.parametrize(
    ("app1", "app2", "problem"),
    [
        (("api", "beat"), ("api",), ""),
        (("api", "beat"), ("api", "beat"), "app2"),
        (("api",), ("api",), "app1"),
        (("api",), ("api", "beat"), "app1 and app2"),
    ],
)
def test_in_place_what_runs_once_must_be_in_its_place(
    app1: tuple[str, ...], app2: tuple[str, ...], problem: str
) -> None:
    wanted = but(
        services=["api", "beat"],
        singletons=["beat"],
        singleton_host="app1",
        projects={"blue": "shop-blue", "green": "shop"},
        ports={"blue": 8001, "green": 8000},
    )
    hosts = {"app1": app(*map(container, app1)), "app2": app(*map(container, app2))}
    found = [str(one) for one in judged(wanted, **hosts).problems]
    assert len(found) == (0 if not problem else len(problem.split(" and "))), found
    assert all("What runs once is not in its place" in one for one in found)


def test_every_problem_is_told_at_once() -> None:
    found = judged(app1=app(compose="2.1"), app2=app(container(health="starting")), lb1=proxy(problem="[emerg] x"))
    assert len(found.problems) == 3


# nginx, mode site


def test_a_file_of_the_user_at_our_path_is_replaced() -> None:
    found = plan(lb1=proxy(**{OURS: SITE}))
    assert found["replaces"] == {"lb1": {OURS: ""}}
    assert [line for line in found["lines"] if OURS in line] == [
        f"  nginx on lb1: {OURS} is ours from now on (your content is kept)"
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("keepalive 32;", "keepalive 32;\n    server 192.0.2.99:8000;", "upstream shop with 192.0.2.99:8000"),
        (
            "server_name shop.test;",
            "server_name shop.test www.shop.test;",
            "www.shop.test: add it to nginx_switchover_",
        ),
        ("server_name shop.test;", "", "none: any name"),
        ("location / {", "location /static/ {\n  root /srv;\n }\n location / {", "root"),
        ("location / {", "auth_basic x;\n location / {", "auth_basic"),
        ("location / {", "location /api/ {", "no location /"),
        (
            "location / {",
            "location /x/ { proxy_pass http://192.0.2.50; }\n location / {",
            "proxy_pass http://192.0.2.50",
        ),
        ("proxy_set_header Host $host;", "proxy_set_header X-Key 1;", "proxy_set_header X-Key"),
        ("server {", "map $uri $x { default 1; }\nserver {", "map"),
        # Listens that ours does not say.
        ("listen 80;", "listen 80; listen [::]:80;", f"{PATH}:8 listen [::]:80"),
        ("listen 80;", "listen 80; listen [::]:80;", "nginx_switchover_includes"),
        ("listen 80;", "listen 80; listen [::]:80 ipv6only=on default_server;", 'a file with "listen [::]:80;"'),
        ("listen 80;", "listen 10.0.0.5:80;", 'set nginx_switchover_listen: "10.0.0.5:80"'),
        ("listen 80;", "listen 80; listen unix:/run/x;", "listen unix:/run/x"),
        ("listen 80;", "listen 80 proxy_protocol;", "listen 80 proxy_protocol"),
        ("listen 80;", "listen 80 ssl;", 'nginx_switchover_tls_listen: "80"'),
        # Values that ours does not have.
        ("proxy_pass http://shop;", "proxy_pass http://shop/app/;", "proxy_pass http://shop/app/ (a path of its own)"),
        ("proxy_pass http://shop;", "proxy_pass https://shop;", "proxy_pass https://shop (TLS)"),
        ("location / {", "location /v1/ { proxy_pass http://shop/; }\nlocation / {", "proxy_pass http://shop/ (a path"),
        ("Host $host;", "Host app.internal;", "proxy_set_header Host app.internal"),
        ("Host $host;", "X-Forwarded-Proto https;", "set nginx_switchover_forwarded_proto: https"),
        ("Host $host;", "X-Forwarded-For $remote_addr;", "proxy_set_header X-Forwarded-For $remote_addr"),
        ("Host $host;", "X-Forwarded-Port 443;", "proxy_set_header X-Forwarded-Port 443"),
        ("proxy_http_version 1.1;", "proxy_read_timeout 10m;", "set nginx_switchover_read_timeout_seconds: 600"),
        ("proxy_http_version 1.1;", "proxy_send_timeout 61;", "set nginx_switchover_send_timeout_seconds: 61"),
        ("proxy_http_version 1.1;", "client_body_timeout 1h;", 'a file with "client_body_timeout 1h;"'),
        ("proxy_http_version 1.1;", "proxy_buffering off;", "set nginx_switchover_response_buffering: false"),
        ("_size 100m", "_size 1g", "set nginx_switchover_client_max_body_size: 1g"),
        (
            "proxy_http_version 1.1;",
            "proxy_buffer_size 16k; proxy_buffers 8 16k;",
            'nginx_switchover_includes: a file with "proxy_buffer_size 16k; proxy_buffers 8 16k;"',
        ),
        ("keepalive 32;", "ip_hash;", "ip_hash"),
        ("app2:8000;", "app2:8000 backup;", "server app2:8000 backup"),
        ("_size 100m", "_size 0", "set nginx_switchover_client_max_body_size: 0"),
        ("location / {", "ssl_protocols TLSv1.3;\nlocation / {", "ssl_protocols TLSv1.3"),
        (
            "location / {",
            "ssl_ciphers HIGH;\nlocation / {",
            'nginx_switchover_includes: a file with "ssl_ciphers HIGH;"',
        ),
    ],
)
def test_a_file_with_anything_else_does_not_go_away_by_itself(old: str, new: str, says: str) -> None:
    text = SITE.replace(old, new, 1)
    said = problem(f"{PATH} does not go away by itself on lb1", lb1=proxy(**{PATH: text}))
    assert says in said
    assert 'adopt_nginx_files: {"/etc/nginx/conf.d/old.conf": ""}' in said
    assert plan(but(files={PATH: ""}), lb1=proxy(**{PATH: text}))["replaces"] == {"lb1": {PATH: ""}}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("listen 80;", "listen 80 default_server;", {}),
        ("listen 80;", "listen *:80;", {}),
        ("listen 80;", "listen 10.0.0.5:80;", {"listen": "10.0.0.5:80"}),
        ("listen 80;", "listen 80 proxy_protocol;", {"listen": "80 proxy_protocol"}),
        ("listen 80;", "listen 443 ssl http2;", {"listen": "", "tls_certificate": "/c.pem"}),
        ("listen 80;", "listen 443 ssl;", {"listen": "443 ssl"}),
        ("proxy_pass http://shop;", "proxy_pass http://shop/;", {}),
        ("Host $host;", "Host $http_host;", {}),
        ("Host $host;", "X-Forwarded-Proto $scheme;", {}),
        ("Host $host;", "X-Forwarded-Proto http;", {}),
        ("Host $host;", "X-Forwarded-Proto https;", {"forwarded_proto": "https"}),
        ("proxy_http_version 1.1;", "proxy_read_timeout 60s;", {}),
        ("proxy_http_version 1.1;", "proxy_read_timeout 10m;", {"read_timeout_seconds": 600}),
        ("proxy_http_version 1.1;", "proxy_buffering off;", {"response_buffering": "no"}),
        ("proxy_http_version 1.1;", "proxy_buffering on;", {}),
        ("_size 100m", "_size 102400k", {}),
        ("proxy_http_version 1.1;", "proxy_buffer_size 4k; proxy_buffers 4 32k;", {}),
        ("app2:8000;", "app2:8000 max_fails=3 fail_timeout=5s;", {}),
        ("_size 100m", "_size 1G", {"client_max_body_size": "1024m"}),
        ("_size 100m", "_size 0", {"client_max_body_size": "0"}),
    ],
)
def test_what_our_site_does_as_well_is_not_in_the_way(old: str, new: str, told: dict[str, Any]) -> None:
    one = but(told={**TOLD, **told}, listens=[443] if "443" in new else [80])
    found = judged(one, lb1=proxy(**{PATH: SITE.replace(old, new, 1)}))
    assert (found.problems, found.notes) == ([], [])


@pytest.mark.parametrize(
    ("old", "new", "told", "says"),
    [
        ("_size 100m", "_size 20m", {}, "client_max_body_size 20m: 100m from now on"),
        ("proxy_http_version 1.1;", "proxy_connect_timeout 60s;", {}, "nginx_switchover_connect_timeout_seconds"),
        ("Host $host;", "Host $host:$server_port;", {}, "proxy_set_header Host $host:$server_port"),
        ("listen 80;", "listen 80; listen [::]:80;", {"includes": ["/etc/l.conf"]}, "listen [::]:80: look whether"),
        ("location / {", "ssl_ciphers HIGH;\nlocation / {", {"includes": ["/etc/l.conf"]}, "ssl_ciphers HIGH: look"),
        ("listen 80;", "listen 80 backlog=9;", {}, "listen 80 backlog=9"),
        ("proxy_http_version 1.1;", "proxy_buffer_size 16k;", {"includes": ["/etc/l.conf"]}, "16k: look whether"),
        ("access_log off;", "access_log /var/log/shop.log;", {}, "access_log /var/log/shop.log: ours is JSON"),
        ("keepalive 32;", "least_conn;", {}, "least_conn: our site takes the hosts in turn"),
        ("app2:8000;", "app2:8000 weight=3;", {}, "weight=3: our site takes the hosts in turn"),
    ],
)
def test_a_small_loss_is_a_note(old: str, new: str, told: dict[str, Any], says: str) -> None:
    found = judged(but(told={**TOLD, **told}), lb1=proxy(**{PATH: SITE.replace(old, new, 1)}))
    (note,) = found.notes
    assert found.problems == [] and note.startswith(f"lb1: {PATH}:") and says in note


def test_a_file_that_our_site_includes_as_well_loses_nothing() -> None:
    text = SITE.replace("location / {", "include /etc/nginx/tls.inc;\n location / {")
    files = {PATH: text, "/etc/nginx/tls.inc": "ssl_protocols TLSv1.3;\nadd_header X-Frame-Options DENY;\n"}
    assert "nginx_switchover_includes: [/etc/nginx/tls.inc]" in problem("does not go away", lb1=proxy(**files))
    found = judged(but(told={**TOLD, "includes": ["/etc/nginx/tls.inc"]}), lb1=proxy(**files))
    assert (found.problems, found.notes) == ([], [])


def test_a_limit_of_the_http_level_is_lost_as_well() -> None:
    main = MAIN.replace("http {", "http {\n    client_max_body_size 2g;")
    files = {"/etc/nginx/nginx.conf": main, PATH: SITE.replace("client_max_body_size 100m;", "")}
    said = problem("does not go away", lb1=proxy(**files))
    assert "/etc/nginx/nginx.conf:2 client_max_body_size 2g" in said


@pytest.mark.parametrize(
    ("inherited", "own", "says"),
    [
        ("add_header X-Frame-Options DENY;", "", "add_header X-Frame-Options DENY"),
        ("proxy_hide_header X-Powered-By;", "", "proxy_hide_header"),
        ("proxy_set_header X-Key 1;", "", "proxy_set_header X-Key"),
        ("proxy_set_header X-Forwarded-Proto https;", "", "set nginx_switchover_forwarded_proto: https"),
        ("proxy_set_header X-Key 1;", "proxy_set_header Host $host;", ""),
        ("proxy_set_header Host $host;", "", ""),
    ],
)
def test_what_the_http_level_gave_and_our_site_hides_is_lost_as_well(inherited: str, own: str, says: str) -> None:
    bare = SITE.replace('proxy_set_header Connection "";', "").replace("proxy_set_header Host $host;", own)
    files = {"/etc/nginx/nginx.conf": MAIN.replace("http {", f"http {{\n    {inherited}"), PATH: bare}
    if says:
        said = problem("does not go away", lb1=proxy(**files))
        assert says in said and said.count("/etc/nginx/nginx.conf:2") == 1
    assert plan(but(files={PATH: ""} if says else {}), lb1=proxy(**files))["replaces"] == {"lb1": {PATH: ""}}


def test_a_header_of_the_http_level_is_a_note_where_our_site_includes_files() -> None:
    main = MAIN.replace("http {", "http {\n    add_header X-Frame-Options DENY;")
    found = judged(but(told={**TOLD, "includes": ["/etc/l"]}), lb1=proxy(**{"/etc/nginx/nginx.conf": main, PATH: SITE}))
    text = "add_header X-Frame-Options DENY: look whether a file in nginx_switchover_includes keeps it"
    assert (found.problems, found.notes) == ([], [f"lb1: /etc/nginx/nginx.conf:2 {text}"])


def test_settings_of_tls_that_the_http_level_has_too_stay() -> None:
    main = MAIN.replace("http {", "http {\n    ssl_protocols TLSv1.3;")
    text = SITE.replace("location / {", "ssl_protocols TLSv1.3;\n location / {")
    assert plan(lb1=proxy(**{"/etc/nginx/nginx.conf": main, PATH: text}))["action"] == "adopt"


def test_a_default_server_is_lost_only_where_another_could_take_its_place() -> None:
    files = {PATH: SITE.replace("listen 80;", "listen 80 default_server;")}
    files["/etc/nginx/conf.d/b.conf"] = "server { listen 80; server_name other.test; }"
    assert "listen 80 default_server" in problem("does not go away", lb1=proxy(**files))


def test_a_listen_that_is_not_written_is_port_80_of_all_addresses() -> None:
    one = but(told={**TOLD, "listen": "10.0.0.5:80"})
    assert f"{PATH}:7 listen 80" in problem(
        "does not go away", one, lb1=proxy(**{PATH: SITE.replace("listen 80;", "")})
    )


REDIRECT = "server { listen 80; server_name shop.test; return 301 https://$host$request_uri; }\n"
SECURE = REDIRECT + SITE.replace("listen 80;", "listen 443 ssl;")


def test_what_was_redirected_is_not_served_in_clear_unseen() -> None:
    both = but(listens=[80, 443], told={**TOLD, "tls_certificate": "/c.pem"})
    said = problem("would be served in clear", both, lb1=proxy(**{PATH: SECURE}))
    assert f"{PATH}:1 return 301 https://" in said
    assert 'nginx_switchover_listen: ""' in said and "nginx_switchover_mode include" in said
    assert plan(dataclasses.replace(both, files={PATH: ""}), lb1=proxy(**{PATH: SECURE}))["action"] == "adopt"


def test_a_redirect_with_a_location_that_nobody_reaches_is_a_redirect() -> None:
    both = but(listens=[80, 443], told={**TOLD, "tls_certificate": "/c.pem"})
    text = SECURE.replace("return", "location / { proxy_pass http://shop; } return", 1)
    assert f"{PATH}:1 return 301" in problem("would be served in clear", both, lb1=proxy(**{PATH: text}))


CATCH_ALL = "server { listen 80 default_server; server_name _; return 301 https://$host$request_uri; }\n"
EVERYBODY = "/etc/nginx/conf.d/everybody.conf"


def test_what_a_server_of_all_names_redirected_is_not_served_in_clear_unseen() -> None:
    both = but(listens=[80, 443], told={**TOLD, "tls_certificate": "/c.pem"})
    files = {PATH: SITE.replace("listen 80;", "listen 443 ssl;"), EVERYBODY: CATCH_ALL}
    said = problem("would be served in clear", both, lb1=proxy(**files))
    assert f"{EVERYBODY}:1 return 301" in said and 'set nginx_switchover_listen: "" (TLS only)' in said
    secure = but(listens=[443], told={**TOLD, "listen": "", "tls_certificate": "/c.pem"})
    assert plan(secure, lb1=proxy(**files))["replaces"] == {"lb1": {PATH: ""}}
    decided = dataclasses.replace(both, files={PATH: "", EVERYBODY: CATCH_ALL})
    assert plan(decided, lb1=proxy(**files))["action"] == "adopt"


@pytest.mark.parametrize(
    "catch_all",
    [
        CATCH_ALL.replace("return 301 https://$host$request_uri", "return 444"),
        CATCH_ALL.replace("80 default_server", "8080 default_server"),
        "server { listen 80; server_name other.test; location / { root /srv; } }\n"
        + CATCH_ALL.replace(" default_server", ""),
    ],
)
def test_a_server_that_did_not_redirect_our_users_is_not_in_the_way(catch_all: str) -> None:
    both = but(listens=[80, 443], told={**TOLD, "tls_certificate": "/c.pem"})
    files = {EVERYBODY: catch_all, PATH: SITE.replace("listen 80;", "listen 443 ssl;")}
    assert plan(both, lb1=proxy(**files))["replaces"] == {"lb1": {PATH: ""}}


def test_a_redirect_of_all_names_below_a_domain_is_one_of_ours() -> None:
    both = but(listens=[80, 443], told={**TOLD, "tls_certificate": "/c.pem"})
    below = CATCH_ALL.replace(" default_server", "").replace("name _", "name *.test")
    first = 'server { listen 80; server_name ""; return 444; }\n'
    files = {EVERYBODY: first + below, PATH: SITE.replace("listen 80;", "listen 443 ssl;")}
    assert f"{EVERYBODY}:2 return 301" in problem("would be served in clear", both, lb1=proxy(**files))


def test_a_server_of_all_names_is_nothing_to_users_who_had_one_of_their_own() -> None:
    assert plan(lb1=proxy(**{EVERYBODY: CATCH_ALL, PATH: SITE}))["replaces"] == {"lb1": {PATH: ""}}


def test_a_port_that_only_redirected_is_kept_by_a_file_of_its_own() -> None:
    secure = but(listens=[443], told={**TOLD, "listen": "", "tls_certificate": "/c.pem"})
    said = problem("Users of a port would find nobody", secure, lb1=proxy(**{PATH: SECURE}))
    assert "a new version of the file with that server alone" in said and "tls_certificate" not in said


def test_a_redirect_may_stay_where_our_site_does_not_listen() -> None:
    secure = but(listens=[443], files={PATH: REDIRECT}, told={**TOLD, "listen": "", "tls_certificate": "/c.pem"})
    assert plan(secure, lb1=proxy(**{PATH: SECURE}))["replaces"] == {"lb1": {PATH: REDIRECT}}
    assert "Users of a port" in problem(
        "find nobody", dataclasses.replace(secure, files={}), lb1=proxy(**{PATH: SECURE})
    )


def test_a_port_given_up_by_decision_is_a_note() -> None:
    text = SITE.replace("listen 80;", "listen 80; listen 8080;")
    assert "Users of a port" in problem("find nobody", lb1=proxy(**{PATH: text}))
    (note,) = judged(but(files={PATH: ""}), lb1=proxy(**{PATH: text})).notes
    assert note == f"lb1: nobody answers on port 8080 from now on: {PATH}:7 listen 8080"


def test_what_our_site_does_untold_is_what_the_role_does() -> None:
    path = Path(__file__).parents[4] / "roles/nginx_switchover/defaults/main.yml"
    defaults = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {name: defaults[f"nginx_switchover_{name}"] for name in TOLD} == TOLD


def test_the_same_file_goes_away_when_it_is_named() -> None:
    text = SITE.replace("location / {", "auth_basic x;\n location / {")
    assert plan(but(files={PATH: ""}), lb1=proxy(**{PATH: text}))["replaces"] == {"lb1": {PATH: ""}}


def test_a_redirect_beside_the_server_goes_away_with_it() -> None:
    text = SITE + "server { listen 80; server_name shop.test; if ($x) { return 301 /; } return 301 https://$host; }"
    assert plan(lb1=proxy(**{PATH: text}))["replaces"] == {"lb1": {PATH: ""}}


def test_a_port_that_our_site_does_not_have_is_refused_with_its_certificates() -> None:
    text = SITE.replace("listen 80;", "listen 443 ssl; ssl_certificate /c.pem; ssl_certificate_key /k.pem;")
    said = problem("Users of a port would find nobody", lb1=proxy(**{PATH: text}))
    assert "nginx_switchover_tls_certificate: /c.pem, nginx_switchover_tls_certificate_key: /k.pem" in said
    both = but(listens=[80, 443], told={**TOLD, "tls_certificate": "/c.pem"})
    assert plan(both, lb1=proxy(**{PATH: text}))["action"] == "adopt"


def test_a_server_that_would_stay_beside_ours_is_refused() -> None:
    said = problem("server of your own would stay", but(files={"/etc/nginx/conf.d/x.conf": ""}))
    assert f"{PATH}:7" in said
    kept = SITE.replace("shop.test", "other.test").replace("app1", "192.0.2.8").replace("app2", "192.0.2.9")
    assert plan(but(files={PATH: kept}))["replaces"] == {"lb1": {PATH: kept}}


def test_a_server_of_another_name_on_our_backend_is_not_forgotten() -> None:
    other = "server { listen 80; server_name other.test; location / { proxy_pass http://192.0.2.1:8000; } }"
    said = problem("b.conf does not go away", lb1=proxy(**{PATH: SITE, "/etc/nginx/conf.d/b.conf": other}))
    assert "server_name other.test" in said


def test_without_any_server_of_the_name_nothing_is_replaced() -> None:
    other = "server { listen 80; server_name other.test; }"
    found = judged(lb1=proxy(**{PATH: other}))
    assert found.plan is not None and found.plan["replaces"] == {"lb1": {}}
    assert found.notes == ["lb1: no server answers for shop.test yet; nothing of nginx is replaced"]


def test_another_port_of_an_application_host_is_not_ours() -> None:
    other = "server { listen 80; server_name other.test; location / { proxy_pass http://app1:9000; } }"
    assert plan(lb1=proxy(**{PATH: SITE, "/etc/nginx/conf.d/b.conf": other}))["replaces"] == {"lb1": {PATH: ""}}


def test_nginx_that_is_broken_before_we_come() -> None:
    assert "[emerg] no" in problem("cannot show its configuration on lb1", lb1=proxy(problem="[emerg] no"))


def test_nginx_that_routes_by_our_flags_without_a_record() -> None:
    assert "it answers green" in problem("already routes by our flags", lb1=proxy(probe="green", file="green"))


def test_a_stale_flag_of_the_other_slot_is_known() -> None:
    assert plan(lb1=proxy(file="green"))["stale_flags"] == {"lb1": ["green"]}
    assert plan(lb1=proxy(file="blue"))["stale_flags"] == {"lb1": []}


# nginx, mode include

INCLUDE = but(mode="include", site_files=[HTTP, SERVER])
CHANGED = SITE[: SITE.index("    location / {")] + f"    include {SERVER};\n}}\ninclude {HTTP};\n"


def test_missing_includes_are_told_to_the_line() -> None:
    said = problem("not included on lb1", INCLUDE)
    assert f'"include {HTTP};" at the http level, below the server at {PATH}:7' in said
    assert f'"include {SERVER};" in the server at {PATH}:7 in place of location / at {PATH}:13' in said
    assert f"(proxy_pass http://shop at {PATH}:14)" in said
    assert len(judged(INCLUDE).problems) == 1


def test_the_file_of_the_http_level_inside_a_server_is_not_included_where_it_belongs() -> None:
    wrong = CHANGED.replace(f"include {HTTP};\n", "").replace("client_max_body_size 100m;", f"include {HTTP};")
    assert "at the http level" in problem("not included", dataclasses.replace(INCLUDE, files={PATH: wrong}))


def test_the_users_new_version_with_both_includes_is_accepted() -> None:
    found = plan(dataclasses.replace(INCLUDE, files={PATH: CHANGED}))
    assert found["replaces"] == {"lb1": {PATH: CHANGED}}
    assert f"{PATH} gets the content given" in "\n".join(found["lines"])


def test_a_location_beside_the_include_is_seen() -> None:
    double = CHANGED.replace("client_max_body_size 100m;", "location / { proxy_pass http://shop; }")
    assert f"{PATH}:11" in problem(
        "location / would be there twice", dataclasses.replace(INCLUDE, files={PATH: double})
    )


def test_our_file_above_the_users_server_would_be_the_default_server() -> None:
    above = f"include {HTTP};\n" + CHANGED.replace(f"include {HTTP};\n", "")
    said = problem("read before your server", dataclasses.replace(INCLUDE, files={PATH: above}))
    assert f"below the server at {PATH}:8" in said
    default = above.replace("listen 80;", "listen 80 default_server;")
    assert plan(dataclasses.replace(INCLUDE, files={PATH: default}))["action"] == "adopt"


def test_include_without_a_server_of_the_name() -> None:
    said = problem("No server has our name", dataclasses.replace(INCLUDE, names=["else.test"]))
    assert f"{PATH}:7" in said


def test_a_new_version_that_is_no_configuration_is_refused() -> None:
    assert f"{PATH}:1" in problem("cannot be read", dataclasses.replace(INCLUDE, files={PATH: "server {"}))


# history

STAMP = {"at": "2026-01-31T12:00:00.000000Z", "actor": "a@b", "run": "process 1"}
FACTS = {"way": "twin", "project": "shop", "service": "api", "hosts": {}, "replaced": {"lb1": [PATH]}}
STEPS = ("provisioning", "provisioned", "checking", "checked", "switching", "switched", "watching", "watched")


def opened(version: str, epoch: int, live: str | None, slot: str) -> dict[str, Any]:
    wish = {"version": version, "image": f"shop:{version}", "digest": DIGEST, "live": live, "candidate": slot}
    release = {
        "release_id": f"20260131T12000{epoch}Z-{version}-0000",
        "application": "shop",
        "environment": "test",
        "mode": "run",
    }
    return record.new_document(wish, release, epoch, STAMP)


def adoption(until: str = "watched", outcome: str | None = "live") -> dict[str, Any]:
    document = record.amend(opened("0.9.0", 1, None, "blue"), {"adoption": FACTS}, 1)
    for step in STEPS[: STEPS.index(until) + 1]:
        document = record.advance(document, step, {}, 1, STAMP)
    if outcome in ("rolled_back", "failed"):
        document = record.advance(document, "rolling_back", {}, 1, STAMP)
    return record.close(document, outcome, {}, 1, STAMP) if outcome else document


def release(outcome: str | None = "live") -> dict[str, Any]:
    document = opened("1.0.0", 2, "blue", "green")
    steps: tuple[str, ...]
    if outcome == "live":
        steps = ("provisioning", "provisioned", "migrating", "migrated", *STEPS[2:])
    else:
        steps = ("provisioning", "rolling_back") if outcome else ("provisioning",)
    for step in steps:
        document = record.advance(document, step, {}, 2, STAMP)
    return record.close(document, outcome, {}, 2, STAMP) if outcome else document


def test_adopted_already() -> None:
    found = plan(lb1=proxy(adoption(), probe="blue", file="blue"))
    assert found["action"] == "nothing"
    assert "Already adopted" in found["lines"][0] and "Nothing was changed" in found["lines"][0]
    assert plan(lb1=proxy(adoption(), release(), probe="green", file="green"))["slot"] == "green"
    assert plan(lb1=proxy(adoption(), release("failed"), probe="blue", file="blue"))["slot"] == "blue"


def test_an_adoption_that_was_taken_back_may_be_tried_again() -> None:
    taken_back = adoption(outcome="rolled_back")
    assert plan(lb1=proxy(taken_back))["action"] == "adopt"
    assert plan(lb1=proxy(taken_back, release("failed")))["action"] == "adopt"


def test_an_adoption_that_did_not_end_is_taken_back_first() -> None:
    for undo in (False, True):
        found = plan(but(undo=undo), lb1=proxy(adoption("switching", None)))
        assert (found["action"], found["slot"], found["way"]) == ("take_back", "blue", "twin")


def test_a_release_that_did_not_end_stands_in_the_way() -> None:
    assert "playbooks/rollback.yml" in problem("release is not finished", lb1=proxy(adoption(), release(None)))


def test_an_undo() -> None:
    found = plan(but(undo=True), lb1=proxy(adoption(), probe="blue", file="blue"))
    assert (found["action"], found["slot"], found["project"]) == ("undo", "blue", "shop")
    text = "\n".join(found["lines"])
    assert f"{PATH} come back" in text and "slot blue, once nobody is connected" in text


def test_an_undo_in_place_touches_no_container() -> None:
    document = adoption()
    document = record.sealed({**document, "adoption": {**FACTS, "way": "in_place"}})
    found = plan(but(undo=True), lb1=proxy(document), app1=app(container(project="x")))
    assert "no container is touched" in found["lines"][-1]


def test_an_undo_of_nothing() -> None:
    assert "none" in problem("no adoption to undo", but(undo=True))
    assert "taken back already" in problem(
        "no adoption to undo", but(undo=True), lb1=proxy(adoption(outcome="rolled_back"))
    )
    assert "taken back already" in problem(
        "no adoption to undo", but(undo=True), lb1=proxy(adoption(outcome="rolled_back"), release("failed"))
    )


def test_an_undo_after_a_release_is_refused_and_says_which() -> None:
    said = problem("released since", but(undo=True), lb1=proxy(adoption(), release()))
    assert "1.0.0 (20260131T120002Z-1.0.0-0000)" in said and "go back by playbooks/rollback.yml" in said
    back = problem("released since", but(undo=True), lb1=proxy(adoption(), release("rolled_back")))
    assert "users are on 0.9.0 in slot blue again" in back and "rollback.yml" not in back
    assert plan(but(undo=True), lb1=proxy(adoption(), release("failed")))["action"] == "undo"


def test_an_undo_without_the_old_containers_is_refused() -> None:
    gone = app(container(project="other"))
    assert "project shop" in problem(
        "old containers are gone on app2", but(undo=True), lb1=proxy(adoption()), app2=gone
    )


def test_an_undo_needs_every_container_that_it_starts() -> None:
    parts = {"app1": {"services": ["api", "worker"], "singletons": ["beat"]}}
    document = record.sealed({**adoption(), "adoption": {**FACTS, "hosts": parts}})
    said = problem("old containers are gone on app1", but(undo=True), lb1=proxy(document), app1=app(container()))
    assert "worker and beat in project shop" in said


@pytest.mark.parametrize("document", [adoption(), adoption("switching", None)])
def test_an_adoption_is_not_taken_back_without_a_host_of_it(document: dict[str, Any]) -> None:
    facts = {**FACTS, "hosts": {"app3": {"services": ["api"], "singletons": []}}, "replaced": {"lb1": [], "lb9": []}}
    gone = record.sealed({**document, "adoption": facts})
    assert "app3 and lb9" in problem("not in the inventory", but(undo=True), lb1=proxy(gone))


def test_the_summary_is_the_plan_with_its_notes_and_nothing_with_a_problem() -> None:
    found = judged(but(environment=["KNOWN"]), app1=app(container(environment=["DATABASE_URL"])))
    assert found.plan is not None
    note = "  note: app1: shop-api-1 has DATABASE_URL, not in release_app_environment"
    assert summary(found) == [*found.plan["lines"], note]
    assert summary(judged(lb1=proxy(problem="[emerg] x"))) == []


def test_old_containers_that_still_run_are_told_by_every_later_run() -> None:
    stopped = app(container(state="exited"))
    found = judged(lb1=proxy(adoption(), probe="blue", file="blue"), app1=app(container()), app2=stopped)
    (note,) = found.notes
    assert note.startswith("app1: api of shop still runs") and note.endswith("docker compose -p shop stop api")
    in_place = record.sealed({**adoption(), "adoption": {**FACTS, "way": "in_place"}})
    assert judged(lb1=proxy(in_place, probe="blue", file="blue")).notes == []


def test_a_service_of_the_same_image_that_is_in_no_list_is_a_note() -> None:
    found = judged(app1=app(container(), container("cleaner"), container("redis", image_id="sha256:0")))
    told = [note for note in found.notes if "in no list" in note]
    assert len(told) == 1
    assert told[0].startswith("cleaner runs the image of api")


def test_other_values_than_the_inventory_gives_are_a_note() -> None:
    found = judged(app1=app(container(differs=["TOKEN"])))
    assert "app1: shop-api-1 has other values of TOKEN than release_app_environment" in found.notes


def test_the_projects_that_do_run_are_named_where_the_one_asked_for_does_not() -> None:
    seen = {**(app().probe or {}), "projects": {"shop-stack": ["web", "cleaner"]}}
    view = View(probe=seen, record=remembered())
    said = problem("There is nothing to adopt", but(project="nobody"), app1=view)
    assert "app1: project shop-stack (web and cleaner)" in said


def test_a_file_to_include_that_is_not_on_the_proxy_is_refused_unless_it_is_given() -> None:
    view = proxy()
    assert view.probe is not None
    view.probe["nginx"]["missing"] = ["/etc/nginx/shop.inc"]
    assert "no /etc/nginx/shop.inc" in problem("A file to include is not there", lb1=view)
    given = but(files={"/etc/nginx/shop.inc": "gzip on;", PATH: ""})
    assert "A file to include is not there" not in [one.what for one in judged(given, lb1=view).problems]


def test_a_header_of_the_users_own_server_is_kept_by_a_file_to_include() -> None:
    own = proxy(**{PATH: SITE.replace("access_log off;", "add_header X-Frame-Options DENY;")})
    said = problem("does not go away", lb1=own)
    assert 'nginx_switchover_includes: a file with "add_header X-Frame-Options DENY;"' in said
    assert "yours to put on every proxy first" in said
    assert judged(but(told={**TOLD, "includes": ["/etc/l"]}), lb1=own).problems == []


@pytest.mark.parametrize(
    ("memory", "given", "says"),
    [
        (0, "512m", "has no limit of memory, in a slot 512m"),
        (1024**3, "512m", "has 1024m of memory, in a slot 512m"),
        (512 * 1024**2, "1g", ""),
        (0, "", ""),
    ],
)
def test_less_memory_than_now_is_a_note(memory: int, given: str, says: str) -> None:
    limits = {"memory": given} if given else {}
    found = judged(but(limits=limits), app1=app(container(memory=memory)), app2=app(container(memory=1)))
    told = [note for note in found.notes if "of memory" in note]
    assert [says in note for note in told] == ([True] if says else [])
