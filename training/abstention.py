"""Fit the model of sufficiency: does the evidence found answer the question?

    python -m training.abstention --home HOME [--write]

Questions that were held out from the adapter's training are asked twice: of the whole library, and of one without the
documents that say what answers them. The first is an example of sufficient evidence if the right passage is in it,
the second of insufficient evidence: something is always found, and it is what is most like an answer.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pincite.answer.evidence import Selected, rough_tokens, select_evidence
from pincite.answer.sufficiency import FEATURES, features
from pincite.assembly import open_searcher
from pincite.config import Home, Settings
from training.data import TrainingSet

OUT = Path(__file__).parents[1] / "src" / "pincite" / "answer" / "abstention.toml"
SAME = 0.93
ALSO_SAYS = 0.85
"""Cosine from which another document is taken to say the same, so that it is left out too."""
PENALTY = 0.001
FOLDS = 5


def main() -> int:
    """Gather, cross-validate, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="take every n-th held-out question")
    parser.add_argument("--write", action="store_true", help="write the weights to src/pincite/answer/abstention.toml")
    args = parser.parse_args()
    searcher = open_searcher(Home(args.home))
    library, settings = searcher.library, Settings()
    slugs = frozenset(info.slug for info in library.documents)
    rows: list[tuple[float, ...]] = []
    labels: list[int] = []
    groups: list[int] = []

    def look(question: str, documents: frozenset[str] | None) -> tuple[tuple[float, ...], Sequence[Selected]]:
        result = searcher.search(question, settings.passages, documents=documents)
        evidence = select_evidence(searcher, result, settings.evidence_tokens, rough_tokens)
        return features(result, evidence), evidence

    for item in TrainingSet.load(args.home).balanced()[:: args.every]:
        gold = library.vectors @ library.vectors[item.passage]
        row, evidence = look(item.question, None)
        if any(gold[one.hit.passage.id] >= SAME for one in evidence):
            rows.append(row)
            labels.append(1)
            groups.append(item.passage)
        saying = {library.documents[int(library.passage_documents[i])].slug for i in np.flatnonzero(gold >= ALSO_SAYS)}
        row, evidence = look(item.question, slugs - saying)
        rows.append(row)
        labels.append(0)
        groups.append(item.passage)
    table, truth = torch.tensor(rows), torch.tensor(labels, dtype=torch.float32)
    fold = torch.tensor([hash(group) % FOLDS for group in groups])
    scores = torch.zeros(len(rows))
    for number in range(FOLDS):
        weights = fit(table[fold != number], truth[fold != number])
        scores[fold == number] = table[fold == number] @ weights[:-1] + weights[-1]
    print(f"{int(truth.sum())} sufficient, {int((1 - truth).sum())} insufficient")
    positive, negative = scores[truth == 1], scores[truth == 0]
    area = float((positive[:, None] > negative[None]).float().mean())
    print(f"area under the curve, cross-validated: {area:.3f}")
    for answered in (0.05, 0.08, 0.1, 0.15, 0.2, 0.3):
        threshold = float(negative.quantile(1 - answered))
        lost = float((positive < threshold).float().mean())
        print(f"  insufficient taken as sufficient {answered:.2f}: sufficient not taken {lost:.3f}")
    weights = fit(table, truth)
    lines = [f"{name} = {weight:.4f}" for name, weight in zip((*FEATURES, "constant"), weights.tolist(), strict=True)]
    print("\n".join(lines))
    if args.write:
        before = OUT.read_text(encoding="utf-8")
        head = re.split(r"^\[weights\]\n", before, maxsplit=1, flags=re.M)[0].rstrip()
        OUT.write_text(head + "\n\n[weights]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return 0


def fit(table: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the weights of a logistic regression with a quadratic penalty, the constant last."""
    mean, spread = table.mean(0), table.std(0).clamp(min=1e-3)
    weights = torch.zeros(table.shape[1] + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")
    balance = (1 - truth).sum() / truth.sum()

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scores = ((table - mean) / spread) @ weights[:-1] + weights[-1]
        value = torch.nn.functional.binary_cross_entropy_with_logits(scores, truth, pos_weight=balance)
        value = value + PENALTY * (weights[:-1] ** 2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    found = weights.detach()
    return torch.cat([found[:-1] / spread, (found[-1] - (found[:-1] * mean / spread).sum())[None]])


if __name__ == "__main__":
    sys.exit(main())
