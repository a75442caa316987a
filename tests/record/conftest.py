"""Logs for the tests: an empty one, and helpers that read and verify what stands on the disk."""

from pathlib import Path

import pytest

from pincite.record import AuditLog
from pincite.record.verify_log import Checkpoint, PublicKey, Report, verify_log


def verified(directory: Path, *notes: str) -> Report:
    """Verify the log in a directory, against its own newest checkpoint if no other is given."""
    key = PublicKey.parse((directory / "public.key").read_text(encoding="utf-8"))
    if not notes and (directory / "checkpoint").exists():
        notes = ((directory / "checkpoint").read_text(encoding="utf-8"),)
    return verify_log((directory / "log").read_bytes(), key, [Checkpoint.open(note, key) for note in notes])


@pytest.fixture
def log(tmp_path):
    log = AuditLog.open(tmp_path / "audit")
    yield log
    log.close()
