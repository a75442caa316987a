"""Key files of the ceremony: an Ed25519 key encrypted with a passphrase (PKCS#8), and its public half as JSON."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import CryptoSigner, SSlibKey

from pincite.errors import BundleError

__all__ = ["PublicKey", "create_key", "load_key", "read_public"]

_SHORTEST = 12


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key and the name of who holds its private half."""

    name: str
    key: SSlibKey


def create_key(directory: Path, name: str, passphrase: str) -> tuple[Path, Path]:
    """Make a key; return its private file (mode 0600) and its public one. An existing key is never overwritten.

    Raises:
        BundleError: if the name or passphrase will not do, or a file exists already.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise BundleError(f"{name!r} cannot name a key", hint="Use letters, digits, '-' and '_'.")
    if len(passphrase) < _SHORTEST:
        raise BundleError(f"the passphrase of {name} has fewer than {_SHORTEST} characters")
    private = Ed25519PrivateKey.generate()
    sealed = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    key = SSlibKey.from_crypto(private.public_key())
    public = json.dumps({"name": name, "keyid": key.keyid, **key.to_dict()}, indent=1) + "\n"
    files = (directory / f"{name}.pem", directory / f"{name}.pub.json")
    for path, content, mode in zip(files, (sealed, public.encode()), (0o600, 0o644), strict=True):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
        except FileExistsError as error:
            raise BundleError(
                f"{path}: exists already", hint="Choose another name; a key is never replaced."
            ) from error
        except OSError as error:
            raise BundleError(f"{path}: {error.strerror}") from error
    return files


def read_public(path: Path) -> PublicKey:
    """Read a public key file.

    Raises:
        BundleError: if it is none, or its identity is not that of its key.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        name, given = str(values.pop("name")), str(values.pop("keyid"))
        key = SSlibKey.from_dict(given, values)
        if (key.keytype, key.scheme) != ("ed25519", "ed25519") or not re.fullmatch(
            "[0-9a-f]{64}", str(key.keyval.get("public"))
        ):
            raise BundleError(f"{path}: not an Ed25519 key")
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BundleError(f"{path}: not a public key as `pincite bundle keys new` writes it") from error
    if _identity(key) != given:
        raise BundleError(f"{path}: the identity {given[:16]} is not that of its key")
    return PublicKey(name, key)


def _identity(key: SSlibKey) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.keyval["public"]))).keyid


def load_key(path: Path, passphrase: str) -> CryptoSigner:
    """Unlock a private key.

    Raises:
        BundleError: if it cannot be read, is no Ed25519 key, or the passphrase is not its own.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(path.read_bytes(), passphrase.encode())
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise BundleError(f"{path}: the passphrase is wrong, or it is no private key") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise BundleError(f"{path}: not an Ed25519 key")
    return CryptoSigner(private)
