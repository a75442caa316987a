"""The embedder gives each text its own vector, whatever company it is embedded in."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from pincite.assembly import Parts
from pincite.config import Home
from pincite.embed import Embedder

pytestmark = pytest.mark.integration

TEXTS = ["A short one.", "word " * 400, "", "Records are kept for six years. " * 12, "Bäume und Birnen", "x"] * 9


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    """Load MiniLM, verified."""
    home: Path = tmp_path_factory.mktemp("embedder")
    return Parts.of(Home(home)).embedder()


def test_vectors_do_not_depend_on_the_batch(embedder: Embedder) -> None:
    together = embedder.encode(TEXTS)
    assert together.shape == (len(TEXTS), embedder.dimension)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for row in range(6):
        assert np.abs(embedder.encode([TEXTS[row]])[0] - together[row]).max() < 1e-5
        assert np.abs(together[row + 6] - together[row]).max() < 1e-5


def test_threads_may_encode_at_the_same_time(embedder: Embedder) -> None:
    alone = embedder.encode(TEXTS)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: embedder.encode(TEXTS), range(8)))
    assert all(np.array_equal(alone, vectors) for vectors in found)


def test_torch_s_own_threads_are_left_to_others(embedder: Embedder) -> None:
    before = torch.get_num_threads()
    embedder.encode(TEXTS)
    assert torch.get_num_threads() == before  # training uses them


def test_nothing_to_embed(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, embedder.dimension)


def test_batches_hold_texts_of_like_length() -> None:
    from pincite.embed.sentence_transformer import _batches

    tokens = [3, 256, 4, 250, 9, 3] * 40
    batches = list(_batches(tokens))
    assert sorted(row for batch in batches for row in batch) == list(range(240))
    for batch in batches:
        longest = max(tokens[row] for row in batch)
        assert longest * len(batch) <= 512
    assert list(_batches([5000])) == [[0]]
