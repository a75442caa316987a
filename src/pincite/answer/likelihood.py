"""What a passage adds to the likelihood of the question: the sign that it answers it, not just shares its words.

A passage that answers a question makes it likely (Ponte and Croft 1998; with a pretrained model and no training Sachan
et al. 2022, arXiv 2204.07496). Questions are more or less likely by themselves, so that what counts is the difference
that the passage makes, the pointwise mutual information of both under the language model. It takes reading and no
writing, and what is read is the beginning of the draft's own prompt.
"""

from __future__ import annotations

from threading import Event as Flag

from pincite.answer.drafting import question_prompt
from pincite.answer.evidence import Selected
from pincite.llm import LanguageModel

__all__ = ["gain_of"]


def gain_of(model: LanguageModel, selected: Selected, question: str, stop: Flag) -> float:
    """Return what a piece of evidence adds to the log-probability of a question, in nats; 0 if stopped."""
    alone = model.log_probabilities(question_prompt(None, model.template), question, stop=stop)
    given = model.log_probabilities(question_prompt(selected, model.template), question, stop=stop)
    return 0.0 if stop.is_set() else sum(given) - sum(alone)
