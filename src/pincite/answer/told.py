"""The policy that a question tells of: "Our retention policy keeps everything for two years. Does the GDPR allow that?"

What is told stands somewhere in the policies, in other words. It is looked for with the sentences that tell it, for
the question as a whole lies between the policy and the law that it is to be compared with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pincite.answer.evidence import Selected, may_rule, select_passage
from pincite.answer.ruling import instructing
from pincite.domain.documents import DocumentKind, Span
from pincite.domain.numbers import numbers_in
from pincite.ingest.sentences import split_sentences
from pincite.search import Searcher
from pincite.search.search import SearchResult
from pincite.search.terms import content_words

__all__ = ["Told", "find_told", "sentences_that_tell"]

_POLICY = re.compile(
    r"\b(?:polic(?:y|ies)|procedures?|handbook|guidelines?|code of conduct)\b"
    r"|\b(?:our|the|my)\b[^.,;:?]{0,60}\b(?:page|plan|notice|standard|wiki|manual|rules|terms)\b[^.,;:?]{0,20}"
    r"\b(?:says?|states?|tells?|reads?|lets?|allows?|requires?|gives?|has|have|keeps?|forbids?|demands?)\b",
    re.I,
)
_LAW = re.compile(
    r"\b(?:laws?|lawful(?:ly)?|legally|legal\b(?! (?:team|department|hold|counsel|affairs))|regulations?|directives?"
    r"|statutes?)\b",
    re.I,
)
_LOOKED_AT = 5
_SAME_FIGURES = 0.2
"""What a sentence gains that has a figure of what is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """The sentence `span` of the passage `selected`, which has no number yet: what the policy itself says."""

    selected: Selected
    span: Span

    def of(self, evidence: Sequence[Selected]) -> Selected:
        """Return this passage as it stands in `evidence`."""
        return next(one for one in evidence if one.hit is self.selected.hit)

    def among(self, evidence: Sequence[Selected]) -> tuple[Selected, ...]:
        """Return the law of `evidence`, all of it if it has no law, with this passage in the second place, numbered."""
        law = [one for one in evidence if one.item.kind is DocumentKind.LAW]
        others = law or [one for one in evidence if one.hit.passage.id != self.selected.hit.passage.id]
        found = [*others[:1], self.selected, *others[1:]]
        return tuple(replace(one, item=replace(one.item, n=n)) for n, one in enumerate(found, 1))


def find_told(searcher: Searcher, result: SearchResult) -> Told | None:
    """Return what the policy says of which the question tells, None if it tells of none or asks about no law."""
    library = searcher.library
    searched = library.versions.searched(result.as_of, result.day)
    searched = searched if result.documents is None else searched & result.documents
    policies = frozenset(i.slug for i in library.documents if i.kind is DocumentKind.POLICY and i.slug in searched)
    named = result.lookup.documents if result.lookup.named else ()
    law = _LAW.search(result.question) or any(info.kind is DocumentKind.LAW for info in named)
    telling = sentences_that_tell(result.question)
    if not telling or not policies or not law:
        return None
    found = searcher.search(telling, _LOOKED_AT, as_of=result.as_of, documents=policies)
    hits = [hit for hit in found.hits if not instructing(library, library.documents[hit.passage.document].slug)]
    if not hits:
        return None
    selected = select_passage(searcher, hits[0].passage, found)
    ruling = [s for s in selected.sentences if may_rule(selected.item.quote_text(s.span))] or selected.sentences
    if not ruling:
        return None
    words, figures = set(content_words(telling)), numbers_in(telling)

    def fit(span: Span, similarity: float) -> float:
        said = selected.item.quote_text(span)
        shared = len(words & set(content_words(said))) / max(1, len(words))
        return similarity + 0.3 * shared + _SAME_FIGURES * bool(figures & numbers_in(said))

    span = max(ruling, key=lambda sentence: fit(sentence.span, sentence.similarity)).span
    item = replace(selected.item, quotes=(span,))
    # its score is of another search: in this one it is beside the law, whatever its words share with the question
    return Told(replace(selected, item=item, hit=replace(selected.hit, score=0.0)), span)


def sentences_that_tell(question: str) -> str:
    """Return the sentences of a question that tell what a policy says and ask nothing; "" if it has none."""
    sentences = [span.of(question) for span in split_sentences(question)]
    if not any(sentence.endswith("?") for sentence in sentences):
        return ""
    return " ".join(one for one in sentences if not one.endswith("?") and _POLICY.search(one))
