"""kill -9 with two writers, a hundred times: no acknowledged record is lost, every torn end is kept and recorded."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from pincite.record import AuditLog
from pincite.record.reader import read_lines
from tests.record.conftest import verified

ROUNDS = 100


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Return the log's directory and what was acknowledged, leaf hashes by index."""
    directory = tmp_path_factory.mktemp("killed") / "audit"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.record.killing", directory, str(ROUNDS)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    AuditLog.open(directory).close()  # sets the last torn end aside
    return directory, {int(index): leaf for index, leaf in json.loads(done.stdout).items()}


def test_no_acknowledged_record_is_lost(killed):
    directory, acknowledged = killed
    leaves = [line.leaf.hex() for line in read_lines(directory)]
    assert len(acknowledged) >= ROUNDS / 2, "too little was written to say anything"
    assert [index for index, leaf in acknowledged.items() if leaves[index : index + 1] != [leaf]] == []
    verified(directory)


def test_every_payload_that_was_acknowledged_opens(killed):
    directory, acknowledged = killed
    records = list(AuditLog.open(directory).records())
    assert all(records[index].secret is not None for index in acknowledged)


def test_every_torn_end_was_set_aside_and_recorded(killed):
    directory, _ = killed
    recovered = [r.public for r in AuditLog.open(directory).records() if r.kind == "recovery"]
    assert len(recovered) >= ROUNDS / 4
    torn = {file.name: sha256(file.read_bytes()).hexdigest() for file in directory.glob("torn-*")}
    assert {entry["file"]: entry["sha256"] for entry in recovered} == torn
