"""Verifies a Pincite audit log; needs nothing but this file and Python 3.11 or later, no network and no secret.

    python3 verify_log.py LOG --checkpoint CHECKPOINT --key PUBLIC_KEY     a whole log
    python3 verify_log.py --pack FOLDER [--key PUBLIC_KEY]                 an evidence pack

What is checked, and by which standard:
1.  Each line of the log is `hash SP body LF`, where hash is the hex SHA-256 of a zero byte and the body (the leaf hash
    of RFC 9162, 2.1.1), and the body is a JSON object that says which record it is: 0, 1, 2 and so on.
2.  The checkpoint is a note (C2SP signed-note, tlog-checkpoint): the log's name, how many records it had, the root of
    the Merkle tree over them, and an Ed25519 signature (RFC 8032) by the log's key.
3.  The root computed from the log's first records is that of the checkpoint. A record changed, removed, inserted or
    moved changes the root; who does not have the log's private key cannot sign another one.
4.  Checkpoints that stand in the log itself (records with a "checkpoint") are checked in the same way.
5.  In a pack: that each record is in the log, by its proof (RFC 9162, 2.1.3); that an older checkpoint is a beginning
    of this log (2.1.4); that each opened payload is the one to which its record committed: SHA-256 of a byte 2, the
    salt and the payload.

Get the public key and the checkpoint from somebody who keeps them away from the machine of the log: whoever can write
there can put other ones in their place. Exit code 0: nothing is wrong. 1: something is. 2: it could not be tried.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "Checkpoint",
    "PublicKey",
    "Report",
    "VerifyError",
    "check_consistency",
    "check_inclusion",
    "check_opening",
    "commitment",
    "leaf_hash",
    "node_hash",
    "parse_line",
    "root_of",
    "verify_log",
    "verify_pack",
]


class VerifyError(Exception):
    """What is wrong, and where."""


# ------------------------------------------------------------------------------------------------ hashes and the tree


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of one record."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def commitment(salt: bytes, payload: bytes) -> bytes:
    """Return what a record says of its encrypted payload; the salt keeps it from being guessed."""
    return hashlib.sha256(b"\x02" + salt + payload).digest()


def grow(peaks: list[tuple[int, bytes]], leaf: bytes) -> None:
    """Add a leaf to a tree kept as its perfect subtrees (number of leaves, hash), the largest first."""
    count = 1
    while peaks and peaks[-1][0] == count:
        leaf = node_hash(peaks.pop()[1], leaf)
        count *= 2
    peaks.append((count, leaf))


def root_of(peaks: Sequence[tuple[int, bytes]]) -> bytes:
    """Return the root over perfect subtrees; of none, the hash of nothing."""
    if not peaks:
        return hashlib.sha256(b"").digest()
    root = peaks[-1][1]
    for _, left in reversed(peaks[:-1]):
        root = node_hash(left, root)
    return root


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise VerifyError unless `proof` shows that record `index` of a tree of `size` has this hash (2.1.3.2)."""
    if not 0 <= index < size:
        raise VerifyError(f"record {index} is not among the first {size}")
    fn, sn, value = index, size - 1, leaf
    for step in proof:
        if sn == 0:
            raise VerifyError(f"record {index}: its proof is too long")
        if fn & 1 or fn == sn:
            value = node_hash(step, value)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = node_hash(value, step)
        fn, sn = fn >> 1, sn >> 1
    if sn or value != root:
        raise VerifyError(f"record {index}: its proof does not lead to the checkpoint's root")


def check_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Raise VerifyError unless `proof` shows that the tree of `size` begins with that of `old` (2.1.4.2)."""
    wrong = VerifyError(f"the log of {size} records does not continue the one of {old} records")
    if old > size or (old == size and (old_root != root or proof)):
        raise wrong
    if old in (0, size):
        return
    path = [*proof] if old & (old - 1) else [old_root, *proof]
    if not path:
        raise wrong
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for step in path[1:]:
        if sn == 0:
            raise wrong
        if fn & 1 or fn == sn:
            first, second = node_hash(step, first), node_hash(step, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, step)
        fn, sn = fn >> 1, sn >> 1
    if sn or first != old_root or second != root:
        raise wrong


# ------------------------------------------------------------------------------------------- Ed25519, RFC 8032, 5.1.7

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z


def _add(p: _Point, q: _Point) -> _Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    total: _Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point, scalar = _add(point, point), scalar >> 1
    return total


def _point(encoded: bytes) -> _Point | None:
    """Decode a point (5.1.3); None if there is none."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


_BASE = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def signature_holds(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether an Ed25519 signature of 64 bytes is that of the 32-byte public key over the message."""
    a, r = _point(key) if len(key) == 32 else None, _point(signature[:32]) if len(signature) == 64 else None
    s = int.from_bytes(signature[32:], "little")
    if _BASE is None or a is None or r is None or s >= _ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % _ORDER
    left, right = _times(s, _BASE), _add(r, _times(k, a))
    return not ((left[0] * right[2] - right[0] * left[2]) % _P or (left[1] * right[2] - right[1] * left[2]) % _P)


# ----------------------------------------------------------------------------------------------- keys and checkpoints


@dataclass(frozen=True)
class PublicKey:
    """A key as `name+id+base64(1, key)`, the form of C2SP signed-note."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """The first 4 bytes of the hash over name and key."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.raw).digest()[:4]

    @property
    def text(self) -> str:
        """The key in one line."""
        encoded = base64.b64encode(b"\x01" + self.raw).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read the one line."""
        name, _, rest = text.strip().partition("+")
        identifier, _, encoded = rest.partition("+")
        key = cls(name, _base64(encoded)[1:])
        if len(key.raw) != 32 or key.id.hex() != identifier or key.text != text.strip():
            raise VerifyError("this is no public key of an audit log")
        return key


@dataclass(frozen=True)
class Checkpoint:
    """What a signed checkpoint says: the log's name, its number of records, the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def open(cls, note: str, key: PublicKey) -> Checkpoint:
        """Read a note whose signature by `key` holds."""
        text, _, signatures = note.partition("\n\n")
        text += "\n"
        lines = text.split("\n")
        if len(lines) < 4 or not lines[1].isdecimal():
            raise VerifyError("this is no checkpoint")
        found = cls(lines[0], int(lines[1]), _base64(lines[2]))
        if found.origin != key.name or len(found.root) != 32 or not text.startswith(found.text):
            raise VerifyError(f"this is no checkpoint of the log {key.name}")
        mark = f"\N{EM DASH} {key.name} "
        for line in signatures.splitlines():
            blob = _base64(line.removeprefix(mark)) if line.startswith(mark) else b""
            if blob[:4] == key.id and signature_holds(key.raw, text.encode(), blob[4:]):
                return found
        raise VerifyError("the checkpoint has no valid signature of the log's key")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise VerifyError(f"{text[:20]!r} is no base64") from None


# ---------------------------------------------------------------------------------------------------------------- log


@dataclass
class Report:
    """What was found: records, set against checkpoints of these sizes, and payloads opened."""

    records: int = 0
    root: bytes = b""
    inside: int = 0
    checkpoints: tuple[int, ...] = ()
    openings: int = 0

    def lines(self) -> Iterator[str]:
        """Yield the findings in words."""
        yield f"{self.records} records, each with its own hash, in order"
        yield f"{self.inside} checkpoints inside the log: signatures and roots hold"
        for size in self.checkpoints:
            yield f"the checkpoint of {size} records: signature and root hold"
        beyond = self.records - max(self.checkpoints, default=0)
        if self.checkpoints and beyond > 0:
            yield f"{beyond} records are newer than the newest checkpoint given"
        if not self.checkpoints:
            yield "no checkpoint was given: a log rewritten as a whole by someone with its key cannot be told from this"
        if self.openings:
            yield f"{self.openings} payloads are those that their records committed to"


def parse_line(line: bytes, index: int) -> tuple[bytes, dict[str, Any]]:
    """Return the leaf hash and the body of line number `index`, given without its line feed."""
    digest, space, body = line[:64], line[64:65], line[65:]
    leaf = leaf_hash(body)
    if space != b" " or digest != leaf.hex().encode():
        raise VerifyError(f"record {index}: its hash is not that of its words")
    try:
        record = json.loads(body)
    except ValueError:
        raise VerifyError(f"record {index}: no JSON") from None
    if not isinstance(record, dict) or record.get("index") != index:
        raise VerifyError(f"line {index} of the log says that it is another record")
    return leaf, record


def verify_log(
    log: bytes, key: PublicKey, checkpoints: Sequence[Checkpoint] = (), each: Callable[[int], object] = lambda _: None
) -> Report:
    """Check a whole log against checkpoints that were opened with `key`.

    Args:
        log: its bytes.
        key: the log's public key.
        checkpoints: from outside the log.
        each: called with the number of records checked so far.

    Raises:
        VerifyError: at the first thing that is wrong.
    """
    wanted: dict[int, set[bytes]] = {}
    for checkpoint in checkpoints:
        wanted.setdefault(checkpoint.size, set()).add(checkpoint.root)
    if log and not log.endswith(b"\n"):
        raise VerifyError("the last record is cut off")
    report = Report(checkpoints=tuple(sorted(wanted)))
    peaks: list[tuple[int, bytes]] = []
    roots: dict[int, bytes] = {}  # of every size, for the checkpoints that later records carry
    for index, line in enumerate(log.split(b"\n")[:-1]):
        roots[index] = root_of(peaks)
        leaf, record = parse_line(line, index)
        note = record.get("public", {}).get("checkpoint")
        if note is not None:
            inner = Checkpoint.open(note, key)
            if roots.get(inner.size) != inner.root:
                raise VerifyError(f"record {index}: the checkpoint in it does not agree with the records before it")
            report.inside += 1
        grow(peaks, leaf)
        report.records = index + 1
        each(report.records)
    report.root = roots[report.records] = root_of(peaks)
    for size, expected in wanted.items():
        if size > report.records:
            raise VerifyError(f"the checkpoint is of {size} records; the log has {report.records}: records are missing")
        if expected != {roots[size]}:
            raise VerifyError(f"the first {size} records are not those of the checkpoint")
    return report


# --------------------------------------------------------------------------------------------------------------- pack


def check_opening(record: dict[str, Any], opening: dict[str, str]) -> None:
    """Raise VerifyError unless an opened payload is the one to which its record committed."""
    stated = record.get("secret", {}).get("commitment")
    if stated != commitment(bytes.fromhex(opening["salt"]), opening["payload"].encode()).hex():
        raise VerifyError(f"record {record['index']}: the payload shown is not the one that was recorded")


def verify_pack(folder: Path, key: PublicKey | None = None) -> Report:
    """Check an evidence pack: evidence.json against checkpoint and key, and its log if it has the whole one.

    Raises:
        VerifyError: at the first thing that is wrong.
    """
    key = key or PublicKey.parse((folder / "public.key").read_text(encoding="utf-8"))
    checkpoint = Checkpoint.open((folder / "checkpoint").read_text(encoding="utf-8"), key)
    evidence = json.loads((folder / "evidence.json").read_bytes())
    report = Report(checkpoints=(checkpoint.size,))
    if (folder / "log").exists():
        report = verify_log((folder / "log").read_bytes(), key, [checkpoint])
    lines = (folder / "records").read_bytes().split(b"\n")[:-1]
    if len(lines) != len(evidence["records"]):
        raise VerifyError("evidence.json speaks of other records than those in `records`")
    for line, entry in zip(lines, evidence["records"], strict=True):
        leaf, record = parse_line(line, entry["index"])
        proof = [bytes.fromhex(step) for step in entry["inclusion"]]
        check_inclusion(leaf, record["index"], checkpoint.size, proof, checkpoint.root)
        if entry.get("opening"):
            check_opening(record, entry["opening"])
            report.openings += 1
    report.records = max(report.records, len(lines))
    earlier = evidence.get("earlier")
    if earlier:
        old = Checkpoint.open(earlier["checkpoint"], key)
        steps = [bytes.fromhex(step) for step in earlier["consistency"]]
        check_consistency(old.size, old.root, checkpoint.size, checkpoint.root, steps)
        report.checkpoints = (old.size, checkpoint.size)
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify what the command line names and say what was found."""
    parser = argparse.ArgumentParser(description="Verifies an audit log of Pincite, or an evidence pack.")
    parser.add_argument("log", nargs="?", type=Path, help="the log's file")
    parser.add_argument("--pack", type=Path, help="instead: the folder of an evidence pack")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], help="checkpoint kept elsewhere")
    parser.add_argument("--key", type=Path, help="the log's public key, kept elsewhere")
    args = parser.parse_args(arguments)
    if (args.log is None) == (args.pack is None) or (args.log and not args.key):
        parser.error("name a log and its --key, or a --pack")
    try:
        key = PublicKey.parse(args.key.read_text(encoding="utf-8")) if args.key else None
        if args.pack:
            report = verify_pack(args.pack, key)
        else:
            assert key is not None
            notes = [Checkpoint.open(file.read_text(encoding="utf-8"), key) for file in args.checkpoint]
            report = verify_log(args.log.read_bytes(), key, notes)
    except VerifyError as error:
        print(f"NOT VERIFIED: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"NOT VERIFIED: cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(*report.lines(), "VERIFIED", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
