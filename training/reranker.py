"""The reranker: its question adapter, and what its cosine and its late interaction are worth beside the ranker's score.

    python -m training.reranker --home HOME --adapter models/mpnet-questions.safetensors   # train the adapter
    python -m training.reranker --home HOME [--every N]                                    # fit the weights, compare

Both look at the candidates that the reranker reads, as the search finds them. The adapter is a low-rank change of the
model that is applied to questions only (as in training/question_encoder.py, where the sources are named); its loss is a
softmax over these candidates, scored by ranker and cosine together, and with a smaller weight one over all passages
that were read, scored by the cosine. The weights are fitted on held-out questions with the ranker's loss; how sure
all are together is fitted too, and only then divided out: the order depends on the ratios. They are printed beside
those that ship (ranking.toml) and not written: training questions repeat words of their passages, and token by token
that is found too well.

HOME's settings name the reranker, which reads every candidate once: tens of minutes on two cores.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils import parametrize

from pincite.assembly import open_searcher
from pincite.config import Home
from pincite.embed.adapter import LowRank, adaptable, save_adapter
from pincite.search import Searcher
from pincite.search.ranking import Ranker
from pincite.search.rerank import READ, Reranker
from training.data import Item, TrainingSet
from training.question_encoder import TEMPERATURE, encode
from training.ranker import SAME

CUTS = (1, 2, 4, 10)
QUESTIONS = 2600
"""Questions that the adapter is trained on: a third of them, for each needs its candidates read."""
RANK = 16
EPOCHS = 3
STOP_AFTER = 1
"""Epochs trained, of a schedule of three: a second one adds nothing on held-out questions."""
BATCH = 32
RATE = 4e-4
SURENESS = 0.7
"""Of ranker and reranker together, in the loss; this and `WEIGHT` were fitted without an adapter."""
WEIGHT = 14.0
OTHERS = 0.3
"""Weight of the loss over all passages that were read."""
NEAR_COPY = 0.95
"""Cosine, by the reranker's own vectors, from which another passage counts as right there."""


@dataclass(frozen=True)
class Example:
    """A question and what is read for it: numbers of passages, their first scores, which are right; and its own."""

    question: str
    passages: list[int]
    scores: torch.Tensor
    right: torch.Tensor
    own: int


def main() -> int:
    """Gather, then train or fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, help="train the question adapter and write it here")
    parser.add_argument("--every", type=int, default=1, help="take every n-th held-out question")
    args = parser.parse_args()
    searcher = open_searcher(Home(args.home))
    embedder: Any = searcher.second
    if embedder is None:
        print("the reranker that the settings name is not on this machine", file=sys.stderr)
        return 1
    data = TrainingSet.load(args.home)
    held = gather(searcher, data.balanced()[:: args.every])
    if args.adapter:
        items = data.split()[0]
        random.Random(5).shuffle(items)
        train = gather(searcher, items[:QUESTIONS])
        adapt(searcher, embedder, train, held, args.adapter)
        return 0
    reranker = Reranker(searcher.library, embedder, 0.0, 0.0)
    near = []
    for number, one in enumerate(held, 1):
        compared = reranker.compare([one.question], searcher.library.passages(one.passages))
        near.append(torch.tensor([(found.cosine, found.tokens) for found in compared]))
        if number % 50 == 0:
            print(f"{number} of {len(held)} questions read", flush=True)
    cosine, tokens = [one[:, :1] for one in near], [one[:, 1:] for one in near]
    for name, kinds, weights in (
        ("without", cosine, [0.0]),
        ("cosine", cosine, fit(held, cosine)),
        ("late interaction", tokens, fit(held, tokens)),
        ("both", near, fit(held, near)),
        ("what ships", near, list(Ranker.load().second)),
    ):
        print(f"{name:18} {' '.join(f'{weight:6.1f}' for weight in weights):14} {recall(held, kinds, weights)}")
    return 0


def gather(searcher: Searcher, items: list[Item]) -> list[Example]:
    """Return what is read for each question."""
    ranker, vectors = Ranker.load(), searcher.library.vectors
    found = []
    for item in items:
        query = searcher.query(item.question)
        pool = searcher.pool(query)
        scores = ranker.scores(pool.features)
        scores = scores + searcher.figures(item.question, pool, scores)
        best = np.argsort(-scores, kind="stable")[:READ]
        passages = [pool.passages[i].id for i in best]
        right = np.array([i == item.passage for i in passages]) | (vectors[passages] @ vectors[item.passage] >= SAME)
        (question,) = query.encoded
        found.append(Example(question, passages, torch.from_numpy(scores[best]), torch.from_numpy(right), item.passage))
    return found


def adapt(searcher: Searcher, embedder: Any, train: list[Example], held: list[Example], out: Path) -> None:
    """Train the question adapter; write it, and print recall over the held-out questions."""
    torch.manual_seed(1)
    random.seed(1)
    numbers = sorted({i for one in train + held for i in one.passages})
    place = {number: row for row, number in enumerate(numbers)}
    reranker = Reranker(searcher.library, embedder, 0.0, 0.0)
    print(f"{len(numbers)} passages to read", flush=True)
    bank = torch.from_numpy(embedder.encode(reranker.texts(searcher.library.passages(numbers))))
    train = [one for one in train if one.own in place]
    model = embedder.model
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    modules = adaptable(model)
    for module in modules.values():
        parametrize.register_parametrization(module, "weight", LowRank(*module.weight.shape, RANK))
    changes = {name: module.parametrizations.weight[0] for name, module in modules.items()}
    trained = [parameter for change in changes.values() for parameter in change.parameters()]
    optimiser = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.01)
    steps = EPOCHS * (len(train) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min((step + 1) / 20, 1 - step / (steps + 1)))

    def rows(one: Example) -> list[int]:
        return [place[i] for i in one.passages]

    for epoch in range(1, STOP_AFTER + 1):
        random.shuffle(train)
        model.train()
        began = time.monotonic()
        for at in range(0, len(train), BATCH):
            batch = train[at : at + BATCH]
            questions = encode(model, [one.question for one in batch])
            loss = OTHERS * over_all(questions, bank, [place[one.own] for one in batch])
            found = [i for i, one in enumerate(batch) if one.right.any()]
            if found:
                cosines = (bank[[rows(batch[i]) for i in found]] * questions[found][:, None]).sum(-1)
                scores = torch.stack([batch[i].scores for i in found])
                logits = SURENESS * (scores + WEIGHT * cosines)
                loss = loss + missed(logits, torch.stack([batch[i].right for i in found]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            asked = torch.cat(
                [encode(model, [o.question for o in held[i : i + 128]]) for i in range(0, len(held), 128)]
            )
        cosines = [(bank[rows(one)] @ vector)[:, None] for one, vector in zip(held, asked, strict=True)]
        print(f"epoch {epoch} {time.monotonic() - began:.0f} s  {recall(held, cosines, [WEIGHT])}", flush=True)
        save_adapter(out, changes, base=embedder.sha256)


def over_all(questions: torch.Tensor, bank: torch.Tensor, own: list[int]) -> torch.Tensor:
    """Return the loss of the questions' own passages among all that were read; near copies of them count as right."""
    right = bank[own] @ bank.T >= NEAR_COPY
    right[torch.arange(len(own)), own] = True
    return missed(questions @ bank.T / TEMPERATURE, right)


def missed(logits: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return the mean negative log-probability of the right ones together; both of shape (questions, passages)."""
    return (logits.logsumexp(1) - logits.masked_fill(~right, -1e9).logsumexp(1)).mean()


def recall(examples: list[Example], near: list[torch.Tensor], weights: list[float]) -> str:
    """Return the share of questions with a right passage among the first k.

    Args:
        near: for each question similarities of its passages, shape (passages, kinds).
        weights: of the kinds, beside the ranker's score.
    """
    counts = torch.tensor(weights)
    orders = [torch.argsort(-(o.scores + n @ counts), stable=True) for o, n in zip(examples, near, strict=True)]
    return "  ".join(
        f"R@{k} {np.mean([bool(one.right[order[:k]].any()) for one, order in zip(examples, orders, strict=True)]):.3f}"
        for k in CUTS
    )


def fit(examples: list[Example], near: list[torch.Tensor]) -> list[float]:
    """Return the weights of the kinds of similarity that make the right passages likely; `near` as for `recall`."""
    some = [i for i, one in enumerate(examples) if one.right.any()]
    scores, rights = (torch.stack([getattr(examples[i], name) for i in some]) for name in ("scores", "right"))
    similar = torch.stack([near[i] for i in some])
    sureness = torch.tensor([SURENESS, *[SURENESS * WEIGHT / 10] * similar.shape[-1]], requires_grad=True)
    optimiser = torch.optim.LBFGS([sureness], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = missed(sureness[0] * scores + 10 * similar @ sureness[1:], rights)
        value.backward()
        return value

    optimiser.step(loss)
    return [float(10 * weight / sureness.detach()[0]) for weight in sureness.detach()[1:]]


if __name__ == "__main__":
    sys.exit(main())
