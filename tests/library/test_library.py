"""Reading a library: what went in comes out."""

from pathlib import Path

import pytest

from pincite.domain.documents import DocumentKind, ProvisionKind, Span
from pincite.domain.text import sha256_text
from pincite.errors import UnknownDocument
from pincite.ingest.parse import parse
from pincite.ingest.sources import expand_paths
from pincite.library import Library


def test_documents_come_back_as_parsed(tiny_library: Library, tiny_directory: Path) -> None:
    sources = expand_paths([tiny_directory.parent / "corpus"])
    assert [info.slug for info in tiny_library.documents] == [source.slug for source in sources]
    for source in sources:
        parsed = parse(source)
        assert tiny_library.document(source.slug) == parsed.document
        info = tiny_library.info(source.slug)
        assert info.text_sha256 == sha256_text(parsed.document.text)
        stored = [row for row in tiny_library.all_passages() if row.document == info.number]
        assert [(r.label, r.path, r.span, r.lead_in, r.provision) for r in stored] == [
            (p.label, p.path, p.span, p.lead_in, p.provision) for p in parsed.passages
        ]
        assert [[span for _, span in tiny_library.sentences(row.id)] for row in stored] == [
            list(p.sentences) for p in parsed.passages
        ]


def test_unknown_document_lists_those_there_are(tiny_library: Library) -> None:
    with pytest.raises(UnknownDocument, match="nothing") as caught:
        tiny_library.info("nothing")
    assert caught.value.hint == "There are: ladder, orchard, pesticide, tractor."


def test_passages_in_any_order_and_their_neighbours(tiny_library: Library) -> None:
    rows = list(tiny_library.all_passages())
    assert tiny_library.passages([3, 0, 3]) == [rows[3], rows[0], rows[3]]
    for row in rows:
        following = tiny_library.neighbour(row, 1)
        expected = rows[row.id + 1] if row.id + 1 < len(rows) and rows[row.id + 1].document == row.document else None
        assert following == expected
        if following:
            assert tiny_library.neighbour(following, -1) == row


def test_passages_within_a_span(tiny_library: Library) -> None:
    ladder = tiny_library.info("ladder")
    text = tiny_library.document("ladder").text
    at = text.index("chain saws")
    assert [row.label for row in tiny_library.passages_within(ladder.number, Span(at, at))] == ["2.1–2.2"]
    assert [row.label for row in tiny_library.passages_within(ladder.number, Span(0, len(text)))] == [
        "1.1",
        "2.1–2.2",
        "3.1",
    ]


def test_labels_references_and_terms(tiny_library: Library) -> None:
    orchard, ladder = tiny_library.info("orchard"), tiny_library.info("ladder")
    assert tiny_library.labels(orchard.number, ProvisionKind.ARTICLE) == [f"Art. {n}" for n in range(1, 5)]
    assert [d for d, _, _ in tiny_library.provisions_labelled("ART. 3")] == [orchard.number]
    assert {d for d, _, _ in tiny_library.provisions_labelled("2.1")} == {
        ladder.number,
        *(tiny_library.info(s).number for s in ("tractor", "pesticide")),
    }
    ((d, _, fall),) = tiny_library.provisions_labelled("3.1")[:1]
    assert d == ladder.number
    (reference,) = tiny_library.references_within(ladder.number, fall)
    assert (reference.label, reference.document, reference.state) == ("2.2", "ladder", "resolved")
    place = tiny_library.span_of("ladder", reference.provision)
    assert [(d, span) for d, _, span in tiny_library.provisions_labelled("2.2")] == [(ladder.number, place)]
    assert tiny_library.references_to("ladder", range(reference.provision, reference.provision + 1)) == [
        (ladder.number, reference)
    ]
    ((number, span),) = tiny_library.definitions("keeper")
    assert number == orchard.number
    assert span.of(tiny_library.document("orchard").text).startswith("‘keeper’ means the person")


def test_words_are_matched_by_their_stem(tiny_library: Library) -> None:
    found = tiny_library.match('"pesticides"', 5, (1, 1, 1, 1))
    assert found[0][1] > 0
    assert {row.document for row in tiny_library.passages(i for i, _ in found)} == {
        tiny_library.info("pesticide").number
    }
    assert tiny_library.document_frequency('ladd"er') == 0
    assert tiny_library.document_frequency("ladders") == 2


def test_kinds(tiny_library: Library) -> None:
    assert {info.slug: info.kind for info in tiny_library.documents} == {
        "orchard": DocumentKind.LAW,
        "ladder": DocumentKind.POLICY,
        "tractor": DocumentKind.POLICY,
        "pesticide": DocumentKind.POLICY,
    }
