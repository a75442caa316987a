"""Resolves what documents refer to, once all documents of a library are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pincite.domain.documents import Document, DocumentKind, Span
from pincite.domain.references import Mention, NameKind, Path, Reference, ReferenceState
from pincite.ingest.names import own_act
from pincite.ingest.places import Places, label_of

__all__ = ["resolve_references"]

_GENERIC = re.compile(r"\b(?:policy|standard|procedure|guidelines?|plan|the|of|and|for|on|a|an|our|company)\b")
_CODE = re.compile(r"\b(\d{1,2}) (U\.? ?S\.? ?C|C\.? ?F\.? ?R)", re.I)
_TITLE_LINE = re.compile(r"\bTitle (\d{1,2})\b\s?[—–:.-]")
_NUMBERED = re.compile(r"\d{2,4}/\d{1,4}")
_OPENING = re.compile(r"^(?:See|Under|Per|The|In|As|Also|By|From|With|Our) ")
_MOST = 400
"""The most edges that one range makes; what claims more is not a range."""

_BY_NAME = (NameKind.KNOWN, NameKind.INSTRUMENT, NameKind.TITLE, NameKind.BACK)
_FORMS: Mapping[str, tuple[str, ...]] = {
    "Section": ("Section", "§", "num"), "§": ("§", "num", "Section"), "num": ("num", "Section", "§"),
    "Clause": ("num", "Section", "§"),
    "Annex": ("Annex", "Appendix", "Schedule"), "Appendix": ("Appendix", "Annex"),
}  # fmt: skip


def resolve_references(
    documents: Sequence[Document], mentions: Sequence[Sequence[Mention]]
) -> list[tuple[Reference, ...]]:
    """Return the edges of each document, in the order of its words.

    Args:
        documents: all documents of the library.
        mentions: what each of them refers to, as `find_mentions` read it.
    """
    library = _Library(documents)
    return [tuple(library.edges(number, found)) for number, found in enumerate(mentions)]


@dataclass(frozen=True, slots=True)
class _Target:
    """Where to look: the documents that a name can mean (by number), and whether it surely means one of them."""

    documents: tuple[int, ...]
    sure: bool = True


class _Library:
    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._made: dict[int, Places] = {}
        self._holders: dict[Path, tuple[int, ...]] = {}
        self._has: dict[tuple[int, Path], bool] = {}
        self._parts: dict[int, set[str]] = {}
        self._acts: dict[str, list[int]] = {}
        self._codes: dict[str, list[int]] = {}
        self._names: dict[str, list[int]] = {}
        # of two texts of one act the one in force answers, then the one that calls itself by the act's number
        order = sorted(range(len(documents)), key=lambda n: bool(documents[n].provenance.superseded_by))
        for number in order:
            self._enter(number, documents[number])

    def _enter(self, number: int, document: Document) -> None:
        key = own_act(document)
        if key:
            entries = self._acts.setdefault(key, [])
            first = self._by_number([number], key) and not self._by_number(entries, key)
            entries.insert(0 if first else len(entries), number)
        self._parts[number] = _codes_of(document)
        for code in sorted(self._parts[number]):
            self._codes.setdefault(code, []).append(number)
        for name in {document.title, document.short, *document.aliases}:
            for form in _forms_of(name, document.kind):
                self._names.setdefault(form, []).append(number)

    def _by_number(self, entries: Sequence[int], key: str) -> bool:
        return any(
            key.endswith(alias) for n in entries for alias in self._documents[n].aliases if _NUMBERED.fullmatch(alias)
        )

    def _places(self, number: int) -> Places:
        """Return a document's provisions by number; made when first asked for, as few documents are."""
        if number not in self._made:
            self._made[number] = Places(self._documents[number])
        return self._made[number]

    # -- edges -----------------------------------------------------------------------------------------------

    def edges(self, number: int, mentions: Sequence[Mention]) -> Iterator[Reference]:
        """Yield the edges of one document."""
        seen: set[tuple[Span, str, str]] = set()
        for mention in mentions:
            for reference in self._edges(number, mention):
                key = (reference.span, reference.label, reference.document)
                if key not in seen:
                    seen.add(key)
                    yield reference

    def _edges(self, number: int, mention: Mention) -> Iterator[Reference]:
        named = mention.named
        if named is None or named.kind is NameKind.OWN:
            yield from self._own(number, mention)
            return
        span, target = self._target(number, mention)
        if target is None:
            if mention.sure and (mention.paths or named.kind is NameKind.ACT):
                yield from self._external(mention, _OPENING.sub("", named.words))
            return
        if not mention.paths:
            document = target.documents[0]
            sections = len(self._parts[document]) and len(target.documents)
            if document != number and sections <= 1:  # "FERPA" names no one of the sections that a library holds of it
                yield Reference(span, "", self._documents[document].slug, 0, ReferenceState.RESOLVED)
            return
        yield from self._found(number, mention, target.documents, span)

    def _own(self, number: int, mention: Mention) -> Iterator[Reference]:
        places = self._places(number)
        if not mention.paths:
            return
        paths = [form for path in mention.paths for form in _alternatives(path)]
        found = next(((p, i) for p in paths if (i := places.coarse(p, mention.at)) >= 0), None)
        if found is None and mention.named is not None and mention.named.noun in ("title", "chapter", "subchapter"):
            codes = [code for code in self._codes if code in self._parts[number]]
            others = tuple(n for code in codes for n in self._codes[code] if n != number)
            if others and any(self._exists(n, mention.paths) for n in others):
                yield from self._found(number, mention, others, mention.span)
            else:
                yield from self._external(mention, mention.named.words)
            return
        if found is None:
            elsewhere = self._elsewhere(number, mention.paths[0])
            if elsewhere:
                yield from self._found(number, mention, elsewhere, mention.span)
                return
            if elsewhere is not None:
                yield from self._external(mention, "elsewhere")
                return
        yield from self._found(number, mention, (number,), mention.span)

    def _elsewhere(self, number: int, path: Path) -> tuple[int, ...] | None:
        """Return where a section without a document's name stands, () for a place unknown, None if it must be here.

        "§ 164.404" in a policy is HIPAA's if only one document has it; a law's "Section 56.05" that lies outside its
        own first and last number is another part of the code.
        """
        kind, section = path[0]
        places = self._places(number)
        if kind not in ("§", "Section", "Clause"):
            return None
        forms = [form for form in _FORMS[kind] if form in places.kinds]
        law = self._documents[number].kind is DocumentKind.LAW
        of_a_code = re.search(r"\d{3}|[-:]", section) is not None
        if law and "§" not in places.kinds:
            return () if len(path) == 1 else None
        if not (of_a_code or law) or any(not places.outside(form, section) for form in forms if form == "§" or law):
            return () if kind == "Clause" else None
        if path[:1] not in self._holders:
            everyone = range(len(self._documents))
            self._holders[path[:1]] = tuple(n for n in everyone if self._exists(n, (path[:1],)))
        holders = tuple(n for n in self._holders[path[:1]] if n != number)
        return holders if len(holders) == 1 and of_a_code else ()

    def _exists(self, number: int, paths: Sequence[Path]) -> bool:
        return any(self._exists_one(number, path) for path in paths)

    def _exists_one(self, number: int, path: Path) -> bool:
        key = (number, path)
        if key not in self._has:
            self._has[key] = any(self._places(number).coarse(form) >= 0 for form in _alternatives(path))
        return self._has[key]

    def _found(self, source: int, mention: Mention, documents: Sequence[int], span: Span) -> Iterator[Reference]:
        """Yield the edges into the first of the documents that has the provision; unresolved if none has it."""
        for number in documents:
            near = mention.at if number == source else 0
            for path in (form for p in mention.paths for form in _alternatives(p)):
                if self._places(number).coarse(path, near) >= 0:
                    for one in self._range(number, path, mention.last, near):
                        yield self._edge(one, documents if one != path else (number,), near, mention, span)
                    return
        path = _as_written(mention.paths[0], self._places(documents[0]), self._documents[documents[0]].kind)
        for one in _expanded(path, mention.last):
            yield self._edge(one, documents[:1], 0, mention, span)

    def _range(self, number: int, path: Path, last: Path, near: int) -> Sequence[Path]:
        """Return the paths of a range: what the document has from its beginning to its end."""
        if not last:
            return (path,)
        last = next((form for form in _alternatives(last) if form[0][0] == path[0][0]), last)
        return self._places(number).between(path, last, near)[:_MOST] or list(_expanded(path, last))

    def _edge(self, path: Path, documents: Sequence[int], near: int, mention: Mention, span: Span) -> Reference:
        for number in documents:
            places = self._places(number)
            index = places.coarse(path, near)
            if index >= 0:
                label = places.label(index) if places.find(path, near) == index else label_of(path)
                return Reference(span, label, self._documents[number].slug, index, ReferenceState.RESOLVED)
        named = mention.named
        of_a_code = bool(self._parts[documents[0]])
        if named is not None and (named.kind is NameKind.CODE or (of_a_code and named.kind in _BY_NAME)):
            # a library holds parts of a code only, and an act's sections are not numbered as the code's
            return Reference(span, label_of(path), _OPENING.sub("", named.words), -1, ReferenceState.EXTERNAL)
        return Reference(span, label_of(path), self._documents[documents[0]].slug, -1, ReferenceState.UNRESOLVED)

    @staticmethod
    def _external(mention: Mention, name: str) -> Iterator[Reference]:
        if not mention.paths:
            yield Reference(mention.span, "", name, -1, ReferenceState.EXTERNAL)
            return
        for path in _expanded(mention.paths[0], mention.last):
            yield Reference(mention.span, label_of(path), name, -1, ReferenceState.EXTERNAL)

    # -- names -----------------------------------------------------------------------------------------------

    def _target(self, source: int, mention: Mention) -> tuple[Span, _Target | None]:
        """Return the documents that a mention's name means, None if the library has none, and the words that say so."""
        named = mention.named
        span = mention.span
        if named is None:
            return span, _Target((source,))
        entries: Sequence[int] = ()
        if named.kind is NameKind.ACT:
            entries = self._acts.get(named.key, ())
        elif named.kind is NameKind.CODE:
            entries = [n for n in self._codes.get(named.key, ()) if self._exists(n, [p[:1] for p in mention.paths])]
        elif named.kind in (NameKind.KNOWN, NameKind.INSTRUMENT):
            entries = self._names.get(_squash(named.key), ())
        else:
            entries, words = self._titled(named.words, source)
            cut = len(named.words) - len(words) if entries and not mention.paths else 0
            span = Span(span.start + cut, span.end)
        if source in entries and named.kind is not NameKind.ACT:
            entries = [source]
        return span, _Target(tuple(entries)) if entries else None

    def _titled(self, words: str, source: int) -> tuple[Sequence[int], str]:
        """Return the documents whose title the words are, without what only begins the sentence ("Under the …")."""
        while words:
            entries = self._names.get(_squash(words), ())
            if entries:
                return entries, words
            _, _, words = words.partition(" ")
            if len(words.split()) < 2:
                break
        return (), ""


def _alternatives(path: Path) -> Iterator[Path]:
    """Yield a path in the forms that documents have for it: "section 4" is "Section 4", "§ 4" or "4"."""
    kind, number = path[0]
    for form in _FORMS.get(kind, (kind,)):
        yield ((form, number), *path[1:])


def _as_written(path: Path, places: Places, kind: DocumentKind) -> Path:
    """Return a path that does not exist in the form that the document's own labels have."""
    first, number = path[0]
    if first in ("Section", "§", "Clause"):
        form = next(
            (f for f in ("§", "num", "Section") if f in places.kinds), "num" if kind is DocumentKind.POLICY else "§"
        )
        return ((form, number), *path[1:])
    return path


def _expanded(first: Path, last: Path) -> Iterator[Path]:
    """Yield the paths of a range of plain numbers; of any other range its two ends."""
    if not last:
        yield first
        return
    start, stop = first[-1][1], last[-1][1]
    if first[:-1] == last[:-1] and start.isdigit() and stop.isdigit() and 0 < int(stop) - int(start) < _MOST:
        for value in range(int(start), int(stop) + 1):
            yield (*first[:-1], (first[-1][0], str(value)))
        return
    yield first
    yield ((first[0][0], last[0][1]), *last[1:]) if first[0][0] != last[0][0] else last


def _codes_of(document: Document) -> set[str]:
    """Return the titles of codes that a document is a part of ("45 CFR", "15 USC"), by its names and first lines."""
    if not any(node.label.startswith("§") for node in document.provisions):
        return set()
    head = "\n".join((document.title, document.short, *document.aliases, document.text[:600]))
    found = set()
    for match in _CODE.finditer(head):
        found.add(f"{match.group(1)} {'USC' if match.group(2)[0] in 'Uu' else 'CFR'}")
    for match in _TITLE_LINE.finditer(head):
        found.add(f"{match.group(1)} USC")
    return found


def _forms_of(name: str, kind: DocumentKind) -> Iterator[str]:
    """Yield the forms under which a name is found; none for what is an everyday word."""
    squashed = _squash(name)
    if not _tells(name, squashed):
        return
    yield squashed
    if kind is DocumentKind.POLICY and not squashed.endswith(("policy", "plan", "standard")):
        yield f"{squashed} policy"


def _tells(name: str, squashed: str) -> bool:
    """Tell whether a name can only mean a document: two words that say something, or letters and digits in capitals."""
    if len(squashed) < 3:
        return False
    if len([word for word in _GENERIC.sub(" ", squashed).split() if len(word) > 1]) >= 2:
        return True
    if " " in squashed:  # "Password Policy": one word and what it is
        return bool(_GENERIC.sub(" ", squashed).strip())
    return name.isupper() or (any(char.isdigit() for char in name) and any(char.isupper() for char in name))


def _squash(name: str) -> str:
    name = re.sub(r"[\s(]*\bv?(?:ersion )?\d+\.\d+(?:\.\d+)*\)?$", "", name, flags=re.I)  # "… Standard v1.1"
    words = re.findall(r"[a-z0-9/]+", name.lower().replace("’s", "").replace("'s", ""))
    return " ".join(words[1:] if words[:1] in (["the"], ["our"]) else words)
