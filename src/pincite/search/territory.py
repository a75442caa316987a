"""Whose law a question is about: the territory that it names, or a place there, and the documents of that territory.

"A customer from Los Angeles wants his data deleted" is answered by the law of California, whatever other law says it in
nearer words. What counts as a territory is governed data (``territories.toml``).
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources

import numpy as np

from pincite.library import DocumentInfo, Library
from pincite.search.terms import content_words

__all__ = ["Territories", "document_territories", "question_territories"]

_AROUND = 0.5
"""What the law of the whole counts in one of its parts (of the United States in Illinois), beside that part's own."""
# where data goes is not whose law the question is about ("may we send them to the US?"); whose they are is ("must we
# write to Illinois residents?")
_DESTINATION = re.compile(r"\b(?:to|into|towards?) (?:(?:the|our|a|an) )?$", re.I)
_OF_PEOPLE = re.compile(
    r"(?:['’]s)? (?:people|persons?|residents?|citizens?|(?:data )?subjects?|individuals?|customers?|consumers?"
    r"|clients?|users?|members?|employees?|workers?|staff|applicants?|patients?|students?|children|visitors?)\b",
    re.I,
)


class Territories:
    """The territories of a library's documents, read when a question first asks for one."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def asked(self, question: str) -> dict[int, float]:
        """Return the numbers of the documents whose territory a question plays in, each with how much that tells, from
        0 to 1: little where most of the library is of that territory."""
        asked = question_territories(question)
        if not asked:
            return {}
        telling = {name: counts * self._rarity[name] for name, counts in asked.items() if name in self._rarity}
        found = {number: max((telling.get(name, 0.0) for name in of), default=0.0) for number, of in self._of.items()}
        return {number: tells for number, tells in found.items() if tells}

    def places(self, question: str) -> dict[str, frozenset[int]]:
        """Return the places that a question names, each with the numbers of the documents of its territory: what these
        say holds there, whether they name the place or not."""
        found = {match.group(): _territory_of(match) for match in _words().finditer(question)}
        return {
            place: frozenset(number for number, of in self._of.items() if territory in of)
            for place, territory in found.items()
        }

    def elsewhere(self, question: str) -> frozenset[int]:
        """Return the numbers of the documents of other parts of a whole than the one that a question plays in: the law
        of Virginia says nothing on Illinois."""
        asked = question_territories(question)
        wholes = {whole for name in asked if (whole := _data().whole.get(name))}
        others = {part for part, whole in _data().whole.items() if whole in wholes and part not in asked}
        return frozenset(number for number, of in self._of.items() if of and of <= others)

    def without_law(self, question: str, numbers: frozenset[int]) -> tuple[str, ...]:
        """Return the territories that a question names, or a place of which it does, and that none of these documents
        is of, in order."""
        there = frozenset[str]().union(*(of for number, of in self._of.items() if number in numbers))
        return tuple(n for n, counts in question_territories(question).items() if counts == 1 and n not in there)

    @functools.cached_property
    def _of(self) -> dict[int, frozenset[str]]:
        return {document.number: document_territories(document) for document in self._library.documents}

    @functools.cached_property
    def _rarity(self) -> dict[str, float]:
        """The share of passages that are of other documents than a territory's."""
        owners = self._library.passage_documents
        names = frozenset[str]().union(*self._of.values())
        numbers = {name: [number for number, of in self._of.items() if name in of] for name in names}
        return {name: 1 - float(np.isin(owners, found).mean()) for name, found in numbers.items()}


def question_territories(question: str) -> dict[str, float]:
    """Return the territories that a question plays in, each with how much its law counts, from 0 to 1."""
    found: dict[str, float] = {}
    for match in _words().finditer(question):
        goes_there = _DESTINATION.search(question, 0, match.start()) and not _OF_PEOPLE.match(question, match.end())
        if not goes_there:
            name = _territory_of(match)
            found[name] = 1.0
            whole = _data().whole.get(name)
            if whole:
                found.setdefault(whole, _AROUND)
    return found


def document_territories(document: DocumentInfo) -> frozenset[str]:
    """Return the territories that a document is named for, by what it is called; by its title if that tells none."""
    for names in ((document.short, *document.aliases), (document.title,)):
        # "CONTACT US" is no law of the United States: where all is in capitals, "US" may be the word
        words = (match for name in names for match in _words().finditer(name) if not _only_shouted(match))
        found = {_territory_of(match) for match in words}
        found |= {name for name, law in _data().law.items() if any(law.search(text) for text in names)}
        if found:
            return frozenset(found)
    return frozenset()


class _Territories:
    """What ``territories.toml`` says: the territory of each word, the whole of each part, and how law is titled."""

    def __init__(self, data: Mapping[str, Mapping[str, object]]) -> None:
        self.words: dict[str, str] = {}
        self.whole: dict[str, str] = {}
        self.law: dict[str, re.Pattern[str]] = {}
        for name, values in data.items():
            self._add(name, values.get("words", ()))
            if "law" in values:
                self.law[name] = re.compile(str(values["law"]))
            parts = values.get("parts", {})
            assert isinstance(parts, Mapping)
            for part, words in parts.items():
                self._add(part, words)
                self.whole[part] = name

    def _add(self, name: str, words: object) -> None:
        assert isinstance(words, Sequence)
        for word in (name, *words):
            self.words[word if word.isupper() else word.lower()] = name


@functools.cache
def _data() -> _Territories:
    source = resources.files("pincite.search").joinpath("territories.toml").read_text(encoding="utf-8")
    return _Territories(tomllib.loads(source))


@functools.cache
def _words() -> re.Pattern[str]:
    """Return a pattern of all words, longer ones first ("West Virginia" is not Virginia)."""
    words = sorted(_data().words, key=lambda word: -len(word))
    forms = (re.escape(word) if word.isupper() else f"(?i:{re.escape(word)})" for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)")


def _only_shouted(match: re.Match[str]) -> bool:
    return match.string.isupper() and not content_words(match.group())


def _territory_of(match: re.Match[str]) -> str:
    words = _data().words
    return words.get(match.group()) or words[match.group().lower()]
