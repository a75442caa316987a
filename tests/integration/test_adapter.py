"""The question adapter: it changes questions, leaves passages alone, and a file that is not it is refused."""

from pathlib import Path

import numpy as np
import pytest

from pincite.assembly import Parts
from pincite.config import Home
from pincite.embed import Embedder
from pincite.errors import ModelError

pytestmark = pytest.mark.integration

PAIRS = {
    "can a customer make us wipe everything we have on him": "The data subject shall have the right to obtain erasure.",
    "we got hacked, who must know": "A personal data breach shall be notified to the competent supervisory authority.",
    "may the payroll firm pass our lists on to someone else": "The processor shall not engage another processor "
    "without prior authorisation of the controller.",
    "do kids need mum's okay for our app": "Processing shall be lawful only if consent is given by the holder of "
    "parental responsibility over the child.",
    "how much can they make us pay if we break this": "Infringements shall be subject to administrative fines.",
    "can the computer turn down loan requests on its own": "Nobody shall be subject to a decision based solely on "
    "automated processing, including profiling.",
    "can we ship the data to our office in Brazil": "A transfer to a third country may take place only on an "
    "adequacy decision or appropriate safeguards.",
}
QUESTION, ANSWER = next(iter(PAIRS.items()))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    home: Path = tmp_path_factory.mktemp("adapter")
    return Parts.of(Home(home))


@pytest.fixture(scope="module")
def embedder(parts: Parts) -> Embedder:
    """Load MiniLM with its adapter, both verified."""
    return parts.embedder()


def test_questions_come_nearer_to_what_answers_them(embedder: Embedder) -> None:
    """Over pairs of our own that it was not trained on, the right one stands out more."""
    passages = embedder.encode(list(PAIRS.values()))
    margins = []
    for vectors in (embedder.encode(list(PAIRS)), embedder.encode_questions(list(PAIRS))):
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        similar = vectors @ passages.T
        right = np.diag(similar)
        margins.append(float(np.mean(right - (similar.sum(axis=1) - right) / (len(PAIRS) - 1))))
    assert margins[1] > margins[0] + 0.05


def test_token_by_token_a_text_is_what_it_is_whole(embedder: Embedder) -> None:
    """A batch of texts of unlike length: no padding and no mark of the tokenizer is among the tokens."""
    texts = [ANSWER, "Ladders?", "Ärger — “mit” ladders\u200b"]
    for texts_read, vectors in (
        (embedder.read(texts), embedder.encode(texts)),
        (embedder.read_questions(texts), embedder.encode_questions(texts)),
    ):
        for text, read, vector in zip(texts, texts_read, vectors, strict=True):
            assert np.allclose(read.vector, vector, atol=1e-5)
            assert read.tokens.shape == (len(read.spans), embedder.dimension)
            assert np.allclose(np.linalg.norm(read.tokens, axis=1), 1, atol=1e-5)
            said = [text[start:end] for start, end in read.spans]
            assert all(said)
            assert "".join(said) == "".join(text.replace("\u200b", "").split())
    near = embedder.read(["The ladder is old."])[0].tokens @ texts_read[1].tokens[0]
    assert int(near.argmax()) == 1  # "ladder"


def test_passages_keep_their_vectors(parts: Parts, embedder: Embedder) -> None:
    from pincite.embed.sentence_transformer import TransformerEmbedder

    path = parts.registry.require(parts.settings.embedder, "embedder")
    without = TransformerEmbedder(path, name=embedder.name, sha256=embedder.sha256)
    assert np.array_equal(without.encode([ANSWER, QUESTION]), embedder.encode([ANSWER, QUESTION]))
    assert np.array_equal(without.encode_questions([QUESTION]), without.encode([QUESTION]))


def test_an_adapter_of_another_model_is_refused(parts: Parts, embedder: Embedder) -> None:
    from pincite.embed.adapter import adapted

    entry = parts.registry.get(parts.settings.embedder)
    path = parts.registry.require_adapter(entry)
    assert path is not None
    with pytest.raises(ModelError, match="another embedding model"):
        adapted(embedder.model, path, base="0" * 64)  # type: ignore[attr-defined]


def test_damage_is_named(tmp_path: Path, parts: Parts, embedder: Embedder) -> None:
    from safetensors.torch import load_file, save_file

    from pincite.embed.adapter import adapted

    entry = parts.registry.get(parts.settings.embedder)
    path = parts.registry.require_adapter(entry)
    assert path is not None
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(path.read_bytes()[:-100])
    tensors = load_file(path)
    name = next(iter(tensors))
    wide = tmp_path / "wide.safetensors"
    save_file(tensors | {name: tensors[name][:-1].contiguous()}, wide, metadata={"base": entry.sha256})
    for file, words in ((cut, "not readable as safetensors"), (wide, "does not fit")):
        with pytest.raises(ModelError, match=words):
            adapted(embedder.model, file, base=entry.sha256)  # type: ignore[attr-defined]
