"""What recording costs: appending an answer to a log that has 10,000 already, opening it, verifying it.

    python benchmarks/record.py [DIRECTORY] [RECORDS]

DIRECTORY lies on the disk that is measured (default: a temporary one); one tenth of RECORDS is timed at the end.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from pincite.record import AuditLog
from pincite.record.verify_log import Checkpoint, PublicKey, verify_log

_WORDS = "The controller shall notify the personal data breach to the supervisory authority not later than 72 hours. "


def answer(number: int) -> dict[str, object]:
    """Return a record's arguments, about as large as those of a real answer with three quotations."""
    digests = dict.fromkeys(("library", "embedder", "model", "prompt", "abstention", "ranking"), f"{number:064x}")
    passages = [
        {"n": n, "document": "gdpr", "start": 1000 * n, "end": 1900, "text_sha256": f"{n:064x}"} for n in range(4)
    ]
    public = {"face": "ask", "as_of": None, "seal": "sealed", "digests": digests, "passages": passages}
    quotes = [{"n": n, "quote": _WORDS * 3, "title": _WORDS[:60]} for n in range(3)]
    secret = {"question": _WORDS, "draft": _WORDS * 2, "answer": {"answer": _WORDS * 2, "citations": quotes}}
    return {"kind": "answer", "public": public, "secret": secret, "documents": ["gdpr"]}


def main(directory: Path, records: int) -> None:
    """Fill a log, time the last tenth of the appends, print milliseconds."""
    log = AuditLog.open(directory / "audit")
    timed = []
    for number in range(records + records // 10):
        made = answer(number)
        began = time.perf_counter()
        log.append(**made)  # type: ignore[arg-type]
        timed.append(1000 * (time.perf_counter() - began))
    last = sorted(timed[records:])
    size = (directory / "audit" / "log").stat().st_size
    print(f"records {len(timed):,}, log {size / 1e6:.1f} MB, {size / len(timed):,.0f} bytes a record")
    median, high = statistics.median(last), last[int(0.95 * len(last))]
    print(f"append, last {len(last):,}: median {median:.2f} ms, p95 {high:.2f} ms, most {last[-1]:.2f} ms")
    note, key = log.checkpoint(), PublicKey.parse(log.public_key)
    log.close()
    began = time.perf_counter()
    AuditLog.open(directory / "audit").close()
    print(f"open at a checkpoint: {1000 * (time.perf_counter() - began):.1f} ms")
    began = time.perf_counter()
    report = verify_log((directory / "audit" / "log").read_bytes(), key, [Checkpoint.open(note, key)])
    print(f"verify {report.records:,} records and {report.inside} checkpoints: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), count)
    else:
        with tempfile.TemporaryDirectory() as place:
            main(Path(place), count)
