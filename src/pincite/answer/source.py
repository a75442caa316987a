"""A stretch of a stored source as a reader sees it: the passage, its quotations marked, its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from pincite.domain.assistant import Neighbour, SourceView
from pincite.domain.documents import Span
from pincite.library import Library, PassageRow

__all__ = ["source_view"]


def source_view(library: Library, slug: str, span: Span, quotes: Sequence[Span]) -> SourceView:
    """Return the passage of the document `slug` that overlaps `span` first.

    Raises:
        UnknownDocument: if the library has no such document.
    """
    info = library.info(slug)
    document = library.document(slug)
    passages = library.passages_within(info.number, span)
    # a quotation may begin with its lead-in, which belongs to an earlier passage: the last overlap holds its point
    passage = passages[-1] if passages else None
    shown = passage.span if passage else Span(max(0, span.start), min(span.end, len(document.text)))
    marks = tuple(
        Span(max(quote.start, shown.start) - shown.start, min(quote.end, shown.end) - shown.start)
        for quote in quotes
        if quote.start < shown.end and quote.end > shown.start
    )
    provenance = info.provenance
    lines = [
        f"Effective {provenance.effective}" if provenance.effective else "",
        f"Until {provenance.until}" if provenance.until else "",
        f"Superseded by {provenance.superseded_by}" if provenance.superseded_by else "",
        provenance.classification,
        f"Version {provenance.version}" if provenance.version else "",
        f"Owner {provenance.owner}" if provenance.owner else "",
        f"Source {provenance.source}" if provenance.source else "",
    ]
    return SourceView(
        document=slug,
        title=info.title,
        short=library.names[slug],
        kind=info.kind,
        label=passage.label if passage else document.pin_cite(shown),
        path=passage.path if passage else (),
        span=shown,
        text=shown.of(document.text),
        lead_in=passage.lead_in.of(document.text) if passage and passage.lead_in else "",
        marks=marks,
        previous=_neighbour(library, passage, -1),
        next=_neighbour(library, passage, 1),
        provenance=tuple(line for line in lines if line),
    )


def _neighbour(library: Library, passage: PassageRow | None, step: int) -> Neighbour | None:
    row = library.neighbour(passage, step) if passage else None
    if row is None:
        return None
    return Neighbour(row.label, row.path[-1] if row.path else "", row.span)
