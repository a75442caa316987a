"""The engine's paths with a scripted model: answered, dropped, quoted, not found, refused, stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event as Flag

import pytest

from pincite.answer.engine import Engine
from pincite.config import Settings
from pincite.domain import events
from pincite.domain.answers import Answer, Reason, Status
from pincite.domain.labels import Labels
from pincite.errors import QuestionError
from pincite.library import Library
from pincite.llm import LanguageModel
from pincite.search import Searcher
from tests.fakes import EMBEDDER_SHA256, FakeEmbedder, FakeModel

BLIGHT = "Within how many hours must the keeper notify the orchard authority of fire blight?"
RIGHT = "The keeper must notify the orchard authority of fire blight within 72 hours. [1]\n"
WRONG = "The keeper must notify the orchard authority of fire blight within 48 hours. [1]\n"


def engine_of(searcher: Searcher, model: LanguageModel) -> Engine:
    return Engine(searcher, lambda: model, Settings(), seal="test")


def without_model(searcher: Searcher) -> Engine:
    def load() -> LanguageModel:
        raise AssertionError("the model was loaded")

    return Engine(searcher, load, Settings(), seal="test")


def end(seen: list[events.Event]) -> Answer:
    assert sum(isinstance(event, events.Finished | events.Refused | events.Cancelled) for event in seen) == 1
    assert isinstance(seen[-1], events.Finished | events.Refused)
    return seen[-1].answer


def ask(searcher: Searcher, draft: str, question: str = BLIGHT) -> Answer:
    return end(list(engine_of(searcher, FakeModel(draft)).ask(question)))


def test_a_supported_draft_is_answered(tiny_searcher: Searcher) -> None:
    seen = list(engine_of(tiny_searcher, FakeModel(RIGHT)).ask(BLIGHT))
    answer = end(seen)
    order = list(dict.fromkeys(type(event).__name__ for event in seen))
    assert order == ["Searching", "Evidence", "Loading", "Reading", "Token", "Checking", "Checked", "Finished"]
    assert (answer.status, answer.reason, answer.message) == (Status.ANSWERED, Reason.NONE, "")
    assert answer.text.startswith("The keeper must notify the orchard authority of fire blight within 72 hours. [1]")
    assert answer.citations[0].quote.startswith("The keeper shall notify the orchard authority")
    assert answer.dropped == ()
    assert answer.nearest == ()


def test_a_wrong_number_is_dropped_and_the_answer_is_partial(tiny_searcher: Searcher) -> None:
    draft = RIGHT + "The keeper shall mark the tree and burn the wood of fire blight in 5 days. [1]\n"
    answer = ask(tiny_searcher, draft)
    assert answer.status is Status.PARTIAL
    assert answer.reason is Reason.NONE
    assert [check for _, check in answer.dropped] == ["numbers"]
    assert "5 days" not in answer.text
    assert "72 hours" in answer.text


@pytest.mark.parametrize("law", ["PIPEDA", "the KVKK"])
def test_a_question_on_a_law_that_is_not_there_is_refused_without_the_model(tiny_searcher: Searcher, law: str) -> None:
    question = BLIGHT.replace("?", f" under {law}?")
    answer = end(list(without_model(tiny_searcher).ask(question)))
    assert (answer.status, answer.reason) == (Status.NOT_FOUND, Reason.INSUFFICIENT)
    assert f"Not in the corpus: {law.removeprefix('the ')}" in answer.message


def test_a_law_that_is_not_there_is_said_beside_what_a_named_document_says(tiny_searcher: Searcher) -> None:
    question = BLIGHT.replace("?", " under the Orchard Regulation, and does PSD2 matter?")
    answer = ask(tiny_searcher, RIGHT, question)
    assert (answer.status, answer.message) == (
        Status.ANSWERED,
        "Not in the corpus: PSD2 (Directive (EU) 2015/2366).",
    )


def test_whose_law_is_lacking_is_said_beside_the_answer_and_in_its_place(tiny_searcher: Searcher) -> None:
    note = "No document in the corpus is named as law or policy of: Texas."
    answer = ask(tiny_searcher, RIGHT, BLIGHT.replace("blight", "blight in Texas"))
    assert (answer.status, answer.message) == (Status.ANSWERED, note)
    refused = ask(tiny_searcher, RIGHT, "What is the capital gains tax on submarines in Texas?")
    assert refused.status is Status.NOT_FOUND
    assert refused.message.endswith(f" {note}")
    assert ask(tiny_searcher, RIGHT, BLIGHT.replace("blight", "blight in the EU")).message == ""


def test_when_all_fails_strong_evidence_is_quoted(tiny_searcher: Searcher) -> None:
    answer = ask(tiny_searcher, WRONG)
    assert (answer.status, answer.reason) == (Status.PARTIAL, Reason.DRAFT_FAILED)
    assert answer.message
    assert all(claim.quoted for claim in answer.claims)
    assert "72 hours" in answer.citations[0].quote
    assert "48" not in answer.text
    assert [check for _, check in answer.dropped] == ["numbers"]


def test_when_all_fails_weak_evidence_is_not_quoted(tiny_searcher: Searcher) -> None:
    engine = engine_of(tiny_searcher, FakeModel(WRONG))
    engine._policy = replace(engine._policy, strong=2.0)
    answer = end(list(engine.ask(BLIGHT)))
    assert (answer.status, answer.reason) == (Status.NOT_FOUND, Reason.DRAFT_FAILED)
    assert answer.claims == ()
    assert answer.citations == ()
    assert answer.nearest[0].label == "Art. 3"
    assert [check for _, check in answer.dropped] == ["numbers"]
    assert answer.answer_tokens > 0


@pytest.mark.parametrize(
    ("draft", "failed", "status"),
    [
        ("The keeper must not notify the orchard authority of fire blight.", "polarity", Status.PARTIAL),
        ("The keeper may notify the orchard authority of fire blight.", "modality", Status.PARTIAL),
        ("The orchard authority must notify the keeper of fire blight.", "actor", Status.PARTIAL),
        ("The keeper must notify the orchard authority if the trees are in bloom.", "condition", Status.PARTIAL),
        ("It must be within hours.", "similarity", Status.PARTIAL),
        ("Our policy says that the keeper must notify the orchard authority.", "attribution", Status.PARTIAL),
        ("The keeper must notify the orchard authority within 48 hours.", "numbers", Status.NOT_FOUND),
        ("The keeper must notify the orchard authority of fire blight in Utah.", "names", Status.NOT_FOUND),
        (
            "The keeper must notify the orchard authority with purple tulips, green lanterns and yellow ribbons.",
            "words",
            Status.NOT_FOUND,
        ),
    ],
)
def test_weak_evidence_is_quoted_only_where_it_contradicts_the_draft(
    tiny_searcher: Searcher, draft: str, failed: str, status: Status
) -> None:
    engine = engine_of(tiny_searcher, FakeModel(f"{draft} [1]\n"))
    engine._policy = replace(engine._policy, strong=2.0)
    answer = end(list(engine.ask(BLIGHT)))
    assert [check for _, check in answer.dropped] == [failed]
    assert (answer.status, answer.reason) == (status, Reason.DRAFT_FAILED)
    assert bool(answer.claims) is (status is Status.PARTIAL)
    assert all(claim.quoted for claim in answer.claims)


def test_weak_evidence_is_quoted_where_a_yes_rests_on_what_fits_less(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pincite.answer.compose._GOVERNS", 2.0)
    engine = engine_of(tiny_searcher, FakeModel("Yes, staff must check a ladder before they climb it. [1]\n"))
    engine._policy = replace(engine._policy, strong=2.0)
    answer = end(list(engine.ask("Must staff check a ladder before they climb it?")))
    assert [check for _, check in answer.dropped] == ["governing"]
    assert (answer.status, answer.reason) == (Status.PARTIAL, Reason.DRAFT_FAILED)
    assert "Staff must check a ladder" in answer.citations[0].quote
    assert all(claim.quoted for claim in answer.claims)


def test_a_number_that_the_question_brings_is_no_figure_from_nowhere(tiny_searcher: Searcher) -> None:
    engine = engine_of(tiny_searcher, FakeModel(WRONG))
    engine._policy = replace(engine._policy, strong=2.0)
    answer = end(list(engine.ask("Must the keeper notify the orchard authority of fire blight within 48 hours?")))
    assert [check for _, check in answer.dropped] == ["unconfirmed"]
    assert (answer.status, answer.reason) == (Status.PARTIAL, Reason.DRAFT_FAILED)
    assert "72 hours" in answer.citations[0].quote


def test_a_question_for_a_figure_is_not_answered_without_one(tiny_searcher: Searcher) -> None:
    draft = "Staff must check a ladder before they climb it. [1]\n"
    found = ask(tiny_searcher, draft, "What percentage of staff must check a ladder before they climb it?")
    assert (found.status, found.reason, found.claims) == (Status.NOT_FOUND, Reason.INSUFFICIENT, ())
    assert found.nearest


def test_who_asks_for_a_provision_gets_its_pin_cite(tiny_searcher: Searcher) -> None:
    engine = engine_of(tiny_searcher, FakeModel("Article 9 deals with the notice of fire blight. [1]\n"))
    engine._policy = replace(engine._policy, strong=2.0)
    answer = end(list(engine.ask("Which article of the Orchard Regulation is about the notice of fire blight?")))
    assert (answer.status, answer.reason) == (Status.PARTIAL, Reason.DRAFT_FAILED)
    assert answer.claims[0].quoted
    assert "Art. 3 says" in answer.text
    assert "Article 9" not in answer.text


@pytest.mark.parametrize("draft", ["", "No.", "Words without any number", "[1]", "72 [9]\n"])
def test_a_useless_draft_is_never_shown(tiny_searcher: Searcher, draft: str) -> None:
    answer = ask(tiny_searcher, draft)
    assert answer.reason is Reason.DRAFT_FAILED
    assert all(claim.quoted for claim in answer.claims)


@pytest.mark.parametrize(
    ("question", "status", "reason"),
    [
        ("What does Article 9 of the Orchard Regulation say?", Status.REFUSED, Reason.NO_SUCH_PROVISION),
        ("What is the price of bananas in Peru?", Status.NOT_FOUND, Reason.INSUFFICIENT),
        ("Blorp flizzle wugs?", Status.NOT_FOUND, Reason.NO_PASSAGE),
    ],
)
def test_no_answer_without_the_model(tiny_searcher: Searcher, question: str, status: Status, reason: Reason) -> None:
    seen = list(without_model(tiny_searcher).ask(question))
    assert [type(event) for event in seen] == [events.Searching, events.Refused]
    answer = end(seen)
    assert (answer.status, answer.reason) == (status, reason)
    assert answer.message
    assert answer.text == ""


def test_a_named_provision_is_quoted_whatever_the_draft_says(tiny_searcher: Searcher) -> None:
    answer = ask(tiny_searcher, "The records shall be kept for seven years. [1]\n", "What does Article 4 say?")
    assert "kept for six years" in answer.text
    assert "seven" not in answer.text
    assert answer.citations[0].label == "Art. 4"


def test_one_of_two_named_provisions_is_missing(tiny_searcher: Searcher) -> None:
    draft = "The records shall be kept for six years. [1]\n"
    answer = ask(tiny_searcher, draft, "What do Article 4 and Article 44 say?")
    assert (answer.status, answer.reason) == (Status.PARTIAL, Reason.NO_SUCH_PROVISION)
    assert "44" in answer.message
    assert "six years" in answer.text


@pytest.mark.parametrize("stage", [events.Searching, events.Evidence, events.Loading, events.Reading, events.Token])
def test_stop_at_each_stage(tiny_searcher: Searcher, stage: type[events.Event]) -> None:
    model = FakeModel(RIGHT, RIGHT)
    engine, stop = engine_of(tiny_searcher, model), Flag()
    seen: list[events.Event] = []
    for event in engine.ask(BLIGHT, stop=stop):
        seen.append(event)
        if isinstance(event, stage):
            stop.set()
    assert isinstance(seen[-1], events.Cancelled)
    assert not any(isinstance(event, events.Checking | events.Finished | events.Refused) for event in seen)
    assert seen[-1].draft == "".join(event.text for event in seen if isinstance(event, events.Token))
    assert len(seen[-1].draft) < len(RIGHT) / 2
    if stage in (events.Searching, events.Evidence):
        assert model.prompts == []
    assert end(list(engine.ask(BLIGHT))).status is Status.ANSWERED


@pytest.mark.parametrize("question", ["", " \n\t ", "\u200b\ufeff", "x" * 40_000, "word " * 8_000])
def test_questions_that_cannot_be_asked(tiny_searcher: Searcher, question: str) -> None:
    with pytest.raises(QuestionError) as caught:
        list(without_model(tiny_searcher).ask(question))
    assert caught.value.hint


def test_a_long_question_within_the_limit_is_asked(tiny_searcher: Searcher) -> None:
    question = f"{BLIGHT} {'zzz ' * 900}".strip()
    assert end(list(engine_of(tiny_searcher, FakeModel(RIGHT)).ask(question))).question == question


def test_digests_timings_and_counts(tiny_searcher: Searcher) -> None:
    model = FakeModel(RIGHT)
    seen = list(engine_of(tiny_searcher, model).ask(BLIGHT))
    answer = end(seen)
    assert answer.digests["model"] == model.sha256
    assert answer.digests["prompt"] == model.prompts[0].sha256
    assert answer.digests["embedder"] == EMBEDDER_SHA256
    assert answer.digests["library"] == tiny_searcher.library.generation
    assert len(answer.digests["abstention"]) == len(answer.digests["ranking"]) == 64
    assert answer.timings.total >= answer.timings.evidence > 0
    assert answer.timings.check > 0
    assert answer.prompt_tokens == model.count(model.prompts[0].text)
    assert answer.answer_tokens == sum(isinstance(event, events.Token) for event in seen) > 10
    assert 'number ::= "1"' in model.grammars[0]


def test_history_makes_a_follow_up_whole(tiny_searcher: Searcher) -> None:
    model = FakeModel(RIGHT)
    seen = list(engine_of(tiny_searcher, model).ask("And by whom is blight notified?", history=[BLIGHT]))
    assert seen[0] == events.Searching(f"{BLIGHT} And by whom is blight notified?")
    answer = end(seen)
    assert answer.question == "And by whom is blight notified?"
    assert answer.standalone == f"{BLIGHT} And by whom is blight notified?"
    foreign = [part.text for part in model.prompts[0].segments if part.foreign]
    assert foreign[-2:] == [BLIGHT, "And by whom is blight notified?"]


def test_hostile_characters_of_a_question_go_no_further(tiny_searcher: Searcher) -> None:
    question = f"{BLIGHT}\x1b]0;x\x07\u202e\U000e0041"
    model = FakeModel(RIGHT)
    answer = end(list(engine_of(tiny_searcher, model).ask(question)))
    for text in (answer.question, answer.standalone, model.prompts[0].text):
        assert not set(text) & set("\x1b\x07\u202e\U000e0041")


def test_the_model_is_loaded_once_and_closed(tiny_directory, tiny_searcher: Searcher) -> None:
    from pincite.library import Library
    from tests.fakes import FakeEmbedder

    model, loads = FakeModel(RIGHT, RIGHT), []
    load: Callable[[], LanguageModel] = lambda: loads.append(1) or model  # type: ignore[func-returns-value]  # noqa: E731
    engine = Engine(Searcher(Library(tiny_directory), FakeEmbedder()), load, Settings(), seal="sealed?")
    assert engine.status().model == "model not loaded"
    first = [type(event) for event in engine.ask(BLIGHT)]
    second = [type(event) for event in engine.ask(BLIGHT)]
    assert (events.Loading in first, events.Loading in second, len(loads)) == (True, False, 1)
    status = engine.status()
    assert (status.model, status.context, status.documents, status.seal) == (model.title, model.context, 4, "sealed?")
    engine.close()
    assert model.closed


def test_only_some_documents_answer(tiny_searcher: Searcher) -> None:
    model = FakeModel(RIGHT)
    model.gain = 4.0  # enough for what the search trusts, and too little for what it doubts
    engine = engine_of(tiny_searcher, model)
    for within in (frozenset({"orchard"}), frozenset({"ladder"})):
        *_, last = engine.ask(BLIGHT, documents=within)
        assert isinstance(last, events.Finished | events.Refused)
        answer = last.answer
        seen = {citation.document for citation in answer.citations} | {item.document for item in answer.nearest}
        assert seen == within
        assert bool(answer.citations) is ("orchard" in within)


def test_an_answer_has_the_highest_label_of_what_it_cites_shows_or_was_drafted_from(
    tiny_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"orchard": "Public", "ladder": "Internal", "tractor": "Restricted", "pesticide": "Restricted"}
    infos = {
        info.slug: replace(info, provenance=replace(info.provenance, classification=own[info.slug]))
        for info in tiny_library.documents
    }
    monkeypatch.setattr(tiny_library, "_by_slug", infos)
    searcher = Searcher(tiny_library, FakeEmbedder())

    def label_of(draft: str, question: str, labels: Labels | None = None) -> str:
        engine = Engine(searcher, lambda: FakeModel(draft), Settings(), seal="test", labels=labels)
        return end(list(engine.ask(question))).label

    assert label_of(RIGHT, BLIGHT) == "public"
    assert label_of(RIGHT, BLIGHT, Labels(("low", "high"), unlabelled="high")) == "high"  # unknown words
    question = "What must staff check before they climb a ladder and before they drive a tractor?"
    checked = "Staff must check a ladder before they climb it. [1]\n"
    assert label_of(checked, question) == "internal"
    # the record of a dropped sentence may hold words of whatever the model has read, here of the tractor's rules too
    assert (
        label_of(checked + "Staff must check a ladder 99 times before they climb it. [1]\n", question) == "restricted"
    )
    # a refusal that names a document has its label
    assert label_of(RIGHT, "What does section 9.9 of the Ladder Policy say?") in ("internal", "restricted")
