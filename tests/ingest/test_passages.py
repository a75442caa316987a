"""Passages: every line below a heading in exactly one, sentences whole, lead-ins carried."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given

from pincite.domain.documents import Document, DocumentKind, Passage, ProvisionKind
from pincite.ingest.blocks import Block, Opening
from pincite.ingest.passages import cut_passages
from pincite.ingest.sentences import split_sentences
from pincite.ingest.structure import build_tree
from tests.conftest import ROOT
from tests.ingest.helpers import parse_file
from tests.ingest.test_structure import LINES, tree

K = ProvisionKind
HEADED = {K.ARTICLE, K.SECTION, K.HEADING, K.CHAPTER, K.PART, K.ANNEX, K.DOCUMENT}
POLICIES = sorted((ROOT / "corpus" / "policies").iterdir())


def document(*lines: object) -> Document:
    text, nodes = tree(*lines)  # type: ignore[arg-type]
    return Document("d", "Title", "Title", (), DocumentKind.POLICY, text, nodes)


def texts(document: Document, passages: tuple[Passage, ...]) -> list[str]:
    return [passage.span.of(document.text) for passage in passages]


def assert_sound(document: Document, passages: tuple[Passage, ...]) -> None:
    text = document.text
    assert [passage.ordinal for passage in passages] == list(range(len(passages)))
    for one, other in itertools.pairwise(passages):
        assert one.span.end <= other.span.start
    for passage in passages:
        assert passage.span.of(text) == passage.span.of(text).strip() != ""
        assert passage.sentences
        at = passage.span.start
        for sentence in passage.sentences:
            assert at <= sentence.start < sentence.end <= passage.span.end
            at = sentence.end
        assert passage.provision < len(document.provisions)
        assert document.provisions[passage.provision].start <= passage.span.start
        if passage.lead_in:
            assert passage.lead_in.of(text)[-1] in ":—"
            assert passage.lead_in.end <= passage.span.start
    # a heading with something below it is in the path; one with nothing below is all that its provision says
    headings = [
        (n.start, n.body_start)
        for n in document.provisions
        if n.kind in HEADED and n.body_start > n.start and (n.index == 0 or text[n.body_start : n.end].strip())
    ]
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        is_heading = any(a <= start and end <= b for a, b in headings)
        holding = [p for p in passages if p.span.start < end and start < p.span.end]
        if is_heading or not line:
            assert not holding, line
        else:
            assert holding, f"lost: {line}"
            # a line in several passages was divided at the ends of sentences and nowhere else
            cuts = {sentence.start for sentence in split_sentences(text, start, end)}
            assert all(p.span.start <= start or p.span.start in cuts for p in holding), line
            assert sum(
                len(p.span.of(text)[max(0, start - p.span.start) :][: end - max(start, p.span.start)].split())
                for p in holding
            ) == len(line.split())
        start = end + 1


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_sample_policies(path: Path) -> None:
    parsed = parse_file(path)
    assert_sound(parsed.document, parsed.passages)
    assert max(len(passage.span.of(parsed.document.text)) for passage in parsed.passages) <= 1000


@given(LINES)
def test_any_sequence_of_blocks(lines: list[object]) -> None:
    made = document(*lines)
    assert_sound(made, cut_passages(made))


def test_short_siblings_share_a_passage_and_long_ones_do_not() -> None:
    short, long = "A short rule of a few words.", "A long rule with very many words in it. " * 25
    made = document("Article 1", "Scope", f"1. {short}", f"2. {short}", f"3. {long}", f"4. {short}")
    assert [passage.label for passage in cut_passages(made)] == ["Art. 1(1)–(2)", "Art. 1(3)", "Art. 1(4)"]


@pytest.mark.parametrize("length", [4, 8, 16])  # points that share a passage, stand alone, or are divided
def test_long_enumerations_carry_their_lead_in(length: int) -> None:
    point = "the words of a point that goes on for a while so that not many of them fit together. " * length
    made = document("Article 1", "Duties", "1. The processor shall:", *(f"({c}) {point}" for c in "abcdef"))
    passages = cut_passages(made)
    assert len(passages) > 2
    assert all("shall:" in (p.lead_in.of(made.text) if p.lead_in else p.span.of(made.text)) for p in passages)


def test_a_long_paragraph_is_divided_at_sentence_ends() -> None:
    sentences = [
        f"Sentence number {n} speaks of ladders and of trees, at some length and without haste." for n in range(40)
    ]
    made = document("Article 1", "Scope", " ".join(sentences))
    passages = cut_passages(made)
    assert len(passages) > 2
    assert " ".join(texts(made, passages)) == " ".join(sentences)
    assert [s.of(made.text) for p in passages for s in p.sentences] == sentences


def test_recitals_never_share_a_passage() -> None:
    made = document("Whereas:", "(1) Apples.", "(2) Pears.")
    assert [p.label for p in cut_passages(made)][-2:] == ["Recital 1", "Recital 2"]


def test_sentences_leave_the_number_out_but_the_passage_keeps_it() -> None:
    made = document("Article 1", "Scope", "(b)(1) The keeper shall prune.")
    (passage,) = cut_passages(made)
    assert passage.span.of(made.text) == "(b)(1) The keeper shall prune."
    assert [s.of(made.text) for s in passage.sentences] == ["The keeper shall prune."]


def test_a_line_of_only_a_marker_is_kept() -> None:
    made = document("Article 1", "Scope", "(t)")
    (passage,) = cut_passages(made)
    assert [s.of(made.text) for s in passage.sentences] == ["(t)"]


# -- trees that the source states --------------------------------------------------------------------------


def stated(*blocks: Block) -> Document:
    article = Block("Article 1", opens=(Opening(K.ARTICLE, "1", 20, "Article 1"),))
    text, nodes = build_tree((article, *blocks), "Title", stated=True)
    return Document("d", "Title", "Title", (), DocumentKind.LAW, text, nodes)


def opening(kind: ProvisionKind, number: str, rank: int, words: str, label: str = "") -> Block:
    return Block(f"({number}) {words}", opens=(Opening(kind, number, rank, f"({number})", label),))


LONG = "words that go on for a while, as the words of the law do, so that the passage is full; " * 7


def test_a_sentence_after_an_enumeration_is_no_part_of_it() -> None:
    made = stated(
        opening(K.PARAGRAPH, "1", 30, "The keeper shall:"),
        opening(K.POINT, "a", 40, LONG),
        opening(K.POINT, "b", 40, LONG),
        opening(K.POINT, "c", 40, "prune."),
        Block("Point (c) does not apply to pears.", within=40),
        Block("It applies to apples.", within=40),
    )
    passages = cut_passages(made)
    assert_sound(made, passages)
    assert [(p.label, p.lead_in is not None) for p in passages] == [
        ("Art. 1(1)", False),
        ("Art. 1(1)(a)", True),
        ("Art. 1(1)(b)", True),
        ("Art. 1(1)(c)", True),
        ("Art. 1(1)", False),
    ]
    assert texts(made, passages)[-1] == "Point (c) does not apply to pears.\nIt applies to apples."


def test_words_that_go_on_after_an_enumeration_stay_with_it() -> None:
    made = stated(
        opening(K.PARAGRAPH, "1", 30, "The keeper shall:"),
        opening(K.POINT, "a", 40, LONG),
        opening(K.POINT, "b", 40, LONG),
        Block("unless the tree is dead.", within=40),
    )
    assert cut_passages(made)[-1].lead_in is not None


@pytest.mark.parametrize("words", ["Short words.", LONG, LONG * 3])
def test_footnotes_share_no_passage_with_the_words_they_explain(words: str) -> None:
    made = stated(
        Block(f"{words} It follows that:"),
        opening(K.NOTE, "1", 30, "OJ L 1.", "Art. 1 fn. 1"),
        opening(K.NOTE, "2", 30, "OJ L 2.", "Art. 1 fn. 2"),
    )
    passages = cut_passages(made)
    assert_sound(made, passages)
    notes = [p for p in passages if "OJ" in p.span.of(made.text)]
    assert [(p.label, p.lead_in, p.span.of(made.text)) for p in notes] == [
        ("Art. 1 fn. 1–fn. 2", None, "(1) OJ L 1.\n(2) OJ L 2.")
    ]


def test_recitals_are_introduced_by_nothing() -> None:
    made = stated(
        Block("The Council,", opens=(Opening(K.PREAMBLE, "", 20, "", "Preamble"),)),
        Block("Whereas:"),
        opening(K.RECITAL, "1", 30, "Apples.", "Recital 1"),
        opening(K.RECITAL, "2", 30, "Pears.", "Recital 2"),
    )
    recitals = [p for p in cut_passages(made) if p.label.startswith("Recital")]
    assert [(p.label, p.lead_in) for p in recitals] == [("Recital 1", None), ("Recital 2", None)]
