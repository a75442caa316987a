"""`pincite ask` and `pincite search` as processes, with real models: what scripts rely on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pincite.config import Home
from pincite.search import Searcher
from tests.integration.conftest import subprocess_environment

pytestmark = pytest.mark.integration

KEYS = {
    "as_of",
    "day",
    "question",
    "standalone",
    "status",
    "reason",
    "message",
    "answer",
    "claims",
    "citations",
    "differences",
    "nearest",
    "dropped",
    "digests",
    "timings",
    "prompt_tokens",
    "answer_tokens",
    "label",
}
CITATION_KEYS = {
    "status",
    "n",
    "document",
    "title",
    "label",
    "kind",
    "quote",
    "start",
    "end",
    "text_sha256",
    "effective",
}
EXIT_CODES = {"answered": 0, "partial": 4, "not_found": 3, "refused": 3}


def pincite(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pincite", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=subprocess_environment() | environment,
        timeout=120,
        check=False,
    )


def test_ask_prints_one_json_object(home: Home, searcher: Searcher) -> None:
    done = pincite("ask", "How soon must a personal data breach be reported?", "--json", "--home", str(home.path))
    answer = json.loads(done.stdout)  # exactly one: anything beside it is a syntax error
    assert set(answer) == KEYS
    assert answer["status"] in ("answered", "partial")
    assert done.returncode == EXIT_CODES[answer["status"]]
    assert answer["claims"]
    assert answer["citations"]
    for citation in answer["citations"]:
        assert set(citation) == CITATION_KEYS
        text = searcher.library.document(citation["document"]).text
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert set(answer["digests"]) == {"library", "embedder", "adapter", "ranking", "abstention", "model", "prompt"}
    assert answer["digests"]["model"].startswith("b179c952")  # settings.toml chose the small model
    assert answer["prompt_tokens"] > 0
    assert 0 < answer["answer_tokens"] <= 60
    assert done.stderr == ""


def test_ask_finds_its_home_in_the_environment_and_says_not_found(home: Home) -> None:
    done = pincite("ask", "What does Article 104 of the GDPR say?", "--json", PINCITE_HOME=str(home.path))
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["reason"]) == ("refused", "no_such_provision")
    assert done.returncode == EXIT_CODES["refused"]
    assert answer["claims"] == answer["citations"] == []
    assert answer["answer"] == ""
    assert set(answer) == KEYS


def test_search_prints_passages_as_json(home: Home, searcher: Searcher) -> None:
    done = pincite("search", "notify a personal data breach", "--json", "--home", str(home.path))
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["query"] == "notify a personal data breach"
    for passage in found["passages"]:
        text = searcher.library.document(passage["document"]).text
        assert text[passage["start"] : passage["end"]] == passage["text"]
    assert any(p["document"] == "gdpr" and p["label"].startswith("Art. 33") for p in found["passages"])
    assert done.stderr == ""
