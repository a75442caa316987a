"""How likely it is that the evidence found answers the question: a logistic model over what the search knows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pincite.answer.evidence import Selected
from pincite.search.search import SearchResult
from pincite.search.terms import content_words, stem

__all__ = ["FEATURES", "features", "probability"]

FEATURES = (
    "raw",  # what the ranker gave the best passage
    "margin",  # … above the mean of the last five of ten
    "sentence",  # the nearest sentence of the evidence, as the question adapter sees the question
    "plain",  # … and without the adapter
    "passage",  # the nearest passage of the evidence
    "coverage",  # share of the question's words, weighted by rarity, in the best piece of evidence
    "covered",  # … in all evidence together, headings and titles included
    "missing",  # rarity of the rarest word that is nowhere in the evidence
    "words",  # how many content words the question has
)


def features(result: SearchResult, evidence: Sequence[Selected]) -> tuple[float, ...]:
    """Return one number for each of `FEATURES`; zeros if nothing was found."""
    hits = [hit for hit in result.hits if not hit.exact]
    if not hits or not evidence:
        return (0.0,) * len(FEATURES)
    rest = [hit.raw for hit in hits[5:10]] or [hits[-1].raw]
    known = {
        stem(word)
        for one in evidence
        for part in (one.item.title, one.item.short, *one.item.path, one.item.lead_in, one.item.text)
        for word in content_words(part)
    }
    weights = {stem(word): weight for word, weight in result.rarity.items()}
    missing = [weight for word, weight in weights.items() if word not in known]
    total = sum(weights.values()) or 1.0
    return (
        hits[0].raw,
        hits[0].raw - sum(rest) / len(rest),
        max(one.hit.sentence for one in evidence),
        max(one.hit.plain for one in evidence),
        max(one.hit.dense for one in evidence),
        max(one.hit.coverage for one in evidence),
        1 - sum(missing) / total,
        max(missing, default=0.0),
        min(len(weights), 12) / 10,
    )


def probability(weights: Mapping[str, float], values: Sequence[float]) -> float:
    """Return the probability that the evidence answers; `weights` has one for each feature and a "constant"."""
    score = weights["constant"] + sum(weights[name] * value for name, value in zip(FEATURES, values, strict=True))
    return 1 / (1 + math.exp(-score))
