"""Builds a corpus with a hashing embedder; what the kill test runs as a process: killed_build LIBRARY CORPUS."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pincite.ingest.vectors as vectors
from pincite.ingest.build import build_library
from pincite.ingest.sources import expand_paths
from tests.fakes import FakeEmbedder


class Slow(FakeEmbedder):
    """Gives a kill time to come between batches, as a real model does."""

    def encode(self, texts):
        time.sleep(0.005)
        return super().encode(texts)


def main() -> None:
    library, corpus = map(Path, sys.argv[1:])
    vectors._BATCH = 2
    embedder = Slow()
    build_library(
        library,
        expand_paths([corpus]),
        embedder={"name": embedder.name, "sha256": embedder.sha256},
        load_embedder=lambda: embedder,
        progress=lambda what, done, total, unit="": print(what, done, total, flush=True),
    )
    print("built", 1, 1, flush=True)


if __name__ == "__main__":
    main()
