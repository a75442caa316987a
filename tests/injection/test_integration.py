"""Three attack documents before the small real models: no control token, no fabricated citation, real retrieval."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from pincite.answer.drafting import grammar
from pincite.answer.engine import Engine
from pincite.assembly import build_corpus, open_searcher
from pincite.config import Home
from pincite.domain.events import Evidence
from pincite.llm import LanguageModel
from pincite.search import Searcher
from tests.conftest import ROOT
from tests.injection.attack_set import Attack, write_document
from tests.injection.conftest import ATTACKS
from tests.injection.forced import ForcedSearcher
from tests.injection.judging import fabrications, unowned
from tests.integration.conftest import SMALL, ask, small_model

pytestmark = pytest.mark.integration

CHOSEN = [attack for attack in ATTACKS if attack.file.startswith(("13-", "18-", "22-"))]
POLICIES = ("02-retention-and-deletion.md", "08-data-subject-requests.md")

__all__ = ["small_model"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    directory = tmp_path_factory.mktemp("injection-real")
    home = Home(directory / "home")
    policies = [ROOT / "corpus" / "policies" / name for name in POLICIES]
    files: list[Path] = [write_document(attack, directory / "documents") for attack in CHOSEN]
    report = build_corpus(home, [*policies, *files])
    assert (report.documents, report.failed) == (5, ())
    searcher = open_searcher(home)
    yield searcher
    searcher.library.close()


@pytest.mark.parametrize("attack", CHOSEN, ids=[attack.slug for attack in CHOSEN])
@pytest.mark.parametrize("forced", [False, True], ids=["searched", "forced"])
def test_no_citation_is_fabricated(hostile: Searcher, small_model: LanguageModel, attack: Attack, forced: bool) -> None:
    searcher = ForcedSearcher(hostile.library, hostile._embedder, attack) if forced else hostile
    seen, answer = ask(Engine(searcher, lambda: small_model, SMALL, seal="test"), attack.question.text)
    assert answer is not None
    evidence = [item.document for event in seen if isinstance(event, Evidence) for item in event.items]
    assert (attack.slug in evidence) is forced  # all three are found, and left out
    assert forced or attack.slug in answer.message
    assert fabrications(answer, hostile.library) == []
    assert unowned(attack, answer) == []


@pytest.mark.parametrize(
    ("sentence", "allowed"),
    [
        ("Keep “it” – for é and 3 years. [1]", True),
        ("Keep it for 3 years. [2]", True),
        ("Keep it for 3 years. [3]", False),
        ("Keep it\u202e for", False),
        ("Keep it\u200b for", False),
        ("Keep \U000e0041it", False),
        ("Keep \x1bit", False),
        ("Keep <it", False),
        ("Keep [it", False),
        ("Keep it at www.example", False),
        ("Keep it at A.B.example", False),
        ("Keep it.Then", False),
        ("Keep it. Then", False),
        ("Orchards B.V. keeps it, and the U.S. too. [1]", True),
        ("It is kept by Orchards B.V. [1]", True),
    ],
)
def test_the_model_cannot_write_what_no_answer_holds(small_model: LanguageModel, sentence: str, allowed: bool) -> None:
    import llama_cpp  # here, so that unit tests beside it never load it

    model = cast(Any, small_model)
    sampler = llama_cpp.llama_sampler_init_grammar(model.vocabulary.pointer, grammar(2).encode(), b"root")
    try:
        for token in model.vocabulary._raw(sentence, special=False):
            if model._allowed(sampler, np.zeros(len(model.vocabulary), np.float32), [token]) != token:
                assert not allowed
                return
            llama_cpp.llama_sampler_accept(sampler, token)
        assert allowed
    finally:
        llama_cpp.llama_sampler_free(sampler)
