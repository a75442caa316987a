"""What a passage adds to the likelihood of the question: the sign that it answers it, not just shares its words.

A passage that answers a question makes it likely (Ponte and Croft 1998; with a pretrained model and no training Sachan
et al. 2022, arXiv 2204.07496). Questions are more or less likely by themselves, so that what counts is the difference
that the passage makes, the pointwise mutual information of both under the language model. It takes reading and no
writing, and so the model reads, of each passage that could be first, only the sentences nearest to the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event as Flag

from pincite.answer.drafting import question_prompt
from pincite.answer.evidence import Selected, every_hit, in_brief
from pincite.llm import LanguageModel
from pincite.search import Hit, Searcher
from pincite.search.search import SearchResult

__all__ = ["Likelihood", "by_likelihood", "likelihoods", "worth_reading"]

_AS_FITTING = 0.85
"""Share of the best passage's score from which a passage may be the one that answers."""
_NAT = 0.02
"""What a nat more counts, in units of a hit's score. On the development sets 0.02 to 0.05 do about the same."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A passage and what it adds to the log-probability of the question, in nats."""

    selected: Selected
    gain: float


def worth_reading(searcher: Searcher, result: SearchResult, most: int) -> list[Selected]:
    """Return the passages that could be first, best first, at most `most` and at least the best one, in brief."""
    ranked = sorted(every_hit(searcher, result), key=lambda one: -one.hit.score)
    close = [one for one in ranked[: max(1, most)] if one.hit.score >= _AS_FITTING * ranked[0].hit.score]
    return [in_brief(one) for one in close]


def likelihoods(
    model: LanguageModel, passages: Sequence[Selected], question: str, stop: Flag, *, compared: bool = False
) -> list[Likelihood]:
    """Return what each passage adds to the likelihood of a question; only of some, or of none, if stopped. With
    `compared`, passages are only compared with each other, and all gains are off by the same."""
    bare = question_prompt(None, model.template)
    alone = 0.0 if compared else sum(model.log_probabilities(bare, question, stop=stop))
    found: list[Likelihood] = []
    for one in passages:
        given = sum(model.log_probabilities(question_prompt(one, model.template), question, stop=stop))
        if stop.is_set():
            break
        found.append(Likelihood(one, given - alone))
    return found


def by_likelihood(result: SearchResult, read: Sequence[Likelihood]) -> SearchResult:
    """Return a search with what was read in the order of its scores and likelihoods together, the best with score 1."""
    gained = {one.selected.hit.passage.id: one.selected.hit.score + _NAT * one.gain for one in read}
    best = max(gained.values())

    def placed(hit: Hit) -> Hit:
        found = gained.get(hit.passage.id)
        return hit if found is None else replace(hit, score=1 + found - best)

    hits = sorted(map(placed, result.hits), key=lambda hit: -hit.score)
    return replace(result, hits=tuple(hits))
