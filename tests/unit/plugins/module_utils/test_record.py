# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record as a document."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import record, transitions

Document = dict[str, Any]
SCHEMA = json.loads((Path(__file__).parents[4] / "docs/record.schema.json").read_text())
STAMP = {"at": "2026-01-31T23:59:59.000001Z", "actor": "alice@control1", "run": "job 7"}
PLAN = {
    "version": "1.0.0", "image": "r/shop:1.0.0", "digest": "r/shop@sha256:aa", "live": "blue", "candidate": "green",
    "live_version": "0.9.0", "live_digest": "r/shop@sha256:bb",
}  # fmt: skip
RELEASE = {
    "release_id": "20260131T235959Z-1.0.0-0a1b", "application": "shop", "environment": "test", "mode": "run",
}  # fmt: skip
TO_WATCHED = [
    "provisioning", "provisioned", "migrating", "migrated", "checking", "checked", "switching", "switched", "watching",
    "watched",
]  # fmt: skip


def opened(epoch: int = 1) -> Document:
    return record.new_document(PLAN, RELEASE, epoch, STAMP)


def walked(phases: list[str], epoch: int = 1) -> Document:
    document = opened(epoch)
    for phase in phases:
        document = record.advance(document, phase, {}, epoch, STAMP)
    return document


def resealed(document: Document, **changes: Any) -> Document:
    changed = {**document, **changes}
    return {**changed, "checksum": record.checksum(changed)}


def test_every_document_of_a_release_is_valid_by_code_and_by_schema() -> None:
    documents = [walked(TO_WATCHED[:count]) for count in range(len(TO_WATCHED) + 1)]
    documents.append(record.close(documents[-1], "live", {"verdicts": [{"verdict": "pass"}]}, 1, STAMP))
    standby = {"slot": "blue", "state": "running", "since": STAMP["at"]}
    documents.append(record.amend(documents[-1], {"standby": standby}, 2))
    documents.append(record.advance(documents[-1], "rolling_back", {"failure": "latency"}, 3, STAMP))
    documents.append(record.close(documents[-1], "rolled_back", {}, 3, STAMP))
    first = record.new_document({**PLAN, "live": None, "live_version": None, "live_digest": None}, RELEASE, 1, STAMP)
    for document in [*documents, first]:
        assert record.validate(document) == []
        jsonschema.validate(document, SCHEMA)
    assert [document["sequence"] for document in documents] == list(range(1, len(documents) + 1))


def test_schema_and_code_know_the_same_fields_and_phases() -> None:
    assert set(SCHEMA["properties"]) == set(record.FIELDS)
    assert set(SCHEMA["required"]) == set(record.FIELDS) - record.LATER
    assert SCHEMA["$defs"]["phase"]["enum"] == list(transitions.PHASES)


CONFIGURATION = {
    "hosts": {"app1": {"files": {"compose.yml": "a" * 64}, "environment": {"TOKEN": "0123456789abcdef"}}},
    "secret_versions": {"token": "7"}, "nginx": "0011223344556677",
    "singletons": {"host": "app1", "services": ["jobs"]},
}  # fmt: skip


def test_configuration_and_adoption_are_facts_of_the_record_and_of_the_schema() -> None:
    named = {**RELEASE, "from_configuration": {**CONFIGURATION, "nginx": None}}
    document = record.new_document(PLAN, named, 1, STAMP)
    document = record.amend(document, {"configuration": CONFIGURATION, "adoption": {"way": "twin"}}, 1)
    assert record.validate(document) == []
    jsonschema.validate(document, SCHEMA)
    assert document["configuration"] == CONFIGURATION and document["from_configuration"]["nginx"] is None


def test_what_a_migration_has_added_and_a_downgrade_lost_is_in_the_record_and_in_the_schema() -> None:
    column = {"table": "public.t", "column": "c"}
    changes = {"since": 815, "tables": ["public.n"], "columns": [column], "altered": [], "dropped": ["public.t.d"]}
    lost = {"problem": "", "rows": 1, "lines": ["1 row of the new table public.n"], "file": "db1:/x/y.zip"}
    migration: Document = {"target": "0002", "head": "0002", "steps": [], "postponed": [], "proof": None}
    document = record.amend(opened(), {"migration": {**migration, "changes": changes, "lost": lost}}, 1)
    assert record.validate(document) == []
    jsonschema.validate(document, SCHEMA)
    for broken in ({"since": 1}, {**changes, "columns": ["t.c"]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, "migration": {**migration, "changes": broken}}, SCHEMA)


def test_revisions_that_took_too_long_are_in_the_record_and_in_the_schema() -> None:
    migration: Document = {"target": "0002", "head": "0002", "steps": [], "postponed": [], "proof": None}
    by = "migration_statement_timeout_seconds"
    slow = [{"revision": "0002", "seconds": 30.2, "by": by, "limit": limit} for limit in (30.0, None)]
    document = record.amend(opened(), {"migration": {**migration, "slow": slow}}, 1)
    assert record.validate(document) == []
    jsonschema.validate(document, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "migration": {**migration, "slow": [{"revision": "0002"}]}}, SCHEMA)


@pytest.mark.parametrize(
    "hosts",
    [
        {"app1": {"files": {"compose.yml": "services: {}"}}},
        {"app1": {"environment": {"TOKEN": "hunter2"}}},
        {"app1": {"environment": {"TOKEN": "0123456789abcdef0"}}},
    ],
)
def test_no_value_gets_into_a_record_as_its_fingerprint(hosts: Document) -> None:
    with pytest.raises(record.RecordError, match="expected a hash of") as error:
        record.amend(opened(), {"configuration": {**CONFIGURATION, "hosts": hosts}}, 1)
    assert "hunter2" not in str(error.value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**opened(), "configuration": {"hosts": hosts}}, SCHEMA)


def test_a_record_of_before_these_fields_is_valid_and_goes_on() -> None:
    old = {key: value for key, value in walked(TO_WATCHED).items() if key not in record.LATER}
    old = resealed(old)
    assert record.validate(old) == []
    assert record.validate(record.close(old, "live", {}, 1, STAMP)) == []


def test_only_an_adoption_goes_from_provisioned_to_checking() -> None:
    provisioned = walked(TO_WATCHED[:2])
    with pytest.raises(record.RecordError, match="expected phase migrating or rolling_back"):
        record.advance(provisioned, "checking", {}, 1, STAMP)
    adopting = record.advance(provisioned, "checking", {"adoption": {"way": "in_place"}}, 1, STAMP)
    assert record.validate(adopting) == []
    assert "at step 4" in " ".join(record.validate(resealed(adopting, adoption=None)))
    with pytest.raises(record.RecordError, match="expected phase checked"):
        record.advance(adopting, "switching", {}, 1, STAMP)


def test_checksum_is_of_the_sorted_compact_json_without_itself() -> None:
    document = opened()
    bare = {key: value for key, value in document.items() if key != "checksum"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()
    assert document["checksum"] == hashlib.sha256(text).hexdigest()
    shuffled = list(document.items())
    random.Random(1).shuffle(shuffled)
    assert record.checksum(dict(shuffled)) == document["checksum"]
    assert record.checksum(json.loads(json.dumps(document))) == document["checksum"]


def test_traffic_moved_from_the_write_of_switching_on() -> None:
    assert walked(TO_WATCHED[:6])["traffic_moved"] is False
    assert walked(TO_WATCHED[:7])["traffic_moved"] is True
    assert record.advance(walked(TO_WATCHED[:8]), "rolling_back", {}, 1, STAMP)["traffic_moved"] is True


def test_facts_are_merged_and_verdicts_appended() -> None:
    document = record.amend(opened(), {"revision_before": "a1", "verdicts": [{"n": 1}]}, 1)
    document = record.advance(document, "provisioning", {"verdicts": [{"n": 2}]}, 1, STAMP)
    assert document["revision_before"] == "a1"
    assert document["verdicts"] == [{"n": 1}, {"n": 2}]


def test_the_functions_leave_their_input_alone() -> None:
    document = opened()
    before = json.dumps(document)
    record.advance(document, "provisioning", {"verdicts": [{"n": 2}]}, 1, STAMP)
    assert json.dumps(document) == before


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: record.amend(opened(), {"revison_before": "x"}, 1), "found revison_before"),
        (lambda: record.amend(opened(epoch=4), {}, 3), "expected epoch 4 or higher, found 3"),
        (lambda: record.advance(opened(), "switching", {}, 1, STAMP), "expected phase provisioning or rolling_back"),
        (lambda: record.advance(walked(TO_WATCHED), "closed", {}, 1, STAMP), "Close a release with an outcome"),
        (lambda: record.close(opened(), "failed", {}, 1, STAMP), "expected phase provisioning or rolling_back"),
        (lambda: record.amend(opened(), {"revision_after": 7}, 1), "field revision_after: expected str or NoneType"),
        (lambda: record.new_document({"version": "1"}, RELEASE, 1, STAMP), "expected image, digest, candidate"),
        (lambda: record.new_document({**PLAN, "candidate": "blue"}, RELEASE, 1, STAMP), "two different slots"),
        (lambda: record.new_document(PLAN, {**RELEASE, "release_id": "../x"}, 1, STAMP), "expected a release_id"),
    ],
)
def test_refusals_say_what_was_expected(act: Any, message: str) -> None:
    with pytest.raises(record.RecordError, match=message):
        act()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "schema_version 1"),
        ({"epoch": True}, "field epoch"),
        ({"surprise": 1}, "field surprise is not known"),
        ({"mode": "walk"}, "mode run or steps"),
        ({"to_slot": "red"}, "slots"),
        ({"phase": "watched"}, "as the history ends with it"),
        ({"traffic_moved": True}, "traffic_moved False"),
        ({"outcome": "live"}, "outcome"),
        ({"sequence": 0}, "sequence 1 or more"),
        ({"epoch": 0}, "epochs that never fall"),
        ({"transitions": [{"phase": "opened"}]}, "transitions with exactly"),
    ],
)
def test_invalid_documents_are_told_apart(changes: Document, message: str) -> None:
    assert message in " ".join(record.validate(resealed(opened(), **changes)))


def test_a_changed_field_breaks_the_checksum() -> None:
    assert "changed by hand" in " ".join(record.validate({**opened(), "version": "1.0.1"}))
    assert record.validate([]) == ["expected a JSON object, found list."]


def test_newest_valid_prefers_epoch_then_sequence_and_skips_damage() -> None:
    early, late = walked(TO_WATCHED[:1]), walked(TO_WATCHED[:3])
    taken_over = record.advance(early, "rolling_back", {}, 2, STAMP)
    assert record.newest_valid([early, late]) == [late]
    assert record.newest_valid([late, taken_over]) == [taken_over]
    assert record.newest_valid([early, {**late, "version": "2"}]) == [early]
    assert record.newest_valid([]) == []


def test_newest_release_is_the_one_opened_with_the_highest_epoch() -> None:
    older = opened(epoch=3)
    other = {**RELEASE, "release_id": "20250101T000000Z-1.1.0-ffff"}  # Its controller's clock was a year behind.
    newer = record.new_document(PLAN, other, 4, {**STAMP, "at": "2025-01-01T00:00:00Z"})
    assert [one["release_id"] for one in record.newest_valid([older, newer])] == [
        newer["release_id"], older["release_id"],
    ]  # fmt: skip


def test_compare() -> None:
    first, second = opened(), walked(TO_WATCHED[:1])
    assert record.compare(None, first) == ""
    assert record.compare(first, first) == ""
    assert record.compare(first, second) == ""
    assert record.compare(first, walked(TO_WATCHED[:5])) == "", "a host that missed some writes catches up"
    assert "expected a record newer than" in record.compare(second, first)
    rival = record.advance(opened(), "rolling_back", {}, 1, STAMP)
    assert "expected a record newer than" in record.compare(second, rival)
    rival = record.close(rival, "failed", {}, 1, STAMP)
    assert "one that rewrites it" in record.compare(second, rival)
    assert record.compare(second, record.advance(opened(), "rolling_back", {}, 2, STAMP)) == "", "a takeover decides"
