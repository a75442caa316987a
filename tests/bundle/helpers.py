"""A small signed tree, its keys, and wheels packed from what is installed here; nothing is fetched."""

from __future__ import annotations

import base64
import datetime
import ensurepip
import functools
import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

import pincite
from pincite.bundle.contents import Contents, this_machine, this_python
from pincite.bundle.create import Created, Ingredients, create_bundle
from pincite.bundle.keys import PublicKey
from pincite.bundle.roots import first_root, lasting, read_chain, sign_root, write_root
from pincite.bundle.signing import Lifetimes, sign_bundle
from pincite.bundle.trust import Pin
from pincite.bundle.wheels import VERIFIERS
from pincite.models.registry import Registry
from tests.conftest import ROOT

NOW = datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC)

Chain = Sequence[tuple[str, bytes, Metadata[Root]]]


@functools.cache
def key(name: str) -> CryptoSigner:
    """Return a key for tests, always the same within a run."""
    return CryptoSigner.generate_ed25519()


def public(name: str) -> PublicKey:
    return PublicKey(name, key(name).public_key)


def keys(*names: str) -> list[PublicKey]:
    return [public(name) for name in names]


def roles() -> dict[str, tuple[int, Sequence[PublicKey]]]:
    """Two of three for the root, one key for each other role."""
    return {
        "root": (2, keys("ann", "bob", "cem")),
        "targets": (1, keys("release")),
        "snapshot": (1, keys("snapshot")),
        "timestamp": (1, keys("timestamp")),
    }


SIGNERS = ("release", "snapshot", "timestamp")


def make_roots(directory: Path, signers: Sequence[str] = ("ann", "bob"), days: int = 700) -> Chain:
    directory.mkdir(parents=True, exist_ok=True)
    root = first_root(roles(), lasting(days, NOW))
    for name in signers:
        sign_root(root, key(name))
    write_root(root, directory / "1.root.json")
    return read_chain(directory)


def make_bundle(
    directory: Path,
    chain: Chain,
    number: int = 1,
    *,
    signers: Sequence[str] = SIGNERS,
    now: datetime.datetime = NOW,
    lifetimes: Lifetimes | None = None,
    files: dict[str, bytes] | None = None,
) -> Path:
    """Make a signed tree of small files."""
    for path, content in (
        files or {"models/a.gguf": b"weights" * 500, "models/b.gguf": b"more", "docs/read.md": b"read\n"}
    ).items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
    Contents(number, pincite.__version__, this_python(), this_machine(), now.isoformat(), (), "").write(directory)
    sign_bundle(directory, chain, [key(name) for name in signers], number=number, now=now, lifetimes=lifetimes)
    return directory


def copy(bundle: Path, to: Path, change: Callable[[Path], object] | None = None) -> Path:
    shutil.copytree(bundle, to)
    if change:
        change(to)
    return to


def make_wheels(folder: Path) -> list[Path]:
    """Pack the wheels that a bundle cannot do without from what is installed here, and pip's from Python's own."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels = [_pack(folder, name) for name in VERIFIERS if name != "pincite"]
    pip = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    shutil.copy(pip, folder)
    source = ROOT / "src"
    files = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in (source / "pincite").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    files["pincite/models/models.toml"] = (ROOT / "models" / "models.toml").read_bytes()
    described = (
        f"Metadata-Version: 2.1\nName: pincite\nVersion: {pincite.__version__}\nLicense-Expression: Apache-2.0\n"
    )
    return [*wheels, folder / pip.name, _zip(folder, "pincite", pincite.__version__, described, files)]


def _pack(folder: Path, name: str) -> Path:
    """Pack an installed pure-Python package without what it needs, which verification never imports."""
    found = metadata.distribution(name)
    files = {
        str(path): Path(str(found.locate_file(path))).read_bytes()
        for path in found.files or ()
        if ".." not in path.parts and "__pycache__" not in path.parts and ".dist-info" not in path.parts[0]
    }
    licence = found.metadata.get("License-Expression") or found.metadata.get("License") or "MIT"
    described = f"Metadata-Version: 2.1\nName: {name}\nVersion: {found.version}\nLicense: {licence.splitlines()[0]}\n"
    return _zip(folder, name, found.version, described, files)


def _zip(folder: Path, name: str, version: str, described: str, files: dict[str, bytes]) -> Path:
    info = f"{name}-{version}.dist-info"
    files = files | {
        f"{info}/METADATA": described.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for path, data in files.items()
    ]
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return wheel


def snapshot_of(directory: Path) -> dict[str, bytes]:
    """Return all files below a directory with their bytes."""
    return {
        os.path.relpath(path, directory): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


class Made:
    """Two bundles of one maker."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.chain: Chain = make_roots(place / "roots")
        self.wheels = make_wheels(place / "wheels")
        corpus = place / "corpus"
        corpus.mkdir()
        (corpus / "leave.md").write_text("# Leave\n\nLeave is 25 days a year.\n", encoding="utf-8")
        (corpus / "corpus.toml").write_text(
            '[[source]]\nslug = "leave"\npath = "leave.md"\nkind = "policy"\ntitle = "Leave"\nlicence = "CC0-1.0"\n',
            encoding="utf-8",
        )
        self.created: dict[int, Created] = {}
        self.bundles = {number: self.make(number) for number in (1, 2)}

    def make(self, number: int) -> Path:
        out = self.place / f"bundle-{number}"
        ingredients = Ingredients(
            self.wheels, [], Registry(self.place / "models", [ROOT / "models" / "models.toml"]),
            self.place / "corpus" / "corpus.toml", self.place / "sources",
        )  # fmt: skip
        signers = [key(name) for name in SIGNERS]
        self.created[number] = create_bundle(out, ingredients, self.chain, signers, number=number)
        return out

    @property
    def pin(self) -> Pin:
        return Pin(sha256=hashlib.sha256(self.chain[0][1]).hexdigest())
