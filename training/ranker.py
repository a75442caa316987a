"""Fit the ranker's weights: softmax regression over the candidates of held-out training questions.

    python -m training.ranker --home HOME [--write]

The loss is the negative log-probability of the right passage among the pool's candidates (ListNet with one relevant
item: Cao et al. 2007, doi 10.1145/1273496.1273513), with a quadratic penalty. Figures are of five-fold
cross-validation by passage; the weights written are fitted to all.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pincite.assembly import open_searcher
from pincite.config import Home
from pincite.search.features import FEATURES
from training.data import TrainingSet

OUT = Path(__file__).parents[1] / "src" / "pincite" / "search" / "ranking.toml"
OWN_WORDS_ONLY = "pairs"
"""A feature that counts for questions in the rules' own words only, by a weight that is not fitted here."""
PENALTY = 0.002
SAME = 0.93
FOLDS = 5


@dataclass(frozen=True)
class Example:
    """One question: its candidates' features, which are right, and the passage it was written for."""

    features: torch.Tensor
    right: torch.Tensor
    group: str
    policy: bool


def main() -> int:
    """Gather, cross-validate, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="write src/pincite/search/ranking.toml")
    args = parser.parse_args()
    searcher = open_searcher(Home(args.home))
    data = TrainingSet.load(args.home)
    held = data.balanced()
    examples, missed = [], 0
    for item in held:
        pool = searcher.pool(searcher.query(item.question))
        gold = searcher.library.vectors[item.passage]
        right = np.array(
            [p.id == item.passage or float(searcher.library.vectors[p.id] @ gold) >= SAME for p in pool.passages]
        )
        missed += not right.any()
        if right.any():
            features = torch.from_numpy(pool.features)
            features[:, FEATURES.index(OWN_WORDS_ONLY)] = 0.0
            examples.append(Example(features, torch.from_numpy(right), str(item.passage), item.policy))
    scale = torch.cat([e.features for e in examples]).std(0).clamp(min=1e-3)
    print(f"{len(examples)} questions, {missed} more without the right passage among the candidates")
    groups = sorted({e.group for e in examples})
    folds = {group: i % FOLDS for i, group in enumerate(groups)}
    ranks: list[int] = []
    for fold in range(FOLDS):
        weights = fit([e for e in examples if folds[e.group] != fold], scale)
        ranks += [rank(e, weights) for e in examples if folds[e.group] == fold]
    print("cross-validated " + figures(ranks, missed))
    for name in ("passage", "plain_passage", "sentence"):
        one = torch.tensor([float(feature == name) for feature in FEATURES])
        print(f"{name:15} " + figures([rank(e, one) for e in examples], missed))
    weights = fit(examples, scale)
    for name, weight, spread in zip(FEATURES, weights.tolist(), scale.tolist(), strict=True):
        print(f"  {name:15} {weight:8.3f}   {weight * spread:7.3f} a standard deviation")
    if args.write:
        head = "# Weights of the ranker, fitted by `python -m training.ranker`; features: features.py.\n[weights]"
        lines = [f"{name} = {weight:.4f}" for name, weight in zip(FEATURES, weights.tolist(), strict=True)]
        rest = OUT.read_text(encoding="utf-8").partition("\n\n")[2]  # weights of the reranker and of own words
        OUT.write_text("\n".join([head, *lines]) + "\n\n" + rest, encoding="utf-8")
    return 0


def fit(examples: list[Example], scale: torch.Tensor) -> torch.Tensor:
    """Return weights that make the right passages likely."""
    most = max(len(example.features) for example in examples)
    table = torch.zeros(len(examples), most, len(FEATURES))
    there = torch.zeros(len(examples), most, dtype=torch.bool)
    right = torch.zeros(len(examples), most, dtype=torch.bool)
    for row, example in enumerate(examples):
        count = len(example.features)
        table[row, :count], there[row, :count], right[row, :count] = example.features / scale, True, example.right
    weights = torch.zeros(len(FEATURES), requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scores = (table @ weights).masked_fill(~there, -torch.inf)
        value = (scores.logsumexp(1) - scores.masked_fill(~right, -torch.inf).logsumexp(1)).mean()
        value = value + PENALTY * (weights**2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return (weights / scale).detach()


def rank(example: Example, weights: torch.Tensor) -> int:
    """Return the rank of the best right passage, from 0."""
    scores = example.features @ weights
    return int((scores > scores[example.right].max()).sum())


def figures(ranks: list[int], missed: int) -> str:
    """Return recall at some ranks, questions without a right candidate counted as lost."""
    total = len(ranks) + missed
    return "  ".join(f"R@{k} {sum(r < k for r in ranks) / total:.3f}" for k in (1, 3, 10, 50))


if __name__ == "__main__":
    sys.exit(main())
