"""Commands in this process, with the fake embedder in the place of the real one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pincite.assembly as assembly
from pincite.assembly import Parts
from pincite.cli import main
from pincite.config import Home, Settings
from pincite.domain.answers import Answer, Reason, Status
from pincite.domain.events import Cancelled, Finished, Refused, Searching
from pincite.domain.text import sha256_text
from pincite.library import Library
from pincite.models.registry import Registry
from pincite.search.rerank import READ
from tests.conftest import write_corpus
from tests.fakes import FakeEmbedder

_RERANKER_NAME = Parts.reranker_name


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home whose embedder is the fake one."""
    monkeypatch.setenv("PINCITE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PINCITE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(
        Parts, "embedder", lambda parts: FakeEmbedder(sha256=parts.registry.get(parts.settings.embedder).sha256)
    )
    return tmp_path / "home"


@pytest.fixture
def built(home: Path, tmp_path: Path) -> Path:
    corpus = write_corpus(tmp_path / "corpus")
    (corpus / "broken.docx").write_bytes(b"PK\x03\x04")
    assembly.build_corpus(Home(home), [corpus])
    return home


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_build_reports_on_stderr_only(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    (corpus / "empty\x1b.md").write_bytes(b"")
    assert main(["corpus", "build", str(corpus)]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "empty\ufffd.md: the file is empty" in err
    assert "\x1b" not in err
    assert "4 documents, 1 left out, 15 passages: built (5 documents read, 46 texts embedded, 0 unchanged)" in err
    assert main(["corpus", "build", str(corpus)]) == 4
    assert "4 documents, 1 left out, 15 passages: up to date" in capsys.readouterr().err
    (corpus / "empty\x1b.md").unlink()
    assert main(["corpus", "build", str(corpus), "--rebuild"]) == 0
    assert "46 texts embedded" in capsys.readouterr().err
    assert home.stat().st_mode & 0o077 == 0


def test_build_without_paths_takes_the_home_s_corpus_file(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_corpus(home)
    (home / "corpus.toml").write_text('[[source]]\nslug = "ladders"\npath = "ladder.md"\nshort = "LP"\n')
    assert main(["corpus", "build"]) == 0
    assert [(i.slug, i.short) for i in Library(home / "library").documents] == [("ladders", "LP")]


def test_list_json(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "list", "--json"]) == 0
    listed = printed(capsys)
    library = Library(built / "library")
    assert listed["generation"] == library.generation
    assert [row["document"] for row in listed["documents"]] == ["ladder", "orchard", "pesticide", "tractor"]
    assert sum(row["passages"] for row in listed["documents"]) == len(library.vectors)
    ladder = listed["documents"][0]
    assert (ladder["kind"], ladder["title"], ladder["provenance"]["owner"]) == (
        "policy",
        "Ladder Policy",
        "Head of Orchards",
    )
    assert ladder["text_sha256"] == sha256_text(library.document("ladder").text)
    assert len(listed["failed"]) == 1
    assert listed["failed"][0][0].endswith("broken.docx")


def test_list_for_people(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "list"]) == 0
    out, err = capsys.readouterr()
    assert "ladder     Ladder Policy (policy · 3 passages · not yet in force: effective from 2031-05-01)" in out
    assert "not read: " in out
    assert err.startswith("4 documents, 15 passages, generation ")


def test_show_json(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "show", "orchard", "--json"]) == 0
    shown = printed(capsys)
    document = Library(built / "library").document("orchard")
    assert shown["provisions"] == {"recital": 2, "chapter": 2, "article": 4}
    assert shown["characters"] == len(document.text)
    assert shown["account"]["visible"] == sum(not char.isspace() for char in document.text)
    assert shown["text_sha256"] == sha256_text(document.text)
    assert shown["provenance"]["sha256"] == document.provenance.sha256


def test_show_text_is_the_text(built: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for info in Library(built / "library").documents:
        assert main(["corpus", "show", info.slug, "--text"]) == 0
        text = capfdbinary.readouterr().out
        assert text == Library(built / "library").document(info.slug).text.encode("utf-8")
        assert sha256_text(text.decode()) == info.text_sha256


@pytest.mark.parametrize("name", ["Art. 3", "article 3", "art. 3"])
def test_show_a_provision(built: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["corpus", "show", "orchard", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Article 3\nNotice of blight\nThe keeper shall notify")
    assert "Records" not in out


def test_show_a_provision_that_does_not_exist(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "show", "ladder", "9.9"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["Library error: Ladder Policy has no 9.9", "Its labels run from 1 to 3.1."]


def test_search_json(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "policy 2.2 or 9.9: chain saws\non ladders", "--json", "-n", "2"]) == 0
    found = printed(capsys)
    assert found["query"] == "policy 2.2 or 9.9: chain saws on ladders"
    assert len(found["passages"]) == 2
    first = found["passages"][0]
    assert (first["document"], first["label"], first["exact"]) == ("ladder", "2.1–2.2", True)
    document = Library(built / "library").document("ladder")
    assert document.text[first["start"] : first["end"]] == first["text"]
    assert sha256_text(document.text) == first["text_sha256"]


def test_search_says_what_does_not_exist(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "Recital 9 of Regulation (EU) 2031/7"]) == 0
    assert (
        "Regulation (EU) 2031/7 has no Recital 9; its recitals run from Recital 1 to Recital 2."
        in capsys.readouterr().out
    )


def test_search_says_whose_law_it_does_not_hold(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "ladders in Texas"]) == 0
    assert capsys.readouterr().out.startswith("No document in the corpus is named as law or policy of: Texas.\n 1. ")


@pytest.mark.parametrize("query", ["", " \n", "\u200b"])
def test_search_for_nothing(built: Path, capsys: pytest.CaptureFixture[str], query: str) -> None:
    assert main(["search", query]) == 1
    assert capsys.readouterr().err == "Question cannot be asked: the query is empty\n"


def test_a_library_of_another_embedder_is_refused(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    others = [
        entry.name
        for entry in Parts.of(Home(built)).registry.entries()
        if entry.use == "embedder" and entry.name != "all-minilm-l6-v2"
    ]
    (built / "settings.toml").write_text(f'embedder = "{others[0]}"\n')
    assert main(["search", "apples"]) == 1
    err = capsys.readouterr().err
    assert f"the settings name {others[0]}" in err
    assert "Build the library again" in err


def test_doctor_names_what_is_missing(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--quick", "--json"]) == 1
    report = printed(capsys)
    assert report["library"]["state"] == "verified"
    assert report["library"]["documents"] == 4
    assert report["home"] == str(built)
    settings = Parts.of(Home(built)).settings
    for name in (settings.model, settings.embedder):
        assert any(f"pincite models fetch {name}" in problem for problem in report["problems"])
    assert not any("brary" in problem for problem in report["problems"])


@pytest.fixture
def two_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the reranker that the settings name, where its files are: other tests have none."""
    monkeypatch.setattr(Parts, "reranker_name", _RERANKER_NAME)


def test_doctor_says_what_reranks(
    built: Path, two_stages: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reported() -> str:
        main(["doctor", "--quick", "--json"])
        report = printed(capsys)
        assert not any("mpnet" in problem for problem in report["problems"])  # answers come without it too
        return str(report["reranker"])

    name = Settings().reranker
    assert reported() == f"none: {name} is not on this machine; pincite models fetch {name}"
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "there", lambda registry, name: name)
        assert reported() == name
    (built / "settings.toml").write_text('reranker = ""\n')
    assert reported() == "none: settings.toml says so"


def test_a_reranker_that_no_manifest_has(built: Path, two_stages: None, capsys: pytest.CaptureFixture[str]) -> None:
    (built / "settings.toml").write_text('reranker = "minilm"\n')
    assert main(["search", "apples"]) == 1
    assert "no model is called 'minilm'" in capsys.readouterr().err


def test_search_reranks_where_the_model_is(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    second = FakeEmbedder(sha256="f" * 64)
    monkeypatch.setattr(Parts, "reranker", lambda parts: second)
    assert main(["search", "When must ladders be inspected?", "--json"]) == 0
    assert printed(capsys)["passages"]
    assert 2 <= len(second.texts) <= READ + 1  # the candidates that are read, and the question


def test_doctor_finds_a_damaged_library(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = (built / "library" / "generations").glob("*/vectors.npy")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert main(["doctor", "--quick"]) == 1
    out, err = capsys.readouterr()
    assert "problem: Library is damaged: " in err
    assert "vectors.npy differs" in err
    assert "no problems found" not in out


# -- ask: one reader of the engine's events ----------------------------------------------------------------


class Scripted:
    """An engine that yields what it was given."""

    def __init__(self, *events: object) -> None:
        self.events = events
        self.asked: list[tuple[str, list[str]]] = []
        self.closed = False

    def ask(self, question: str, *, history: list[str], stop: object, as_of: object = None) -> Iterator[object]:
        self.asked.append((question, list(history)))
        yield from self.events

    def close(self) -> None:
        self.closed = True


def answer(status: Status, reason: Reason = Reason.NONE) -> Answer:
    return Answer("Who climbs?", "Who climbs?", status, reason, message="Said so.")


@pytest.mark.parametrize(
    ("status", "code"), [(Status.ANSWERED, 0), (Status.PARTIAL, 4), (Status.NOT_FOUND, 3), (Status.REFUSED, 3)]
)
def test_ask_exit_codes_and_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: Status, code: int
) -> None:
    made = answer(status)
    event = Refused(made) if code == 3 else Finished(made)
    engine = Scripted(Searching("Who climbs?"), event)
    monkeypatch.setattr(assembly, "open_assistant", lambda *_, **__: engine)
    assert main(["ask", "Who climbs?", "--json", "--after", "May one climb?"]) == code
    out, err = capsys.readouterr()
    assert json.loads(out) == made.to_json()
    assert err == ""
    assert engine.asked == [("Who climbs?", ["May one climb?"])]
    assert engine.closed


def test_ask_reads_the_question_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io
    import sys

    engine = Scripted(Finished(answer(Status.ANSWERED)))
    monkeypatch.setattr(assembly, "open_assistant", lambda *_, **__: engine)
    monkeypatch.setattr(sys, "stdin", io.StringIO("Who climbs?\n"))
    assert main(["ask", "-"]) == 0
    assert engine.asked[0][0] == "Who climbs?"


@pytest.mark.parametrize("question", ["", " \n ", "x" * 40_000])
def test_a_question_that_cannot_be_asked_loads_nothing(
    question: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the assistant was opened")

    monkeypatch.setattr(assembly, "open_assistant", refuse)
    assert main(["ask", question]) == 1
    assert "Question cannot be asked" in capsys.readouterr().err


def test_ask_that_is_stopped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    engine = Scripted(Cancelled("half a dra"))
    monkeypatch.setattr(assembly, "open_assistant", lambda *_, **__: engine)
    assert main(["ask", "Who climbs?"]) == 130
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Stopped.\n")
    assert engine.closed


def test_a_fault_of_ours_is_one_line_unless_debugging(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("bad \x1b[2J luck")

    monkeypatch.setattr(assembly, "open_assistant", fail)
    monkeypatch.delenv("PINCITE_DEBUG", raising=False)
    assert main(["ask", "x"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("Unexpected error: ZeroDivisionError: bad \ufffd[2J luck\n")
    assert "PINCITE_DEBUG=1" in err
    monkeypatch.setenv("PINCITE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["ask", "x"])
