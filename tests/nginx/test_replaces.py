# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of others give way to ours in one transaction, are kept, and come back; a failure or a kill loses none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import nginx_siting
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import Found
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_replaced import Replaced

from tests.nginx.proxy import Proxy
from tests.nginx.runs import siting, withdrawing

# A comment that is no UTF-8, as old configurations have them.
PLAIN = b"""# \xf1\xe0\xe9\xf2
upstream plain { server 127.0.0.1:%d; keepalive 8; }
server {
    listen %d;
    server_name shop.test;
    location / { proxy_pass http://plain; proxy_set_header Host $host; }
}
"""


def tree(proxy: Proxy) -> dict[str, tuple[bytes, int, str]]:
    """Content, mode and link target of everything that nginx reads."""
    found = {}
    for path in sorted([*proxy.root.glob("conf.d/*"), *proxy.root.glob("bluegreen/**/*"), *proxy.root.glob("other/*")]):
        if path.is_file():
            found[str(path)] = (path.read_bytes(), path.stat().st_mode, os.readlink(path) if path.is_symlink() else "")
    return found


@pytest.fixture
def plain(own: Proxy) -> Proxy:
    """A running nginx with somebody's own site at the very path where ours goes, a link, as Debian has it."""
    own.write()
    for path in (own.site_file, own.preview_file, own.flags / "live.blue"):
        path.unlink()
    (own.root / "other").mkdir()
    available = own.root / "other" / "shop"
    available.write_bytes(PLAIN % (own.blue, own.port))
    available.chmod(0o640)
    own.site_file.symlink_to(available)
    own.start()
    assert own.front().headers["x-backend"] == "blue"
    return own


def replacing(proxy: Proxy, **more: str) -> dict[str, str]:
    return {str(proxy.site_file): "", **more}


def kept(proxy: Proxy) -> list[Path]:
    return [path for path in (proxy.root / "state" / "replaced").rglob("*") if not path.is_dir() or path.is_symlink()]


def test_a_file_of_others_is_never_overwritten_unnamed(plain: Proxy) -> None:
    before = tree(plain)
    with pytest.raises(ApplyError, match="nginx_switchover_replaces"):
        siting(plain, initial_slot="blue").run()
    assert tree(plain) == before and plain.workers()


def test_replace_and_withdraw_leave_everything_as_it_was(plain: Proxy) -> None:
    before = tree(plain)
    fresh = plain.root / "conf.d" / "zz.conf"
    wanted = replacing(plain, **{str(fresh): "# new\n"})
    site = siting(plain, initial_slot="blue", replaces=wanted)
    site.run()
    assert sorted(site.result["replaced"]) == sorted(wanted)
    assert plain.front().headers["x-release-slot"] == "blue"
    assert (plain.root / "state" / "replaced").stat().st_mode & 0o777 == 0o700

    workers = plain.workers()
    again = siting(plain, replaces=wanted)
    again.run()
    assert not again.result["changed"] and not again.result["replaced"] and plain.workers() == workers

    look = withdrawing(plain, check_mode=True)
    look.run()
    assert look.result["changed"] and plain.front().headers["x-release-slot"] == "blue"
    withdrawal = withdrawing(plain)
    withdrawal.run()
    assert withdrawal.result["proof"]["proved"] and str(plain.site_file) in withdrawal.result["put_back"]
    assert tree(plain) == before
    # What the application itself says passes again.
    assert plain.front().headers["x-release-slot"] == "forged"
    assert "x-release-generation" not in plain.preview("/.bluegreen/slot").headers
    assert not list(plain.flags.iterdir()) and not kept(plain)
    second = withdrawing(plain)
    second.run()
    assert not second.result["changed"] and not second.result["reloaded"]


def test_a_later_run_without_replaces_keeps_the_copies(plain: Proxy) -> None:
    before = tree(plain)
    siting(plain, initial_slot="blue", replaces=replacing(plain)).run()
    site = siting(plain, inputs={"nginx_switchover_client_max_body_size": "7m"})
    site.run()
    assert site.result["changed"] and len(kept(plain)) == 1
    withdrawing(plain).run()
    assert tree(plain) == before


def test_what_nginx_refuses_puts_everything_back_and_keeps_no_copy(plain: Proxy) -> None:
    before, workers = tree(plain), plain.workers()
    wrong = replacing(plain, **{str(plain.root / "conf.d" / "zz.conf"): "nonsense;\n"})
    with pytest.raises(ApplyError, match="nonsense"):
        siting(plain, initial_slot="blue", replaces=wrong).run()
    assert tree(plain) == before and plain.workers() == workers and not kept(plain)
    assert not list(plain.flags.iterdir())


def test_what_was_broken_before_is_said_to_be_so(plain: Proxy) -> None:
    (plain.root / "conf.d" / "broken.conf").write_text("nonsense;\n")
    with pytest.raises(ApplyError, match="broken before this run"):
        siting(plain, initial_slot="blue", replaces=replacing(plain)).run()


@pytest.mark.parametrize("moment", ["before the files", "after the files"])
def test_killed_in_between_the_next_run_completes_and_the_copy_is_the_first(
    plain: Proxy, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    before = tree(plain)
    site = siting(plain, initial_slot="blue", replaces=replacing(plain))

    class Killed(BaseException):
        pass

    def killed(*_arguments: object) -> bool:
        if moment == "after the files":
            site._files().write()
        raise Killed

    monkeypatch.setattr(site, "make_so", killed)
    # A killed process cleans nothing up.
    monkeypatch.setattr(nginx_siting.Site, "_leave_no_trace", lambda *_: None)
    with pytest.raises(Killed):
        site.run()
    assert len(kept(plain)) == 1
    siting(plain, initial_slot="blue", replaces=replacing(plain)).run()
    assert plain.front().headers["x-release-slot"] == "blue"
    withdrawing(plain).run()
    assert tree(plain) == before


def test_a_withdrawal_that_nginx_refuses_leaves_ours_in_place(plain: Proxy) -> None:
    siting(plain, initial_slot="blue", replaces=replacing(plain)).run()
    (plain.root / "other" / "shop").write_text("nonsense;\n")
    before = tree(plain)
    with pytest.raises(ApplyError, match="nonsense"):
        withdrawing(plain).run()
    assert tree(plain) == before and plain.probe() == "blue" and len(kept(plain)) == 1


def test_another_site_on_the_name_is_refused(own: Proxy) -> None:
    own.write()
    own.start()
    siting(own).run()
    (own.root / "conf.d" / "aaa.conf").write_bytes(PLAIN % (own.blue, own.port))
    with pytest.raises(ApplyError, match=r"no other site for shop.test, found one at .*aaa.conf:3") as refused:
        siting(own, inputs={"nginx_switchover_client_max_body_size": "7m"}).run()
    assert "nginx was not touched" in str(refused.value)


def test_withdraw_where_there_was_never_anything(own: Proxy) -> None:
    withdrawal = withdrawing(own)
    withdrawal.run()
    assert not withdrawal.result["changed"]


def test_the_first_copy_stays_whatever_comes_later(plain: Proxy) -> None:
    before = tree(plain)
    siting(plain, initial_slot="blue", replaces=replacing(plain)).run()
    fresh = plain.root / "conf.d" / "zz.conf"
    siting(plain, replaces=replacing(plain, **{str(fresh): "# one\n"})).run()
    # A failed run takes none of the copies away that it did not make.
    with pytest.raises(ApplyError, match="nonsense"):
        siting(plain, replaces=replacing(plain, **{str(fresh): "nonsense;\n"})).run()
    siting(plain, replaces=replacing(plain, **{str(fresh): "# two\n"})).run()
    assert len(kept(plain)) == 2
    withdrawing(plain).run()
    assert tree(plain) == before


def test_a_kept_copy_is_never_written_again(tmp_path: Path) -> None:
    replaced = Replaced(str(tmp_path))
    replaced.keep("/etc/one", Found(b"first", 0o640, (os.getuid(), os.getgid())))
    replaced.keep("/etc/one", Found(b"second", 0o600))
    replaced.keep("/etc/two", Found(None))
    assert {path: found.content for path, found in replaced.kept().items()} == {"/etc/one": b"first", "/etc/two": None}
    replaced.forget(["/etc/one", "/etc/two"])
    assert replaced.kept() == {} and not list(tmp_path.iterdir())
