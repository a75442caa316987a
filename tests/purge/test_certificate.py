"""The certificate: its fields, its signature, and that nothing of it can be changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pincite.errors import PurgeError
from pincite.purge.certificate import read_lines, verify_certificate
from pincite.record import AuditLog
from pincite.record.verify_log import Checkpoint, PublicKey
from tests.purge.conftest import Place


def key_of(home: Path) -> str:
    return (home / "audit" / "public.key").read_text()


def test_fields_and_signature(quick: Place) -> None:
    path = quick.purge().certificate
    assert path is not None
    body = verify_certificate(path, key_of(quick.home))
    assert [one["name"] for one in body["documents"]] == ["kettle"]
    assert (body["method"], body["authority"], body["reason"]) == ("Clear", "District Court", "court order 7")
    assert body["verification"]["result"] == "passed: no hit"
    assert body["verification"]["hits"] == 0
    assert body["verification"]["canaries_planted"] >= 14
    assert body["verification"]["patterns"]["phrases in UTF-8"] > 3
    swaps = Path("/proc/swaps")
    if swaps.exists():
        assert (body["swap"] == "none in force") == (len(swaps.read_text().splitlines()) == 1)
    assert {"tool", "operator", "technique", "residual_risk", "to_recall", "medium"} < set(body)
    Checkpoint.open(body["audit_checkpoint"], PublicKey.parse(key_of(quick.home)))
    page = path.with_suffix(".html").read_text()
    assert all(name in page for name, _ in read_lines(body))
    assert body["documents"][0]["sha256"] in page
    log = AuditLog.open(quick.home / "audit")
    last = list(log.records())[-1]
    log.close()
    import hashlib

    assert last.public["certificate"] == hashlib.sha256(path.read_bytes()).hexdigest()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for key, inner in enumerate(value) for leaf in leaves(inner, (*path, key))]
    return [path]


def test_any_change_is_detected(quick: Place, tmp_path: Path) -> None:
    path = quick.purge().certificate
    assert path is not None
    content = path.read_text()
    changed = tmp_path / "changed.json"
    key = key_of(quick.home)
    fields = leaves(json.loads(content)["certificate"])
    assert len(fields) > 40
    for field in fields:
        values = json.loads(content)
        at = values["certificate"]
        for step in field[:-1]:
            at = at[step]
        at[field[-1]] = f"{at[field[-1]]} " if isinstance(at[field[-1]], str) else 17171
        changed.write_text(json.dumps(values))
        with pytest.raises(PurgeError, match="not what the key"):
            verify_certificate(changed, key)
    changed.write_text(json.dumps(json.loads(content)))  # other white space, the same words
    verify_certificate(changed, key)


def test_another_key_and_no_certificate(quick: Place, tmp_path: Path) -> None:
    path = quick.purge().certificate
    assert path is not None
    AuditLog.open(tmp_path / "other").close()
    with pytest.raises(PurgeError, match="not what the key"):
        verify_certificate(path, (tmp_path / "other" / "public.key").read_text())
    with pytest.raises(PurgeError, match="no certificate or no key"):
        verify_certificate(path, "pincite/audit/x+y+z")
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(PurgeError, match="no certificate"):
        verify_certificate(tmp_path / "no.json", key_of(quick.home))
