# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords and tokens."""

from __future__ import annotations

import time

import pytest
from samokoder.security import TOKEN_SECONDS, hash_password, issue_token, read_token, verify_password

SECRET = "k" * 32


def test_only_the_right_password_fits() -> None:
    stored = hash_password("test123")
    assert verify_password("test123", stored)
    assert not verify_password("test124", stored)
    assert "test123" not in stored


def test_the_same_password_hashes_differently() -> None:
    assert hash_password("test123") != hash_password("test123")


@pytest.mark.parametrize("stored", ["none", "", "scrypt$x$8$1$AA==$AA==", "md5$1024$8$1$AA==$AA=="])
def test_an_unknown_hash_fits_nothing(stored: str) -> None:
    assert not verify_password("", stored)


def test_a_token_tells_whose_it_is() -> None:
    assert read_token(issue_token(42, SECRET), SECRET) == 42


@pytest.mark.parametrize(
    "token",
    ["", "nonsense", issue_token(42, "o" * 32), issue_token(42, SECRET, time.time() - TOKEN_SECONDS - 5)],
    ids=["empty", "nonsense", "forged", "expired"],
)
def test_other_tokens_are_nobodys(token: str) -> None:
    assert read_token(token, SECRET) is None
