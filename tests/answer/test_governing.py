"""The words quoted of a passage: the paragraph around the governing sentence, or the sentence where it stands alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pincite.answer.compose import Composer
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.answer.governing import governing_sentence, governing_words, whole_words
from pincite.domain.documents import Span
from tests.answer.test_beside import searcher_of

ASKED = "Who hears of late grafts?"
SENTENCE = "Late grafts must be told to the grower."


def quoted(directory: Path, text: str, question: str = ASKED) -> tuple[str, str]:
    """Return the governing sentence and the governing words of the best passage of a document."""
    searcher = searcher_of(directory, grafts=text)
    best = select_evidence(searcher, searcher.search(question), 2000, rough_tokens)[0]
    document = searcher.library.document("grafts")
    made = Composer(searcher, [best], question)
    made.add_quotation(best)
    words = governing_words(document, best, question).of(document.text)
    assert made.citations[0].quote == words
    assert made.shows_governing(best)
    return governing_sentence(document, best, question).of(document.text), words


@pytest.mark.parametrize(("length", "whole"), [(1000, True), (1001, False)])
def test_a_paragraph_is_quoted_whole_up_to_a_length(tmp_path: Path, length: int, whole: bool) -> None:
    first = "Every tree has " + "x" * (length - len("Every tree has . ") - len(SENTENCE)) + "."
    sentence, words = quoted(tmp_path, f"# Graft Policy\n\n## 4. Grafts\n\n{first} {SENTENCE}\n")
    assert sentence == SENTENCE
    assert words == (f"{first} {SENTENCE}" if whole else SENTENCE)


def test_the_rule_stands_beside_the_sentence_that_has_the_words_of_the_question(tmp_path: Path) -> None:
    rule = "The grower is told within 3 days."
    _, words = quoted(tmp_path, f"# Graft Policy\n\n## 4. Grafts\n\n{rule} {SENTENCE}\n")
    assert words == f"{rule} {SENTENCE}"


def test_sentences_read_token_by_token_are_told_apart_by_that(tmp_path: Path) -> None:
    rule = "The grower is told within 3 days."
    searcher = searcher_of(tmp_path, grafts=f"# Graft Policy\n\n## 4. Grafts\n\n{rule} {SENTENCE}\n")
    result, document = searcher.search(ASKED), searcher.library.document("grafts")
    rows = {span.of(document.text): row for row, span in searcher.library.sentences(result.hits[0].passage.id)}
    for near, expected in (
        ({rows[rule]: 0.9, rows[SENTENCE]: 0.3}, rule),
        ({rows[rule]: 0.3, rows[SENTENCE]: 0.9}, SENTENCE),
        ({rows[rule]: 0.9}, SENTENCE),  # the other one was not read: both are told apart by their vectors
    ):
        read = replace(result, read=near)
        best = select_evidence(searcher, read, 2000, rough_tokens)[0]
        assert governing_sentence(document, best, ASKED).of(document.text) == expected


NUMBERED = (
    "# Graft Policy\n\n## 4. Grafts\n\n4.1 {first}\n\n4.2 Late grafts must be told to the grower.\n\n4.3 {last}\n"
)


@pytest.mark.parametrize(("length", "label"), [(100, "4.1–4.3"), (1000, "4.2–4.3")])
def test_in_the_place_of_a_draft_a_short_passage_is_quoted_whole(tmp_path: Path, length: int, label: str) -> None:
    first, last = "Growers are the keepers of late grafts " + "x" * length + ".", "They hear of them in writing."
    searcher = searcher_of(tmp_path, grafts=NUMBERED.format(first=first, last=last))
    best = select_evidence(searcher, searcher.search(ASKED), 2000, rough_tokens)[0]
    made = Composer(searcher, [best], ASKED)
    made.add_quotation(best, whole=True)
    words = made.citations[0].quote
    assert words == f"{SENTENCE}\n4.3 {last}" if length == 1000 else f"{first}\n4.2 {SENTENCE}\n4.3 {last}"
    assert made.citations[0].label == label
    document = searcher.library.document("grafts")
    assert document.text[made.citations[0].start : made.citations[0].end] == words


def test_in_the_place_of_a_draft_a_row_stands_alone(tmp_path: Path) -> None:
    rows = "| Tree | Graft | Told |\n|---|---|---|\n| Apple | Late | Grower |\n| Pear | Early | Nobody |\n"
    searcher = searcher_of(tmp_path, grafts=f"# Graft Policy\n\n## 4. Grafts\n\n{rows}")
    question = "Who is told of a late apple graft?"
    best = select_evidence(searcher, searcher.search(question), 2000, rough_tokens)[0]
    document = searcher.library.document("grafts")
    assert whole_words(document, best, question) == governing_words(document, best, question)


def test_a_definition_stands_alone(tmp_path: Path) -> None:
    definition = "“Late graft” means a graft after June."
    text = f"# Graft Policy\n\n## 1. Words\n\n{definition} Growers like them.\n"
    assert quoted(tmp_path, text, "What is a late graft?") == (definition, definition)


def test_a_row_stands_alone(tmp_path: Path) -> None:
    rows = "| Tree | Graft | Told |\n|---|---|---|\n| Apple | Late | Grower |\n| Pear | Early | Nobody |\n"
    sentence, words = quoted(
        tmp_path, f"# Graft Policy\n\n## 4. Grafts\n\n{rows}", "Who is told of a late apple graft?"
    )
    assert "Apple" in words
    assert "Pear" not in words
    assert words == sentence


def test_a_list_that_goes_beyond_the_passage_is_kept(tmp_path: Path) -> None:
    points = "".join(f"({letter}) the {letter * 90} of the tree;\n\n" for letter in "abcdefg")
    text = f"# Graft Policy\n\n## 4. Grafts\n\nThe note on late grafts must contain:\n\n{points}(h) the late graft.\n"
    sentence, words = quoted(tmp_path, text, "Is the late graft in the note?")
    assert words == sentence
    assert "(a)" in words
    assert words.endswith("(h) the late graft.")


def test_a_passage_without_sentences_is_quoted_as_it_is(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, grafts=f"# Graft Policy\n\n## 4. Grafts\n\n{SENTENCE}\n")
    best = select_evidence(searcher, searcher.search(ASKED), 2000, rough_tokens)[0]
    bare = replace(best, sentences=())
    passage = bare.item.passage
    document = searcher.library.document("grafts")
    assert governing_words(document, bare, ASKED) == Span(passage.start, passage.end)


def test_paragraphs_with_numbers_of_their_own_are_not_crossed(tmp_path: Path) -> None:
    rules = [f"4.{n} Every {tree} must be told to the grower." for n, tree in enumerate(("pear", "plum", "fig"), 1)]
    late = "4.4 Grafts have a label. Late grafts must be told to the grower."
    text = "# Graft Policy\n\n## 4. Grafts\n\n" + "\n\n".join([*rules, late])
    assert quoted(tmp_path, text) == (SENTENCE, f"Grafts have a label. {SENTENCE}")


def test_a_point_is_quoted_with_the_paragraph_that_it_belongs_to(tmp_path: Path) -> None:
    text = (
        "# Graft Policy\n\n## 4. Grafts\n\nGrafts are told to the owner.\n\n(a) Early grafts may wait.\n\n"
        f"(b) {SENTENCE}\n"
    )
    sentence, words = quoted(tmp_path, text)
    assert sentence == SENTENCE
    assert words == f"Grafts are told to the owner.\n(a) Early grafts may wait.\n(b) {SENTENCE}"
