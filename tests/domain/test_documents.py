"""The provision tree: which node holds a span, and by which name a lawyer cites it."""

import pytest

from pincite.domain.documents import Document, DocumentKind, Provision, ProvisionKind, Span

K = ProvisionKind
TEXT = "CHAPTER I\nArticle 5 Scope\n(1) Keepers shall:\n(a) prune;\nGuidance\nPlain words."
#       0         10              26                  45         56       65


def node(index: int, parent: int, kind: ProvisionKind, label: str, heading: str, start: int, end: int) -> Provision:
    return Provision(index, parent, kind, label, heading, start, end, start)


@pytest.fixture
def document() -> Document:
    provisions = (
        node(0, -1, K.DOCUMENT, "", "Orchards", 0, len(TEXT)),
        node(1, 0, K.CHAPTER, "", "General", 0, 55),
        node(2, 1, K.ARTICLE, "Art. 5", "Scope", 10, 55),
        node(3, 2, K.PARAGRAPH, "Art. 5(1)", "", 26, 55),
        node(4, 3, K.POINT, "Art. 5(1)(a)", "", 45, 55),
        node(5, 0, K.HEADING, "", "Guidance", 56, len(TEXT)),
        node(6, 5, K.BLOCK, "", "", 65, len(TEXT)),
    )
    return Document("o", "Orchards", "Orchards", (), DocumentKind.LAW, TEXT, provisions)


def span_of(words: str) -> Span:
    return Span(TEXT.index(words), TEXT.index(words) + len(words))


@pytest.mark.parametrize(
    ("words", "index", "cite"),
    [
        ("prune", 4, "Art. 5(1)(a)"),
        ("Keepers", 3, "Art. 5(1)"),
        ("shall:\n(a) prune;", 3, "Art. 5(1)"),  # reaches over the point's start: the paragraph holds it
        ("Scope", 2, "Art. 5"),
        ("CHAPTER", 1, ""),  # a chapter is no pin-cite
        ("Plain", 6, "Guidance"),  # nothing numbered: the nearest heading
        ("prune;\nGuidance", 0, ""),
    ],
)
def test_innermost_provision_and_its_name(document: Document, words: str, index: int, cite: str) -> None:
    assert document.deepest_at(span_of(words)).index == index
    assert document.pin_cite(span_of(words)) == cite


def test_path_runs_from_the_top_with_numbers(document: Document) -> None:
    assert document.path(document.provisions[4]) == ("General", "Art. 5 Scope")
    assert document.path(document.provisions[6]) == ("Guidance",)


def test_ancestors_leave_the_document_out(document: Document) -> None:
    assert [n.index for n in document.ancestors(document.provisions[4])] == [3, 2, 1]
    assert list(document.ancestors(document.provisions[5])) == []


def test_a_span_contains_itself_and_nothing_beyond() -> None:
    span = Span(3, 7)
    assert span.contains(Span(3, 7))
    assert span.contains(Span(5, 5))
    assert not span.contains(Span(2, 7))
    assert not span.contains(Span(3, 8))
    assert span.of("0123456789") == "3456"
