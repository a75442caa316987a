"""Cross-references and defined terms, found by their wording when a document is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pincite.domain.documents import Document, DocumentKind, Span

__all__ = ["Reference", "Term", "find_references", "find_terms"]

_ARTICLES = re.compile(
    r"\bArticles? (\d+[a-z]?(?:\(\d+\))?(?:\([a-z]+\))?)(?:(?:,| and| or| to) (\d+[a-z]?(?:\(\d+\))?))*"
)
_NUMBER = re.compile(r"\d+[a-z]?(?:\(\w+\))*")
_SECTION = re.compile(
    r"(?:§|\b[Ss]ections?) ?(\d+(?:\.\d+)*(?:\([a-z0-9]+\))*)(?: of the ([A-Z][\w-]*(?: (?:and|of|for|"
    r"to|the|[A-Z][\w-]*)){0,8}? Policy))?"
)
_ROW = re.compile(
    r"\b[Rr]ows? ((?:[A-Z]{1,3}-?\d{1,3}(?:, | and | or | to )?)+)"
    r"(?: of the ([A-Z][\w-]*(?: (?:and|of|for|to|the|[A-Z][\w-]*)){0,8}? Policy))?"
)
_ELSEWHERE = re.compile(
    r"\s*(?:and \d+ |to \d+ )?of (?:the )?(?:Regulation|Directive|Charter|Treaty|TFEU|TEU|Decision|Convention)\b"
)
_TERM = re.compile(r"[‘“\"]([^‘’“”\"\n]{2,60})[’”\"][^.;\n]{0,120}?\b(?:means|shall mean|has the meaning|includes)\b")
_BOLD_TERM = re.compile(r"^([A-Z][A-Za-z -]{2,50}?)(?: \([^)]{1,40}\))? (?:means|is any|is the|are)\b")


@dataclass(frozen=True, slots=True)
class Reference:
    """ "See Article 9(1)": from a place in a document to a label, in `document` (a title) or the same document."""

    span: Span
    label: str
    document: str


@dataclass(frozen=True, slots=True)
class Term:
    """A defined term and the sentence that defines it."""

    term: str
    span: Span


def find_references(document: Document) -> Iterator[Reference]:
    """Yield references to provisions of the same document or, in policies, of a policy named in the same words."""
    text = document.text
    if document.kind is DocumentKind.LAW:
        for match in _ARTICLES.finditer(text):
            if _ELSEWHERE.match(text, match.end()) and not text.startswith(" of this", match.end()):
                continue
            for number in _NUMBER.findall(match.group()):
                yield Reference(Span(match.start(), match.end()), f"Art. {number}", "")
    for match in _SECTION.finditer(text):
        label = match.group(1) if document.kind is DocumentKind.POLICY else f"§ {match.group(1)}"
        yield Reference(Span(match.start(), match.end()), label, match.group(2) or "")
    for match in _ROW.finditer(text):
        for code in re.findall(r"[A-Z]{1,3}-?\d{1,3}", match.group(1)):
            yield Reference(Span(match.start(), match.end()), code, match.group(2) or "")


def find_terms(document: Document) -> Iterator[Term]:
    """Yield the terms that a document defines ("‘processing’ means …")."""
    at = 0
    for line in document.text.split("\n"):
        for match in _TERM.finditer(line):
            yield Term(match.group(1).strip().lower(), Span(at + match.start(), at + len(line)))
        bold = _BOLD_TERM.match(re.sub(r"^(?:\d+(?:\.\d+)*|\([a-z]\)) ", lambda m: " " * 0, line))
        if bold and document.kind is DocumentKind.POLICY:
            yield Term(bold.group(1).strip().lower(), Span(at, at + len(line)))
        at += len(line) + 1
