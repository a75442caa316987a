"""Documents registered, replaced and taken away: their files in HOME/sources, their entries in HOME/corpus.toml."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pincite.domain.documents import Document
from pincite.domain.text import collapse, normalise, printable
from pincite.errors import ConfigError, DocumentError, UnknownDocument
from pincite.ingest.corpus_file import Entries, edit_corpus, entry_of, replace_file
from pincite.ingest.identity import slug_of
from pincite.ingest.sources import Source, expand_paths, is_slug, read_source

__all__ = ["Facts", "Registry"]

_OF_ONE = ("title", "short", "slug")
_CARRIED = ("authority", "licence", "classification", "owner")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the steward says of the documents.

    Attributes:
        values: keys of corpus.toml (title, short, kind, source, effective, …); they go before what a document says.
        slug: name of the one document that is added; empty to take it from the file's name.
        aliases: further names.
        retrieved, retrieved_by: taken where neither steward nor document states them.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    slug: str = ""
    aliases: tuple[str, ...] = ()
    retrieved: str = ""
    retrieved_by: str = ""

    def clean(self) -> dict[str, str]:
        """Return the values as they are stored: on one line, no control characters."""
        return {key: collapse(normalise(value)) for key, value in self.values.items() if value}


class Registry:
    """The documents of one home.

    Args:
        home: its directory.
        start: what its corpus.toml begins with if there is none yet.
        read: reads a source in a confined process, to refuse what cannot be read; raises DocumentError.
    """

    def __init__(self, home: Path, start: str, read: Callable[[Source], Document]) -> None:
        self._home = home
        self._file = home / "corpus.toml"
        self._copies = home / "sources"
        self._start = start
        self._read = read

    def add(self, paths: Sequence[Path], facts: Facts) -> list[str]:
        """Register files, the files of directories, or the entries of a corpus.toml; return what was done, in words.

        Raises:
            DocumentError: if a file cannot be read; then none is registered.
            ConfigError: if a name is taken or a fact cannot be used; then nothing is registered.
        """
        sources = expand_paths(paths)
        given = [name for name in _OF_ONE if facts.values.get(name) or (name == "slug" and facts.slug)]
        if len(sources) > 1 and given:
            raise ConfigError(f"--{given[0]} names one document, but {len(sources)} are to be added")
        if facts.slug:
            sources = [dataclasses.replace(sources[0], slug=facts.slug)]
        notes: list[str] = []

        def change(entries: Entries) -> None:
            taken = set(entries.slugs())
            for source in sources:
                _refuse_bad_name(source.slug)
                if source.slug in taken:
                    raise ConfigError(
                        f"the corpus already has a document called {source.slug!r}",
                        hint=f"Its new version: pincite corpus update {source.slug} FILE. Another document: --slug.",
                    )
            for entry in [self._entry(source, facts) for source in sources]:
                entries.append(self._kept(entry))
                notes.append(f"added {entry['slug']}")

        edit_corpus(self._file, self._start, change)
        return notes

    def update(self, slug: str, file: Path, facts: Facts, *, replace: bool = False) -> list[str]:
        """Register `file` as the new version of the document `slug`; return what was done, in words.

        The new version takes over the slug and what corpus.toml says of title, names and kind; where it states no
        authority, licence, classification or owner, also those. The old one stays as ``slug@<date or version>``,
        superseded by the new one, or goes with `replace`.

        Raises:
            DocumentError: if the file cannot be read.
            UnknownDocument, ConfigError: if there is no such document, or the file is the version that it has.
        """
        notes: list[str] = []
        gone: list[dict[str, Any]] = []

        def change(entries: Entries) -> None:
            old = entries.get(slug)
            if not old:
                raise _unknown(slug, entries)
            inherited: dict[str, str] = {key: str(old[key]) for key in ("title", "short", "kind") if key in old}
            aliases = tuple(dict.fromkeys((*old.get("aliases", ()), *facts.aliases)))
            source = Source(file, slug, None, inherited, aliases, {})
            entry = self._entry(source, facts)
            before = self._document_of(slug, old)
            if before is not None and before.provenance.sha256 == entry["sha256"]:
                raise ConfigError(
                    f"{file}: this is the version of {slug} that the corpus has", hint="Nothing was done."
                )
            document = entry.pop("_document")
            for key in _CARRIED:
                if key in old and not getattr(document.provenance, key):
                    entry[key] = str(old[key])
            if "title" not in entry and document.title == slug_of(file.name) and before is not None:
                entry["title"] = before.title  # a file without a title of its own goes on under the old one
            if replace:
                entries.remove(slug)
                gone.append(old)
                notes.append(f"updated {slug}; the earlier version is no longer in the corpus")
            else:
                name = _version_name(slug, before, old, set(entries.slugs()))
                for other in entries.slugs():  # versions before the old one are followed by it, not by the new one
                    if entries.get(other).get("superseded_by") == slug:
                        entries.change(other, {"superseded_by": name})
                entries.change(slug, {"slug": name, "superseded_by": slug, **self._pinned(slug, old)})
                notes.append(f"updated {slug}; the earlier version stays as {name}")
                notes.extend(_order_notes(slug, name, before, document))
            entries.append(self._kept(entry))

        edit_corpus(self._file, self._start, change)
        notes += self._delete_copies([slug] if gone else [], gone)
        return notes

    def remove(self, slugs: Sequence[str]) -> list[str]:
        """Take documents out of the corpus and delete their copies in HOME/sources; return what was done, in words.

        Raises:
            UnknownDocument: if there is neither an entry nor a copy of that name; then nothing is removed.
        """
        notes: list[str] = []
        gone: list[dict[str, Any]] = []

        def change(entries: Entries) -> None:
            for slug in slugs:
                entry = entries.get(slug)
                if not entry:  # a removal that was stopped half-way is completed
                    if not self._copies_of(slug):
                        raise _unknown(slug, entries)
                    continue
                following = entry.get("superseded_by")
                entries.remove(slug)
                gone.append(entry)
                notes.append(f"removed {slug}")
                for other in entries.slugs():
                    if entries.get(other).get("superseded_by") == slug:
                        if following:
                            entries.change(other, {"superseded_by": following})
                        else:
                            notes.append(f"{other} says that {slug} supersedes it and is still not searched")

        edit_corpus(self._file, self._start, change)
        return notes + self._delete_copies(slugs, gone)

    # ------------------------------------------------------------------ entries

    def _entry(self, source: Source, facts: Facts) -> dict[str, Any]:
        """Return the entry for a source, after reading it; the document read is under "_document"."""
        metadata = source.metadata | facts.clean()
        aliases = tuple(dict.fromkeys((*source.aliases, *map(printable, facts.aliases))))
        source = dataclasses.replace(source, metadata=metadata, aliases=aliases)
        if source.wheel is not None and not source.path.exists():
            return entry_of(source, self._home)  # fetched and compared with its digest when the library is built
        document = self._read(source)
        own = document.provenance
        metadata = {
            **({} if own.retrieved else {"retrieved": facts.retrieved}),
            **({} if own.retrieved_by else {"retrieved_by": facts.retrieved_by}),
            **metadata,
            "sha256": own.sha256,
        }
        entry = entry_of(dataclasses.replace(source, metadata={k: v for k, v in metadata.items() if v}), self._home)
        return {**entry, "_document": document, "_from": source}

    def _kept(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Copy the file of an entry into HOME/sources and return the entry for the copy."""
        entry.pop("_document", None)
        source: Source | None = entry.pop("_from", None)
        if source is None or source.wheel is not None:
            return entry
        data = read_source(source)
        suffix = source.path.suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", source.path.suffix) else ""
        name = f"{source.slug}-{entry['sha256'][:12]}{suffix.lower()}"
        replace_file(self._copies / name, data)
        own_name = collapse(printable(source.name))
        return {**entry, "path": f"sources/{name}", "file": own_name}

    def _document_of(self, slug: str, entry: Mapping[str, Any]) -> Document | None:
        """Read the document that an entry stands for, None where its file is gone or cannot be read."""
        metadata = {key: str(value) for key, value in entry.items() if isinstance(value, str | int | float)}
        path = self._pinned(slug, dict(entry)).get("path") or entry.get("path")
        if path is None:
            return None
        try:
            return self._read(Source(self._home / str(path), slug, None, metadata, (), {}))
        except DocumentError:
            return None

    def _pinned(self, slug: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Return the path of a wheel's file that has been fetched: its name must not change with the slug."""
        wheel = entry.get("wheel")
        if wheel is None:
            return {}
        name = f"{slug}-{wheel['sha256'][:12]}{Path(wheel['member']).suffix}"
        if not (self._copies / name).exists():
            return {}
        return {"path": f"sources/{name}", "wheel": None, "sha256": wheel["sha256"]}

    # ------------------------------------------------------------------- copies

    def _copies_of(self, slug: str) -> list[Path]:
        pattern = re.compile(rf"{re.escape(slug)}-[0-9a-f]{{12}}(?:\.\w{{1,8}})?")
        return sorted(path for path in self._copies.glob("*") if pattern.fullmatch(path.name))

    def _delete_copies(self, slugs: Sequence[str], gone: Sequence[Mapping[str, Any]]) -> list[str]:
        """Delete the copies that nothing in corpus.toml uses any more; name the files that are not ours to delete."""
        entries = Entries(self._file.read_text(encoding="utf-8"), self._file)
        used = {
            (self._home / str(entries.get(slug).get("path") or self._pinned(slug, entries.get(slug)).get("path", "")))
            for slug in entries.slugs()
        }
        paths = [self._home / str(entry["path"]) for entry in gone if "path" in entry]
        ours = [path for path in paths if path.parent == self._copies]
        notes = []
        for path in dict.fromkeys([*ours, *(path for slug in slugs for path in self._copies_of(slug))]):
            if path not in used and path.is_file():
                try:
                    path.unlink()
                except OSError as error:
                    raise ConfigError(f"{path}: {error.strerror}", hint="Delete the file by hand.") from error
                notes.append(f"deleted {path}")
        return notes + [f"not deleted, outside of the home: {path}" for path in paths if path.parent != self._copies]


def _refuse_bad_name(slug: str) -> None:
    if not is_slug(slug):
        raise ConfigError(
            f"{slug!r} cannot name a document",
            hint="Use lower-case letters, digits, '-', '_' and '.', as in retention.",
        )


def _unknown(slug: str, entries: Entries) -> UnknownDocument:
    names = ", ".join(sorted(entries.slugs())[:30])
    return UnknownDocument(f"{slug}: no document of this name in corpus.toml", hint=f"There are: {names}.")


def _version_name(slug: str, before: Document | None, entry: Mapping[str, Any], taken: set[str]) -> str:
    """Return the name under which an old version stays: its date, else its version, else a number."""
    provenance = before.provenance if before is not None else None
    effective = provenance.effective if provenance else str(entry.get("effective", ""))
    version = provenance.version if provenance else str(entry.get("version", ""))
    base = slug.partition("@")[0]
    for mark in filter(None, (effective, version and slug_of(version + ".x"))):
        if is_slug(f"{base}@{mark}") and f"{base}@{mark}" not in taken:
            return f"{base}@{mark}"
    return next(f"{base}@{n}" for n in range(1, 10**6) if f"{base}@{n}" not in taken)


def _order_notes(slug: str, name: str, before: Document | None, document: Document) -> list[str]:
    new, old = document.provenance.effective, before.provenance.effective if before is not None else ""
    if not new:
        return [f"{slug} states no effective date: {name} counts as superseded on every day (--effective DATE)"]
    if old and new <= old:
        return [f"{slug} is effective {new}, not later than {name} ({old}), which therefore never answers"]
    return []
