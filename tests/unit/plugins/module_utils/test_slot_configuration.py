"""What a slot is configured with: comparable, and no way back to a value."""

from __future__ import annotations

import stat
from pathlib import Path

from ansible_collections.bluegreen.release.plugins.module_utils import slot_configuration as subject

KEY = b"k" * 32


def test_entries_as_compose_reads_them() -> None:
    text = '# no=entry\nA=\'x\nB=y\'\nexport C = plain # text\nD="a\\"b\nE=c"\n\nF=\n=nothing\n'
    assert subject.entries(text) == [
        ("A", "'x\nB=y'"),
        ("C", "plain # text"),
        ("D", '"a\\"b\nE=c"'),
        ("F", ""),
    ]


def test_fingerprint_follows_the_value_and_only_it() -> None:
    first = subject.fingerprints(["A='1'\nB='2'\n"], KEY)
    assert list(first) == ["A", "B"] and all(len(found) == 16 for found in first.values())
    other = subject.fingerprints(["B='2'\nA='3'\n"], KEY)
    assert other["B"] == first["B"] and other["A"] != first["A"]
    assert subject.fingerprints(["A='1'\n"], b"o" * 32)["A"] != first["A"]
    assert subject.fingerprints(["A='2'\n"], KEY)["A"] != first["B"], "equal values of two names look different"


def test_every_file_that_gives_a_name_counts() -> None:
    both = subject.fingerprints(["A='1'\n", "A='2'\n"], KEY)
    assert both != subject.fingerprints(["A='0'\n", "A='2'\n"], KEY)
    assert both != subject.fingerprints(["A='1'\n", "A='3'\n"], KEY)


def test_configuration_has_no_value_and_no_hash_of_a_secret_file() -> None:
    found = subject.configuration({"compose.yml": "services: {}\n", "slot.env": "A='hunter2'\n"}, KEY)
    assert list(found["files"]) == ["compose.yml"] and list(found["environment"]) == ["A"]
    assert "hunter2" not in str(found)
    assert subject.configuration({"slot.env": "A='hunter2'\n"}, None) == {"files": {}, "environment": {}}


def test_key_is_made_once_and_private(tmp_path: Path) -> None:
    assert subject.read_key(str(tmp_path)) is None
    key = subject.ensure_key(str(tmp_path))
    assert subject.ensure_key(str(tmp_path)) == key == subject.read_key(str(tmp_path)) and len(key) == 32
    assert stat.S_IMODE((tmp_path / subject.KEY_FILE).stat().st_mode) == 0o600


def test_files_of_a_slot(tmp_path: Path) -> None:
    assert subject.read_files(str(tmp_path / "none")) == {}
    (tmp_path / "compose.yml").write_text("a")
    (tmp_path / "slot.env").write_bytes(b"A=\xff\n")
    (tmp_path / "notes.txt").write_text("b")
    (tmp_path / "folder.yml").mkdir()
    found = subject.read_files(str(tmp_path))
    assert sorted(found) == ["compose.yml", "slot.env"]
    assert list(subject.configuration(found, KEY)["environment"]) == ["A"]
