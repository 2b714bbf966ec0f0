# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Include mode: two files inside somebody's own configuration, of which nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import Answer, Tls, ask

from tests.nginx.certificate import make_certificate
from tests.nginx.proxy import Proxy, until
from tests.nginx.render import SECRET
from tests.nginx.runs import run, siting, switching, withdrawing

HTTP, SERVER = "include {root}/bluegreen/shop/http*.conf;", "include {root}/bluegreen/shop/server*.conf;"
USERS = """
server {{
    listen {port} ssl http2;
    server_name shop.test www.shop.test;
    ssl_certificate {cert};
    ssl_certificate_key {key};
    add_header Strict-Transport-Security "max-age=300" always;
    client_max_body_size 3m;
    location /static/ {{ add_header X-Mine static; return 200 "static\\n"; }}
    location /api/ {{ return 204; }}
    {server}
}}
{http}
"""


class Included:
    """A proxy whose own server speaks TLS only and has a name of its own."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.ca, self.cert, self.key = make_certificate(proxy.root / "tls", "shop.test")
        self.url = f"https://127.0.0.1:{proxy.port}"
        self.users_file = proxy.root / "conf.d" / "users.conf"

    def write(self, server: str = SERVER, http: str = HTTP, users: str = USERS) -> None:
        """Write the user's own configuration and nothing of ours."""
        proxy = self.proxy
        proxy.write()
        for path in (proxy.site_file, proxy.preview_file):
            path.unlink()
        given: dict[str, Any] = {"root": proxy.root, "port": proxy.port, "cert": self.cert, "key": self.key}
        inner, outer = server.format(**given), http.format(**given)
        self.users_file.write_text(users.format(**given, server=inner, http=outer))
        proxy.start()

    @property
    def options(self) -> dict[str, Any]:
        """How the modules reach it."""
        return {
            "ca": str(self.ca),
            "probe_url": self.url + "/.bluegreen/slot",
            "front_url": self.url + "/",
        }

    def site(self, **more: Any) -> Any:
        """A run of nginx_site; the preview has no certificate of its own."""
        inputs = {"nginx_switchover_listen": f"{self.proxy.port} ssl", **more.pop("inputs", {})}
        return siting(self.proxy, mode="include", inputs=inputs, **{**self.options, **more})

    def front(self, path: str = "/", host: str = "shop.test") -> Answer:
        """One answer, its certificate verified."""
        return ask(self.url + path, {"Host": host}, 5, Tls("shop.test", str(self.ca)))


@pytest.fixture
def included(own: Proxy) -> Included:
    """Written, running, with both include lines."""
    found = Included(own)
    found.write()
    return found


def everything(proxy: Proxy) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in [proxy.root / "nginx.conf", *proxy.root.glob("conf.d/*")]}


def test_users_move_over_tls_and_their_own_files_stay(included: Included) -> None:
    proxy, before = included.proxy, everything(included.proxy)
    site = included.site()
    site.run()
    assert site.result["proof"]["proved"]
    assert included.front().headers["x-release-slot"] == "blue"
    for slot in ("green", "blue"):
        switching(proxy, slot, **included.options).run()
        answer = included.front()
        assert (answer.headers["x-release-slot"], answer.headers["x-backend"]) == (slot, slot)
        assert answer.headers["strict-transport-security"] == "max-age=300"
    assert included.front("/static/a").body == "static\n"
    # Unknown names still reach the user's server and never the preview.
    assert included.front(host="unheard.of").headers["x-release-slot"] == "blue"
    headers = {"Host": "green.shop.test", "X-Release-Preview": SECRET}
    assert ask(included.url + "/", headers, 5, Tls("shop.test", str(included.ca))).headers["x-release-slot"] == "green"
    again = included.site()
    again.run()
    assert not again.result["changed"] and everything(proxy) == before

    withdrawing(proxy, mode="include", **included.options).run()
    assert everything(proxy) == before and included.front("/static/a").status == 200
    assert not proxy.http_file.exists() and not proxy.server_file.exists()


@pytest.mark.parametrize(
    ("server", "http", "words"),
    [
        ("", HTTP, r"your server for shop.test to include .*inside the server at .*users.conf:2"),
        (SERVER, "", r"http level, beneath your server"),
        ("", "", r"http level, beneath your server \(it ends at .*users.conf:12"),
    ],
)
def test_a_missing_include_is_refused_with_the_line_and_its_place(
    own: Proxy, server: str, http: str, words: str
) -> None:
    included = Included(own)
    included.write(server, http)
    before, workers = everything(own), own.workers()
    with pytest.raises(ApplyError, match=words) as refused:
        included.site().run()
    wanted = HTTP if not http else SERVER
    assert wanted.format(root=own.root) in str(refused.value)
    assert everything(own) == before and own.workers() == workers
    assert not own.http_file.exists() and not own.server_file.exists()


def test_the_door_of_somebodys_own_server(included: Included) -> None:
    proxy, inputs = included.proxy, {"release_closed_door": "maintenance"}
    included.site(inputs=inputs).run()
    switching(proxy, "", state="closed", prove_seconds=0.1, **included.options).run()
    assert (included.front().status, included.front().headers["retry-after"]) == (503, "30")
    assert (included.front("/api/").status, included.front("/static/").status) == (204, 200)
    switching(proxy, "green", **included.options).run()
    assert included.front().headers["x-backend"] == "green"


def test_an_include_taken_away_later_is_found_out(included: Included) -> None:
    included.site().run()
    users = included.users_file.read_text()
    included.users_file.write_text(users.replace(SERVER.format(root=included.proxy.root), ""))
    assert run([*included.proxy.command, "-s", "reload"]).code == 0
    workers = included.proxy.workers()
    until(lambda: included.proxy.workers().isdisjoint(workers) or "x-release-slot" not in included.front().headers)
    with pytest.raises(ApplyError, match="does not"):
        included.site().run()


def test_other_locations_of_the_user_may_follow_the_slot(included: Included) -> None:
    proxy = included.proxy
    included.site().run()
    users = included.users_file.read_text()
    included.users_file.write_text(users.replace("return 204;", "proxy_pass http://shop-$shop_slot;"))
    assert run([*proxy.command, "-s", "reload"]).code == 0
    until(lambda: included.front("/api/x").status == 200)
    for slot in ("green", "blue"):
        switching(proxy, slot, **included.options).run()
        assert included.front("/api/x").headers["x-backend"] == slot
    with pytest.raises(ApplyError, match="A location of yours passes to a variable of ours"):
        withdrawing(proxy, mode="include", **included.options).run()
    assert included.front("/api/x").headers["x-backend"] == "blue"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("location /static/ {{", "location / {{", "take yours out of that server"),
        ("client_max_body_size 3m;", "open_file_cache max=10;", "switches open_file_cache off"),
    ],
)
def test_what_cannot_stand_beside_ours_is_explained(own: Proxy, old: str, new: str, words: str) -> None:
    included = Included(own)
    included.write(users=USERS.replace(old, new))
    with pytest.raises(ApplyError, match=words):
        included.site().run()
    assert included.front("/static/").status in (200, 404) and not own.server_file.exists()


def test_a_preview_that_would_answer_unknown_names_is_refused(own: Proxy) -> None:
    included = Included(own)
    users = "{http}\n" + USERS.replace("{http}", "")
    included.write(users=users)
    tls = {
        "nginx_switchover_listen": "",
        "nginx_switchover_tls_listen": str(own.port),
        "nginx_switchover_tls_certificate": str(included.cert),
        "nginx_switchover_tls_certificate_key": str(included.key),
    }
    with pytest.raises(ApplyError, match="beneath your own server"):
        included.site().run()
    with pytest.raises(ApplyError, match="read after your own servers"):
        included.site(inputs=tls).run()
    assert not own.http_file.exists()


def test_from_a_whole_site_to_include_and_back(own: Proxy) -> None:
    own.write()
    own.start()
    siting(own).run()
    users = "server {{ listen {port}; server_name shop.test; {server} }}\n{http}\n"
    given: dict[str, Any] = {"root": own.root, "port": own.port}
    text = users.format(**given, server=SERVER.format(**given), http=HTTP.format(**given))
    users_file = own.root / "conf.d" / "users.conf"
    siting(own, mode="include", replaces={str(users_file): text}).run()
    assert not own.site_file.exists() and own.front().headers["x-release-slot"] == "blue"
    siting(own, replaces={str(users_file): ""}).run()
    assert own.site_file.exists() and not own.server_file.exists()
    assert own.front().headers["x-release-slot"] == "blue"


def test_a_certificate_that_does_not_verify_proves_nothing(included: Included, tmp_path: Path) -> None:
    other, _cert, _key = make_certificate(tmp_path, "shop.test")
    with pytest.raises(ApplyError, match="nginx_switchover_local_ca"):
        included.site(ca=str(other)).run()
    with pytest.raises(ApplyError, match=r"does not verify.*[Hh]ostname mismatch"):
        included.site(tls_name="other.test").run()
    with pytest.raises(ApplyError, match="is not there"):
        included.site(ca=str(tmp_path / "none.pem")).run()
    assert not included.proxy.http_file.exists()
