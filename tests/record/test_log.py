"""What the log keeps, gives back and erases, and what it refuses to go on with."""

import json
import os
import stat
import threading

import pytest

from pincite.errors import RecordError
from pincite.record import AuditLog
from pincite.record.log import EVERY
from pincite.record.verify_log import Checkpoint, PublicKey, signature_holds
from tests.record.conftest import verified


def test_what_is_appended_reads_back(log):
    first = log.append("session-start", {"face": "ask"})
    second = log.append(
        "answer", {"status": "answered", "seconds": 0.25}, secret={"question": "Wie lange? ✓"}, documents={"gdpr", "a"}
    )
    third = log.append("export", {}, files=["/tmp/out.html"])
    records = list(log.records())
    assert [r.index for r in records] == [first.index, second.index, third.index] == [0, 1, 2]
    assert records[1].secret == {"question": "Wie lange? ✓"}
    assert records[1].public == {"status": "answered", "seconds": 0.25}
    assert records[1].documents == ("a", "gdpr")
    assert records[2].files == ("/tmp/out.html",)
    assert records[2].secret is None
    assert not records[2].erased
    assert records[0].time.endswith("Z")
    assert verified(log.directory).records == 3


def test_a_secret_is_not_in_clear_in_any_file(log):
    log.append("answer", {}, secret={"question": "the ladder of Mr Birch"})
    for file in log.directory.iterdir():
        assert b"Birch" not in file.read_bytes(), file


def test_only_the_owner_may_read(log):
    log.append("session-start", {})
    log.append("answer", {}, secret={"a": 1})
    assert stat.S_IMODE(log.directory.stat().st_mode) == 0o700
    for file in log.directory.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_an_erased_payload_is_gone_and_the_log_still_verifies(log):
    for number in range(6):
        log.append("answer", {"n": number}, secret={"question": f"number {number}"}, documents=["gdpr"] * (number % 2))
    log.append("export", {}, documents=["gdpr"])  # has no payload
    note = log.checkpoint()
    keys = (log.directory / "payload-keys").read_bytes()
    assert log.mentioning("gdpr") == [1, 3, 5, 6]
    assert log.erase([6]) == []
    assert log.erase([1, 3, 5, 3]) == [1, 3, 5]
    assert log.erase([1, 3]) == []
    records = list(log.records())
    assert [r.erased for r in records] == [*[False, True] * 3, False]
    assert [r.secret for r in records if r.erased] == [None] * 3
    assert records[2].secret == {"question": "number 2"}
    after = (log.directory / "payload-keys").read_bytes()
    assert len(after) == len(keys)
    for index in (1, 3, 5):
        assert keys[64 * index : 64 * index + 64] not in after
        assert not any(after[64 * index : 64 * index + 64])
    log.append("purge", {"erased": [1, 3, 5]})
    verified(log.directory, note)
    assert log.mentioning("gdpr") == [1, 3, 5, 6]


def test_a_payload_opens_in_its_own_record_only(log):
    log.append("answer", {}, secret={"a": 1})
    log.append("answer", {}, secret={"a": 2})
    path = log.directory / "payload-keys"
    keys = path.read_bytes()
    path.write_bytes(keys[64:] + keys[:64])
    with pytest.raises(RecordError, match="key of record 0"):
        list(log.records())


def test_checkpoints_come_with_sessions_and_every_so_many_records(log):
    log.append("session-start", {"face": "chat"})
    for number in range(EVERY + 3):
        log.append("answer", {"n": number})
    log.append("session-stop", {})
    marks = [r for r in log.records() if "checkpoint" in r.public]
    assert [r.kind for r in marks] == ["session-start", "checkpoint", "session-stop"]
    assert marks[1].index == EVERY + 1
    report = verified(log.directory)
    assert report.inside == 3
    assert report.checkpoints == (report.records,)


def test_opening_reads_only_what_no_checkpoint_vouches_for(log, monkeypatch):
    for number in range(20):
        log.append("answer", {"n": number})
    log.checkpoint()
    log.append("answer", {})
    lines = []
    from pincite.record import chain

    real = chain.parse_line
    monkeypatch.setattr(chain, "parse_line", lambda line, index: lines.append(index) or real(line, index))
    other = AuditLog.open(log.directory)
    other.append("answer", {})
    other.close()
    assert lines == [20]
    assert verified(log.directory).records == 22


def test_threads_and_several_logs_of_one_process_lose_nothing(tmp_path):
    logs = [AuditLog.open(tmp_path / "audit") for _ in range(3)]
    receipts = []

    def write(log, name):
        receipts.extend(log.append("answer", {"by": name, "n": n}, secret={"n": n}) for n in range(25))

    threads = [threading.Thread(target=write, args=(logs[n % 3], n)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for log in logs:
        log.close()
    records = [r for r in AuditLog.open(tmp_path / "audit").records() if r.kind == "answer"]
    assert sorted(r.index for r in receipts) == [r.index for r in records]
    assert len({(r.public["by"], r.public["n"]) for r in records}) == 125
    assert all(r.secret == {"n": r.public["n"]} for r in records)
    verified(tmp_path / "audit")


def test_a_certificate_is_signed_by_the_key_and_is_no_checkpoint(log):
    signed = log.sign(b"certificate\n")
    key = PublicKey.parse(signed.key)
    assert signed.key == log.public_key
    assert signature_holds(key.raw, b"certificate\n", signed.signature)
    assert not signature_holds(key.raw, b"certificate \n", signed.signature)
    with pytest.raises(ValueError, match="checkpoint"):
        log.sign(log.checkpoint().encode())


def test_the_key_of_a_log_is_not_made_anew(log):
    log.append("session-start", {})
    log.close()
    (log.directory / "signing.pem").unlink()
    with pytest.raises(RecordError, match=r"signing\.pem"):
        AuditLog.open(log.directory)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: os.truncate(d / "log", 100),
        lambda d: (d / "log").unlink(),
        lambda d: (d / "state.json").write_text("{}"),
        lambda d: (d / "state.json").write_bytes(
            (d / "state.json").read_bytes().replace(b'"peaks": [', b'"peaks":["00",')
        ),
    ],
)
def test_a_log_that_is_not_what_was_signed_is_not_continued(log, change):
    log.append("session-start", {})
    log.append("answer", {})
    log.checkpoint()
    log.close()
    change(log.directory)
    with pytest.raises(RecordError):
        AuditLog.open(log.directory)


def test_a_log_removed_or_replaced_while_it_is_open_is_noticed(log):
    log.append("answer", {})
    content = (log.directory / "log").read_bytes()
    (log.directory / "log").unlink()
    with pytest.raises(RecordError, match="removed"):
        log.append("answer", {})
    (log.directory / "log").write_bytes(content)
    with pytest.raises(RecordError, match="replaced"):
        log.append("answer", {})


def test_a_record_changed_behind_the_checkpoint_is_not_continued_from(log):
    log.append("answer", {"n": 0})
    log.checkpoint()
    log.append("answer", {"n": 1})
    log.append("answer", {"n": 2})
    log.close()
    path = log.directory / "log"
    path.write_bytes(path.read_bytes().replace(b'"n":1', b'"n":7'))
    with pytest.raises(RecordError, match="record 1"):
        AuditLog.open(log.directory)


@pytest.mark.parametrize("torn", [b"x", b"0" * 64, b'0123 {"half":', b"\0" * 5000, b"f" * 64 + b" {}\n"])
def test_a_torn_end_is_set_aside_and_recorded(log, torn):
    log.append("answer", {"n": 1})
    log.close()
    with (log.directory / "log").open("ab") as file:
        file.write(torn)
    other = AuditLog.open(log.directory)
    other.append("answer", {"n": 2})
    records = list(other.records())
    assert [r.kind for r in records] == ["answer", "recovery", "answer"]
    assert (log.directory / records[1].public["file"]).read_bytes() == torn
    assert records[1].public["bytes"] == len(torn)
    verified(log.directory)
    other.close()


def test_a_closed_log_says_so(log):
    log.close()
    with pytest.raises(RecordError, match="closed"):
        log.append("answer", {})


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="file/audit"):
        AuditLog.open(tmp_path / "file" / "audit")


def test_a_line_is_the_form_that_was_promised(log):
    import hashlib

    log.append("answer", {"b": 1, "a": "é"}, secret={"x": "y"})
    line = (log.directory / "log").read_bytes()
    digest, _, body = line.removesuffix(b"\n").partition(b" ")
    assert hashlib.sha256(b"\0" + body).hexdigest().encode() == digest
    record = json.loads(body)
    assert list(record) == sorted(record) == ["form", "index", "kind", "public", "secret", "time", "user"]
    assert '"public":{"a":"é","b":1}'.encode() in body


def test_the_checkpoint_has_the_form_of_the_standard(log):
    log.append("answer", {})
    note = log.checkpoint()
    origin, size, root, blank, signature, end = note.split("\n")
    assert (size, blank, end) == ("1", "", "")
    assert signature.startswith(f"— {origin} ")
    found = Checkpoint.open(note, PublicKey.parse(log.public_key))
    assert found.text == f"{origin}\n1\n{root}\n"
