"""Finds the terms that a document defines, by the forms in which laws, policies and glossaries define them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from pincite.domain.documents import Document, DocumentKind, ProvisionKind, Span
from pincite.domain.references import Term

__all__ = ["find_terms"]

K = ProvisionKind

_MARKER = r"(?:(?:\(?\w{1,5}[.)]|\d+(?:\.\d+)*\.?|•|-|–|\*)+ ?)*"
_OPEN, _CLOSE = "(?<!\\w)[‘“\"'„](?=\\w)", "[’”\"'“](?!\\w)"
_QUOTED = rf"{_OPEN}(?P<quoted>[^‘’“”\"\n]{{2,80}}?)[,.]?{_CLOSE}"
_ALSO = rf"(?:(?:,| and| or|, and|, or) (?:the terms? )?{_OPEN}[^‘’“”\"\n]{{2,80}}?[,.]?{_CLOSE})"
# "‘consent’ of the data subject means", "‘subject’, for the purpose of real-world testing, means"
_ASIDE = (
    r"(?: \([^()]{1,60}\)|, (?!and |or )[^,;.]{3,140}?,|,? (?:as used|when used|for the purposes? of|in relation to|"
    r"in respect of|with respect to)[^,;.“”‘’]{3,120}?,?| (?:of|by) (?:the|an?) [^,;.“”‘’]{3,60}?)?"
)
_MEANS = (
    r"(?:also )?(?:means?|shall mean|includes?|shall include|(?:has|have|shall have) the (?:same )?meanings?|"
    r"refers? to|corresponds? to|(?:is|are) defined (?:as|in|by)|stands? for|"
    r"(?:shall be|is to be|are to be) construed)\b"
)
_DEFINED = re.compile(rf"{_QUOTED}(?P<also>{_ALSO}*){_ASIDE},? {_MEANS}")
_ANY_QUOTED = re.compile(rf"{_OPEN}([^‘’“”\"\n]{{2,80}}?)[,.]?{_CLOSE}")
# "Covered entity means:", "Leaver means a person …": only at the beginning of a line
_PLAIN_MEANS = (
    r"(?:means(?! (?:of|to|by|for|such as|and|or)\b)|shall mean|(?:has|have) the (?:same )?meaning|refers to|"
    r"stands for|is defined as)\b"
)
_PLAIN = re.compile(
    rf"{_MARKER}(?:For (?:the |all )?[\w ]{{3,50}}, )?(?P<plain>[A-Z][\w’'&/,() -]{{1,70}}?),? "
    rf"(?:when used[^,]{{3,60}}, )?{_PLAIN_MEANS}"
)
_UNOPENED = re.compile(rf"{_MARKER}(?P<plain>\w[^‘’“”\"\n]{{2,70}})[’”] {_PLAIN_MEANS}")  # as some files have it
# "Business associate: (1) Except …", "Sweep: the deletion tracker": only where definitions are
_COLON = re.compile(rf"{_MARKER}(?P<colon>[A-Z][\w’'&/(). -]{{1,70}}?)(?:: | [–—-] )(?=\S)")
_LISTED = re.compile(rf"{_MARKER}(?P<colon>[A-Z][\w’'&/(). -]{{1,70}}?): (?=\(1\)|\(i\)|\(a\))")
_IS = re.compile(rf"{_MARKER}(?P<is>[A-Z][\w’'&/() -]{{1,50}}?) (?:is|are|includes?|covers?) (?:an?|the|any|all)\b")
_CELLS = re.compile(
    r"(?:Term|Word|Name|Abbreviation|Acronym|Concept|Expression|Phrase)s?: (?P<cell>[^;|]{2,80}); "
    r"(?:Definition|Meaning|Description|Explanation|Full (?:form|name)|What it means|Stands for)s?: ",
    re.I,
)
_CALLED = re.compile(
    r"\((?:hereinafter|hereafter|in the following|collectively|each|together|the|an?|or|referred to as|,| )*"
    r"[‘“\"](?P<called>[^‘’“”\"\n]{2,60}?)[’”\"](?: or [‘“\"][^‘’“”\"\n]{2,60}?[’”\"])?\)"
)
_DEFINITIONS = re.compile(
    r"\b(?:definitions?|glossary|terminology|abbreviations|acronyms|interpretation|key terms)\b", re.I
)
_INTRODUCES = re.compile(
    r"\b(?:definitions apply|following (?:meanings?|definitions?|terms?)|[Aa]s used in th(?:is|ese)|In this [\w ]+:$)"
)
_NO_TERM = re.compile(
    r"^(?:for|this|that|it|which|these|those|there|he|she|they|each|any|all|no|such|what|who|in the|if|when|where|"
    r"note|example|see|appendix|annex|table|figure|by|our|your|we|you|provide|"
    r"source|purpose|scope|section|article|paragraph|the following|nothing|definitions?|glossary)\b",
    re.I,
)
_ENDS_OPEN = re.compile(r"(?:[:—–]|\bmeans|\bmean)$")
# What no term has: words of a sentence. "The Commission shall, by means of …", "…, which means we cannot".
_SENTENCE = re.compile(
    r"\b(?:shall|must|may|will|can|which|that|should|were|was|have|has)\b|[!?;]|\b(?:by|through|electronic|other)$",
    re.I,
)
_MOST_WORDS = 16

_BY_TERM = re.compile(r"“([^”]+)”$")


def find_terms(document: Document) -> Iterator[Term]:
    """Yield the terms that a document defines ("‘processing’ means …"), each with the words that define it."""
    return _Finder(document).run()


class _Finder:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._starts = [node.start for node in document.provisions]
        self._inside: dict[int, bool] = {}
        self._law = document.kind is DocumentKind.LAW
        # a definition that is a provision of its own is cited by its term: § 160.103 “Covered entity”
        self._named = {n.start: found.group(1) for n in document.provisions if (found := _BY_TERM.search(n.label))}
        self._headings = {node.start for node in document.provisions if node.heading}

    def run(self) -> Iterator[Term]:
        seen: set[tuple[str, int]] = set()
        at = 0
        for line in self._document.text.split("\n"):
            for words, start in self._line(line, at):
                term = " ".join(words.strip(" ,.").split()).lower()
                if (term, at) not in seen and _is_term(words):
                    seen.add((term, at))
                    span = Span(at + start, self._end(at, len(line)))
                    yield Term(term, span, self._document.pin_cite(Span(at + start, at + len(line))))
            at += len(line) + 1

    def _line(self, line: str, at: int) -> Iterator[tuple[str, int]]:
        """Yield each term defined in a line and where its definition begins in it."""
        found = at in self._named
        if found:
            yield self._named[at], 0
        for match in _DEFINED.finditer(line):
            found = True
            for quoted in (match.group("quoted"), *_ANY_QUOTED.findall(match.group("also"))):
                yield quoted, match.start()
        for match in _CALLED.finditer(line):
            called = match.group("called")
            # a policy puts many things in brackets and quotation marks; a name begins with a capital
            if len(called.split()) <= 6 and called[-1].isalnum() and (self._law or called[0].isupper()):
                yield called, 0
        cells = _CELLS.match(line)
        if cells:
            yield cells.group("cell"), 0
        plain = None if found or cells else _PLAIN.match(line) or _UNOPENED.match(line)
        if plain:
            yield _without_article(plain.group("plain")), plain.start("plain")
        elif not found and not cells and at not in self._headings and self._among_definitions(at, line):
            glossed = (_LISTED if self._law else _COLON).match(line) or (None if self._law else _IS.match(line))
            if glossed:
                group = glossed.lastgroup or ""
                yield _without_article(glossed.group(group)), glossed.start(group)

    def _among_definitions(self, at: int, line: str) -> bool:
        """Tell whether a line stands in a section of definitions: by its heading, or by the words that open it."""
        provisions = self._document.provisions
        index = bisect_right(self._starts, at) - 1
        while index > 0 and not provisions[index].start <= at < provisions[index].end:
            index = provisions[index].parent
        while index > 0:
            if index not in self._inside:
                node = provisions[index]
                opening = self._document.text[node.body_start : node.body_start + 200].split("\n")
                self._inside[index] = bool(_DEFINITIONS.search(node.heading)) or (
                    node.kind not in (K.POINT, K.BLOCK, K.TABLE)
                    and any(_INTRODUCES.search(words) for words in opening[:2])
                )
            if self._inside[index]:
                return True
            index = provisions[index].parent
        return False

    def _end(self, at: int, length: int) -> int:
        """Return where a definition ends: with its line, or, where that opens a list, with the list."""
        text = self._document.text
        line = text[at : at + length]
        if not _ENDS_OPEN.search(line):
            return at + length
        provisions = self._document.provisions
        index = bisect_right(self._starts, at) - 1
        node = provisions[index]
        ends = [n.end for n in (node, *self._document.ancestors(node)) if n.start == at and n.end > at + length]
        return max(ends, default=at + length)


def _without_article(words: str) -> str:
    return re.sub(r"^(?:The term|The|An?) ", "", words).split(" (")[0]


def _is_term(words: str) -> bool:
    words = words.strip(" ,.")
    if not any(char.isalpha() for char in words) or len(words.split()) > _MOST_WORDS:
        return False
    return not _NO_TERM.match(words) and not _SENTENCE.search(words)
