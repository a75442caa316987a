"""Embedding: processor time per text of the product's embedder against plain sentence-transformers, and R@10 of both.

Both run on the same texts in turn, in one process; processor time is compared, which other work on the cores disturbs
less than wall time. The quality part embeds all of ObliQA twice and takes tens of minutes: ``--quality``.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.snippets import SHARED
from pincite.assembly import Parts
from pincite.config import Home

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=512, help="passages of ObliQA in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quality", action="store_true", help="also R@10 on ObliQA's development questions")
    args = parser.parse_args()
    if not SHARED.is_dir():
        print(f"{SHARED} is not there: nothing to measure with", file=sys.stderr)
        return 1
    rows = _rows(SHARED / "bench" / "obliqa" / "corpus.jsonl")
    texts = [row["text"] for row in rows if row["text"].strip()]
    sample = random.Random(1).sample(texts, args.texts)
    product, plain = _encoders()
    times: dict[str, list[float]] = {"plain": [], "product": []}
    plain(sample[:32])
    product(sample[:32])
    for _ in range(args.rounds):
        for name, encode in (("plain", plain), ("product", product)):
            wall, cpu = time.perf_counter(), time.process_time()
            encode(sample)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            times[name].append(cpu)
            print(f"{name:8} {len(sample) / wall:7.1f} texts/s, {1000 * cpu / len(sample):6.2f} ms of processor a text")
    ratios = [a / b for a, b in zip(times["plain"], times["product"], strict=True)]
    print(f"ratio    median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")
    difference = float(np.abs(plain(sample) - product(sample)).max())
    print(f"largest difference of a component: {difference:.1e}")
    if args.quality:
        questions = _rows(SHARED / "bench" / "obliqa" / "dev.jsonl")
        for name, encode in (("plain", plain), ("product", product)):
            print(f"{name:8} ObliQA dev R@10 {_recall(encode, rows, questions):.4f}", flush=True)
    return 0


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _encoders() -> tuple[Encode, Encode]:
    embedder = Parts.of(Home.find()).embedder()
    from sentence_transformers import SentenceTransformer

    parts = Parts.of(Home.find())
    directory = parts.registry.require(parts.settings.embedder, "embedder")
    model = SentenceTransformer(str(directory), device="cpu", local_files_only=True)

    def plain(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.asarray(model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False))

    return embedder.encode, plain


def _recall(encode: Encode, rows: list[dict[str, Any]], questions: list[dict[str, Any]]) -> float:
    """Return the mean share of a question's gold passages among the ten nearest."""
    passages = encode([row["text"] or " " for row in rows])
    asked = encode([question["question"] for question in questions])
    ids = [row["id"] for row in rows]
    shares = []
    for question, vector in zip(questions, asked, strict=True):
        near = {ids[i] for i in np.argpartition(-(passages @ vector), 10)[:10]}
        shares.append(len(near & set(question["gold"])) / len(question["gold"]))
    return statistics.mean(shares)


if __name__ == "__main__":
    sys.exit(main())
