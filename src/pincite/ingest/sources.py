"""Which files make the corpus: paths given on the command line, or a corpus.toml with provenance for each source."""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pincite.domain.dates import iso_date
from pincite.domain.documents import Provenance, ProvisionKind
from pincite.errors import ConfigError, DocumentError
from pincite.ingest.identity import slug_of

__all__ = ["Source", "WheelMember", "expand_paths", "is_slug", "load_corpus_file", "parse_corpus", "read_source"]

_PROVENANCE = {field.name for field in dataclasses.fields(Provenance)} - {"sha256"}
_WHEEL_KEYS = {"package", "version", "member", "sha256"}
_KINDS = {kind.value for kind in ProvisionKind}
_METADATA = {"kind", "title", "short", "sha256", "file"} | _PROVENANCE
_KEYS = {"slug", "path", "wheel", "aliases", "expect"} | _METADATA
_DATES = ("effective", "until", "retrieved")


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A data file inside a wheel on the package index, with its digest."""

    package: str
    version: str
    member: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """One document to be read.

    Attributes:
        path: the file; for a wheel member, where it is kept once fetched.
        slug: its name in the library.
        wheel: where to fetch it from if `path` does not exist yet.
        metadata: title, short, kind and provenance that go before what the file itself says; `sha256`, the digest that
            the file must have; `file`, its own name where it is kept under another one.
        aliases: further names.
        expect: counts by provision kind that must be found ("article" -> 99).
    """

    path: Path
    slug: str
    wheel: WheelMember | None
    metadata: dict[str, str]
    aliases: tuple[str, ...]
    expect: dict[str, int]

    @property
    def name(self) -> str:
        """The file's own name, from which a document without a title takes one."""
        return self.metadata.get("file") or self.path.name

    @property
    def sha256(self) -> str:
        """The digest that the file must have; empty if none is stated."""
        return self.metadata.get("sha256", "")


def expand_paths(paths: Sequence[Path]) -> list[Source]:
    """Return a source for every file in `paths`, directories walked, hidden files and links out of them left alone.

    A corpus.toml, or a directory that holds one, stands for the documents that it lists.

    Raises:
        ConfigError: if a path does not exist or nothing is found.
    """
    files: list[Path] = []
    sources: list[Source] = []
    for path in paths:
        try:
            path.stat()
        except FileNotFoundError as error:
            raise ConfigError(f"{path}: no such file or directory") from error
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL
            raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        listed = path / "corpus.toml" if path.is_dir() else path
        if listed.suffix == ".toml" and listed.is_file():
            sources.extend(load_corpus_file(listed, listed.parent))
        elif path.is_dir():
            files.extend(_walk(path))
        else:
            files.append(path)
    root = Path(os.path.commonpath([file.resolve().parent for file in files])) if files else Path()
    taken: set[str] = set()
    for source in sources:
        if source.slug in taken:
            raise ConfigError(f"two sources are called {source.slug!r}, the second is {source.path}")
        taken.add(source.slug)
    for file in sorted(set(files)):
        slug = _unique(file, root, taken)
        taken.add(slug)
        sources.append(Source(file, slug, None, {}, (), {}))
    if not sources:
        raise ConfigError(f"{', '.join(map(str, paths))}: no files found")
    return sources


def _unique(file: Path, root: Path, taken: set[str]) -> str:
    """Return a free slug; where two files share a name, folders tell them apart."""
    slug = slug_of(file.name)
    if slug not in taken:
        return slug
    parents = [part for part in file.resolve().parent.parts if part not in root.parts]
    for depth in range(1, len(parents) + 1):
        longer = slug_of("-".join([*parents[-depth:], file.name]))
        if longer not in taken:
            return longer
    with_ending = f"{slug}-{file.suffix.lstrip('.').lower()}"
    if with_ending not in taken:
        return with_ending
    return next(f"{slug}-{n}" for n in range(2, 10**6) if f"{slug}-{n}" not in taken)


def _walk(directory: Path) -> Iterator[Path]:
    """Yield the files below a directory; what cannot be looked into or is no file comes too, so that it is reported."""
    unreadable: list[Path] = []
    for folder, folders, names in os.walk(
        directory, followlinks=False, onerror=lambda error: unreadable.append(Path(error.filename))
    ):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder) / name
            if not name.startswith(".") and not path.is_symlink():
                yield path
    yield from unreadable


def load_corpus_file(path: Path, fetched: Path) -> list[Source]:
    """Read a corpus.toml.

    Args:
        path: the file; its relative paths are counted from its own directory.
        fetched: directory in which fetched sources are kept.

    Raises:
        ConfigError: naming the file, the entry and the key that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return parse_corpus(text, path, fetched)


def parse_corpus(text: str, path: Path, fetched: Path) -> list[Source]:
    """Read the text of the corpus.toml that stands or will stand at `path`; see `load_corpus_file`."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    entries = content.pop("source", [])
    if content:
        raise ConfigError(
            f"{path}: unknown key {min(content)!r}", hint="Each source is a table of its own: [[source]]."
        )
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{path}: no sources", hint="Each source is a table of its own: [[source]].")
    sources = [_source(entry, number, path, fetched) for number, entry in enumerate(entries, 1)]
    slugs = [source.slug for source in sources]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise ConfigError(f"{path}: two sources are called {slug!r}")
    _check_succession(sources, path)
    return sources


def _check_succession(sources: Sequence[Source], path: Path) -> None:
    """Refuse versions that supersede each other in a circle: none of them would ever answer."""
    successors = {source.slug: source.metadata.get("superseded_by", "") for source in sources}
    for slug in successors:
        seen = [slug]
        while (following := successors.get(seen[-1], "")) and following not in seen:
            seen.append(following)
        if following == slug:
            raise ConfigError(f"{path}: `superseded_by` leads from {slug!r} back to itself")


def is_slug(name: str) -> bool:
    """Tell whether `name` can name a document: "retention", or "retention@2024-01-01" for a version of it."""
    return bool(re.fullmatch(r"[^@]+(?:@[^@]+)?", name)) and all(
        part == slug_of(part + ".x") for part in name.split("@")
    )


def _source(entry: dict[str, Any], number: int, file: Path, fetched: Path) -> Source:
    where = f"{file}: source {number}"
    unknown = set(entry) - _KEYS
    if unknown:
        raise ConfigError(f"{where}: unknown key {sorted(unknown)[0]!r}", hint=f"Known: {', '.join(sorted(_KEYS))}.")
    slug = entry.get("slug")
    if not isinstance(slug, str) or not is_slug(slug):
        raise ConfigError(
            f"{where}: `slug` must be a name of lower-case letters, digits, '-', '_' and '.', with @version or without"
        )
    where = f"{where} ({slug})"
    if ("path" in entry) == ("wheel" in entry):
        raise ConfigError(f"{where}: give either `path` or `wheel`")
    _check_types(entry, where)
    wheel = None
    if "wheel" in entry:
        if set(entry["wheel"]) != _WHEEL_KEYS:
            raise ConfigError(f"{where}: `wheel` needs {', '.join(sorted(_WHEEL_KEYS))}")
        wheel = WheelMember(**entry["wheel"])
        target = fetched / f"{slug}-{wheel.sha256[:12]}{Path(wheel.member).suffix}"
    else:
        target = file.parent / entry["path"]
    metadata = {key: str(entry[key]) for key in sorted(_METADATA) if key in entry}
    if metadata.get("kind", "law") not in ("law", "policy"):
        raise ConfigError(f"{where}: `kind` must be law or policy")
    for key in _DATES:
        try:
            iso_date(metadata.get(key) or "2000-01-01")
        except ValueError as error:
            raise ConfigError(f"{where}: `{key}`: {error}") from error
    if not re.fullmatch("[0-9a-f]{64}|", metadata.get("sha256", "")):
        raise ConfigError(f"{where}: `sha256` must be 64 hexadecimal digits in lower case")
    return Source(target, slug, wheel, metadata, tuple(entry.get("aliases", ())), dict(entry.get("expect", {})))


def _check_types(entry: dict[str, Any], where: str) -> None:
    for key, value in entry.items():
        if key == "aliases":
            right, wanted = (
                isinstance(value, list) and all(isinstance(item, str) for item in value),
                "a list of strings",
            )
        elif key == "wheel":
            right, wanted = (
                isinstance(value, dict) and all(isinstance(item, str) for item in value.values()),
                "a table of strings",
            )
        elif key == "expect":
            right = (
                isinstance(value, dict) and set(value) <= _KINDS and all(type(item) is int for item in value.values())
            )
            wanted = f"a table of counts by {', '.join(sorted(_KINDS))}"
        else:  # TOML has dates and numbers of its own; a version is often one
            right, wanted = (
                isinstance(value, str | int | float | datetime.date) and not isinstance(value, bool),
                "a string",
            )
            right = isinstance(value, str) if key == "path" else right
        if not right:
            raise ConfigError(f"{where}: `{key}` must be {wanted}")


def read_source(source: Source, limit: int = 200 * 1024 * 1024) -> bytes:
    """Return the bytes of a source's file.

    Raises:
        DocumentError: if it cannot be read, is no regular file or is larger than `limit` bytes.
    """
    try:
        # looked at before it is opened: opening a device can do something; not waiting for a pipe's other end
        _regular(source.path, source.path.stat())
        with os.fdopen(os.open(source.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            _regular(source.path, status)
            data = file.read(limit + 1) if status.st_size <= limit else b""
        size = max(status.st_size, len(data))
        if size > limit:
            raise DocumentError(f"{source.path}: {size:,} bytes; the limit is {limit:,}")
    except OSError as error:
        raise DocumentError(f"{source.path}: {error.strerror}") from error
    return data


def _regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise DocumentError(f"{path}: a directory that cannot be looked into")
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError(f"{path}: not a regular file, and not opened")
