"""The answer engine: understand, search, select, draft, check, compose, as a stream of events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Event as Flag

from pincite.answer.abstain import Policy, Verdict, judge
from pincite.answer.beside import add_beside, list_asked_for
from pincite.answer.checks import asks_for_provision
from pincite.answer.compose import Composer
from pincite.answer.drafting import build_prompt, grammar, parse_draft, without_verdicts
from pincite.answer.evidence import Selected, rough_tokens, select_evidence
from pincite.answer.followup import Standalone, make_standalone
from pincite.answer.likelihood import by_likelihood, likelihoods, worth_reading
from pincite.answer.lists import asks_for_list
from pincite.answer.no_question import aside, inventory, words_unknown
from pincite.answer.particulars import Particulars, find_particulars
from pincite.answer.quoting import add_governing, lacks_figure, named_part, quotable, words_asked_for
from pincite.answer.ruling import documents_that_rule, instructing
from pincite.answer.source import source_view
from pincite.answer.told import Told, find_told
from pincite.config import Settings
from pincite.domain.answers import (
    BESIDE_THE_POINT,
    Answer,
    Citation,
    Claim,
    Difference,
    EvidenceItem,
    Reason,
    Status,
    Timings,
)
from pincite.domain.assistant import SourceView, StatusLine
from pincite.domain.documents import Span
from pincite.domain.events import (
    Cancelled,
    Checked,
    Checking,
    Event,
    Evidence,
    Finished,
    Loading,
    Reading,
    Refused,
    Searching,
    Token,
)
from pincite.domain.labels import Labels
from pincite.domain.text import collapse, normalise
from pincite.errors import QuestionError
from pincite.library import DocumentInfo
from pincite.llm import Generation, LanguageModel, Piece, ReadProgress
from pincite.search import Searcher
from pincite.search.search import SearchResult

__all__ = ["Engine", "clean_question"]

_LONGEST_QUESTION = 4000
_SHOWN_NEAREST = 3

_SPEAKS_OF_IT = frozenset(
    {"attribution", "unconfirmed", "polarity", "negation", "modality", "condition", "actor", "similarity", "governing"}
)
"""Checks whose failure tells that the evidence speaks of the matter, but says something else than the draft. A draft
with figures or words from nowhere tells the opposite: on the development set it is what questions without an answer
end with."""


@dataclass(slots=True)
class _Run:
    """What one question has produced so far."""

    question: str
    standalone: Standalone
    began: float
    evidence_seconds: float = 0.0
    likelihood_seconds: float = 0.0
    check_seconds: float = 0.0
    generation: Generation | None = None
    as_of: date | None = None
    day: date | None = None
    digests: dict[str, str] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    told: Told | None = None
    left_out: tuple[DocumentInfo, ...] = ()
    caveats: str = ""

    @property
    def note(self) -> str:
        """What was left out and why, and what else a reader must know of what was searched; "" if there is nothing."""
        notes = []
        if self.left_out:
            names = ", ".join(f"“{info.title}” ({info.slug})" for info in self.left_out)
            notes.append(f"Left out, for it tells an assistant what to answer instead of ruling anything: {names}.")
        if self.caveats:
            notes.append(self.caveats)
        return " ".join(notes)

    def timings(self) -> Timings:
        done = self.generation
        return Timings(
            evidence=self.evidence_seconds,
            prompt=self.likelihood_seconds + (done.prompt_seconds if done else 0.0),
            generation=done.answer_seconds if done else 0.0,
            check=self.check_seconds,
            total=time.perf_counter() - self.began,
        )


class Engine:
    """Answers questions; implements `Assistant`.

    Args:
        searcher: over the library whose text is quoted.
        load_model: returns the language model; called when the first draft is needed, so that refusals and
            evidence never wait for it.
        settings: budgets.
        seal: the seal's state, in words for the status line.
        labels: for handling, in their order; answers take the highest of their documents.
    """

    def __init__(
        self,
        searcher: Searcher,
        load_model: Callable[[], LanguageModel],
        settings: Settings,
        *,
        seal: str,
        labels: Labels | None = None,
    ) -> None:
        self._searcher = searcher
        self._load_model = load_model
        self._model: LanguageModel | None = None
        self._settings = settings
        self._seal = seal
        self._labels = labels or Labels()
        self._policy = Policy.of(searcher.library.directory)
        self._last_backend_seconds = 0.0

    @property
    def searcher(self) -> Searcher:
        """The searcher, for faces that only search."""
        return self._searcher

    @property
    def last_backend_seconds(self) -> float:
        """Seconds that llama.cpp itself took for the last draft; 0 if there was none."""
        return self._last_backend_seconds

    def load(self) -> LanguageModel:
        """Load the language model now, if it is not loaded yet, and return it."""
        if self._model is None:
            self._model = self._load_model()
        return self._model

    def status(self) -> StatusLine:
        """Return what is loaded."""
        model = self._model
        title = model.title if model else "model not loaded"
        context = model.context if model else self._settings.context
        return StatusLine(title, context, len(self._searcher.library.documents), self._seal, self._labels)

    def close(self) -> None:
        """Free the model and the library."""
        if self._model is not None:
            self._model.close()
            self._model = None
        self._searcher.library.close()

    def source(self, document: str, span: Span, quotes: Sequence[Span] = ()) -> SourceView:
        """Return the passage of `document` around `span`, with `quotes` marked."""
        return source_view(self._searcher.library, document, span, quotes)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        stop: Flag | None = None,
        as_of: date | None = None,
        documents: frozenset[str] | None = None,
    ) -> Iterator[Event]:
        """Yield the events of one answer; see `Assistant.ask`."""
        began = time.perf_counter()
        self._last_backend_seconds = 0.0
        stop = stop or Flag()
        question = clean_question(question)
        run = _Run(question, make_standalone(question, [clean_question(earlier) for earlier in history]), began)
        run.digests = self._digests()
        searched = [d for d in self._searcher.library.documents if documents is None or d.slug in documents]
        said = aside(run.question) or inventory(run.question, [info.kind for info in searched])
        if said:
            yield Refused(self._no_answer(run, Status.NOT_FOUND, Reason.NO_PASSAGE, said, ()))
            return
        yield Searching(run.standalone.text)
        follow_up = run.question if run.standalone.earlier else ""
        result = self._search(run, follow_up, as_of, documents)
        run.as_of, run.day, run.caveats = result.as_of, result.day, result.caveats
        evidence = self._select(run, result)
        run.evidence_seconds = time.perf_counter() - began
        named = result.lookup.documents if result.lookup.named else ()
        run.named = frozenset(info.slug for info in (*named, *result.lookup.silent))
        run.named |= {info.slug for info in run.left_out}
        if result.lookup.withheld:
            message = " ".join(result.lookup.withheld)
            yield Refused(self._no_answer(run, Status.REFUSED, Reason.NOT_IN_FORCE, message, ()))
            return
        if result.lookup.missing and not result.lookup.found:
            message = " ".join(dict.fromkeys(text for _, text in result.lookup.missing))
            yield Refused(self._no_answer(run, Status.REFUSED, Reason.NO_SUCH_PROVISION, message, evidence))
            return
        particulars = find_particulars(self._searcher, result)
        if particulars is not None:
            yield from self._tell(run, particulars)
            return
        verdict = judge(result, evidence, self._policy)
        if verdict.reason is not Reason.NONE:
            yield Refused(self._not_enough(run, verdict.reason, evidence))
            return
        run.told = find_told(self._searcher, result)
        if run.told is not None:
            evidence = run.told.among(evidence)
            run.evidence_seconds = time.perf_counter() - began
        yield Evidence(tuple(selected.item for selected in evidence), run.evidence_seconds)
        if self._model is None:
            yield Loading("language model")
        if not any(hit.exact for hit in result.hits):
            result, gain = self._reread(run, result, verdict, stop)
            if stop.is_set():
                yield Cancelled("")
                return
            before, evidence = evidence, self._select(run, result)
            if _shown(evidence) != _shown(before):
                yield Evidence(tuple(selected.item for selected in evidence), run.evidence_seconds)
            if gain < verdict.needed:
                yield Refused(self._not_enough(run, verdict.otherwise, evidence))
                return
        draft = ""
        for step in self._draft(run, evidence, stop):
            if isinstance(step, Token):
                draft += step.text
            yield step
        if stop.is_set():
            yield Cancelled(draft)
            return
        yield from self._check(run, result, evidence, draft, strong=verdict.strong)

    def _tell(self, run: _Run, particulars: Particulars) -> Iterator[Event]:
        """Answer with what documents say of themselves, without the model."""
        if particulars.claims:
            yield Evidence(particulars.evidence, run.evidence_seconds)
            answered = self._answer(run, Status.ANSWERED, particulars.claims, particulars.citations)
            yield Finished(replace(answered, message=run.note))
        else:
            message = f"No document that was named says it in its text. {particulars.recorded}"
            yield Refused(self._no_answer(run, Status.NOT_FOUND, Reason.INSUFFICIENT, message, ()))

    def _search(self, run: _Run, follow_up: str, as_of: date | None, documents: frozenset[str] | None) -> SearchResult:
        """Search; if that brings a document which instructs the assistant, search again in those that do not."""
        library, count = self._searcher.library, self._settings.passages
        found = self._searcher.search(run.standalone.text, count, follow_up=follow_up, as_of=as_of, documents=documents)
        numbers = dict.fromkeys(hit.passage.document for hit in found.hits)
        run.left_out = tuple(library.documents[n] for n in numbers if instructing(library, library.documents[n].slug))
        if not run.left_out:
            return found
        ruling = documents_that_rule(library, documents)
        found = self._searcher.search(run.standalone.text, count, follow_up=follow_up, as_of=as_of, documents=ruling)
        lookup = found.lookup  # its title may be the question: that is no reason to refuse
        silent = [(m, info) for m, info in zip(lookup.withheld, lookup.silent, strict=True) if info.slug in ruling]
        lookup = replace(lookup, withheld=tuple(m for m, _ in silent), silent=tuple(info for _, info in silent))
        return replace(found, lookup=lookup)

    def _select(self, run: _Run, result: SearchResult) -> tuple[Selected, ...]:
        """Return the evidence, what the question tells of among it."""
        evidence = select_evidence(self._searcher, result, self._settings.evidence_tokens, rough_tokens)
        return evidence if run.told is None else run.told.among(evidence)

    def _reread(self, run: _Run, result: SearchResult, verdict: Verdict, stop: Flag) -> tuple[SearchResult, float]:
        """Have the model read what could be first; return the search in the order that this gives, and what the one
        that was first adds to the likelihood of the question, in nats: of several one is likely by chance.

        Where the search is sure that the evidence answers, it is read only to find the best of several.
        """
        model = self.load()
        began = time.perf_counter()
        run.digests |= {"model": model.sha256}
        # a list is not told by two sentences of it, so that the order of the search stands
        most = 1 if asks_for_list(run.standalone.text) else self._settings.reread
        passages = worth_reading(self._searcher, result, most)
        sure = verdict.needed == -math.inf
        if sure and len(passages) == 1:
            return result, math.inf
        read = likelihoods(model, passages, run.standalone.text, stop, compared=sure)
        run.likelihood_seconds = time.perf_counter() - began
        if stop.is_set():
            return result, 0.0
        return by_likelihood(result, read), read[0].gain

    def _draft(self, run: _Run, evidence: Sequence[Selected], stop: Flag) -> Iterator[Event]:
        model = self.load()
        prompt = build_prompt(run.standalone, evidence, model.template)
        run.digests |= {"model": model.sha256, "prompt": prompt.sha256}
        most = self._settings.answer_tokens
        for step in model.generate(prompt, grammar=grammar(len(evidence)), most=most, stop=stop):
            if isinstance(step, ReadProgress):
                yield Reading(step.done, step.total)
            elif isinstance(step, Piece):
                yield Token(step.text)
            else:
                run.generation = step
                self._last_backend_seconds = step.backend_seconds

    def _check(
        self, run: _Run, result: SearchResult, evidence: Sequence[Selected], draft: str, *, strong: bool
    ) -> Iterator[Event]:
        began = time.perf_counter()
        sentences = parse_draft(draft, len(evidence))
        if run.told is not None:
            sentences = without_verdicts(sentences)
        yield Checking(len(sentences))
        composer = Composer(self._searcher, evidence, run.standalone.text)
        named = words_asked_for(evidence, result)
        points = None if named else list_asked_for(self._searcher, result, evidence)
        if points is not None:
            composer.expect_list(*points)
        dropped: list[tuple[str, str]] = []
        for sentence in sentences:
            failed = composer.add(sentence)
            if failed:
                dropped.append((sentence.text, failed))
            yield Checked(sentence.text, failed)
        # a draft that named some points of a list gives way to the whole list
        drafted = bool(composer.claims) or (points is not None and any(check == "completeness" for _, check in dropped))
        unsupported = [text for text, check in dropped if check not in BESIDE_THE_POINT]
        differences: tuple[Difference, ...] = ()
        contradicted = any(check in _SPEAKS_OF_IT for _, check in dropped)
        # where it stands is told by whatever is quoted, and what the draft says of that proves nothing
        if drafted or strong or contradicted or asks_for_provision(run.standalone.text):
            if named:  # the provision itself is the answer, in the order in which it stands
                for selected in named:
                    composer.add_quotation(selected, named_part(selected, result))
            else:
                found = quotable(self._searcher, result, evidence, run.told)
                instead = not composer.claims
                add_governing(composer, found, result.question, points, run.told, whole=instead)
                differences = add_beside(composer, self._searcher, result, evidence)
        run.check_seconds = time.perf_counter() - began
        if not composer.claims or lacks_figure(composer, result):
            why = Reason.INSUFFICIENT if composer.claims else Reason.DRAFT_FAILED
            yield Refused(self._no_answer(run, Status.NOT_FOUND, why, _MESSAGES[why], evidence, tuple(dropped)))
            return
        missing = " ".join(dict.fromkeys(text for _, text in result.lookup.missing))
        notes = [note for note in (missing, run.note) if note]
        reason = Reason.NONE
        if not drafted:
            reason = Reason.DRAFT_FAILED
            notes.append("The drafted answer failed the checks; the governing words are quoted instead.")
        elif missing:
            reason = Reason.NO_SUCH_PROVISION
        complete = drafted and not unsupported and not missing
        status = Status.ANSWERED if complete else Status.PARTIAL
        answer = self._answer(run, status, composer.claims, composer.citations, evidence if dropped else ())
        yield Finished(
            replace(answer, reason=reason, message=" ".join(notes), differences=differences, dropped=tuple(dropped))
        )

    def _answer(
        self,
        run: _Run,
        status: Status,
        claims: Sequence[Claim],
        citations: Sequence[Citation],
        read: Sequence[Selected] = (),
    ) -> Answer:
        """Return an answer; its label is that of all it cites, leaves out, and of the evidence `read` that was not
        cited and yet shows in what it drops."""
        done = run.generation
        slugs = {citation.document for citation in citations} | {info.slug for info in run.left_out}
        return Answer(
            question=run.question,
            standalone=run.standalone.text,
            status=status,
            reason=Reason.NONE,
            claims=tuple(claims),
            citations=tuple(citations),
            digests=run.digests,
            timings=run.timings(),
            prompt_tokens=done.prompt_tokens if done else 0,
            answer_tokens=done.answer_tokens if done else 0,
            as_of=run.as_of,
            day=run.day,
            label=self._label(slugs | {selected.item.document for selected in read}),
        )

    def _label(self, slugs: Iterable[str]) -> str:
        library = self._searcher.library
        return self._labels.highest(library.info(slug).provenance.classification for slug in slugs)

    def _digests(self) -> dict[str, str]:
        library = self._searcher.library
        return {
            "library": library.generation,
            "embedder": str(library.manifest["embedder"]["sha256"]),
            "abstention": self._policy.sha256,
            **self._searcher.digests,
        }

    def _not_enough(self, run: _Run, reason: Reason, evidence: Sequence[Selected]) -> Answer:
        """Return the refusal of a question whose evidence was judged before any draft."""
        unknown = "" if run.note else words_unknown(run.standalone.text, self._searcher.library)
        message = " ".join(part for part in (_MESSAGES[reason], unknown) if part)
        return self._no_answer(run, Status.NOT_FOUND, reason, message, evidence)

    def _no_answer(
        self,
        run: _Run,
        status: Status,
        reason: Reason,
        message: str,
        evidence: Sequence[Selected],
        dropped: tuple[tuple[str, str], ...] = (),
    ) -> Answer:
        nearest: tuple[EvidenceItem, ...] = tuple(selected.item for selected in evidence[:_SHOWN_NEAREST])
        slugs = {item.document for item in nearest} | {selected.item.document for selected in evidence if dropped}
        return replace(
            self._answer(run, status, (), ()),
            reason=reason,
            message=" ".join(part for part in (message, run.note) if part),
            nearest=nearest,
            dropped=dropped,
            label=self._label(slugs | run.named),  # the message speaks of what is named
        )


def _shown(evidence: Sequence[Selected]) -> list[tuple[int, tuple[Span, ...]]]:
    """Return what people see of evidence: which passages, and what of them."""
    return [(one.hit.passage.id, one.item.quotes) for one in evidence]


_MESSAGES = {
    Reason.NO_PASSAGE: "Nothing in the corpus is about this question.",
    Reason.INSUFFICIENT: "The corpus touches on this, but no passage in it answers the question.",
    Reason.DRAFT_FAILED: "Passages were found, but no drafted sentence passed the checks against them.",
}


def clean_question(question: str) -> str:
    """Return a question as it is asked: normalised, on one line.

    Raises:
        QuestionError: if nothing is left or it is too long.
    """
    question = collapse(normalise(question))
    if not question:
        raise QuestionError("the question is empty", hint="Type a question.")
    if len(question) > _LONGEST_QUESTION:
        raise QuestionError(
            f"the question has {len(question):,} characters; the limit is {_LONGEST_QUESTION:,}",
            hint="Ask about the point that matters; add long documents to the corpus instead.",
        )
    return question
