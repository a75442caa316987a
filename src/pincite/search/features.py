"""What the ranker is told of a question and a passage: one row of numbers for each candidate."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pincite.domain.documents import DocumentKind
from pincite.search.terms import content_stems, content_words, stem

__all__ = ["FEATURES", "Asked", "Candidates", "features"]

FEATURES = (
    "passage",  # cosine of the question (with the adapter) and the passage
    "sentence",  # … and its best sentence
    "plain_passage",  # both without the adapter
    "plain_sentence",
    "lexical",  # BM25 of the question's words, as a share of the best that they could score
    "thesaurus",  # BM25 of the words that the thesaurus gives
    "coverage",  # share of the question's words, weighted by rarity, that stand in lead-in and body
    "pairs",  # share of its pairs of neighbouring words that are neighbours there, too (Metzler and Croft 2005)
    "headings",  # share of its words in headings, label and document title
    "document",  # mean of the document's three best passages
    "provision",  # the best passage under the same heading
    "time",  # asks when or how long, and the passage has a period
    "meaning",  # asks what something is, and the passage defines
    "role",  # asks who, and the passage names a role
    "ours_policy",  # speaks of "we" or "our", and the passage is a policy's
    "recital",
    "defines",
    "length",  # logarithm of the characters
)

_PERIOD = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|sixty|ninety)"
    r"(?:[- ]\(?\d*\)?)?[- ]?(?:(?:calendar|working|business|consecutive)[- ])?(?:minute|hour|day|week|month|year)s?\b"
    r"|\bwithout (?:undue|unreasonable) delay\b|\bimmediately\b|\b(?:annual|quarter|month|week|dai)ly\b|\bannual\b"
    r"|\bevery (?:year|month|quarter|week|day)\b|\b(?:19|20)\d\d\b",
    re.I,
)
_DEFINES = re.compile(r"\bmeans\b|\bis defined as\b|\brefers? to\b|\bshall mean\b", re.I)
_ROLE = re.compile(
    r"\b(?:officer|manager|owner|lead|team|committee|counsel|director|head of|authority|controller|processor|steward|"
    r"secretary|commission(?:er)?|board|department|custodian|administrator|engineer)s?\b",
    re.I,
)
_ASKS_TIME = re.compile(
    r"\bhow (?:long|soon|fast|quick(?:ly)?|often|late|many (?:\w+ )?(?:hour|day|week|month|year)s?)\b|\bwhen\b"
    r"|\bdeadline|\btime ?(?:limit|frame)|\bby what (?:date|time)|\buntil\b|\bhow old\b",
    re.I,
)
_ASKS_MEANING = re.compile(
    r"\bwhat(?:'s| is| are| exactly is| do we mean| counts| does .{1,40} mean)\b|\bdefin|\bmean(?:s|t)?\b"
    r"|\bcounts? as\b|\bqualif|\bconsidered\b",
    re.I,
)
_ASKS_WHO = re.compile(r"\bwho(?:se|m)?\b|\bwhich (?:team|role|person|department|authority|body)\b", re.I)
_OURS = re.compile(r"\b(?:we|our|ours|us|i|my|here)\b", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the ranker sees it: its words as stems with their rarity, its pairs of neighbouring words with that
    of both, and what it asks for."""

    weights: Mapping[str, float]
    pairs: Mapping[tuple[str, str], float]
    time: bool
    meaning: bool
    who: bool
    ours: bool

    @classmethod
    def of(cls, question: str, rarity: Mapping[str, float]) -> Asked:
        """Read a question; `rarity` gives the inverse document frequency of each content word."""
        weights = {stem(word): rarity.get(word, 1.0) for word in content_words(question)}
        pairs = {pair: weights[pair[0]] + weights[pair[1]] for pair in itertools.pairwise(content_stems(question))}
        return cls(
            weights,
            pairs,
            bool(_ASKS_TIME.search(question)),
            bool(_ASKS_MEANING.search(question)),
            bool(_ASKS_WHO.search(question)),
            bool(_OURS.search(question)),
        )

    def share(self, text: str) -> float:
        """Return the share of the question's words, weighted by rarity, that stand in `text`."""
        return _share(self.weights, _known(text)[0])

    def share_of_pairs(self, text: str) -> float:
        """Return the share of the question's pairs of neighbouring words, weighted by rarity, that are such a pair in
        `text`; function words between them do not count."""
        return _share(self.pairs, _known(text)[1])


_Key = TypeVar("_Key", str, tuple[str, str])


def _share(weights: Mapping[_Key, float], known: frozenset[_Key]) -> float:
    total = sum(weights.values())
    return sum(weight for key, weight in weights.items() if key in known) / total if total else 0.0


@functools.lru_cache(maxsize=8192)
def _known(text: str) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Return the stems of a text, and its pairs of neighbouring ones."""
    stems = content_stems(text)
    return frozenset(stems), frozenset(itertools.pairwise(stems))


@dataclass(frozen=True, slots=True)
class Candidates:
    """The passages to rank: what the two indexes say of each, and its words; all of one length."""

    similarities: Mapping[str, npt.NDArray[np.float32]]
    labels: Sequence[str]
    headings: Sequence[str]
    bodies: Sequence[str]
    titles: Sequence[str]
    kinds: Sequence[DocumentKind]


def features(asked: Asked, candidates: Candidates) -> npt.NDArray[np.float32]:
    """Return the features, shape (candidates, len(FEATURES))."""
    columns: dict[str, npt.NDArray[np.float32]] = dict(candidates.similarities)

    def column(values: Sequence[float | bool]) -> npt.NDArray[np.float32]:
        return np.array(values, np.float32)

    bodies = candidates.bodies
    policy = column([kind is DocumentKind.POLICY for kind in candidates.kinds])
    defines = column([bool(_DEFINES.search(body)) for body in bodies])
    columns["coverage"] = column([asked.share(body) for body in bodies])
    columns["pairs"] = column([asked.share_of_pairs(body) for body in bodies])
    columns["headings"] = column(
        [
            asked.share(f"{title} {path} {label}")
            for title, path, label in zip(candidates.titles, candidates.headings, candidates.labels, strict=True)
        ]
    )
    columns["time"] = asked.time * column([bool(_PERIOD.search(body)) for body in bodies])
    columns["meaning"] = asked.meaning * defines
    columns["role"] = asked.who * column([bool(_ROLE.search(body)) for body in bodies])
    columns["ours_policy"] = asked.ours * policy
    columns["recital"] = column([label.startswith("Recital") for label in candidates.labels])
    columns["defines"] = defines
    columns["length"] = column([math.log(len(body) + 1) for body in bodies])
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)
