"""A whole purge: nothing of the document is left in any file of the home, and what stays works."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from pincite.domain.answers import Status
from pincite.library import Generations, Library
from pincite.purge.fingerprint import TERMS, Fingerprint
from pincite.purge.run import begin
from pincite.record import AuditLog
from pincite.record.verify_log import Checkpoint, PublicKey, verify_log
from tests.purge.conftest import OUTPUT, QUESTION, RULE, SECRET, Place, ask, build_home, register


def everything(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


def fingerprint(place: Place) -> Fingerprint:
    return place.plan().fingerprint


def test_nothing_is_left(place: Place) -> None:
    own = fingerprint(place)
    phrases = [phrase for phrase in place.phrases() if phrase.encode() in own.patterns["phrases in UTF-8"]]
    with contextlib.closing(Library(place.home / "library")) as library:
        number = library.info(SECRET).number
        rows = [row for row, of in enumerate(library.passage_documents) if of == number]
        vectors = [library.vectors[row] for row in rows]
        dense = [vector for vector in vectors if len(set(vector.tolist())) > 4]
    assert len(phrases) >= 1000
    assert len(vectors) >= 50
    before = b"".join(everything(place.home).values())
    assert all(phrase.encode() in before for phrase in phrases)
    assert any(vector.tobytes() in before for vector in dense)

    outcome = place.purge()

    assert outcome.problems == ()
    assert outcome.certificate is not None
    files = everything(place.home)
    for path, data in files.items():  # plain search, nothing of the code under test
        assert not [phrase for phrase in phrases if phrase.encode() in data], path
        assert not [phrase for phrase in phrases if phrase.encode("utf-16-le") in data], path
        assert not [vector for vector in vectors if vector.tobytes() in data], path
        assert not [vector for vector in vectors if vector.astype("<f2").tobytes() in data], path
        assert not [term for term in own.patterns[TERMS] if term in data and path.suffix == ".db"], path
    assert not list(place.home.rglob(".canary-*"))
    assert sorted(path.name for path in (place.home / "purge").iterdir()) == ["certificates", "lock", "withdrawn.json"]


def test_what_stays_works(place: Place) -> None:
    assert ask(place.home).status is Status.ANSWERED
    place.purge()
    assert ask(place.home).status is Status.NOT_FOUND
    assert "ladder" in ask(place.home, "What must not be carried on a ladder?").citations[0].document
    assert build_home(place.home).up_to_date
    with contextlib.closing(Library(place.home / "library")) as library:
        assert {info.slug for info in library.documents} == {"ladder", "orchard", "pesticide", "tractor"}
    assert len(list((place.home / "sessions").glob("*.md"))) == 1  # the one about ladders
    lines = (place.outside / f"{OUTPUT}.journal").read_text().splitlines()
    assert [json.loads(line).get("key") for line in lines] == ["2", None]


def test_the_log_verifies_and_its_payloads_read_erased(place: Place) -> None:
    place.purge()
    log = AuditLog.open(place.home / "audit")
    records = list(log.records())
    assert [record.erased for record in records[:3]] == [True, False, True]  # the third quotes it and names nothing
    assert "ladder" in records[1].secret["answer"]
    assert [record.public["what"] for record in records if record.kind == "purge"] == [
        "begun", "payloads erased", "complete",
    ]  # fmt: skip
    key = PublicKey.parse(log.public_key)
    report = verify_log((place.home / "audit" / "log").read_bytes(), key, [Checkpoint.open(log.checkpoint(), key)])
    assert report.records == len(records)
    log.close()


def test_the_plan_names_everything_first(place: Place) -> None:
    before = everything(place.home)
    plan = place.plan()
    assert everything(place.home) == before
    names = {path.name for path in plan.files}
    assert {"llama.log", "utf16.txt", "report.xlsx"} < names
    assert len(names) == 4
    assert [path.name for path in plan.copies] == [next((place.home / "sources").glob("kettle-*")).name]
    assert [path.name for path in plan.journals] == [f"{OUTPUT}.journal"]
    assert [path.name for path in plan.outside] == [OUTPUT, "index.html"]
    assert [[one["kind"], one["files"]] for one in plan.recall if one["kind"] == "bundle"] == [
        ["bundle", ["/media/stick/bundle-1"]]
    ]
    assert list(plan.payloads.values()) == [[0, 2]]
    assert plan.counts()["passages"] > 50


def test_a_purged_document_does_not_come_back_unseen(place: Place, filled: Path) -> None:
    place.purge()
    register(place.home, filled / "corpus" / "kettle.md")
    report = build_home(place.home)
    assert "purged" in report.failed[0][1]
    changed = place.outside / "other.md"  # other bytes, the same words
    changed.write_text((filled / "corpus" / "kettle.md").read_text() + "\n\n\n")
    register(place.home, changed)
    assert "purged" in build_home(place.home).failed[1][1]
    assert ask(place.home).status is Status.NOT_FOUND


def test_the_last_document_leaves_no_library(place: Place) -> None:
    outcome = place.purge("kettle", "ladder", "orchard", "pesticide", "tractor")
    assert outcome.problems == ()
    assert not (place.home / "library" / "CURRENT").exists()
    assert not (place.home / "corpus.toml").exists()
    assert not any(RULE.encode() in data for data in everything(place.home).values())


def test_a_session_written_meanwhile_goes_too(place: Place) -> None:
    plan = place.plan()
    (place.home / "sessions" / "late.md").write_text(RULE)
    outcome = begin(place.home, plan, reason="r", authority="a", start="")
    assert outcome.problems == ()
    assert not (place.home / "sessions" / "late.md").exists()


def test_a_question_keeps_its_answer_where_the_words_stay(place: Place, filled: Path) -> None:
    (place.outside / "twin.md").write_text((filled / "corpus" / "kettle.md").read_text() + "\n\n")
    register(place.home, place.outside / "twin.md")
    build_home(place.home)
    plan = place.plan()
    assert plan.twins == [(SECRET, "twin")]
    assert plan.fingerprint.phrases == 0
    outcome = place.purge()
    assert outcome.certificate is not None
    told = json.loads(outcome.certificate.read_text())["certificate"]
    assert told["documents_with_the_same_words_that_stay"] == [SECRET]
    assert "no phrase could be searched for" in told["verification"]["result"]
    assert ask(place.home, QUESTION).citations[0].document == "twin"
    assert build_home(place.home).failed == ()


@pytest.mark.parametrize("name", ["nothing", "Kettle"])
def test_an_unknown_document_is_named(place: Place, name: str) -> None:
    from pincite.errors import UnknownDocument

    with pytest.raises(UnknownDocument, match=name):
        place.plan(name)


def test_what_is_erased_is_overwritten_first(place: Place) -> None:
    generation = Generations(place.home / "library").require_current()
    gone = [*place.plan().copies, *(place.home / "sessions").glob("*kettle*"), *generation.iterdir()]
    names = [place.outside / f"link-{number}" for number in range(len(gone))]
    for name, path in zip(names, gone, strict=True):
        name.hardlink_to(path)
    assert len(names) == 6
    assert place.purge().certificate is not None
    assert not any(any(name.read_bytes()) for name in names)


def test_sources_of_others_stay_and_copies_go(place: Place) -> None:
    sources = place.home / "sources"
    (copy,) = sources.glob("kettle-*")
    (sources / "old-name.md").write_bytes(copy.read_bytes())
    (sources / "letter.md").write_text(f"Somebody quotes: {RULE}")
    plan = place.plan()
    assert sources / "old-name.md" in plan.files
    assert sources / "letter.md" not in plan.files
    assert plan.fingerprint.shared > 0
    assert place.purge().certificate is not None
    assert (sources / "letter.md").exists()
    assert not (sources / "old-name.md").exists()


def test_a_home_that_was_built_from_a_shared_corpus_gets_its_own(place: Place) -> None:
    listed = (place.home / "corpus.toml").read_text()
    (place.home / "corpus.toml").rename(place.outside / "shared.toml")
    outcome = begin(place.home, place.plan(), reason="r", authority="a", start=listed)
    assert outcome.certificate is not None
    assert 'slug = "kettle"' not in (place.home / "corpus.toml").read_text()
    assert 'slug = "ladder"' in (place.home / "corpus.toml").read_text()
