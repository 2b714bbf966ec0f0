# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from lab.base_image import debian_sources


def test_the_base_image_comes_from_the_mirror_that_the_machine_uses() -> None:
    targets = """
http://mirror.example/security/ bookworm-security main
http://mirror.example/debian/ bookworm main
http://extras.example/debian/ bookworm contrib
http://mirror.example/debian/ bookworm main
http://other.example/ nodistro main
http://other.example/ trixie main
""".strip()
    assert debian_sources(targets) == [
        "deb http://mirror.example/debian/ bookworm main",
        "deb http://mirror.example/security/ bookworm-security main",
    ]


def test_a_machine_of_another_distribution_names_no_mirror() -> None:
    assert debian_sources("http://archive.example/ubuntu/ noble main") == []
