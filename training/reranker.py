"""Fit the weight of the reranker's cosine beside the ranker's score, on held-out training questions.

    python -m training.reranker --home HOME [--every N] [--write]

The loss is the ranker's (training/ranker.py), over the candidates that the reranker reads and with the ranker's weights
as they are. How sure the two are together is fitted too, and only then divided out: the order depends on the ratio.
HOME's settings name the reranker. Reading all of them takes minutes on two cores.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import numpy as np
import torch

from pincite.assembly import Parts, open_searcher
from pincite.config import Home
from pincite.search.ranking import Ranker
from pincite.search.rerank import READ, Reranker
from training.data import TrainingSet
from training.ranker import OUT, SAME

CUTS = (1, 2, 4, 10)


def main() -> int:
    """Gather, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="take every n-th held-out question")
    parser.add_argument("--write", action="store_true", help="write the weight to src/pincite/search/ranking.toml")
    args = parser.parse_args()
    home = Home(args.home)
    embedder = Parts.of(home).reranker()
    if embedder is None:
        print("the reranker that the settings name is not on this machine", file=sys.stderr)
        return 1
    searcher = open_searcher(home)
    library, ranker = searcher.library, Ranker.load()
    reranker = Reranker(library, embedder, 1.0)
    scores, cosines, rights = [], [], []
    held = TrainingSet.load(args.home).balanced()[:: args.every]
    for number, item in enumerate(held, 1):
        query = searcher.query(item.question)
        pool = searcher.pool(query)
        first = ranker.scores(pool.features)
        order = np.argsort(-first, kind="stable")[:READ]
        passages = [pool.passages[i] for i in order]
        gold = library.vectors @ library.vectors[item.passage]
        scores.append(torch.from_numpy(first[order]))
        cosines.append(torch.from_numpy(reranker.similarities(query.encoded, passages)))
        rights.append(torch.tensor([p.id == item.passage or float(gold[p.id]) >= SAME for p in passages]))
        if number % 50 == 0:
            print(f"{number} of {len(held)} questions read", flush=True)
    weight = fit(torch.stack(scores), torch.stack(cosines), torch.stack(rights))
    for name, value in (("without", 0.0), (f"with {weight:.2f}", weight)):
        orders = [torch.argsort(-(s + value * c), stable=True) for s, c in zip(scores, cosines, strict=True)]
        found = {
            k: np.mean([bool(right[order[:k]].any()) for order, right in zip(orders, rights, strict=True)])
            for k in CUTS
        }
        print(f"{name:12} " + "  ".join(f"R@{k} {share:.3f}" for k, share in found.items()))
    if args.write:
        text = OUT.read_text(encoding="utf-8")
        OUT.write_text(re.sub(r"(\[reranker\]\nweight = ).*", rf"\g<1>{weight:.4f}", text), encoding="utf-8")
    return 0


def fit(scores: torch.Tensor, cosines: torch.Tensor, rights: torch.Tensor) -> float:
    """Return the weight of the cosine that makes the right passages likely; all of shape (questions, candidates)."""
    some = rights.any(1)
    scores, cosines, rights = scores[some], cosines[some], rights[some]
    sureness = torch.ones(2, requires_grad=True)
    optimiser = torch.optim.LBFGS([sureness], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        both = sureness[0] * scores + sureness[1] * 10 * cosines
        value = (both.logsumexp(1) - both.masked_fill(~rights, -torch.inf).logsumexp(1)).mean()
        value.backward()
        return value

    optimiser.step(loss)
    return float(10 * sureness[1] / sureness[0])


if __name__ == "__main__":
    sys.exit(main())
