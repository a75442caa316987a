"""Two versions of one document compared: provisions added, removed, changed and moved, and which words changed."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pincite.domain.documents import Document, Provision

__all__ = ["Change", "Comparison", "Kind", "Words", "compare"]

_ALIKE = 0.5
"""Share of common words (Dice) from which two provisions under different labels are versions of one another."""

_ALIKE_SAME_LABEL = 0.25
"""The same where both have one label."""

_FEW = 4
"""Words up to which equal text under another label is a coincidence ("Repealed.")."""


class Kind(StrEnum):
    """What became of a provision."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    HEADING = "heading changed"


@dataclass(frozen=True, slots=True)
class Words:
    """A run of words that stayed ("="), went ("-") or came ("+")."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One provision that is not the same in both documents.

    Attributes:
        kind: what became of it; a provision that changed may also have another label.
        old, new: its pin-cite before and after, or the headings above it where nothing is numbered; empty if it is
            not there.
        old_heading, new_heading: its own heading before and after.
        words: its own words, those of the provisions below it left out; none for a heading that changed.
    """

    kind: Kind
    old: str
    new: str
    old_heading: str
    new_heading: str
    words: tuple[Words, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the change as plain JSON values."""
        return {
            "kind": self.kind.value,
            "old": self.old,
            "new": self.new,
            "old_heading": self.old_heading,
            "new_heading": self.new_heading,
            "words": [[run.mark, run.text] for run in self.words],
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes in the order of the new document, removed provisions where they stood; `same` counts the others."""

    changes: tuple[Change, ...]
    same: int

    def counts(self) -> dict[str, int]:
        """Return how many provisions changed in which way."""
        found = Counter(change.kind for change in self.changes)
        return {**{kind.value: found[kind] for kind in Kind}, "unchanged": self.same}


@dataclass(frozen=True, slots=True)
class _Unit:
    """A provision's own words and the name it is known by."""

    at: int
    name: str
    heading: str
    text: str
    labelled: bool

    @property
    def words(self) -> list[str]:
        return self.text.split()


def compare(old: Document, new: Document) -> Comparison:
    """Compare two documents provision by provision.

    Provisions are paired by label and words first, then by equal words, by label, and by similar words.
    """
    before, after = _units(old), _units(new)
    pairs = _pair(before, after)
    changes: list[tuple[float, Change]] = []
    same = 0
    partner = {new_at: old_at for old_at, new_at in pairs}
    place_of = {old_at: float(new_at) for old_at, new_at in pairs}
    for unit in after:
        found = before[partner[unit.at]] if unit.at in partner else None
        made = list(_changes(found, unit)) if found is not None else [_whole(Kind.ADDED, unit)]
        changes += [(unit.at, change) for change in made]
        same += not made
    place = -1.0
    for unit in before:
        place = place_of.get(unit.at, place)
        if unit.at not in place_of:
            changes.append((place + 0.5, _whole(Kind.REMOVED, unit)))
    return Comparison(tuple(change for _, change in sorted(changes, key=lambda pair: pair[0])), same)


# ------------------------------------------------------------------ provisions


def _units(document: Document) -> list[_Unit]:
    children: dict[int, list[Provision]] = defaultdict(list)
    for node in document.provisions[1:]:
        children[node.parent].append(node)
    units: list[_Unit] = []
    for node in document.provisions:
        text = _own_words(document.text, node, children[node.index])
        heading = node.heading if node.index else ""
        if text or heading:
            name = node.label or " › ".join(document.path(node)) or ("text before the first heading")
            units.append(_Unit(len(units), name, heading, text, bool(node.label)))
    return units


def _own_words(text: str, node: Provision, children: Iterable[Provision]) -> str:
    parts, at = [], node.body_start
    for child in children:
        parts.append(text[at : child.start])
        at = max(at, child.end)
    parts.append(text[at : node.end])
    return " ".join(" ".join(parts).split())


def _pair(before: Sequence[_Unit], after: Sequence[_Unit]) -> set[tuple[int, int]]:
    """Return which unit of `before` is which of `after`, as pairs of positions."""
    left = {unit.at: unit for unit in before}
    right = {unit.at: unit for unit in after}
    pairs: set[tuple[int, int]] = set()

    def join(old: int, new: int) -> None:
        pairs.add((old, new))
        del left[old], right[new]

    def join_equal(key: Any, wanted: Any = lambda unit: True) -> None:
        waiting: dict[Any, list[int]] = defaultdict(list)
        for unit in right.values():
            if wanted(unit):
                waiting[key(unit)].append(unit.at)
        for unit in list(left.values()):
            if wanted(unit) and waiting.get(key(unit)):
                join(unit.at, waiting[key(unit)].pop(0))

    join_equal(lambda unit: (unit.name, unit.heading, unit.text))
    join_equal(lambda unit: (unit.name, unit.text), lambda unit: unit.text)
    join_equal(lambda unit: unit.text, lambda unit: len(unit.words) > _FEW)
    join_equal(lambda unit: (unit.name, unit.heading), lambda unit: not unit.text)
    for _, old, new in sorted(_similar(left, right), key=lambda each: (-each[0], each[1:])):
        if old in left and new in right:
            join(old, new)
    join_equal(lambda unit: unit.name, lambda unit: unit.labelled and not unit.text)
    join_equal(lambda unit: unit.heading, lambda unit: bool(unit.heading) and not unit.text)
    return pairs


def _similar(left: dict[int, _Unit], right: dict[int, _Unit]) -> Iterable[tuple[float, int, int]]:
    """Yield (similarity, old, new) of units that may be versions of one another; a common label counts a quarter."""
    old_bags = {at: Counter(_plain(unit.text)) for at, unit in left.items()}
    new_bags = {at: Counter(_plain(unit.text)) for at, unit in right.items()}
    holders: dict[str, list[int]] = defaultdict(list)
    for at, bag in new_bags.items():
        for word in bag:
            holders[word].append(at)
    most = max(20, len(new_bags) // 40)
    sizes = {at: bag.total() for at, bag in new_bags.items()}
    by_name: dict[str, list[int]] = defaultdict(list)
    for at, unit in right.items():
        by_name[unit.name].append(at)
    for old, bag in old_bags.items():
        total = bag.total()
        telling = {at for word in bag if len(holders[word]) <= most for at in holders[word]}
        for new in telling | set(by_name[left[old].name]):
            same_name = left[old].name == right[new].name
            needed = _ALIKE_SAME_LABEL if same_name else _ALIKE
            size = total + sizes[new]
            if 2 * min(total, sizes[new]) < needed * size:
                continue  # no words in common could be enough
            score = 2 * (bag & new_bags[new]).total() / size if size else 0.0
            if score >= needed:
                yield score + 0.25 * same_name, old, new


def _plain(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


# --------------------------------------------------------------------- changes


def _changes(old: _Unit, new: _Unit) -> Iterable[Change]:
    if old.text != new.text:
        yield Change(Kind.CHANGED, old.name, new.name, old.heading, new.heading, _word_runs(old.text, new.text))
    elif old.name != new.name and (old.labelled or new.labelled):
        yield Change(Kind.MOVED, old.name, new.name, old.heading, new.heading, (Words("=", new.text),))
    if old.heading != new.heading:
        yield Change(Kind.HEADING, old.name, new.name, old.heading, new.heading, ())


def _whole(kind: Kind, unit: _Unit) -> Change:
    mark = "+" if kind is Kind.ADDED else "-"
    words = (Words(mark, unit.text),) if unit.text else ()
    old, new = (unit, None) if kind is Kind.REMOVED else (None, unit)
    return Change(
        kind,
        old.name if old else "",
        new.name if new else "",
        old.heading if old else "",
        new.heading if new else "",
        words,
    )


def _word_runs(old: str, new: str) -> tuple[Words, ...]:
    before, after = old.split(), new.split()
    # the heuristic for popular words only where an exact comparison would take seconds
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) + len(after) > 6000)
    runs: list[Words] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            runs.append(Words("=", " ".join(before[a:b])))
            continue
        if a < b:
            runs.append(Words("-", " ".join(before[a:b])))
        if c < d:
            runs.append(Words("+", " ".join(after[c:d])))
    return tuple(runs)
