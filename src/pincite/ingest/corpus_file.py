"""Edits a home's corpus.toml: comments and order of a hand-written file stay; replaced whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Comment, Table, Whitespace

from pincite.errors import ConfigError
from pincite.ingest.sources import Source, parse_corpus

__all__ = [
    "HEADER",
    "Entries",
    "edit_corpus",
    "entry_of",
    "replace_file",
    "start_of",
    "with_absolute_paths",
    "write_corpus",
]

HEADER = "# The documents of this library. Written by pincite corpus; edits by hand are kept.\n\n"
_ORDER = (
    "slug path file wheel sha256 kind title short aliases source retrieved retrieved_by authority licence "
    "classification owner version effective until superseded_by expect"
).split()


class Entries:
    """The `[[source]]` tables of one file, in order."""

    def __init__(self, text: str, path: Path) -> None:
        try:
            self._document = tomlkit.parse(text)
        except TOMLKitError as error:
            raise ConfigError(f"{path}: {error}") from error
        if "source" not in self._document:
            self._document.append("source", tomlkit.aot())
        tables = self._document["source"]
        if not isinstance(tables, AoT):
            raise ConfigError(f"{path}: no sources", hint="Each source is a table of its own: [[source]].")
        self._tables = tables

    @property
    def text(self) -> str:
        """The file as it is now."""
        return tomlkit.dumps(self._document)

    def slugs(self) -> list[str]:
        """Return the names of all sources."""
        return [str(table.get("slug", "")) for table in self._tables]

    def get(self, slug: str) -> dict[str, Any]:
        """Return the values of the source `slug` as plain values; empty if there is none."""
        return next((table.unwrap() for table in self._tables if table.get("slug") == slug), {})

    def append(self, values: Mapping[str, Any]) -> None:
        """Add a source at the end."""
        table = tomlkit.table()
        for key in sorted(values, key=_ORDER.index):
            if isinstance(values[key], Mapping):
                inline = tomlkit.inline_table()
                inline.update(values[key])
                table.add(key, inline)
            else:
                table.add(key, values[key])
        if self._tables:
            table.trivia.indent = ""
            _ends_with_blank_line(self._tables[-1])
        self._tables.append(table)

    def change(self, slug: str, values: Mapping[str, Any]) -> None:
        """Set values of the source `slug`; None takes a key away."""
        table = next(table for table in self._tables if table.get("slug") == slug)
        for key, value in values.items():
            if value is None:
                table.pop(key, None)
            elif key in table:
                table[key] = value
            else:  # before blank lines, comments and tables that follow the last value
                last = [name for name, item in table.value.body if name is not None and not isinstance(item, Table)][-1]
                table.value._insert_after(last, key, tomlkit.item(value))

    def remove(self, slug: str) -> None:
        """Take the source `slug` away; comments that stand below it are those of what follows, and stay."""
        at = self.slugs().index(slug)
        kept = _trailing(self._tables[at])
        if at > 0:
            _deepest(self._tables[at - 1]).extend(kept)
        else:
            body = self._document.body
            place = next(n for n, (key, _) in enumerate(body) if key is not None and key.key == "source")
            body[place:place] = kept
        del self._tables[at]


def _deepest(table: Table) -> list[Any]:
    """Return the body in which the last line of a table stands: its own or that of its last sub-table."""
    body: list[Any] = table.value.body
    while body and isinstance(body[-1][1], Table):
        body = body[-1][1].value.body
    return body


def _trailing(table: Table) -> list[Any]:
    """Take off a table what stands below its last value."""
    body = _deepest(table)
    kept: list[Any] = []
    while body and isinstance(body[-1][1], Comment | Whitespace):
        kept.insert(0, body.pop())
    return kept if any(isinstance(item, Comment) for _, item in kept) else []


def _ends_with_blank_line(table: Table) -> None:
    body = _deepest(table)
    if not body or not isinstance(body[-1][1], Whitespace):
        body.append((None, tomlkit.nl()))


def edit_corpus(file: Path, start: str, change: Callable[[Entries], None]) -> None:
    """Apply `change` to corpus.toml and put the result in its place, if it can be read.

    Args:
        file: the home's corpus.toml.
        start: what it begins with if it does not exist.
        change: what is to be done; called once, while no other edit runs.

    Raises:
        ConfigError: if the file cannot be read, or could not be read afterwards; it is then as it was.
    """
    with _locked(file):
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            text = start
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file}: {error}") from error
        entries = Entries(text, file)
        change(entries)
        if not entries.slugs():
            raise ConfigError(
                "a library without documents cannot be built", hint="Add a document before the last goes."
            )
        parse_corpus(entries.text, file, file.parent / "sources")
        replace_file(file, entries.text.encode("utf-8"))


def write_corpus(file: Path, sources: Sequence[Source]) -> Path | None:
    """Make `sources` the corpus.toml `file`; return where a different earlier one was kept."""
    entries = Entries(HEADER, file)
    for source in sources:
        entries.append(entry_of(source, file.parent))
    with _locked(file):
        data = entries.text.encode("utf-8")
        kept = _set_aside(file) if file.exists() and file.read_bytes() != data else None
        replace_file(file, data)
    return kept


def start_of(shipped: Path | None) -> str:
    """Return what the corpus.toml of a home begins with that has none: the shipped one's text, or nothing."""
    return with_absolute_paths(shipped) if shipped is not None and shipped.is_file() else HEADER


def with_absolute_paths(file: Path) -> str:
    """Return the text of a corpus.toml as it can stand in another directory.

    Raises:
        ConfigError: if it cannot be read.
    """
    try:
        entries = Entries(file.read_text(encoding="utf-8"), file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from error
    for slug in entries.slugs():
        if path := entries.get(slug).get("path"):
            entries.change(slug, {"path": (file.parent.absolute() / str(path)).as_posix()})
    return entries.text


def entry_of(source: Source, home: Path) -> dict[str, Any]:
    """Return a source as corpus.toml states it; paths inside `home` are relative to it, all others absolute."""
    entry: dict[str, Any] = {"slug": source.slug}
    if source.wheel is not None:
        wheel = source.wheel
        entry["wheel"] = {
            "package": wheel.package, "version": wheel.version, "member": wheel.member, "sha256": wheel.sha256
        }  # fmt: skip
    else:
        path = source.path.absolute()
        entry["path"] = (path.relative_to(home) if path.is_relative_to(home) else path).as_posix()
    entry |= source.metadata
    if source.aliases:
        entry["aliases"] = list(source.aliases)
    if source.expect:
        entry["expect"] = dict(source.expect)
    return entry


def _set_aside(file: Path) -> Path:
    """Keep a copy of `file` as ``corpus.toml.previous``, or with a number where that is taken; return its path."""
    data = file.read_bytes()
    number = 1
    while True:
        path = file.with_name(f"{file.name}.previous{f'-{number}' if number > 1 else ''}")
        if not path.exists() or path.read_bytes() == data:
            replace_file(path, data)
            return path
        number += 1


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of the file `path`: after a kill it is the old one or the new one, never a part.

    Raises:
        ConfigError: if it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Let one edit of a home run at a time; the lock ends with the process that holds it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file.with_name(".corpus.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
