# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment is refused with a reason when it cannot work."""

from __future__ import annotations

import pytest
from samokoder.settings import Settings, driver_url, read

GOOD = {"DATABASE_URL": "postgres://u@h/d", "REDIS_URL": "redis://h/0", "SAMOKODER_SECRET": "x" * 32}


def test_the_driver_is_named() -> None:
    assert driver_url("postgres://u:p@h:1/d") == "postgresql+psycopg://u:p@h:1/d"
    assert driver_url(driver_url("postgresql://h/d")) == "postgresql+psycopg://h/d"


@pytest.mark.parametrize("url", ["mysql://h/d", "h/d", ""])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        driver_url(url)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        read({**GOOD, name: ""})


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 characters, found 31"):
        read({**GOOD, "SAMOKODER_SECRET": "x" * 31})


def test_faults_are_looked_for_under_the_own_version(settings: Settings) -> None:
    assert settings.faults.name == "1.2.3"
