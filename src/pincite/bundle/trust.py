"""Whom an installation trusts, and whether a bundle's metadata is theirs and newer than what is installed.

The Update Framework's client (python-tuf) decides; here it reads from a directory in the place of a server. On top of
it every metadata file of the bundle must be, byte for byte, the one that was accepted: nothing unsigned stands there.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.exceptions import VerificationError
from tuf.api.exceptions import DownloadError, DownloadHTTPError, ExpiredMetadataError, RepositoryError
from tuf.api.metadata import Metadata, Root, TargetFile, Timestamp
from tuf.api.serialization.json import JSONSerializer
from tuf.ngclient import FetcherInterface, Updater

from pincite.bundle.layout import METADATA, check_path, read_regular, root_name
from pincite.errors import BundleRefused

__all__ = ["SEEN", "Pin", "Trusted", "check_clock", "check_metadata", "find_pinned"]

SEEN = "seen"
"""File beside the trusted metadata: the moment of the last installation."""

_SLACK = datetime.timedelta(days=1)
_LONGEST = 8_000_000


@dataclass(frozen=True, slots=True)
class Pin:
    """The root that an operator vouches for, brought by another way than the bundle: a file, or its SHA-256."""

    file: Path | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the signatures say of a bundle.

    Attributes:
        number: its number.
        root: version of the root that speaks for it.
        root_sha256: of that root's file.
        targets_sha256: of the metadata that lists all files.
        expires: the last moment at which it is accepted.
        files: length and digests of every file but three of the metadata, by path.
    """

    number: int
    root: int
    root_sha256: str
    targets_sha256: str
    expires: datetime.datetime
    files: Mapping[str, TargetFile]


class _FromDirectory(FetcherInterface):
    """Reads metadata from a bundle; remembers the last file asked for, which is what an error is about."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.last = ""

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.rpartition("/")[2]
        path = self._directory / name
        if not os.path.lexists(path):
            raise DownloadHTTPError(f"{name} is missing", 404)
        self.last = name
        return iter((_read(path),))


def _read(path: Path) -> bytes:
    with os.fdopen(read_regular(path), "rb") as file:
        return file.read(_LONGEST + 1)


def find_pinned(bundle: Path, pin: Pin) -> bytes:
    """Return the root that the operator vouches for: the file, or the bundle's root of that digest.

    Raises:
        BundleRefused: if the file cannot be read or no root has the digest.
    """
    try:
        if pin.file is not None:
            return pin.file.read_bytes()
        wanted = pin.sha256.lower().replace(" ", "")
        if not re.fullmatch("[0-9a-f]{64}", wanted):
            raise BundleRefused("the digest of the root must be 64 hexadecimal digits")
        for path in sorted((bundle / METADATA).glob("*.root.json")):
            data = _read(path)
            if hashlib.sha256(data).hexdigest() == wanted:
                return data
    except OSError as error:
        raise BundleRefused(f"{error.filename}: {error.strerror}") from error
    raise BundleRefused(
        f"root: no root metadata of this bundle has the SHA-256 {wanted}",
        hint="The bundle is not from whom you think, or the digest was mistyped.",
    )


def check_metadata(bundle: Path, state: Path, pinned: bytes | None, now: datetime.datetime | None = None) -> Trusted:
    """Check a bundle's signatures against what is trusted; `state` is then what is trusted after installing it.

    Args:
        bundle: its directory.
        state: a copy of the installation's trusted metadata, or an empty directory; is changed.
        pinned: the operator's root, for an empty `state`.
        now: instead of the clock; for tests.

    Raises:
        BundleRefused: naming the role or file.
    """
    place = bundle / METADATA
    fetcher = _FromDirectory(place)
    try:
        updater = Updater(str(state), "bundle:///metadata/", fetcher=fetcher, bootstrap=pinned)
        if now is not None:
            updater._trusted_set.reference_time = now
        updater.refresh()
        found = updater._trusted_set
        for path, target in found.targets.targets.items():
            check_path(path)
            if "sha256" not in target.hashes:
                raise BundleRefused(f"{path}: signed without a SHA-256")
    except ExpiredMetadataError as error:
        named = re.search(r"(root|timestamp|snapshot|targets)\.json", str(error))
        role = named[1] if named else fetcher.last.removesuffix(".json")
        raise BundleRefused(
            f"{role}: expired ({error})",
            hint="Ask for a fresh bundle, which may hold corrections; if it is fresh, this clock is wrong.",
        ) from error
    except (DownloadError, RepositoryError, VerificationError, ValueError, OSError) as error:
        raise BundleRefused(f"{METADATA}/{fetcher.last or 'root'}: {error}") from error
    except (AttributeError, KeyError, TypeError, RecursionError) as error:  # metadata of an impossible shape
        raise BundleRefused(f"{METADATA}/{fetcher.last or 'root'}: cannot be read ({type(error).__name__})") from error
    accepted = {f"{role}.json": state / f"{role}.json" for role in ("timestamp", "snapshot", "targets")}
    accepted[root_name(found.root.version)] = state / "root.json"
    for name, kept in accepted.items():
        try:
            same = _read(place / name) == kept.read_bytes()
        except OSError as error:
            raise BundleRefused(f"{METADATA}/{name}: {error.strerror}") from error
        if not same:
            raise BundleRefused(f"{METADATA}/{name}: not the one that is trusted under the same number")
    _check_timestamp(state / "timestamp.json", found.root)
    return Trusted(
        number=found.targets.version,
        root=found.root.version,
        root_sha256=hashlib.sha256((state / "root.json").read_bytes()).hexdigest(),
        targets_sha256=hashlib.sha256((state / "targets.json").read_bytes()).hexdigest(),
        expires=min(found.timestamp.expires, found.snapshot.expires, found.targets.expires, found.root.expires),
        files=found.targets.targets,
    )


def _check_timestamp(path: Path, root: Root) -> None:
    """Refuse what the signature does not cover in the only file that no digest covers."""
    data = path.read_bytes()
    metadata = Metadata[Timestamp].from_bytes(data)
    result = root.get_verification_result("timestamp", metadata.signed_bytes, metadata.signatures)
    plain = all(signature.signature == signature.signature.lower() for signature in metadata.signatures.values())
    if metadata.to_bytes(JSONSerializer(compact=True)) != data or not plain:
        raise BundleRefused(f"{METADATA}/timestamp.json: not written as it is signed")
    if len(result.signed) != len(metadata.signatures):
        raise BundleRefused(f"{METADATA}/timestamp.json: carries a signature that is not right")


def check_clock(state: Path, created: datetime.datetime, now: datetime.datetime) -> None:
    """Refuse a clock that runs behind what is known to have happened: it would keep expired bundles alive.

    Args:
        state: the installation's trusted metadata, or a directory that holds none.
        created: when the bundle was made, from a file whose signature was checked.
        now: what the clock says.

    Raises:
        BundleRefused: if the clock is more than a day behind.
    """
    known = [(created, "this bundle was made")]
    if (state / SEEN).is_file():
        text = (state / SEEN).read_text(encoding="ascii").strip()
        known.append((datetime.datetime.fromisoformat(text), "a bundle was installed here"))
    for moment, what in known:
        if now + _SLACK < moment:
            raise BundleRefused(
                f"the clock says {now:%Y-%m-%d %H:%M} UTC, but on {moment:%Y-%m-%d %H:%M} {what}",
                hint="Set the clock: expiry cannot be judged by one that is behind.",
            )
