"""Whether a document is in force on a day, which version of it answers, and how to say so."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from pincite.domain.documents import Provenance

__all__ = ["State", "Validity", "Versions", "today", "validity"]


def today() -> date:
    """Return the day on which questions are asked; the only place that reads the clock for it."""
    return date.today()


class State(StrEnum):
    """What a text is on a given day."""

    IN_FORCE = "in force"
    NOT_YET = "not yet in force"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Validity:
    """A document's state on `day`.

    Attributes:
        state: see `State`.
        day: the day it was asked for.
        since: for a text not yet in force, from when it will be; for a superseded one, since when; for an expired
            one, the last day on which it was in force; None where nothing says so.
        successor: what supersedes it, as its provenance names it; empty otherwise.
    """

    state: State
    day: date
    since: date | None = None
    successor: str = ""

    @property
    def words(self) -> str:
        """The state in words, with its date."""
        if self.state is State.NOT_YET:
            return f"not yet in force: effective from {self.since}"
        if self.state is State.EXPIRED:
            return f"expired: in force until {self.since}"
        if self.state is State.SUPERSEDED:
            by = f" by {self.successor}" if self.successor else ""
            return f"superseded{by} since {self.since}" if self.since else f"superseded{by}"
        return "in force"


def validity(own: Provenance, successor: Provenance | None, day: date) -> Validity:
    """Return the state on `day` of a document.

    Args:
        own: its provenance; its dates are in ISO form or empty.
        successor: that of the document that supersedes it, None if it names none or the library does not hold it.
        day: the day. A document is in force from its effective date on, up to and including its last day.
    """
    if own.superseded_by:
        since = _superseded_since(own, successor)
        if since is None or since <= day:
            return Validity(State.SUPERSEDED, day, since, own.superseded_by)
    effective, until = _day(own.effective), _day(own.until)
    if effective is not None and effective > day:
        return Validity(State.NOT_YET, day, effective)
    if until is not None and until < day:
        return Validity(State.EXPIRED, day, until)
    return Validity(State.IN_FORCE, day)


def _superseded_since(own: Provenance, successor: Provenance | None) -> date | None:
    effective = _day(successor.effective) if successor is not None else None
    if effective is not None:
        return effective
    until = _day(own.until)
    return until + timedelta(days=1) if until is not None and until < date.max else None


def _day(text: str) -> date | None:
    """Return a stored date; what is not in ISO form was never stored as a date."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


class Described(Protocol):
    """What `Versions` needs of a document: `Document` and the library's `DocumentInfo` have it."""

    @property
    def slug(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def short(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def provenance(self) -> Provenance: ...


class Versions:
    """The documents of one library as texts that follow one another.

    A document follows another if that one names it in `superseded_by` (by slug, title, short name or alias), or if
    both are versions of one document by name (``retention@2024`` and ``retention``) and it is the later one.
    """

    def __init__(self, documents: Iterable[Described]) -> None:
        self._documents = {document.slug: document for document in documents}
        names: dict[str, set[str]] = {}
        for document in self._documents.values():
            for name in (document.title, document.short, *document.aliases):
                names.setdefault(name.casefold(), set()).add(document.slug)
        self._names = names
        self._lines: dict[str, list[str]] = {}
        for slug in self._documents:
            self._lines.setdefault(slug.partition("@")[0], []).append(slug)

    def validity(self, slug: str, day: date) -> Validity:
        """Return the state of the document `slug` on `day`; of several successors the first one counts."""
        own = self._documents[slug].provenance
        states = [validity(own, None, day)] if not self.successors(slug) else []
        for successor in self.successors(slug):
            named = Provenance(effective=own.effective, until=own.until, superseded_by=self._name(successor, slug))
            states.append(validity(named, self._documents[successor].provenance, day))
        superseded = [state for state in states if state.state is State.SUPERSEDED]
        return min(superseded or states, key=lambda state: state.since or date.min)

    def effective(self, slug: str) -> date | None:
        """Return the first day of a document; None if it states none."""
        return _day(self._documents[slug].provenance.effective)

    def until(self, slug: str) -> date | None:
        """Return the last day of a document; None if it states none."""
        return _day(self._documents[slug].provenance.until)

    def searched(self, as_of: date | None, day: date) -> frozenset[str]:
        """Return the slugs of the documents that answer.

        Args:
            as_of: only texts in force on this day; None for everything but superseded texts.
            day: today.

        Of the texts that follow one another at most one is among them: the one in force, else the next to come,
        else the last that was.
        """
        states = {slug: self.validity(slug, as_of or day).state for slug in self._documents}
        wanted = set(State) - {State.SUPERSEDED} if as_of is None else {State.IN_FORCE}
        kept = {slug for slug, state in states.items() if state in wanted}
        later = {slug: self._all_successors(slug) & kept for slug in kept}
        # a text that comes, or has no date, waits for the end of the one in force; of two that come the first answers
        waiting = {
            other
            for slug in kept
            for other in later[slug]
            if states[slug] is State.IN_FORCE or (states[slug] is states[other] is State.NOT_YET)
        }
        kept -= waiting
        return frozenset(slug for slug in kept if states[slug] is not State.EXPIRED or not later[slug] & kept)

    def remark(self, slug: str, as_of: date | None, day: date) -> str:
        """Return what a reader must know of a cited text; empty if it is simply in force.

        Args:
            slug: the document.
            as_of: the day for which the question was asked, None for today.
            day: today; a text that was in force on `as_of` may since have been superseded.
        """
        now = self.validity(slug, day)
        then = self.validity(slug, as_of) if as_of is not None else now
        if now.state is State.IN_FORCE and then.state is State.IN_FORCE:
            return ""
        if as_of is None or then.state is not State.IN_FORCE:
            return then.words
        return f"in force on {as_of}; {'today ' if now.state is State.NOT_YET else ''}{now.words}"

    def _name(self, slug: str, other: str) -> str:
        """Return the name by which a successor is told from the document `other`."""
        document = self._documents[slug]
        if document.short != self._documents[other].short:
            return document.short
        version, effective = document.provenance.version, document.provenance.effective
        return f"version {version}" if version else f"the version of {effective}" if effective else slug

    @functools.cache  # noqa: B019 - as many entries as documents, gone with the library
    def successors(self, slug: str) -> tuple[str, ...]:
        """Return the slugs of the documents that follow a document directly."""
        document = self._documents[slug]
        found: dict[str, None] = {}
        stated = document.provenance.superseded_by
        if stated in self._documents:
            found[stated] = None
        elif stated and len(named := self._names.get(stated.casefold(), set()) - {slug}) == 1:
            found[next(iter(named))] = None
        base = slug.partition("@")[0]
        line = self._lines[base]
        effective = _day(document.provenance.effective)
        for other in line:
            later = _day(self._documents[other].provenance.effective)
            if effective is not None and later is not None and effective < later:
                found[other] = None
        if not stated and slug != base and base in self._documents:
            found[base] = None
        found.pop(slug, None)
        return tuple(found)

    def _all_successors(self, slug: str) -> set[str]:
        seen: set[str] = set()
        waiting = [slug]
        while waiting:
            for successor in self.successors(waiting.pop()):
                if successor not in seen:
                    seen.add(successor)
                    waiting.append(successor)
        return seen - {slug}
