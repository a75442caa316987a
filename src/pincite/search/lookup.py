"""Named provisions ("Art. 17(3)", "policy 4.2", "§ 164.408(b)") are looked up, never guessed by similarity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from pincite.domain.documents import ProvisionKind, Span
from pincite.domain.laws import squash
from pincite.domain.validity import State, today
from pincite.library import DocumentInfo, Library
from pincite.search.acts import absent_laws, behind

__all__ = ["Lookup", "NamedProvision", "Place", "find_named", "named_documents", "names_of", "places_of", "resolve"]

_POINTS = r"((?: ?\([0-9a-z]{1,5}\))*)"
_PATTERNS: tuple[tuple[re.Pattern[str], str, ProvisionKind], ...] = (
    (re.compile(rf"\b(?:articles?|art\.?) ?(\d{{1,4}}[a-z]?){_POINTS}", re.I), "Art. {0}", ProvisionKind.ARTICLE),
    (re.compile(rf"\brecitals? ?\(?(\d{{1,4}})\)?{_POINTS}", re.I), "Recital {0}", ProvisionKind.RECITAL),
    (
        re.compile(
            r"\bann?exe?s? ((?:[IVXLC]+|\d{1,2})\b(?:,? (?:section|part|class) (?:[A-Z]|[IVX]+|\d{1,2})\b)?)"
            rf"(?:,? points?(?= ?\())?{_POINTS}",
            re.I,
        ),
        "Annex {0}",
        ProvisionKind.ANNEX,
    ),
    (re.compile(r"\brow ([A-Z]{1,3}-?\d{1,3})\b()"), "{0}", ProvisionKind.TABLE),
    (re.compile(rf"§§? ?(\d[\w.:-]*\w|\d){_POINTS}", re.I), "§ {0}", ProvisionKind.ARTICLE),
    (
        re.compile(rf"\b(?:sections?|sec\.?|clauses?|policy|policies) (\d+[A-Z]{{0,2}}\b(?:[.:-]\d+)*){_POINTS}", re.I),
        "{0}",
        ProvisionKind.SECTION,
    ),
    # acts, instruments and schedules of the United Kingdom; "a schedule 2 weeks long" names nothing
    (re.compile(rf"\b[Ss]{{1,2}}\. ?(\d+[A-Z]{{0,2}}){_POINTS}"), "s. {0}", ProvisionKind.SECTION),
    (
        re.compile(rf"\b(?:regulations?|regs?\.) (\d{{1,3}}[A-Z]{{0,2}})(?![\w/-]){_POINTS}", re.I),
        "reg. {0}",
        ProvisionKind.ARTICLE,
    ),
    (
        re.compile(rf"\bSch(?:edule|\.) (\d{{1,2}}[A-Z]{{0,2}} para\. \d{{1,3}}[A-Z]{{0,2}}){_POINTS}"),
        "Sch. {0}",
        ProvisionKind.PARAGRAPH,
    ),
    (re.compile(r"\bSch(?:edule|\.) (\d{1,2}[A-Z]{0,2})\b(?! para\.)()"), "Sch. {0}", ProvisionKind.ANNEX),
)
# "the Biometric Privacy Act", "the AI Act", "Retention Policy": capitalised words before a kind of document
_DOCUMENT_NAME = re.compile(
    r"\b([A-Z][\w&-]*(?: (?:and|of|for|on|the|to|[A-Z][\w&-]*))* (?:Act|Regulation|Directive|Law|Code|"
    r"Policy|Standard|Rules?|Framework|Ordinance))\b"
)


@dataclass(frozen=True, slots=True)
class NamedProvision:
    """A provision as a question names it: `label` in our form, `words` as written, `at` their place."""

    label: str
    words: str
    kind: ProvisionKind
    at: Span


@dataclass(frozen=True, slots=True)
class Place:
    """A provision found: document number, range, label."""

    document: int
    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a question names.

    Attributes:
        documents: documents that it names, all if it names none.
        named: true if it names a document.
        found: the provisions that exist.
        missing: those that do not, with a sentence that says so.
        unknown_document: a document it names by a title that nothing in the library has; empty if none.
        withheld: of documents it names that do not answer (superseded, or not in force on the day asked for), a
            sentence each that says why.
        silent: these documents.
        coarse: of provisions found whose text has no numbers so fine, a sentence each that says so.
        absent: laws that it names and no document goes by, each with how others cite it (`pincite.search.acts`).
    """

    documents: tuple[DocumentInfo, ...]
    named: bool
    found: tuple[Place, ...]
    missing: tuple[tuple[NamedProvision, str], ...]
    unknown_document: str
    withheld: tuple[str, ...] = ()
    silent: tuple[DocumentInfo, ...] = ()
    coarse: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)


def _in_brackets(question: str) -> str:
    """Rewrite "point (h) of Article 6(1)" and "Article 33, paragraph 1" as lawyers' short forms."""
    question = re.sub(
        rf"\bpoint \(?([a-z])\)? of ((?:Article|Art\.?) ?\d+[a-z]?{_POINTS})", r"\2(\1)", question, flags=re.I
    )
    question = re.sub(r"\bparagraph (\d+) of ((?:Article|Art\.?) ?\d+[a-z]?)", r"\2(\1)", question, flags=re.I)
    question = re.sub(r"\b((?:Article|Art\.?) ?\d+[a-z]?),? para(?:graph|\.)? ?(\d+)", r"\1(\2)", question, flags=re.I)
    question = re.sub(
        rf"\bpara(?:graph|\.) ?(\d+[A-Z]{{0,2}}{_POINTS}) (?:of|to) Sch(?:edule|\.) (\d+[A-Z]{{0,2}})",
        r"Schedule \3 para. \1",
        question,
    )
    question = re.sub(r"\b(Sch(?:edule|\.) \d+[A-Z]{0,2}),? para(?:graph|\.) ?(?=\d)", r"\1 para. ", question)
    return re.sub(
        rf"\b((?:Article|Art\.?) ?\d+[a-z]?{_POINTS}),? point \(?([a-z])\)?(?!\w)", r"\1(\3)", question, flags=re.I
    )


def find_named(question: str) -> list[NamedProvision]:
    """Return the provisions that a question names, in order."""
    question = _in_brackets(question)
    found = []
    for pattern, form, kind in _PATTERNS:
        for match in pattern.finditer(question):
            number = match.group(1).upper().replace(",", "") if kind is ProvisionKind.ANNEX else match.group(1)
            points = match.group(2).replace(" ", "")
            found.append(NamedProvision(form.format(number) + points, match.group().strip(), kind, Span(*match.span())))
    found.sort(key=lambda named: named.at.start)
    return found


def names_of(document: DocumentInfo) -> frozenset[str]:
    """Return what people call a document: title, short name, aliases, and each of them as a policy."""
    names = {document.title, document.short, *document.aliases}
    kinds = re.compile(r"\s+(?:policy|standard|procedure|guidelines?)$", re.I)
    return frozenset(names | {kinds.sub("", name) + " policy" for name in names})


def named_documents(question: str, documents: Iterable[DocumentInfo]) -> list[DocumentInfo]:
    """Return the documents that a question names by title, short name or alias; longer names shadow shorter ones."""
    lowered = f" {squash(question)} "
    matches: list[tuple[int, int, DocumentInfo]] = []
    for document in documents:
        for name in names_of(document):
            squashed = squash(name)
            at = lowered.find(f" {squashed} ") if len(squashed) >= 3 else -1
            if at >= 0:
                matches.append((at, at + len(squashed), document))
    kept = [
        document
        for start, end, document in matches
        if not any(s <= start and end <= e and (e - s) > (end - start) for s, e, _ in matches)
    ]
    return list(dict.fromkeys(kept))


def resolve(
    question: str,
    library: Library,
    numbers: frozenset[int] | None = None,
    as_of: date | None = None,
    day: date | None = None,
) -> Lookup:
    """Look up everything that `question` names.

    Args:
        question: as asked.
        library: where to look.
        numbers: the documents that answer (see `Versions.searched`), None for all.
        as_of: the day asked for, None for today.
        day: today.
    """
    numbers = frozenset(document.number for document in library.documents) if numbers is None else numbers
    answering = [document for document in library.documents if document.number in numbers]
    named = named_documents(question, library.documents)
    documents = [document for document in named if document.number in numbers]
    others = _named_by_slug(question, [d for d in library.documents if d.number not in numbers])
    # a name that an old version shares with the one that answers means the one that answers
    others += [] if documents else [document for document in named if document not in others]
    withheld = tuple(_why_withheld(document, library, as_of, day or today()) for document in others)
    absent = absent_laws(question, library)
    unknown = "" if named or others else next(iter(absent), "") or _unknown_document(question, library)
    found: list[Place] = []
    missing: list[tuple[NamedProvision, str]] = []
    coarse: list[str] = []
    written = _in_brackets(question)
    for named_provision in find_named(question) if not withheld else ():
        scope = documents or answering
        whose = behind(written[named_provision.at.end :], absent) or unknown
        if whose:
            missing.append((named_provision, f"The corpus holds no document called {whose}."))
            continue
        places = [place for label in _forms(named_provision) for place in places_of(label, scope, library)]
        if places:
            found += places
            coarse += [_coarse(named_provision, place, library) for place in places]
        else:
            missing.append((named_provision, _absence(named_provision, documents, library)))
    return Lookup(
        tuple(documents or answering),
        bool(documents),
        tuple(dict.fromkeys(found)),
        tuple(missing),
        unknown,
        withheld,
        tuple(others),
        tuple(dict.fromkeys(filter(None, coarse))),
        absent,
    )


def _named_by_slug(question: str, documents: Iterable[DocumentInfo]) -> list[DocumentInfo]:
    """Return the documents whose slug stands in the question as it is written on the command line.

    A slug that is a word ("retention") names nothing: questions on retention use it.
    """
    return [
        document
        for document in documents
        if not document.slug.isalpha()
        and re.search(rf"(?<![\w@.-]){re.escape(document.slug)}(?![\w@-]|\.\w)", question, re.I)
    ]


def _why_withheld(document: DocumentInfo, library: Library, as_of: date | None, day: date) -> str:
    name = document.slug if "@" in document.slug else f"{document.short} ({document.slug})"
    state = library.versions.validity(document.slug, as_of or day)
    if as_of is not None:
        return f"{name} was not in force on {as_of}: {state.words}."
    if state.state is State.SUPERSEDED:
        return f"{name} is {state.words} and answers only questions as of a day when it was in force."
    return f"{name} is {state.words}; another version answers. Ask as of a day when it is in force."


def _forms(named: NamedProvision) -> Iterator[str]:
    """Yield the labels under which a named provision may be stored, the likeliest first."""
    yield named.label
    if (
        named.kind is ProvisionKind.SECTION
    ):  # "section 164.408" of a code is stored as "§ 164.408", of an act as "s. 12"
        yield f"§ {named.label}"
        yield f"s. {named.label}"
    if named.label.startswith("§ "):
        yield named.label[2:]


def places_of(label: str, scope: Iterable[DocumentInfo], library: Library) -> list[Place]:
    """Return where the provision `label` stands in the documents of `scope`; empty if in none."""
    numbers = {document.number for document in scope}
    exact = [Place(d, span, label) for d, _, span in library.provisions_labelled(label) if d in numbers]
    if exact:
        return exact
    # a source without paragraph numbers knows the article, not its points: the article is the nearest honest place
    whole, parenthesis, _ = label.partition("(")
    if not parenthesis:
        return []
    # "Annex III(1)" where numbers begin anew in each class or section: the point of that number in each of them
    within = [
        named
        for document in scope
        for named in library.labels(document.number, ProvisionKind.POINT)
        if named.casefold().startswith(f"{whole} ".casefold()) and named.partition("(")[2] == label.partition("(")[2]
    ]
    if within:
        return [
            Place(d, span, named)
            for named in dict.fromkeys(within)
            for d, _, span in library.provisions_labelled(named)
            if d in numbers
        ]
    places = [(d, i, span) for d, i, span in library.provisions_labelled(whole) if d in numbers]
    coarse = []
    for number, _, span in places:
        kinds = {ProvisionKind.PARAGRAPH, ProvisionKind.POINT}
        numbered = any(
            labelled.startswith((f"{whole}(", f"{whole} "))
            for kind in kinds
            for labelled in library.labels(number, kind)
        )
        if not numbered:
            coarse.append(Place(number, span, whole))
    return coarse


def _coarse(named: NamedProvision, place: Place, library: Library) -> str:
    """Say that a provision was found only as a part of what has a number of its own, "" if it has one."""
    if place.label != named.label.partition("(")[0] or place.label == named.label:
        return ""
    short = library.documents[place.document].short
    return f"The text of {short} in the corpus numbers no paragraphs of {place.label}: {named.label} is a part of it."


def _absence(named: NamedProvision, documents: list[DocumentInfo], library: Library) -> str:
    """Say that a provision does not exist and what does."""
    if len(documents) != 1:
        where = " or ".join(document.short for document in documents) if documents else "the corpus"
        return f"There is no {named.label} in {where}."
    document = documents[0]
    whole = named.label.partition("(")[0]
    if whole != named.label and any(d == document.number for d, _, _ in library.provisions_labelled(whole)):
        return f"{document.short} has {whole}, but no {named.label}."
    kind = named.kind
    labels = library.labels(document.number, kind)
    if not labels:
        return f"{document.short} has no {named.label}."
    plural = {"article": "articles", "recital": "recitals", "annex": "annexes", "section": "sections"}.get(
        kind.value, kind.value
    )
    return f"{document.short} has no {named.label}; its {plural} run from {labels[0]} to {labels[-1]}."


def _unknown_document(question: str, library: Library) -> str:
    """Return a document title in the question that no document of the library answers to, or ""."""
    for match in _DOCUMENT_NAME.finditer(question):
        name = re.sub(
            r"^(?:The|A|An|Under|Does|Do|Is|Are|What|Which|In|Of|By|Our|Per|Can|May|Must|Has|Have|Did|Will) ",
            "",
            match.group(1),
        )
        words = set(squash(name).split()) - {"the", "of", "and", "policy", "act", "regulation"}
        known = any(words <= set(squash(" ".join((d.title, d.short, *d.aliases))).split()) for d in library.documents)
        if words and not known:
            return name
    return ""
