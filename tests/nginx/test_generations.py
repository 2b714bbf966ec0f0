# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each generation's files are kept on the proxy and can be brought back; a missing one is said to be so."""

from __future__ import annotations

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_generations import KEPT, GenerationError

from tests.nginx.proxy import Proxy
from tests.nginx.runs import restoring, siting


@pytest.fixture
def second(own: Proxy) -> tuple[Proxy, str, str]:
    """A proxy on its second generation, and the names of both."""
    own.write()
    own.start()
    first, later = siting(own), siting(own, inputs={"nginx_switchover_client_max_body_size": "7m"})
    first.run()
    later.run()
    return own, first.result["generation"], later.result["generation"]


def test_the_former_generation_comes_back_with_proof(second: tuple[Proxy, str, str]) -> None:
    proxy, first, later = second
    restoration = restoring(proxy, first)
    restoration.run()
    assert restoration.result["changed"] and not restoration.result["missing"]
    assert restoration.result["proof"]["proved"]
    assert proxy.preview("/.bluegreen/slot").headers["x-release-generation"] == first
    assert "100m" in proxy.site_file.read_text() and proxy.preview_file.stat().st_mode & 0o777 == 0o600
    again = restoring(proxy, first)
    again.run()
    assert not again.result["changed"] and not again.result["reloaded"]
    restoring(proxy, later).run()
    assert "7m" in proxy.site_file.read_text()


def test_what_is_kept_is_roots_alone(second: tuple[Proxy, str, str]) -> None:
    folder = second[0].root / "state" / "nginx"
    paths = [folder, *folder.rglob("*")]
    assert len(paths) == 9
    assert {(path.is_dir(), path.stat().st_mode & 0o777) for path in paths} == {(True, 0o700), (False, 0o600)}


def test_a_generation_that_is_not_there_is_no_failure(second: tuple[Proxy, str, str]) -> None:
    restoration = restoring(second[0], "0" * 16)
    restoration.run()
    assert restoration.result["missing"] and not restoration.result["changed"]
    with pytest.raises(GenerationError, match="16 hexadecimal digits"):
        restoring(second[0], "../../etc").run()


def test_half_of_a_generation_is_told_from_none(second: tuple[Proxy, str, str]) -> None:
    proxy, first, _later = second
    next((proxy.root / "state" / "nginx" / first).glob("1-*")).unlink()
    with pytest.raises(GenerationError, match="Remove that folder"):
        restoring(proxy, first).run()


def test_a_generation_that_nginx_no_longer_takes_is_put_back(second: tuple[Proxy, str, str]) -> None:
    proxy, first, later = second
    next((proxy.root / "state" / "nginx" / first).glob("1-*")).write_text("nonsense;\n")
    before = proxy.site_file.read_bytes()
    with pytest.raises(ApplyError, match="nonsense"):
        restoring(proxy, first).run()
    assert proxy.site_file.read_bytes() == before
    assert proxy.preview("/.bluegreen/slot").headers["x-release-generation"] == later


def test_only_the_newest_are_kept(own: Proxy) -> None:
    own.write()
    site = siting(own)
    for number in range(KEPT + 5):
        site.generation = f"{number:016x}"
        site.site = site.server = ""
        site.result["made"] = []
        site._keep_generation()
    assert len(list((own.root / "state" / "nginx").iterdir())) == KEPT
    assert site.generations.has(f"{KEPT + 4:016x}") and not site.generations.has(f"{0:016x}")
