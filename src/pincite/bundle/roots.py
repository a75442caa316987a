"""Root metadata: which keys speak for which role, signed by several persons one after the other, and its successors.

The roles are those of The Update Framework, version 1.0: root, targets, snapshot, timestamp.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root
from tuf.api.serialization.json import JSONSerializer

from pincite.bundle.keys import PublicKey
from pincite.bundle.layout import root_name
from pincite.errors import BundleError

__all__ = ["ROLES", "RootState", "change_root", "examine", "first_root", "lasting", "read_chain", "read_root"]
__all__ += ["sign_root", "write_root"]

ROLES = ("root", "targets", "snapshot", "timestamp")

_COMPACT = JSONSerializer(compact=True)
_NAMES = "x-pincite-names"


@dataclass(frozen=True, slots=True)
class RootState:
    """How far the signing of a root is.

    Attributes:
        version: its number, 1 for the first.
        expires: the last moment at which it is accepted.
        sha256: of the file as it is now; final only when it is complete.
        roles: for each role its threshold and the names of those who hold its keys.
        signed: names of those whose signature of this root is right.
        missing: what is still wanting, in words; empty when it is complete.
    """

    version: int
    expires: datetime.datetime
    sha256: str
    roles: Mapping[str, tuple[int, tuple[str, ...]]]
    signed: tuple[str, ...]
    missing: tuple[str, ...]


def first_root(roles: Mapping[str, tuple[int, Sequence[PublicKey]]], expires: datetime.datetime) -> Metadata[Root]:
    """Return the unsigned root of version 1; `roles` gives each role's threshold and keys.

    Raises:
        BundleError: if a role has fewer keys than its threshold asks for.
    """
    root = Root(version=1, expires=expires, consistent_snapshot=False)
    metadata = Metadata(root)
    _set_roles(root, roles)
    return metadata


def change_root(
    before: Metadata[Root],
    expires: datetime.datetime,
    *,
    remove: Sequence[str] = (),
    add: Sequence[tuple[str, PublicKey]] = (),
    thresholds: Mapping[str, int] | None = None,
) -> Metadata[Root]:
    """Return the unsigned successor of a root, without the keys of the names `remove` and with those of `add`.

    It must be signed by as many of the earlier root's keys, and of its own, as their thresholds ask for.

    Raises:
        BundleError: if a name is not known, or a role is left with fewer keys than its threshold asks for.
    """
    root = Root.from_dict(before.signed.to_dict())
    root.version, root.expires = before.signed.version + 1, expires
    names = _names(root)
    for name in remove:
        if name not in names.values():
            raise BundleError(f"no key is called {name!r}", hint=f"Known: {', '.join(sorted(names.values()))}.")
    roles: dict[str, tuple[int, list[PublicKey]]] = {}
    for role in ROLES:
        kept = [
            PublicKey(names.get(keyid, keyid), cast("SSlibKey", root.keys[keyid]))
            for keyid in root.roles[role].keyids
            if names.get(keyid) not in remove
        ]
        kept += [key for other, key in add if other == role]
        roles[role] = ((thresholds or {}).get(role, root.roles[role].threshold), kept)
    _set_roles(root, roles)
    return Metadata(root)


def _set_roles(root: Root, roles: Mapping[str, tuple[int, Sequence[PublicKey]]]) -> None:
    names = _names(root)
    for role, (threshold, keys) in roles.items():
        identities = {key.key.keyid for key in keys}
        if not 1 <= threshold <= len(identities):
            raise BundleError(f"{role}: {len(identities)} different keys for a threshold of {threshold}")
        for keyid in list(root.roles[role].keyids):
            root.revoke_key(keyid, role)
        for key in keys:
            root.add_key(key.key, role)
            names[key.key.keyid] = key.name
        root.roles[role].threshold = threshold
    root.unrecognized_fields[_NAMES] = {keyid: name for keyid, name in names.items() if keyid in root.keys}


def sign_root(metadata: Metadata[Root], signer: CryptoSigner, before: Metadata[Root] | None = None) -> None:
    """Add one person's signature.

    Raises:
        BundleError: if the key has no say in this root nor in the one before it.
    """
    keyid = signer.public_key.keyid
    speaks = set(metadata.signed.roles["root"].keyids) | set(before.signed.roles["root"].keyids if before else ())
    if keyid not in speaks:
        raise BundleError(
            f"key {keyid[:16]} is not a root key of version {metadata.signed.version}"
            + (" nor of the one before" if before else ""),
            hint="For a new version name the earlier root with --previous.",
        )
    metadata.sign(signer, append=True)


def examine(metadata: Metadata[Root], before: Metadata[Root] | None = None, data: bytes = b"") -> RootState:
    """Tell who has signed a root and what is missing; a version above 1 needs the root before it."""
    root = metadata.signed
    names = {**(_names(before.signed) if before else {}), **_names(root)}
    missing, signed = [], set()
    for judge, words in ((root, "its own"), (before.signed if before else None, "the earlier root's")):
        if judge is None:
            continue
        result = judge.get_verification_result("root", metadata.signed_bytes, metadata.signatures)
        signed |= set(result.signed)
        if not result.verified:
            missing.append(f"{result.missing} more of {words} root keys")
    if root.version > 1 and before is None:
        missing.append("a comparison with the earlier root (--previous)")
    elif before is not None and root.version != before.signed.version + 1:
        missing.append(f"version {before.signed.version + 1} must follow version {before.signed.version}")
    return RootState(
        root.version,
        root.expires,
        hashlib.sha256(data or metadata.to_bytes(_COMPACT)).hexdigest(),
        {
            role: (root.roles[role].threshold, tuple(names.get(key, key[:16]) for key in root.roles[role].keyids))
            for role in ROLES
        },
        tuple(sorted(names.get(key, key[:16]) for key in signed)),
        tuple(missing),
    )


def _names(root: Root) -> dict[str, str]:
    names = root.unrecognized_fields.get(_NAMES, {})
    return {str(keyid): str(name) for keyid, name in names.items()} if isinstance(names, dict) else {}


def read_root(path: Path) -> Metadata[Root]:
    """Read root metadata, signed or not.

    Raises:
        BundleError: if it is none.
    """
    try:
        metadata = Metadata[Root].from_bytes(path.read_bytes())
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error
    except (RepositoryError, VerificationError, ValueError) as error:
        raise BundleError(f"{path}: not root metadata ({error})") from error
    if not isinstance(metadata.signed, Root):
        raise BundleError(f"{path}: metadata of the role {metadata.signed.type}, not root")
    return metadata


def write_root(metadata: Metadata[Root], path: Path) -> str:
    """Write root metadata whole or not at all and return its SHA-256."""
    data = metadata.to_bytes(_COMPACT)
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error
    return hashlib.sha256(data).hexdigest()


def read_chain(directory: Path) -> list[tuple[str, bytes, Metadata[Root]]]:
    """Return file name, bytes and content of all roots of a directory, from version 1 on, each signed as it must be.

    Raises:
        BundleError: if one is missing, or lacks signatures; says which and how many.
    """
    chain: list[tuple[str, bytes, Metadata[Root]]] = []
    while (path := directory / root_name(len(chain) + 1)).exists():
        metadata = read_root(path)
        state = examine(metadata, chain[-1][2] if chain else None)
        if metadata.signed.version != len(chain) + 1:
            raise BundleError(f"{path}: is of version {metadata.signed.version}")
        if state.missing:
            raise BundleError(f"{path}: not signed enough: {', '.join(state.missing)}")
        chain.append((path.name, path.read_bytes(), metadata))
    if not chain:
        raise BundleError(f"{directory}: no {root_name(1)}", hint="Make it: pincite bundle keys root; docs/bundle.md.")
    return chain


def lasting(days: int, now: datetime.datetime) -> datetime.datetime:
    """Return the moment `days` after `now`, in whole seconds as metadata has them."""
    return now.replace(microsecond=0) + datetime.timedelta(days=days)
