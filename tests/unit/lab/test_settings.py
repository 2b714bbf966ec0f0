# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.settings import read_settings


def test_defaults_are_the_demo_on_8080() -> None:
    settings = read_settings({"HOME": "/home/u"})
    assert (settings.name, settings.port) == ("demo", 8080)
    assert settings.state == Path("/home/u/.local/state/bluegreen-lab/demo")


def test_everything_of_a_lab_carries_its_name() -> None:
    settings = read_settings({"LAB_NAME": "test", "XDG_STATE_HOME": "/s"})
    assert settings.container("lb1") == "test-lb1"
    assert settings.network == "test-lab"
    assert settings.label == "bluegreen.lab=test"
    assert settings.state == Path("/s/bluegreen-lab/test")


@pytest.mark.parametrize("name", ["Demo", "1lab", "a b", "../x", "lab_1", "a" * 25, "a\n"])
def test_a_name_that_docker_or_a_path_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="LAB_NAME") as refused:
        read_settings({"LAB_NAME": name})
    assert repr(name) in str(refused.value)


@pytest.mark.parametrize("port", ["80", "65001", "x", "8080.0", "-1", "٨٠٨٠"])
def test_a_port_out_of_range_is_refused(port: str) -> None:
    with pytest.raises(LabError, match="LAB_PORT"):
        read_settings({"LAB_PORT": port})
