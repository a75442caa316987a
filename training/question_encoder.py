"""Train the question adapter: a low-rank change of the embedder that is applied to questions only.

Passages keep the vectors of the unchanged embedder, so a library need not be embedded again and training needs no
passage to pass through the network: the loss is a softmax over every passage of the training library, scored as the
search scores them. Low-rank adaptation: Hu et al. 2021 (arXiv 2106.09685); tuning the question side against a fixed
index: Lee et al. 2021 (arXiv 2012.12624, section 4.4).

    python -m training.question_encoder --home HOME --out models/minilm-questions.safetensors

HOME holds a library built from the texts that training/questions.jsonl names (see training/README.md).
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.nn.utils import parametrize

from pincite.assembly import Parts
from pincite.config import Home
from pincite.embed.adapter import LowRank, adaptable, save_adapter
from training.data import TrainingSet

RANK = 16
EPOCHS = 4
STOP_AFTER = 3
BATCH = 64
RATE = 8e-4
TEMPERATURE = 0.05
SENTENCE_WEIGHT = 0.45
SAME = 0.93
"""Cosine from which another passage counts as right too: the same rule in another act or edition."""


def main() -> int:
    """Train, print recall on held-out documents after each epoch, write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="home whose library is trained against")
    parser.add_argument("--out", type=Path, required=True, help="where the adapter is written")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="epochs over which the rate falls to nothing")
    parser.add_argument("--stop-after", type=int, default=STOP_AFTER, help="epochs trained")
    parser.add_argument("--rank", type=int, default=RANK)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--near", type=float, default=0.0, help="weight of staying near the unchanged question vector")
    args = parser.parse_args()
    torch.manual_seed(1)
    random.seed(1)
    parts = Parts.of(Home(args.home))
    embedder: Any = parts.embedder()
    data = TrainingSet.load(args.home)
    train, held = data.split()
    print(f"{len(data.passages)} passages, {len(train)} questions to train on, {len(held)} held out", flush=True)
    model = embedder.model
    base = torch.from_numpy(embedder.encode([item.question for item in train + held]))
    plain = {item.question: base[i] for i, item in enumerate(train + held)}
    modules = adaptable(model)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for module in modules.values():
        parametrize.register_parametrization(module, "weight", LowRank(*module.weight.shape, args.rank))
    changes = {name: module.parametrizations.weight[0] for name, module in modules.items()}
    trained = [parameter for change in changes.values() for parameter in change.parameters()]
    optimiser = torch.optim.AdamW(trained, lr=args.rate, weight_decay=0.01)
    steps = args.epochs * (len(train) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min((step + 1) / 20, 1 - step / (steps + 1)))
    scorer = Scorer(data)
    print(f"before   {report(scorer, held, torch.stack([plain[i.question] for i in held]))}", flush=True)
    best = -1.0
    for epoch in range(1, min(args.epochs, args.stop_after) + 1):
        random.shuffle(train)
        began, total = time.monotonic(), 0.0
        model.train()
        for at in range(0, len(train), BATCH):
            batch = train[at : at + BATCH]
            vectors = encode(model, [item.question for item in batch])
            loss = scorer.loss(vectors, batch)
            if args.near:
                loss = (
                    loss + args.near * (1 - (vectors * torch.stack([plain[i.question] for i in batch])).sum(1)).mean()
                )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        model.eval()
        with torch.no_grad():
            vectors = torch.cat(
                [encode(model, [i.question for i in held[at : at + 256]]) for at in range(0, len(held), 256)]
            )
        figures = report(scorer, held, vectors)
        print(
            f"epoch {epoch:2} {time.monotonic() - began:5.0f} s  loss {total / len(train):.3f}  {figures}", flush=True
        )
        if scorer.recall(vectors, held)[10] > best:
            best = scorer.recall(vectors, held)[10]
            save_adapter(args.out, changes, base=embedder.sha256)
    return 0


def encode(model: Any, questions: list[str]) -> torch.Tensor:
    """Return unit vectors with gradients, shape (len(questions), dimension)."""
    features = model.preprocess(questions) if hasattr(model, "preprocess") else model.tokenize(questions)
    return functional.normalize(model(features)["sentence_embedding"], dim=1)


class Scorer:
    """Scores questions against all passages as `pincite.search` does: the passage and its best sentence."""

    def __init__(self, data: TrainingSet) -> None:
        self.passages = torch.from_numpy(data.passages)
        self.sentences = torch.from_numpy(data.sentences)
        self.lengths = torch.from_numpy(data.lengths)

    def scores(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the scores, shape (questions, passages)."""
        best = torch.segment_reduce(self.sentences @ vectors.T, "max", lengths=self.lengths, axis=0)
        return ((1 - SENTENCE_WEIGHT) * (self.passages @ vectors.T) + SENTENCE_WEIGHT * best).T

    def right(self, batch: list[Any]) -> torch.Tensor:
        """Return which passages count as right for each question, shape (questions, passages)."""
        gold = torch.tensor([item.passage for item in batch])
        right = self.passages[gold] @ self.passages.T >= SAME
        right[torch.arange(len(batch)), gold] = True
        return right

    def loss(self, vectors: torch.Tensor, batch: list[Any]) -> torch.Tensor:
        """Return the mean negative log-probability of the right passages together."""
        logits = self.scores(vectors) / TEMPERATURE
        return (logits.logsumexp(1) - logits.masked_fill(~self.right(batch), -torch.inf).logsumexp(1)).mean()

    def recall(self, vectors: torch.Tensor, batch: list[Any]) -> dict[int, float]:
        """Return the share of questions with a right passage among the first k, by k."""
        ranks = []
        for at in range(0, len(batch), 128):
            scores = self.scores(vectors[at : at + 128])
            best = scores.masked_fill(~self.right(batch[at : at + 128]), -torch.inf).max(1).values
            ranks += (scores > best[:, None]).sum(1).tolist()
        return {k: float(np.mean([rank < k for rank in ranks])) for k in (1, 10, 50)}


def report(scorer: Scorer, held: list[Any], vectors: torch.Tensor) -> str:
    """Return recall over the held-out questions, law and policy apart."""
    parts = []
    for name, policy in (("law", False), ("policy", True)):
        rows = [i for i, item in enumerate(held) if item.policy is policy]
        if rows:
            found = scorer.recall(vectors[rows], [held[i] for i in rows])
            parts.append(f"{name} ({len(rows)}) " + " ".join(f"R@{k} {value:.3f}" for k, value in found.items()))
    return "  ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
