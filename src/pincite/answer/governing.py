"""The words of a passage that govern a question: the sentence nearest to it, its list, the paragraph around it."""

from __future__ import annotations

import re

from pincite.answer.evidence import Selected, may_rule, nearness
from pincite.answer.lists import asks_for_list, lists_of
from pincite.domain.documents import Document, ProvisionKind, Span
from pincite.search.figures import asked_figure, gives_figure
from pincite.search.search import SentenceHit
from pincite.search.terms import content_words

__all__ = ["governing_sentence", "governing_words", "nearly_governing", "whole_words"]

_LONGEST_LIST = 1000
_LONGEST_ASKED_FOR = 2000
"""Characters up to which a point is quoted with its whole list; the second where the question asks for a list."""
_LONGEST_PARAGRAPH = 1000
"""Characters up to which a paragraph is quoted whole: a rule's conditions and exceptions stand beside it, and a
sentence that repeats the question's words is not always the one that answers it."""
_DEFINES = re.compile(r"[”\"’'] means\b")
_CELL = re.compile(r"(?:^|; )[A-Z][^:;.]{0,40}: ")
_NEARLY = 0.9
"""Share of the governing sentence's fit from which the next sentence of the passage is quoted, too."""
_FIGURE_ASKED = 0.15
"""What a sentence gains that gives a figure of the kind asked for; chosen on the development set."""


def governing_sentence(document: Document, selected: Selected, question: str) -> Span:
    """Return the sentence nearest to the question, with its points where it only introduces them."""
    ranked = _by_fit(selected, question)
    if not ranked:
        return selected.item.passage
    best = ranked[0][1]
    if _stands_alone(selected.item.quote_text(best)):
        return best
    longest = _LONGEST_ASKED_FOR if asks_for_list(question) else _LONGEST_LIST
    for points in lists_of(document, selected):
        if points.span.contains(best) and points.span.end - points.span.start <= longest:
            return points.span  # a point alone says less than the rule: it is one of several, or one of all
    return best


def nearly_governing(selected: Selected, question: str) -> Span | None:
    """Return the sentence that fits the question nearly as well as the governing one ("from 2027 no charges" beside
    "until 2027 reduced charges"); None if none does."""
    ranked = _by_fit(selected, question)
    return ranked[1][1] if len(ranked) > 1 and ranked[1][0] >= _NEARLY * ranked[0][0] else None


def _by_fit(selected: Selected, question: str) -> list[tuple[float, Span]]:
    """Return the sentences that may rule, all if none may, each with how well it fits the question, best first."""
    words, figure = set(content_words(question)), asked_figure(question)
    ruling = [s for s in selected.sentences if may_rule(selected.item.quote_text(s.span))] or selected.sentences
    near = nearness(ruling)

    def fit(sentence: SentenceHit) -> float:
        said = selected.item.quote_text(sentence.span)
        shared = len(words & set(content_words(said))) / max(1, len(words))
        return near[sentence.id] + 0.3 * shared + (_FIGURE_ASKED if gives_figure(said, figure) else 0.0)

    return sorted(((fit(one), one.span) for one in ruling), key=lambda one: -one[0])


def governing_words(document: Document, selected: Selected, question: str) -> Span:
    """Return the paragraph around the governing sentence, as far as the passage has it, if it is short; else the
    sentence. What bears a number of its own is not crossed: a pin-cite of five paragraphs is none."""
    span = governing_sentence(document, selected, question)
    paragraph = _paragraph(document, span)
    within = [one.span for one in selected.sentences if paragraph.contains(one.span)]
    if not within or _stands_alone(selected.item.quote_text(span)):
        return span
    return _unless_unfit(Span(within[0].start, within[-1].end), span, document)


def whole_words(document: Document, selected: Selected, question: str) -> Span:
    """Return the whole passage if it is short, across paragraphs with numbers of their own; else its governing words.

    For a passage that stands in the place of a draft: no sentence was found that answers, and which one does the reader
    tells better than the nearness of sentences, which puts "rotated every 90 days" before "not at fixed intervals" for
    whoever asks if passwords expire.
    """
    governing = governing_words(document, selected, question)
    if not selected.sentences or _stands_alone(selected.item.quote_text(governing)):
        return governing
    return _unless_unfit(Span(selected.sentences[0].span.start, selected.sentences[-1].span.end), governing, document)


def _unless_unfit(whole: Span, words: Span, document: Document) -> Span:
    """Return `whole`, which has `words` in it, unless it is too long to be quoted or part of a table."""
    fits = whole.contains(words) and whole.end - whole.start <= _LONGEST_PARAGRAPH
    return whole if fits and not _has_cells(whole.of(document.text)) else words


def _paragraph(document: Document, span: Span) -> Span:
    """Return the range of the innermost provision around `span` that is no point of a list."""
    node = document.deepest_at(span)
    around = (node, *document.ancestors(node))
    return next((one.span for one in around if one.kind is not ProvisionKind.POINT), node.span)


def _stands_alone(words: str) -> bool:
    """Tell whether words are a definition or a table's row."""
    return _DEFINES.search(words) is not None or _has_cells(words)


def _has_cells(words: str) -> bool:
    return len(_CELL.findall(words)) > 1
