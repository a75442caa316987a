"""Signs a finished tree: every file becomes a target, then snapshot and timestamp; the last file makes it a bundle."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from pincite.bundle.layout import METADATA, check_path, walk
from pincite.bundle.roots import lasting
from pincite.domain.progress import Progress, silent
from pincite.errors import BundleError
from pincite.models.files import digest

__all__ = ["ROLES_FOR_BUNDLES", "Lifetimes", "check_signers", "sign_bundle"]

ROLES_FOR_BUNDLES = ("targets", "snapshot", "timestamp")

_COMPACT = JSONSerializer(compact=True)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Days for which each role's word is accepted; the shortest, timestamp's, is how old a bundle may be."""

    targets: int = 365
    snapshot: int = 90
    timestamp: int = 90


def check_signers(root: Root, signers: Sequence[CryptoSigner], now: datetime.datetime) -> None:
    """Check before any work that these keys suffice.

    Raises:
        BundleError: naming the role that would lack signatures, or an expired root.
    """
    if root.is_expired(now):
        raise BundleError(
            f"root version {root.version} expired on {root.expires:%Y-%m-%d}", hint="Rotate: docs/bundle.md."
        )
    held = {signer.public_key.keyid for signer in signers}
    for role in ROLES_FOR_BUNDLES:
        have = len(held & set(root.roles[role].keyids))
        if have < root.roles[role].threshold:
            raise BundleError(f"{role}: {have} of {root.roles[role].threshold} keys were given", hint="Add --key FILE.")


def sign_bundle(
    directory: Path,
    chain: Sequence[tuple[str, bytes, Metadata[Root]]],
    signers: Sequence[CryptoSigner],
    *,
    number: int,
    now: datetime.datetime,
    lifetimes: Lifetimes | None = None,
    progress: Progress = silent,
) -> str:
    """Sign a tree as bundle `number` and return the SHA-256 of its targets metadata.

    Args:
        directory: the tree; its metadata directory is written anew.
        chain: all roots, from version 1 on; the last one decides.
        signers: unlocked keys; each signs what it may.
        number: version of all three roles; must rise from bundle to bundle.
        now: the moment from which lifetimes count.
        lifetimes: days; the usual ones if None.
        progress: told about hashing.

    Raises:
        BundleError: if a file cannot be signed, or keys are missing.
    """
    root, days = chain[-1][2].signed, lifetimes or Lifetimes()
    check_signers(root, signers, now)
    place = directory / METADATA
    place.mkdir(exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    for name, data, _ in chain:
        (place / name).write_bytes(data)

    paths = sorted(walk(directory))
    total, done = sum((directory / path).stat().st_size for path in paths), 0
    targets = Targets(version=number, expires=lasting(days.targets, now))
    for path in paths:
        check_path(path)
        length = (directory / path).stat().st_size
        sha256 = digest(directory / path, progress, what="signing", before=done, total=total)
        targets.targets[path] = TargetFile(length, {"sha256": sha256}, path)
        done += length

    data = _signed(Metadata(targets), "targets", root, signers)
    snapshot = Snapshot(
        version=number, expires=lasting(days.snapshot, now), meta={"targets.json": _describe(data, number)}
    )
    overview = _signed(Metadata(snapshot), "snapshot", root, signers)
    timestamp = Timestamp(
        version=number, expires=lasting(days.timestamp, now), snapshot_meta=_describe(overview, number)
    )
    last = _signed(Metadata(timestamp), "timestamp", root, signers)
    for name, content in (("targets", data), ("snapshot", overview), ("timestamp", last)):
        (place / f"{name}.json").write_bytes(content)
    return hashlib.sha256(data).hexdigest()


def _describe(data: bytes, version: int) -> MetaFile:
    return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})


def _signed(
    metadata: Metadata[Targets] | Metadata[Snapshot] | Metadata[Timestamp],
    role: str,
    root: Root,
    signers: Sequence[CryptoSigner],
) -> bytes:
    for signer in signers:
        if signer.public_key.keyid in root.roles[role].keyids:
            metadata.sign(signer, append=True)
    try:
        root.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        raise BundleError(f"{role}: {error}", hint="Add --key FILE.") from error
    return metadata.to_bytes(_COMPACT)
