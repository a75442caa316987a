"""The first corpus and the small models, opened once; nothing here writes to the checkout's own home."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event as Flag

import pytest

from pincite.answer.engine import Engine
from pincite.assembly import Parts, build_corpus, fetch_listed, open_searcher
from pincite.config import Home, Settings, checkout_root, models_directory
from pincite.domain import events
from pincite.domain.answers import Answer, Reason, Status
from pincite.domain.text import sha256_text
from pincite.errors import DownloadError
from pincite.llm import LanguageModel
from pincite.search import Searcher

# one thread: threads that wait for each other on shared cores are slower than one alone
SMALL = Settings(model="smollm2-135m", reranker="", answer_tokens=60, threads=1)

LETTERS = {
    events.Searching: "S",
    events.Evidence: "E",
    events.Loading: "L",
    events.Reading: "R",
    events.Token: "T",
    events.Checking: "C",
    events.Checked: "c",
    events.Finished: "F",
    events.Refused: "N",
    events.Cancelled: "X",
}
LEGAL = re.compile(r"S(?:N|EL?E?(?:N|R*T*(?:X|Cc*[FN])))")


def fill_home(home: Path) -> None:
    """Copy what has been built or fetched before, so that only what is missing is made again."""
    root = checkout_root()
    given = os.environ.get("PINCITE_TEST_HOME")
    homes = [*([root / ".pincite"] if root else []), *([Path(given)] if given else [])]
    sources = os.environ.get("PINCITE_TEST_SOURCES")
    for name, places in (
        ("library", [one / "library" for one in homes]),
        ("sources", [*(one / "sources" for one in homes), *([Path(sources)] if sources else [])]),
    ):
        found = next((place for place in places if place.is_dir() and any(place.iterdir())), None)
        if found is not None:
            shutil.copytree(found, home / name)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with the first corpus and the small model."""
    home = Home(tmp_path_factory.mktemp("integration") / "home")
    fill_home(home.path)
    try:
        fetch_listed(home)
        report = build_corpus(home)  # embeds only what the copied library lacks
    except DownloadError as error:
        pytest.skip(f"the GDPR's text is not in .pincite/sources and cannot be fetched: {error.message}")
    assert not report.failed
    home.settings_file.write_text(
        f'model = "{SMALL.model}"\nreranker = ""\nanswer_tokens = {SMALL.answer_tokens}\nthreads = 1\n',
        encoding="utf-8",
    )
    return home


@pytest.fixture(scope="session")
def searcher(home: Home) -> Iterator[Searcher]:
    """Search the first corpus with MiniLM."""
    searcher = open_searcher(home)
    yield searcher
    searcher.library.close()


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageModel]:
    """Load SmolLM2 135M, verified."""
    home = Home(tmp_path_factory.mktemp("model"))
    model = Parts.of(home, SMALL).model()
    yield model
    model.close()


@pytest.fixture
def engine(searcher: Searcher, small_model: LanguageModel) -> Engine:
    """Answer from the first corpus with SmolLM2; never closed, its parts live as long as the session."""
    return Engine(searcher, lambda: small_model, SMALL, seal="test")


def subprocess_environment() -> dict[str, str]:
    """Return the environment for a `pincite` process that finds our sources and models, and no home by itself."""
    root = Path(__file__).resolve().parents[2]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PINCITE")}
    return kept | {"PYTHONPATH": str(root / "src"), "PINCITE_MODELS": str(models_directory(Home(root / ".pincite")))}


def ask(
    engine: Engine, question: str, history: Sequence[str] = (), stop: Flag | None = None
) -> tuple[list[events.Event], Answer | None]:
    """Return all events and the answer, the order of events checked."""
    seen = list(engine.ask(question, history=history, stop=stop))
    check_order(seen)
    last = seen[-1]
    return seen, last.answer if isinstance(last, events.Finished | events.Refused) else None


def letters(seen: Sequence[events.Event]) -> str:
    return "".join(LETTERS[type(event)] for event in seen)


def check_order(seen: Sequence[events.Event]) -> None:
    assert LEGAL.fullmatch(letters(seen)), letters(seen)
    for event in seen:
        if isinstance(event, events.Checking):
            assert event.sentences == letters(seen).count("c")
    reading = [event for event in seen if isinstance(event, events.Reading)]
    assert [event.done for event in reading] == sorted(event.done for event in reading)
    assert len({event.total for event in reading}) <= 1


def check_answer(answer: Answer, searcher: Searcher) -> None:
    """Check the first two promises on one answer: quotations are stored text, and a refusal is nothing else."""
    library = searcher.library
    numbers = [citation.n for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    for citation in answer.citations:
        text = library.document(citation.document).text
        assert citation.quote
        assert text[citation.start : citation.end] == citation.quote
        assert citation.text_sha256 == sha256_text(text)
        assert citation.kind is library.info(citation.document).kind
    for claim in answer.claims:
        assert claim.citations
        assert set(claim.citations) <= set(numbers)
        if claim.quoted:
            assert any(claim.introduces(answer.citations[n - 1].quote) for n in claim.citations)
    assert {n for claim in answer.claims for n in claim.citations} == set(numbers)
    for item in answer.nearest:
        assert item.passage.of(library.document(item.document).text) == item.text
    check_status(answer)


def check_status(answer: Answer) -> None:
    if answer.status in (Status.ANSWERED, Status.PARTIAL):
        assert answer.claims
        assert not answer.nearest
    else:
        assert not answer.claims
        assert not answer.citations
        assert answer.message
    allowed = {
        Status.ANSWERED: {Reason.NONE},
        Status.PARTIAL: {Reason.NONE, Reason.DRAFT_FAILED, Reason.NO_SUCH_PROVISION},
        Status.NOT_FOUND: {Reason.NO_PASSAGE, Reason.INSUFFICIENT, Reason.DRAFT_FAILED},
        Status.REFUSED: {Reason.NO_SUCH_PROVISION},
    }
    assert answer.reason in allowed[answer.status]
    if answer.status is Status.ANSWERED:
        assert all(claim.text for claim in answer.claims)
        assert any(not claim.quoted for claim in answer.claims)
        assert all(check in ("repetition", "relevance") for _, check in answer.dropped)
    if answer.reason is Reason.DRAFT_FAILED:
        assert all(claim.quoted for claim in answer.claims)
