"""One library for each label: which documents each of them holds, built so that none holds a word above its label."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from pincite.clearance import Clearance
from pincite.config import Home
from pincite.domain.documents import Document
from pincite.domain.labels import Labels
from pincite.ingest.build import BuildReport
from pincite.ingest.sources import Source
from pincite.library import DocumentInfo, Library
from pincite.library.sharing import close_the_rest, lead_to, share

__all__ = ["Build", "build_by_label"]

_LATER = "a later document"
"""What supersedes a document, for those who may not know its name."""


class Build(Protocol):
    """Builds the library in a directory from sources; `beside` and `admits` as for `build_library`."""

    def __call__(
        self,
        directory: Path,
        sources: Sequence[Source],
        *,
        beside: Path | None = None,
        admits: Callable[[Document], bool] | None = None,
    ) -> BuildReport:
        """Build, and return what was done."""
        ...


def build_by_label(home: Home, sources: Sequence[Source], build: Build) -> BuildReport:
    """Build the library of a home, or with a clearance.toml one for each label, and return what was done.

    The library of a label holds the documents up to it and is built as if there were no others: its statistics,
    cross-references and names are those of its own documents. The highest is built first, since a document's label is
    known when it has been read; the others take documents and vectors over from it.

    Raises:
        ConfigError: if clearance.toml cannot be used, or the home is another person's.
        PinciteError: what building raises.
    """
    clearance = home.clearance
    if clearance is None:
        _gather(home, home.path / "library", ())
        return build(home.path / "library", sources)
    home.require_keeper()
    notes = close_the_rest(home.path)
    lead_to(home)
    *lower, top = clearance.served
    directory = home.library_of(top.name)
    _gather(home, directory, [home.library_of(level.name) for level in clearance.served])
    notes += share(directory, top.group, top.gid)
    report = build(directory, sources)
    up_to_date = report.up_to_date
    notes += share(directory, top.group, top.gid)
    library = Library(directory, mapped=True)
    try:
        notes += _unlabelled(library.documents, clearance.labels)
        counts = [(top.name, len(library.documents))]
        for level in reversed(lower):
            rank = clearance.labels.rank(level.name)
            own = _up_to(rank, sources, library, clearance)
            place = home.library_of(level.name)
            counts.insert(0, (level.name, len(own)))
            if not own:
                shutil.rmtree(place, ignore_errors=True)
                continue
            notes += share(place, level.group, level.gid)
            up_to_date &= build(place, own, beside=directory, admits=_no_higher_than(rank, clearance.labels)).up_to_date
            notes += share(place, level.group, level.gid)
    finally:
        library.close()
    return dataclasses.replace(
        report,
        labels=tuple(counts),
        notes=tuple(dict.fromkeys((*report.notes, *notes))),
        up_to_date=up_to_date,
    )


def _gather(home: Home, place: Path, others: Collection[Path]) -> None:
    """Leave `place` and `others` as the only libraries; one that must go becomes `place` if that is not there yet.

    So a home that gets a clearance.toml, or loses it, need not embed its documents again.
    """
    for path in home.libraries:
        if path == place or path in others:
            continue
        path.chmod(0o700)
        if place.exists() and any(place.iterdir()):
            shutil.rmtree(path)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
    if not others:
        shutil.rmtree(home.library_of(""), ignore_errors=True)


def _no_higher_than(rank: int, labels: Labels) -> Callable[[Document], bool]:
    """Return what keeps a document out whose label was raised while the libraries were being built."""
    return lambda document: _rank(labels, document) <= rank


def _rank(labels: Labels, document: Document | DocumentInfo) -> int:
    return labels.rank(labels.of(document.provenance.classification))


def _up_to(rank: int, sources: Sequence[Source], library: Library, clearance: Clearance) -> list[Source]:
    """Return the sources of the documents up to a label; a source that could not be read has none and is left out.

    A document that one above supersedes stays superseded, by a document without a name.
    """
    infos = {info.slug: info for info in library.documents if _rank(clearance.labels, info) <= rank}
    above = {info.slug for info in library.documents} - set(infos)
    return [
        _nameless(source, library) if above.intersection(library.versions.successors(source.slug)) else source
        for source in sources
        if source.slug in infos
    ]


def _nameless(source: Source, library: Library) -> Source:
    versions = library.versions
    metadata = {**source.metadata, "superseded_by": _LATER}
    began = [day for slug in versions.successors(source.slug) if (day := versions.effective(slug)) is not None]
    ended = versions.until(source.slug)
    last = [*(day - timedelta(days=1) for day in began), *([ended] if ended else [])]
    if last:
        metadata["until"] = min(last).isoformat()
    return dataclasses.replace(source, metadata=metadata)


def _unlabelled(documents: Iterable[DocumentInfo], labels: Labels) -> list[str]:
    """Say which documents have no label, or an unknown one."""
    found = [one.slug for one in documents if not labels.knows(one.provenance.classification)]
    if not found:
        return []
    named = f"{', '.join(found[:8])}{f' and {len(found) - 8} more' if len(found) > 8 else ''}"
    return [f"without a label that clearance.toml names, and so counted as {labels.unlabelled}: {named}"]
