"""Conditions and exceptions of a rule: from its own sentence, its own provision, or words that refer to it.

Never from similarity alone: a sentence limits a rule only if it stands in the rule's sentence, follows it and goes on
from it ("That period may be extended…"), names the rule's paragraph, or denies in the same article what the rule says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pincite.answer.evidence import Selected, select_passage
from pincite.answer.lists import lists_of
from pincite.answer.measures import objects_of
from pincite.domain.documents import Document, Provision, ProvisionKind, Span
from pincite.domain.references import Reference
from pincite.search import Searcher
from pincite.search.search import SearchResult

__all__ = ["Limitation", "limitations"]

_MOST = 2
_LONGEST = 1000
_CARRIED = 0.6
"""Share of its words from which an answer already says a condition."""
_AS_NEAR_ELSEWHERE = 0.5
_AS_NEAR_IF_UNNAMED = 0.7
"""How near to the question words must be that lift a rule from another article, or without naming its paragraph, as a
share of the nearness of the rule's passage: acts except small firms and special cases from much that nobody asked
about. Chosen by reading the nineteen limitations shown for the development set."""

_OWN = re.compile(
    r"(?:^|(?<=[.)] ))(?P<before>(?-i:Except|Unless|Save))\b[^,.;]*(?=,)"  # what follows is the rule
    r"|\b(?P<except>unless|except(?: where| if| for| that| in| with)?|save (?:where|for|that))\b[^.;]*"
    r"|\b(?:provided that|only if|only where|only when|on condition that)\b[^.;]*",
    re.I,
)
_LIFTS = re.compile(
    r"\b(?:shall|does|do|will) not (?:apply|be required)\b|\bneed not\b"
    r"|(?<!\bwhich )(?<!\bthat )(?<!\bwho )\b(?:is|are) not (?:required|obliged|subject)\b"  # of a thing
    r"|(?P<names>\b[Bb]y way of derogation\b|\b[Nn]otwithstanding\b|\bexempt(?:ed)? from\b)"
)
"""With `names`, what is lifted is named behind it ("Notwithstanding Article 3, …"), else before it ("Article 3 shall
not apply …"): behind it stands where that holds ("does not apply to data encrypted in accordance with Article 3")."""
_GOES_ON = re.compile(
    r"(?:However, )?(?:(?:that|this|the|those|these|such(?: an?)?) "
    r"(?:periods?|time limits?|obligations?|requirements?|prohibitions?|rules?|rights?|dut(?:y|ies)|exceptions?)\b"
    r"|(?:the )?(?:only|sole) exceptions?\b"
    r"|(?:this|that|it) (?:shall|does|do|is|may)\b)",
    re.I,
)
_LIMITS = re.compile(
    r"\bmay be (?:extended|suspended|shortened|restricted|waived)\b|\bonly\b|\bunless\b|\bexcept\b", re.I
)
_POINTS_BACK = re.compile(r"(?:However, )?(?:that|this|those|these|such)\b", re.I)
_LEAVES = re.compile(r"\b(?:unless|except|save|shall|must|may|is|are|does|do)\b", re.I)
"""What ends the words in which "notwithstanding" names something."""
_PARAGRAPH = re.compile(r"\((\d+[a-z]?)\)")


@dataclass(frozen=True, slots=True)
class Limitation:
    """Words that limit a rule; `label` is "Exception" or "Condition", `selected` the passage they stand in."""

    label: str
    selected: Selected
    span: Span


def limitations(
    searcher: Searcher, result: SearchResult, governing: Selected, rule: Span, said: Iterable[str]
) -> list[Limitation]:
    """Return what limits the rule at `rule` and is not in `said`, the sentences of the answer: two at most, those of
    the rule's own sentence first, then the nearest to the question."""
    document = searcher.library.document(governing.item.document)
    answer = " ".join(said)
    found: list[tuple[float, Limitation]] = [
        (2.0, Limitation("Exception" if match["before"] or match["except"] else "Condition", governing, span))
        for match in _OWN.finditer(rule.of(document.text))
        for span in [Span(rule.start + match.start(), rule.start + len(match.group().rstrip(" ,")) + match.start())]
    ]
    of_rule = max((s.similarity for s in governing.sentences), default=0.0)
    for selected, span, label, needed in _others(searcher, result, document, rule):
        similarity = next((s.similarity for s in selected.sentences if span.contains(s.span)), 0.0)
        if similarity >= needed * of_rule:
            found.append((similarity, Limitation(label, selected, span)))
    found.sort(key=lambda one: -one[0])
    kept: list[Limitation] = []
    for _, one in found:
        words = one.span.of(searcher.library.document(one.selected.item.document).text)
        if not _carried(words, answer) and not any(other.span == one.span for other in kept):
            kept.append(one)
    return kept[:_MOST]


def _carried(words: str, answer: str) -> bool:
    wanted = objects_of(words)
    return words in answer or (bool(wanted) and len(wanted & objects_of(answer)) >= _CARRIED * len(wanted))


def _others(
    searcher: Searcher, result: SearchResult, document: Document, rule: Span
) -> Iterator[tuple[Selected, Span, str, float]]:
    """Yield what limits a rule beside its own sentence, and how near to the question it must be, as a share of the
    nearness of the rule's passage."""
    library, text = searcher.library, document.text
    number = library.info(document.slug).number
    paragraph, article = _levels(document, rule)
    before: Span | None = None
    for passage in library.passages_within(number, article.span):
        for _, span in library.sentences(passage.id):
            words = span.of(text)
            follows = before is not None and rule.contains(before)
            before = span
            if rule.start < span.end and span.start < rule.end:
                continue
            lifts = _LIFTS.search(words) is not None
            goes_on = follows and _GOES_ON.match(words) and (lifts or _LIMITS.search(words))
            needed = 0.0 if goes_on else _about(searcher, document, paragraph, article, rule, span) if lifts else None
            if needed is not None:
                selected = select_passage(searcher, passage, result)
                yield selected, _with_points(document, selected, span), "Exception" if lifts else "Condition", needed
    yield from _elsewhere(searcher, result, document, paragraph, article)


def _levels(document: Document, rule: Span) -> tuple[Provision, Provision]:
    """Return the paragraph that a rule stands in and the article, section or headed part around it."""
    node = document.deepest_at(rule)
    paragraph = node
    for one in (node, *document.ancestors(node)):
        if one.kind is ProvisionKind.PARAGRAPH:
            paragraph = one
        if one.kind in (ProvisionKind.ARTICLE, ProvisionKind.SECTION, ProvisionKind.HEADING):
            return (paragraph if paragraph.start >= one.start else one), one
    return paragraph, paragraph


def _about(
    searcher: Searcher, document: Document, paragraph: Provision, article: Provision, rule: Span, span: Span
) -> float | None:
    """Tell whether a sentence of the same article that lifts something lifts this rule: it names its paragraph, or,
    where it names no other, it speaks of the same thing. Return how near to the question it must be, None if not."""
    words = span.of(document.text)
    if _POINTS_BACK.match(words) and not paragraph.span.contains(span):
        return None  # "This obligation shall not apply where …" lifts that of its own paragraph
    number = searcher.library.info(document.slug).number
    named = [
        (reference, document.provisions[reference.provision])
        for reference in searcher.library.references_within(number, span)
        if reference.document == document.slug
        and article.index <= reference.provision
        and _inside(document, reference.provision, article)
    ]
    parts = [(one.span, _lifted(words, span, reference)) for reference, one in named if one != article]
    lifted = [(one, behind) for one, behind in parts if behind is not None]
    if lifted:
        of_rule = [behind for one, behind in lifted if one.contains(rule) or rule.contains(one)]
        return None if not of_rule else _AS_NEAR_IF_UNNAMED if all(of_rule) else 0.0
    # this source numbers no paragraphs: only the first is known by its place
    numbers = {n for reference, _ in named for n in _PARAGRAPH.findall(reference.label)[:1]}
    first = rule.start <= article.body_start + 1
    if numbers and first:
        return 0.0 if "1" in numbers else None
    if all(match["names"] for match in _LIFTS.finditer(words)) and not paragraph.span.contains(span):
        return None  # "notwithstanding any other provision": a rule of its own
    shared = objects_of(rule.of(document.text)) & objects_of(words)
    return _AS_NEAR_IF_UNNAMED if len(shared) >= 2 else None


def _lifted(words: str, span: Span, reference: Reference) -> bool | None:
    """Tell whether a sentence lifts what a reference in it names: None if not, else whether it is named behind what
    lifts it ("Notwithstanding Article 3, …"), where a rule of its own follows which may be about anything."""
    for match in _LIFTS.finditer(words):
        begins, ends = reference.span.start - span.start, reference.span.end - span.start
        if match["names"] and begins >= match.end() and not _LEAVES.search(words, match.end(), begins):
            return True
        if not match["names"] and ends <= match.start():
            return False
    return None


def _inside(document: Document, index: int, article: Provision) -> bool:
    return article.span.contains(document.provisions[index].span)


def _elsewhere(
    searcher: Searcher, result: SearchResult, document: Document, paragraph: Provision, article: Provision
) -> Iterator[tuple[Selected, Span, str, float]]:
    """Yield sentences outside the article that lift exactly this paragraph, or the article as a whole."""
    library = searcher.library
    searched = library.versions.searched(result.as_of, result.day)
    searched = searched if result.documents is None else searched & result.documents
    targets = {paragraph.index, article.index} if article.kind is not ProvisionKind.HEADING else {paragraph.index}
    for target in targets:
        if not document.provisions[target].label:
            continue
        for number, reference in library.references_to(document.slug, range(target, target + 1)):
            info = library.documents[number]
            own = info.slug == document.slug and article.span.contains(reference.span)
            if own or info.slug not in searched or reference.label != document.provisions[target].label:
                continue
            text = library.document(info.slug).text
            for passage in library.passages_within(number, reference.span):
                for _, span in library.sentences(passage.id):
                    if span.contains(reference.span) and _lifted(span.of(text), span, reference) is not None:
                        yield select_passage(searcher, passage, result), span, "Exception", _AS_NEAR_ELSEWHERE


def _with_points(document: Document, selected: Selected, span: Span) -> Span:
    """Return a sentence with the points that it introduces, where they are short enough."""
    for points in lists_of(document, selected):
        if points.lead == span and points.span.end - points.span.start <= _LONGEST:
            return points.span
    return span
