# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A configuration comes into effect with proof, or everything is put back; unchanged ones leave nginx alone."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import ask

from tests.nginx.proxy import Proxy, new_proxy, until
from tests.nginx.render import SECRET, render
from tests.nginx.runs import run, siting, switching
from tests.ports import free_port


def contents(proxy: Proxy) -> dict[str, bytes]:
    """Every configuration file of the proxy."""
    files = [*proxy.root.glob("conf.d/*"), *proxy.root.glob("bluegreen/*")]
    return {str(path): path.read_bytes() for path in files}


@pytest.fixture
def bare(own: Proxy) -> Proxy:
    """A running nginx that knows nothing of the application yet, and no directory of ours."""
    own.write()
    for path in (own.site_file, own.root / "bluegreen" / "shop-preview.conf", own.flags / "live.blue"):
        path.unlink()
    own.flags.rmdir()
    own.flags.parent.rmdir()
    own.site_file.with_name("other.conf").write_text(f"server {{ listen {own.port}; return 204; }}\n")
    own.start()
    return own


def test_first_install_makes_everything_and_proves_it(bare: Proxy) -> None:
    site = siting(bare, initial_slot="green")
    site.run()
    assert site.result["changed"] and site.result["reloaded"] and site.result["proof"]["proved"]
    assert bare.probe() == "green"
    assert (bare.root / "bluegreen" / "shop-preview.conf").stat().st_mode & 0o777 == 0o600
    assert SECRET not in bare.site_file.read_text()
    assert bare.flags.stat().st_mode & 0o777 == 0o755


def test_host_without_a_flag_is_refused_when_no_slot_is_named(bare: Proxy) -> None:
    before = contents(bare)
    with pytest.raises(ApplyError, match="found neither"):
        siting(bare).run()
    assert contents(bare) == before


def test_check_mode_writes_nothing(bare: Proxy) -> None:
    before = contents(bare)
    site = siting(bare, check_mode=True, initial_slot="blue")
    site.run()
    assert site.result["changed"] and site.result["reloaded"]
    assert contents(bare) == before and not bare.flags.parent.exists()


def test_two_releases_leave_files_and_workers_alone(own: Proxy) -> None:
    own.write()
    own.start()
    siting(own).run()
    before, workers = contents(own), own.workers()
    for slot in ("green", "blue"):
        site = siting(own)
        site.run()
        switching(own, slot).run()
        assert not site.result["changed"] and not site.result["reloaded"]
    assert contents(own) == before
    assert own.workers() == workers and len(workers) == 2


def test_a_changed_site_is_reloaded_once_with_a_new_generation(own: Proxy) -> None:
    own.write()
    own.start()
    siting(own).run()
    workers = own.workers()
    site = siting(own, inputs={"nginx_switchover_client_max_body_size": "7m"})
    site.run()
    assert site.result["reloaded"] and site.result["files"] == [str(own.site_file)]
    until(lambda: own.workers().isdisjoint(workers))
    assert own.preview("/.bluegreen/slot").headers["x-release-generation"] == site.result["generation"]
    again = siting(own, inputs={"nginx_switchover_client_max_body_size": "7m"})
    again.run()
    assert not again.result["changed"]


def test_files_in_place_but_not_in_effect_are_reloaded(own: Proxy) -> None:
    own.write()
    own.start()
    siting(own).run()
    later = own.rendered(nginx_switchover_client_max_body_size="9m")
    own.site_file.write_text(later.site)
    site = siting(own, inputs={"nginx_switchover_client_max_body_size": "9m"})
    site.run()
    assert site.result["files"] == [] and site.result["reloaded"]
    assert own.preview("/.bluegreen/slot").headers["x-release-generation"] == later.generation


def test_what_nginx_does_not_accept_is_put_back(own: Proxy) -> None:
    own.write()
    own.start()
    siting(own).run()
    before, workers = contents(own), own.workers()
    site = siting(own, inputs={"nginx_switchover_client_max_body_size": "nonsense"})
    with pytest.raises(ApplyError, match="client_max_body_size") as refused:
        site.run()
    assert "put back" in str(refused.value)
    assert contents(own) == before and own.workers() == workers
    assert not site.result["changed"]


def test_nginx_that_keeps_the_former_configuration_is_found_out(own: Proxy) -> None:
    own.write()
    own.start()
    siting(own).run()
    before, taken = contents(own), free_port()
    (own.root / "listen.inc").write_text(f"listen 127.0.0.1:{taken};\n")
    included = {"nginx_switchover_includes": [str(own.root / "listen.inc")]}
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", taken))
        holder.listen()
        # Testing does not find it, and asking to reload succeeds: only the proof can tell.
        assert run([*own.command, "-s", "reload"]).code == 0
        site = siting(own, inputs=included)
        with pytest.raises(ApplyError, match="keeps its former configuration"):
            site.run()
    assert contents(own) == before
    assert own.probe() == "blue"


def names_defined(site: str) -> set[str]:
    """What the site defines in nginx's global name spaces."""
    return set(
        re.findall(r"(?:^map .* |^ *(?:if .* )?\{? ?set |^geo )(\$\w+)|^(?:upstream|log_format) (\S+)", site, re.M)
    )


def test_two_applications_share_one_nginx(own: Proxy) -> None:
    mine = own.write()
    with new_proxy(backends=False) as other:
        other.flags.mkdir(parents=True)
        other.point_at("green")
        rendered = other.rendered(
            release_application="my-shop",
            nginx_switchover_server_names=["my.test"],
            nginx_switchover_preview_server_name="green.my.test",
            nginx_switchover_preview_secret="another-secret-000000",
        )
        site = rendered.site.replace(f"listen {other.port}", f"listen {own.port}")
        site = site.replace(str(other.root / "bluegreen" / "shop"), str(own.root / "bluegreen" / "my-shop"))
        (own.root / "conf.d" / "my-shop.conf").write_text(site)
        (own.root / "bluegreen" / "my-shop-preview.conf").write_text(rendered.preview)
        result = run([*own.command, "-t"])
        assert result.code == 0 and "warn" not in result.output, result.output
        own.start()
        headers = {"Host": "green.my.test", "X-Release-Preview": "another-secret-000000"}
        assert ask(own.url + "/.bluegreen/slot", headers, 5).body == "green\n"
        assert own.probe() == "blue"
        assert ask(own.url + "/.bluegreen/slot", {**headers, "X-Release-Preview": SECRET}, 5).status == 404
        own.stop()
    # nginx lets the last definition win without a word, so that a shared name would show only at night.
    assert len(names_defined(mine.site)) >= 10
    assert names_defined(mine.site + mine.preview).isdisjoint(names_defined(rendered.site + rendered.preview))


def test_generation_changes_with_either_file_and_only_then() -> None:
    one = render()
    assert one.generation == render().generation
    assert one.generation != render(nginx_switchover_read_timeout_seconds=61).generation
    assert one.generation != render(nginx_switchover_preview_secret="another-secret-000000").generation
    assert (
        one.generation
        == render(release_version="2.0.0", release_record_context={"epoch": 9, "first": False}).generation
    )


def test_wrong_inputs_are_refused_before_anything_is_written(own: Proxy, tmp_path: Path) -> None:
    own.write()
    before = contents(own)
    site = siting(own)
    site.params["inputs"]["instances"] = []
    with pytest.raises(ApplyError, match="nginx_switchover_instances: expected at least one"):
        site.run()
    assert contents(own) == before
