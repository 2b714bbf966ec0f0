"""A proxy and its whole configuration: each row changes one thing of a proxy that is fine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_container import Container, Mount
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Dump, parse
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_hosts import judge_hosts
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_nginx import misses_only_ours, notes
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_proxy import judge_proxy
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Findings, Site, View, Wanted

SITE = Site(
    site_file="/etc/nginx/conf.d/shop.conf",
    http_file="/etc/nginx/bluegreen/shop/http.conf",
    server_file="/etc/nginx/bluegreen/shop/server.conf",
    preview_file="/etc/nginx/bluegreen/shop-preview.conf",
    flags="/var/lib/bluegreen/shop/flags",
    server_names=("shop.example.com",),
    preview_name="green.shop.example.com",
)
MAIN = """user www-data;
events {}
http {
    include conf.d/*.conf;
    %s
}
"""
OWN = "server { listen 80; server_name shop.example.com; }\nserver { listen 80; server_name green.shop.example.com; }\n"
USERS = """include bluegreen/shop/http*.conf;
server { listen 80; server_name shop.example.com; include bluegreen/shop/server*.conf; %s }"""
GOOD = {"runs": True, "closed": None, "selinux": None}


def dump(http: str = "", **files: str) -> Dump:
    """Give the configuration whose http level has a text more; files by their name in conf.d."""
    text = f"# configuration file /etc/nginx/nginx.conf:\n{MAIN % http}\n"
    for name, content in files.items():
        text += f"# configuration file /etc/nginx/conf.d/{name}.conf:\n{content}\n"
    return parse(text)


def whats(
    site: Site = SITE,
    nginx: Dump | None = None,
    proxy: dict[str, Any] | None = None,
    container: Container | None = None,
    **seen: Any,
) -> list[str]:
    probe = {"unresolved": seen.pop("unresolved", []), "nginx": {**GOOD, **seen}}
    view = View(probe=probe, nginx=nginx or dump(), proxy=proxy, container=container)
    problems = list(judge_proxy(Wanted("1", "shop", ["lb1"], ["app1"], site=site), view))
    assert all(all(problem) for problem in problems)
    return [problem.what for problem in problems]


def test_a_good_proxy_before_and_after_the_first_install() -> None:
    assert whats() == []
    assert whats(nginx=dump(shop=OWN)) == []


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        ({"runs": False}, "nginx does not run"),
        (
            {"unresolved": [{"name": "app1", "reason": "Name or service not known"}]},
            "The address of an application host cannot be resolved",
        ),
        (
            {"closed": {"path": "/var/lib/x", "mode": "0750", "owner": "deploy", "group": "deploy"}},
            "nginx's workers cannot reach the flags",
        ),
        ({"selinux": {"label": "var_lib_t", "may_connect": True}}, "SELinux keeps nginx from the flags"),
        ({"selinux": {"label": None, "may_connect": True}}, "SELinux keeps nginx from the flags"),
        (
            {"selinux": {"label": "httpd_sys_content_t", "may_connect": False}},
            "SELinux keeps nginx from the application",
        ),
    ],
)
def test_what_was_seen_of_the_host(seen: dict[str, Any], what: str) -> None:
    assert whats(**seen) == [what]


@pytest.mark.parametrize(
    "seen",
    [
        {"runs": None},
        {"closed": {"path": "/x", "mode": "0750", "owner": "deploy", "group": "www-data"}},
        {"closed": {"path": "/x", "mode": "0700", "owner": "www-data", "group": None}},
        {"selinux": {"label": "httpd_sys_content_t", "may_connect": True}},
    ],
)
def test_what_is_no_problem(seen: dict[str, Any]) -> None:
    assert whats(**seen) == []


def test_what_nginx_says_of_the_flags_counts_for_more_than_their_rights() -> None:
    closed = {"path": "/x", "mode": "0700", "owner": "deploy", "group": None}
    assert whats(proxy={"probe": "blue", "file": "blue"}, closed=closed) == []
    assert whats(proxy={"probe": "blue", "file": "none"}, closed=closed) != [], "it answers for another directory"
    assert whats(proxy={"probe": "unreachable"}, closed=closed) != []


HOUSED = replace(SITE, container="web")
WEB = Container(
    name="web",
    state="running",
    user="",
    mounts=(Mount("/etc/nginx", "/etc/nginx"), Mount("/var/lib/bluegreen", "/var/lib/bluegreen")),
    gateways=(),
)


def test_nginx_in_a_container_is_no_process_to_look_for() -> None:
    assert whats(HOUSED, runs=False) == []
    assert whats(HOUSED, runs=False, container=WEB) == []


def test_what_the_container_lacks_is_told() -> None:
    assert whats(HOUSED, container=replace(WEB, mounts=())) == [
        "nginx's container does not see the directories of the host"
    ]
    assert whats(replace(HOUSED, replaces=("/srv/nginx/shop.conf",)), container=WEB) != [], "what is replaced as well"
    assert whats(HOUSED, container=replace(WEB, state="exited")) == ["nginx's container does not run"]


def test_a_container_that_is_missing_is_told_once() -> None:
    said = {"succeeded": False, "output": "Error: No such container: web"}
    view = View(probe={"nginx": GOOD, "unresolved": []}, privileged=said, uncontained=str(said["output"]))
    wanted, findings = Wanted("1", "shop", ["lb1"], [], site=HOUSED), Findings()
    judge_hosts(wanted, {"lb1": view}, findings)
    assert [problem.what for problem in findings.problems] == ["nginx's container is not there on lb1"]
    findings = Findings()
    judge_hosts(wanted, {"lb1": replace(view, uncontained="", container=WEB)}, findings)
    assert [problem.what for problem in findings.problems] == ["The test of nginx's configuration failed on lb1"]


def test_a_host_that_its_container_would_not_answer() -> None:
    behind = replace(WEB, gateways=("172.17.0.1",))
    assert whats(HOUSED, container=behind) == ["nginx's container would not answer its own host"]
    assert whats(replace(HOUSED, preview_addresses=("172.17.0.1",)), container=behind) == []
    assert whats(HOUSED, container=behind, proxy={"probe": "blue", "file": "blue"}) == [], "it does answer"


@pytest.mark.parametrize(
    ("path", "refused"), [("/var", False), ("/var/lib/bluegreen", True), ("/var/lib/bluegreen/shop/flags", True)]
)
def test_above_its_mounts_a_container_has_directories_of_its_own(path: str, refused: bool) -> None:
    # Its users are not the host's, so that a name which is the same says nothing.
    closed = {"path": path, "mode": "0750", "owner": "www-data", "group": "www-data"}
    assert whats(HOUSED, container=WEB, closed=closed) == (
        ["nginx's workers cannot reach the flags"] if refused else []
    )


def test_labels_of_the_host_say_nothing_of_a_container() -> None:
    assert whats(HOUSED, container=WEB, selinux={"label": "var_lib_t", "may_connect": False}) == []


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        ("server { listen 80; server_name shop.example.com; }", True),
        ("server { server_name SHOP.example.com; }", True),
        ("server { listen [::]:80; server_name green.shop.example.com; }", True),
        ("server { listen 8080; server_name shop.example.com; }", False),
        ("server { listen 80; server_name other.example.com; }", False),
    ],
)
def test_another_site_on_our_names(content: str, taken: bool) -> None:
    expected = ["Another site is on the name of the application"] if taken else []
    assert whats(nginx=dump(other=content, shop=OWN)) == expected
    assert whats(nginx=dump(other=content)) == expected, "the same before the first install"
    assert whats(replace(SITE, replaces=("/etc/nginx/conf.d/other.conf",)), nginx=dump(other=content)) == []


def test_another_site_on_our_names_over_tls() -> None:
    other = dump(other="server { listen 443 ssl; server_name shop.example.com; }")
    assert whats(nginx=other) == []
    assert whats(replace(SITE, listens=("80", "443")), nginx=other) != []


def test_a_place_that_nginx_does_not_read() -> None:
    site = replace(SITE, site_file="/etc/nginx/sites/shop.conf")
    assert whats(site) == ["nginx does not read the place of the site"]
    assert whats(site, nginx=dump("include sites/*.conf;")) == []
    assert whats(site, nginx=dump("server { include sites/*.conf; }")) != [], "inside a server it is the wrong level"


INCLUDE = replace(SITE, mode="include")


def test_include_mode_before_the_files_are_there() -> None:
    assert whats(INCLUDE, nginx=dump(USERS % "")) == []


@pytest.mark.parametrize(
    ("http", "what"),
    [
        ("server { listen 80; server_name shop.example.com; include bluegreen/shop/server*.conf; }", "http file"),
        ("include bluegreen/shop/http*.conf;", "nginx has no server for the application"),
        (
            "include bluegreen/shop/http*.conf; server { listen 80; server_name shop.example.com; }",
            "The server does not include the server file",
        ),
        (USERS % "open_file_cache max=1000;", "A cache of open files would hide the switch"),
    ],
)
def test_include_mode(http: str, what: str) -> None:
    (found,) = whats(INCLUDE, nginx=dump(http))
    assert what in found


def test_include_mode_leaves_the_users_names_to_the_user() -> None:
    preview = "server { listen 80; server_name green.shop.example.com; }"
    assert whats(INCLUDE, nginx=dump(USERS % "", other=preview)) == ["Another site is on the name of the application"]
    assert whats(INCLUDE, nginx=dump("open_file_cache max=1000;" + USERS % "")) == [], "ours is off in its server"


def test_a_site_of_ours_is_in_the_way_of_include_mode_and_nobody_elses() -> None:
    ours = "# Managed by bluegreen.release (role nginx_switchover).\n" + OWN
    assert whats(INCLUDE, nginx=dump(shop=ours)) == [
        "The other way of routing is still in nginx",
        "nginx does not include the http file",
        "nginx has no server for the application",
    ]
    assert whats(replace(INCLUDE, replaces=(SITE.site_file,)), nginx=dump(shop=ours)) == []
    users = "server { listen 80; server_name shop.example.com; include bluegreen/shop/server*.conf; }"
    assert whats(INCLUDE, nginx=dump("include bluegreen/shop/http*.conf;", shop=users)) == []


def test_adoption_puts_the_lines_in_itself() -> None:
    assert whats(replace(INCLUDE, replaces=("/etc/nginx/conf.d/mine.conf",)), nginx=dump()) == []


@pytest.mark.parametrize(
    ("mode", "path", "only"),
    [
        ("include", SITE.http_file, True),
        ("include", SITE.server_file, True),
        ("include", "/etc/nginx/conf.d/mine.conf", False),
        ("site", SITE.http_file, False),
    ],
)
def test_a_file_that_a_first_install_is_going_to_write(mode: str, path: str, only: bool) -> None:
    said = f'nginx: [emerg] open() "{path}" failed (2: No such file or directory) in /etc/nginx/nginx.conf:9'
    assert misses_only_ours(replace(SITE, mode=mode), said) is only
    assert not misses_only_ours(replace(SITE, mode=mode), "nginx: [emerg] unknown directive")


def test_a_header_that_the_site_hides_is_a_note() -> None:
    (note,) = notes(SITE, dump("add_header Strict-Transport-Security max-age=1;"))
    assert "Strict-Transport-Security" in note and "nginx_switchover_includes" in note
    assert list(notes(INCLUDE, dump("add_header X-A b;"))) == []
