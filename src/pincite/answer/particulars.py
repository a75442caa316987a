"""What a document says of itself: its title, version, owner, dates, asked for by its name.

Such things stand in the title and in the control table before the first rule, where no search by meaning finds them:
"Who owns the Access Control Policy?" is near to every rule of that policy. Who asks for nothing else gets the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pincite.domain.answers import Citation, Claim, EvidenceItem
from pincite.domain.documents import Document, DocumentKind, ProvisionKind, Span
from pincite.domain.fields import FIELDS
from pincite.library import DocumentInfo
from pincite.search import Searcher
from pincite.search.figures import gives_figure
from pincite.search.lookup import names_of
from pincite.search.search import SearchResult

__all__ = ["Particulars", "asked_particular", "find_particulars"]

_NAME = "¤"  # stands for the document's name in what was asked
_HEAD = 1500
_LONGEST_LINE = 160
_MOST_DOCUMENTS = 3
_BEFORE_RULES = frozenset(
    {ProvisionKind.DOCUMENT, ProvisionKind.TABLE, ProvisionKind.BLOCK, ProvisionKind.HEADING, ProvisionKind.NOTE}
)

_DOCUMENT = (
    r"(?:the |our |this |your )?(?:(?:regulation|directive|law|act|statute|policy|document|rules?) )?"
    rf"(?:known as |called |named )?(?:the |our )?{_NAME}(?: (?:policy|regulation|directive|act|document))?"
)
_KINDS_OF = "(?:full|official|exact|complete|formal|long|legal|proper|current|latest|present|policy|document)"
_WHAT = r"(?:what|which|who)(?:['’]s| is| are| was)?"
_BEFORE = r"(?:and |so |please )?(?:(?:can you )?tell me,? )?"
_AT_THE_END = r"(?:,? (?:now|currently|today|in full|officially|exactly|please|next))*"


@dataclass(frozen=True, slots=True)
class _Particular:
    """Something that documents say of themselves.

    Attributes:
        nouns: what it is called in questions.
        verbs: other questions for it.
        labels: what stands before it in a line of its own.
        field: of `Provenance`, "" if that has none.
        dated: whether it has a figure, so that a label without one after it means something else.
    """

    nouns: str
    verbs: Sequence[str]
    labels: Sequence[str]
    field: str = ""
    dated: bool = False


_TIMES = "(?:since |from )?(?:when|(?:what|which) (?:date|day))|on (?:what|which) (?:date|day)"
_PARTICULARS = {
    "title": _Particular(
        "(?:name|title)",
        (rf"what does {_DOCUMENT} stand for", rf"what is {_DOCUMENT} (?:called|named|short for)"),
        ("title", "policy title", "document title"),
        "title",
    ),
    "number": _Particular(
        "(?:reference )?(?:number|identifier|id|reference)",
        (),
        ("identifier", "document id", "policy id", "id", "document number", "policy number", "number", "reference"),
    ),
    "adopted": _Particular(
        "(?:date|date of (?:adoption|issue|approval|enactment)|(?:adoption|issue|approval) date)",
        (rf"(?:{_TIMES}) was {_DOCUMENT} (?:\w+ly )?(?:adopted|passed|enacted|signed|issued|approved)",),
        ("adopted", "adopted on", "issued", "issued on", "issue date", "date of issue", "approval date", "approved on"),
        dated=True,
    ),
    "owner": _Particular(
        "owner",
        (
            rf"(?:who|which \w+(?: \w+)?) (?:owns|maintains) {_DOCUMENT}",
            rf"who is {_DOCUMENT} owned by",
            rf"who is (?:responsible|accountable) for {_DOCUMENT}",
        ),
        FIELDS["owner"],
        "owner",
    ),
    "version": _Particular(
        "(?:version|revision)(?: number)?",
        (
            rf"(?:what|which) (?:version|revision) of {_DOCUMENT} (?:is|do we|are we|applies)\b[\w ]{{0,30}}",
            rf"(?:what|which) (?:version|revision) (?:is|of) {_DOCUMENT}",
        ),
        FIELDS["version"],
        "version",
        dated=True,
    ),
    "approver": _Particular(
        "approver",
        (
            rf"(?:who|which \w+(?: \w+)?) (?:has )?(?:approved|approves|signed off(?: on)?|adopted|issued) {_DOCUMENT}",
            rf"who was {_DOCUMENT} (?:approved|adopted|issued) by",
        ),
        ("approved by", "approver", "approval", "approved"),
        "authority",
    ),
    "effective": _Particular(
        "(?:(?:effective|start) date|date of (?:entry into force|effect)|entry into force)",
        (
            rf"(?:{_TIMES}) (?:did|does|do|has|is|was) {_DOCUMENT} (?:\w+ly )?(?:been |be )?"
            r"(?:come|came|go|enter|take|start|begin|became|become|apply|effective|valid|applicable|in force|in effect)"
            r"(?: (?:to|into|in|force|effect|apply|effective|applying|from))*",
        ),
        FIELDS["effective"],
        "effective",
        dated=True,
    ),
    "review": _Particular(
        r"(?:(?:next )?review(?: date| due)?)",
        (
            rf"(?:by )?(?:when|(?:what|which) (?:date|day)) (?:is|was|will|must|should|does|do) {_DOCUMENT} "
            r"(?:due|up|scheduled|set|be|need|to be|next|for|its|a|the|to|review|reviewed| )*review(?:ed)?",
            rf"when is the (?:next )?review of {_DOCUMENT}(?: due)?",
        ),
        ("review due", "next review", "next review date", "review date", "review by", "due for review", "review"),
        dated=True,
    ),
    "updated": _Particular(
        "(?:date of the )?last (?:update|change|revision|amendment)",
        (rf"when was {_DOCUMENT} (?:last|most recently) (?:updated|changed|revised|modified|amended|reviewed)",),
        ("last updated", "last update", "updated", "last revised", "last reviewed", "last modified", "date modified"),
        dated=True,
    ),
    "classification": _Particular(
        "(?:classification(?: label)?|handling label|label)",
        (rf"how is {_DOCUMENT} (?:classified|labelled|labeled)",),
        FIELDS["classification"],
        "classification",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Particulars:
    """What documents say of themselves.

    Attributes:
        evidence: the lines in which they do, one of each document, numbered.
        citations: the same, quoted; `claims` introduce them.
        recorded: what only the library's record of the documents says, in a sentence each; "" if there are lines.
    """

    evidence: tuple[EvidenceItem, ...]
    citations: tuple[Citation, ...]
    claims: tuple[Claim, ...]
    recorded: str = ""


def asked_particular(question: str, names: Iterable[str]) -> str:
    """Return which particular ("title", "owner", "version" …) of a document called one of `names` a question asks for,
    "" if it asks for anything else or more."""
    asked = re.sub(r"\s*\([^)]*\)", "", question).strip(" ?.!")
    for name in sorted(names, key=len, reverse=True):
        words = r"\W+".join(re.escape(word) for word in re.findall(r"\w+", name))
        named, count = re.subn(rf"(?<!\w){words}(?!\w)", _NAME, asked, count=1, flags=re.I) if words else (asked, 0)
        if count:
            return next((key for key, one in _PARTICULARS.items() if _asks(named, one)), "")
    return ""


def _asks(named: str, one: _Particular) -> bool:
    nouns = rf"(?:{_KINDS_OF} )*{one.nouns}"
    forms = (
        rf"{_WHAT} (?:the )?{nouns} (?:of|for|on) {_DOCUMENT}",
        rf"{_WHAT} {_DOCUMENT}['’]s? {nouns}",
        rf"(?:what|which) {nouns} (?:does {_DOCUMENT} (?:have|bear|carry)|is {_DOCUMENT})",
        *one.verbs,
    )
    return any(re.fullmatch(rf"{_BEFORE}(?:{form}){_AT_THE_END}", named, re.I) for form in forms)


def find_particulars(searcher: Searcher, result: SearchResult) -> Particulars | None:
    """Return what the documents that a question names say of themselves, None if it asks for something else, or if
    neither their text nor the library's record has it: then a rule may."""
    if not result.lookup.named or result.lookup.found or result.lookup.missing:
        return None
    lines: list[tuple[EvidenceItem, Citation, Claim]] = []
    recorded = []
    for info in result.lookup.documents[:_MOST_DOCUMENTS]:
        key = asked_particular(result.question, names_of(info))
        if not key:
            continue
        span = _line(searcher.library.document(info.slug), key)
        if span is not None:
            lines.append(_quoted(searcher, result, info, span, len(lines) + 1))
        elif said := _recorded(info, key):
            recorded.append(said)
    if not lines:
        return Particulars((), (), (), " ".join(recorded)) if recorded else None
    evidence, citations, claims = zip(*lines, strict=True)
    return Particulars(evidence, citations, claims)


def _quoted(
    searcher: Searcher, result: SearchResult, info: DocumentInfo, span: Span, n: int
) -> tuple[EvidenceItem, Citation, Claim]:
    """Return a line as evidence, as a citation and as the claim that introduces it, all numbered `n`."""
    document, short = searcher.library.document(info.slug), searcher.library.names[info.slug]
    text, label, status = span.of(document.text), document.pin_cite(span), searcher.remark(info.slug, result)
    dates = {"text_sha256": info.text_sha256, "effective": info.provenance.effective, "status": status}
    item = EvidenceItem(
        n,
        info.slug,
        info.title,
        short,
        info.kind,
        label,
        (),
        span,
        text,
        lead_in="",
        quotes=(span,),
        score=1.0,
        **dates,
    )
    citation = Citation(n, info.slug, info.title, short, label, info.kind, text, span.start, span.end, **dates)
    said = "says of itself" if info.kind is DocumentKind.LAW else "(policy) says of itself"
    return item, citation, Claim(f"{citation.cite} {said}: “{text}”", (n,), quoted=True)


def _line(document: Document, key: str) -> Span | None:
    """Return the title or the line before the first rule that gives a particular."""
    title = _title(document)
    if key in ("title", "number") and title and document.kind is DocumentKind.LAW:
        return title
    if key == "adopted" and title and gives_figure(title.of(document.text), "date"):
        return title
    one = _PARTICULARS[key]
    labels = "|".join(re.escape(label).replace(r"\ ", r"[ _-]") for label in sorted(one.labels, key=len, reverse=True))
    stated = (
        rf"\b(?:{labels})\W{{1,3}}(?:v\.? ?)?(?=\d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b)"
        if one.dated
        else rf"(?:^|[;|]\s*)\W*(?:{labels})\s*[|:]\s*\S"
    )
    head = document.text[: _first_rule(document)]
    for match in re.finditer(r"[^\n]+", head):
        if len(match.group()) <= _LONGEST_LINE and re.search(stated, match.group(), re.I):
            return Span(*match.span())
    return title if key == "title" else None


def _first_rule(document: Document) -> int:
    """Return where the first rule begins, at most `_HEAD` characters from the top."""
    return min([_HEAD, *(one.start for one in document.provisions if one.kind not in _BEFORE_RULES)])


def _title(document: Document) -> Span | None:
    """Return where the document's title stands at its top, None if its text begins with something else."""
    words = r"\W+".join(re.escape(word) for word in re.findall(r"\w+", document.title))
    match = re.match(rf"\W*({words}\W*?)(?=\n|\Z)", document.text[:_HEAD], re.I) if words else None
    return Span(*match.span(1)) if match else None


def _recorded(info: DocumentInfo, key: str) -> str:
    """Return in a sentence what the library's record of a document says."""
    field = _PARTICULARS[key].field
    if key == "title":
        return f"The library holds it as “{info.title}”."
    value = getattr(info.provenance, field) if field and info.kind is DocumentKind.POLICY else ""
    name = {"approver": "authority", "effective": "effective date"}.get(key, key)
    return f"The library's record of {info.title} gives as its {name}: {value}." if value else ""
