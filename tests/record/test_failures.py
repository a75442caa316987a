"""Full disks and disks that do not confirm: a clear error, nothing counts that is not there, and it goes on after."""

import errno
import json
import os
import shutil
import subprocess
from contextlib import closing

import pytest

from pincite.errors import RecordError
from pincite.record import AuditLog, chain, files, payloads
from tests.record.conftest import verified


class Disk:
    """Stands for a disk that refuses to confirm the syncs whose numbers are in `failing`; the others are real."""

    def __init__(self):
        self.failing = set()
        self.count = 0

    def sync(self, descriptor):
        self.count += 1
        if self.count in self.failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fdatasync(descriptor)


@pytest.fixture
def disk(monkeypatch):
    disk = Disk()
    for module in (chain, payloads, files):
        monkeypatch.setattr(module, "sync_data", disk.sync)
    return disk


def test_an_error_of_the_disk_is_not_lost(log, disk, monkeypatch):
    monkeypatch.setattr(payloads, "_AHEAD", 1)
    log.append("answer", {"n": 0}, secret={"q": 0})  # a sync for the key, one for the record
    for number in range(1, 9):
        before = (log.directory / "log").read_bytes()
        disk.failing = {disk.count + 1 + number % 2}
        with pytest.raises(RecordError) as caught:
            log.append("answer", {"n": number, "lost": True}, secret={"q": number})
        assert "Input/output error" in caught.value.message
        assert (log.directory / "log").read_bytes() == before
        log.append("answer", {"n": number}, secret={"q": number})
    records = list(log.records())
    assert [r.public for r in records] == [{"n": number} for number in range(9)]
    assert [r.secret for r in records] == [{"q": number} for number in range(9)]
    verified(log.directory, log.checkpoint())


def test_no_key_is_used_that_may_not_be_on_the_disk(log, disk):
    other = AuditLog.open(log.directory)
    disk.failing = {1}
    with pytest.raises(RecordError, match="payload-keys"):
        log.append("answer", {"n": 0}, secret={"q": 0})
    assert not any((log.directory / "payload-keys").read_bytes()), "another process could rely on them"
    other.append("answer", {"n": 1}, secret={"q": 1})
    keys = (log.directory / "payload-keys").read_bytes()
    syncs = disk.count
    log.append("answer", {"n": 2}, secret={"q": 2})
    assert disk.count == syncs + 2, "what another process has written is synced before it is relied on"
    assert (log.directory / "payload-keys").read_bytes().startswith(keys), "keys in use are never made anew"
    other.append("answer", {"n": 3}, secret={"q": 3})
    other.close()
    assert [r.secret for r in log.records()] == [{"q": 1}, {"q": 2}, {"q": 3}]


def test_a_payload_that_is_encrypted_again_in_the_same_place_looks_different(log, disk):
    seen = []
    real = chain.write_at
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "write_at", lambda d, content, at: seen.append(content) or real(d, content, at))
        disk.failing = {2}
        with pytest.raises(RecordError, match="confirm"):
            log.append("answer", {}, secret={"q": "the same"})
        log.append("answer", {}, secret={"q": "the same"})
    first, again = (json.loads(seen[n][65:])["secret"] for n in (0, -1))
    assert first["nonce"] != again["nonce"]
    assert first["ciphertext"] != again["ciphertext"]


def test_a_sync_that_failed_once_is_not_believed_because_the_next_one_succeeds(log, disk):
    log.append("answer", {"n": 0})
    descriptor = log._chain._file
    disk.failing = {disk.count + 1, disk.count + 2, disk.count + 3}
    for _ in range(3):  # the first at the record, then at proving that the disk takes anything
        with pytest.raises(RecordError, match="confirm"):
            log.append("answer", {"n": 1})
    syncs = disk.count
    log.append("answer", {"n": 2})
    assert disk.count == syncs + 2  # one that proves, one for the record
    assert os.fstat(log._chain._file).st_ino == (log.directory / "log").stat().st_ino
    assert descriptor >= 0
    assert [r.public["n"] for r in log.records()] == [0, 2]


def test_records_that_a_failing_disk_has_lost_are_noticed(log, disk):
    log.append("answer", {"n": 0})
    path = log.directory / "log"
    end = path.stat().st_size
    log.append("answer", {"n": 1})
    disk.failing = {disk.count + 1}
    with pytest.raises(RecordError, match="confirm"):
        log.append("answer", {"n": 2})
    descriptor = os.open(path, os.O_WRONLY)  # what a page that was never written looks like after it was dropped
    os.pwrite(descriptor, bytes(20), end + 70)
    os.close(descriptor)
    for _ in range(2):
        with pytest.raises(RecordError, match="not there any more"):
            log.append("answer", {"n": 3})


def test_others_go_on_where_one_was_refused(log, disk):
    other = AuditLog.open(log.directory)
    log.append("answer", {"n": 0})
    disk.failing = {disk.count + 1}
    with pytest.raises(RecordError):
        log.append("answer", {"n": 1})
    other.append("answer", {"n": 2})
    log.append("answer", {"n": 3})
    other.append("answer", {"n": 4})
    other.close()
    assert [r.public["n"] for r in log.records()] == [0, 2, 3, 4]
    verified(log.directory)


def test_a_key_that_may_not_be_destroyed_is_an_error(log, disk, monkeypatch):
    log.append("answer", {}, secret={"a": 1})
    disk.failing = {disk.count + 1}
    with pytest.raises(RecordError, match="not destroyed for certain"):
        log.erase([0])
    written = []
    real = payloads.write_at
    monkeypatch.setattr(payloads, "write_at", lambda *args: written.append(args[1:]) or real(*args))
    log.erase([0])  # what reads as zeros may only be zeros in memory
    assert written == [(bytes(64), 0)]


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 1 MiB in memory, or skip."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk in memory needs root")
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a disk in memory cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(path, free):
    """Fill the disk but for `free` bytes."""

    def write():
        with path.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    with pytest.raises(OSError, match="No space left"):
        write()
    os.truncate(path, max(0, path.stat().st_size - free))


def write_until_full(directory, free, acknowledged):
    with closing(AuditLog.open(directory)) as log:
        for number in range(40):
            kind = "session-start" if number % 8 == 0 else "answer"
            log.append(kind, {"free": free, "n": number}, secret={"q": "x" * 900})
            acknowledged.append((free, number))


def test_a_disk_that_is_full_at_every_write(small_disk):
    directory = small_disk / "audit"
    stuffing = small_disk / "stuffing"
    expected = []
    for free in range(0, 15 * 4096, 4096):
        fill(stuffing, free)
        acknowledged = []
        with pytest.raises(RecordError, match="No space left") as caught:
            write_until_full(directory, free, acknowledged)
        number = len(acknowledged)
        expected += acknowledged
        assert "Free some space" in caught.value.hint
        stuffing.unlink()
        log = AuditLog.open(directory)
        found = [(r.public["free"], r.public["n"]) for r in log.records() if "free" in r.public]
        # a session's start may be in the log though its checkpoint could not be kept, and so was not acknowledged
        assert found[: len(expected)] == expected
        assert found[len(expected) :] in ([], [(free, number)])
        expected = found
        log.append("answer", {})
        log.close()
        assert not list(directory.glob(".*")), "half-written files stay behind"
    verified(directory)


def test_a_full_disk_while_a_torn_end_is_set_aside(small_disk):
    directory = small_disk / "audit"
    log = AuditLog.open(directory)
    log.append("answer", {"n": 0})
    log.close()
    with (directory / "log").open("ab") as file:
        file.write(b"torn" * 2000)
    fill(small_disk / "stuffing", 0)
    with pytest.raises(RecordError, match="No space left"):
        AuditLog.open(directory)
    (small_disk / "stuffing").unlink()
    log = AuditLog.open(directory)
    assert [r.kind for r in log.records()] == ["answer", "recovery"]
    log.close()
    assert next(directory.glob("torn-*")).read_bytes() == b"torn" * 2000
