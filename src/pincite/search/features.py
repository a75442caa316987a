"""What the ranker is told of a question and a passage: one row of numbers for each candidate."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pincite.domain.documents import DocumentKind
from pincite.search.terms import content_words, stem

__all__ = ["FEATURES", "Asked", "Candidates", "features"]

FEATURES = (
    "passage",  # cosine of the question (with the adapter) and the passage
    "sentence",  # … and its best sentence
    "plain_passage",  # both without the adapter
    "plain_sentence",
    "lexical",  # BM25 of the question's words, as a share of the best that they could score
    "thesaurus",  # BM25 of the words that the thesaurus gives
    "coverage",  # share of the question's words, weighted by rarity, that stand in lead-in and body
    "headings",  # … in headings, label and document title
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
    """A question as the ranker sees it: its words as stems with their rarity, and what it asks for."""

    weights: Mapping[str, float]
    time: bool
    meaning: bool
    who: bool
    ours: bool

    @classmethod
    def of(cls, question: str, rarity: Mapping[str, float]) -> Asked:
        """Read a question; `rarity` gives the inverse document frequency of each content word."""
        weights = {stem(word): rarity.get(word, 1.0) for word in content_words(question)}
        return cls(
            weights,
            bool(_ASKS_TIME.search(question)),
            bool(_ASKS_MEANING.search(question)),
            bool(_ASKS_WHO.search(question)),
            bool(_OURS.search(question)),
        )

    def share(self, text: str) -> float:
        """Return the share of the question's words, weighted by rarity, that stand in `text`."""
        total = sum(self.weights.values())
        if not total:
            return 0.0
        known = _stems(text)
        return sum(weight for word, weight in self.weights.items() if word in known) / total


@functools.lru_cache(maxsize=8192)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in content_words(text))


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
