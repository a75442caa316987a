"""`corpus show`, `list` and `refs` on a library of two documents that refer to each other."""

import json
from pathlib import Path
from typing import Any

import pytest

from pincite.cli import main
from tests.conftest import build
from tests.ingest.test_completeness import LAW
from tests.ingest.test_references import BEES, ORCHARDS

GAPS = LAW.replace("2031/7", "2031/8") + "\n2. ‘hive’ means a box;\n\n3. A hive stands in an orchard.\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    corpus = home / "corpus"
    corpus.mkdir()
    for name, text in (("orchards", ORCHARDS), ("bees", BEES), ("gaps", GAPS)):
        (corpus / f"{name}.md").write_text(text, encoding="utf-8")
    build(home / "library", corpus)
    return home


@pytest.fixture
def run(built: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*words: str) -> str:
        assert main(["corpus", *words, "--home", str(built)]) == 0
        out: str = capsys.readouterr().out
        return out

    return command


def test_out(run) -> None:
    found = json.loads(run("refs", "orchards", "Art. 2", "--out", "--json"))
    assert "referred_to_by" not in found
    edges = [(e["at"], e["words"], e["document"], e["label"], e["state"]) for e in found["refers_to"]]
    assert ("Art. 2(1)(b)", "paragraph 2", "orchards", "Art. 2(2)", "resolved") in edges
    assert ("Art. 2(2)", "Article 290 TFEU", "TFEU", "Art. 290", "external") in edges
    assert ("Art. 2(2)", "Article 7 thereof", "bees", "Art. 7", "unresolved") in edges


def test_in_with_all_below(run) -> None:
    found = json.loads(run("refs", "orchards", "Article 2", "--in", "--json"))
    edges = {(e["from"], e["at"], e["words"], e["label"]) for e in found["referred_to_by"]}
    assert ("orchards", "Art. 1(1)", "Articles 2(1) and 3", "Art. 2(1)") in edges
    assert ("orchards", "Art. 1(3)", "Articles 1 to 4", "Art. 2") in edges
    assert ("orchards", "Art. 2(1)(b)", "paragraph 2", "Art. 2(2)") in edges
    assert not any(label.startswith(("Art. 1", "Art. 3")) for *_, label in edges)


def test_from_another_document(run) -> None:
    out = run("refs", "bees", "--in")
    assert "2031/7 Art. 1(2): “Article 13 of Regulation (EU) 2031/9” → Art. 13" in " ".join(out.split())
    assert run("refs", "bees", "Art. 13", "--out").strip().endswith("refers to nothing")


def test_marks_and_width(run) -> None:
    out = run("refs", "orchards")
    words = " ".join(out.split())
    assert "“Article 290 TFEU” → TFEU Art. 290 (not in the library)" in words
    assert "Art. 88 (does not exist)" in words
    assert max(map(len, out.splitlines())) <= 80


def test_terms_used(run) -> None:
    found = json.loads(run("refs", "orchards", "Art. 2(1)(b)", "--terms", "--json"))
    assert found["terms"] == []  # its own definition is not used there, it is made there
    found = json.loads(run("refs", "orchards", "Art. 4", "--terms", "--json"))
    assert found["terms"] == []
    out = " ".join(run("refs", "gaps", "Art. 6(3)", "--out", "--terms").split())
    assert out.endswith("uses hive (Art. 6(2)): ‘hive’ means a box;")


def test_show(run) -> None:
    facts = json.loads(run("show", "gaps", "--json"))
    assert facts["provisions"]["article"] == 4
    assert facts["numbering"] == {
        "gaps": [
            "Recital 1 is followed by Recital 3",
            "Art. 4 is followed by Art. 6",
            "Art. 1(2) missing",
            "Art. 1(3)(b) missing",
        ],
        "duplicates": [],
    }
    assert facts["account"]["unreached"] == 0
    facts = json.loads(run("show", "orchards", "--json"))
    assert facts["references"]["unresolved"] == len(facts["unresolved"]) == 2
    assert {"at": "Art. 1(3)", "words": "Article 88", "document": "orchards", "label": "Art. 88"} in facts["unresolved"]
    out = run("show", "gaps")
    assert "4 articles" in out
    assert "0 in no passage" in " ".join(out.split())
    assert max(len(line) for line in out.splitlines() if not line.startswith("text sha256")) <= 80


def test_list_shows_the_first_warning_and_how_many_more(run) -> None:
    out = run("list")
    assert out.count("warning:") == 1
    assert "warning: numbering: Recital 1 is followed by Recital 3 (and 4 more: pincite corpus show gaps)" in out


def test_unknown_provision(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "refs", "bees", "Art. 99", "--home", str(built)]) == 1
    assert "has no Art. 99" in capsys.readouterr().err
