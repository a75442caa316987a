"""An assistant whose every answer, refusal and stop is in the audit log before it is given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from threading import Event as Flag

from pincite import __version__
from pincite.domain.answers import Answer, EvidenceItem, documents_in
from pincite.domain.assistant import Assistant, SourceView, StatusLine
from pincite.domain.documents import Span
from pincite.domain.events import Cancelled, Checked, Event, Evidence, Finished, Refused, Searching, Token
from pincite.errors import QuestionError, RecordError
from pincite.record import AuditLog
from pincite.record.canonical import Json

__all__ = ["RecordedAssistant"]


@dataclass(slots=True)
class _Heard:
    """What one question has brought so far."""

    question: str
    history: list[str]
    standalone: str = ""
    evidence: tuple[EvidenceItem, ...] = ()
    draft: str = ""
    checks: list[tuple[str, str]] = field(default_factory=list)

    def take(self, event: Event) -> None:
        match event:
            case Searching(standalone=standalone):
                self.standalone = standalone
            case Evidence(items=items):
                self.evidence = items
            case Token(text=text):
                self.draft += text
            case Checked(text=text, failed=failed):
                self.checks.append((text, failed))


class RecordedAssistant:
    """Passes on what another assistant says, and records how each question ended before it says so.

    Args:
        assistant: answers; closed with this one.
        log: where it is recorded; closed with this one.
        face: by which face it is asked: "ask", "chat", "batch".
        parts: what every answer rests on: library generation, models with their digests.
        session: what else is recorded of the session: what the seal's probes found.

    Raises:
        RecordError: if the start of the session cannot be recorded.
    """

    def __init__(
        self,
        assistant: Assistant,
        log: AuditLog,
        *,
        face: str,
        parts: Mapping[str, Json],
        session: Mapping[str, Json] | None = None,
    ) -> None:
        self._assistant, self._log, self._face = assistant, log, face
        self._parts = dict(parts)
        status = assistant.status()
        facts: dict[str, Json] = {
            "pincite": __version__,
            "documents": status.documents,
            "seal": status.seal,
            "uid": os.getuid(),
        }
        self._session = log.append("session-start", {"face": face, **facts, **self._parts, **(session or {})}).index

    def status(self) -> StatusLine:
        """Return what is loaded."""
        return self._assistant.status()

    def source(self, document: str, span: Span, quotes: Sequence[Span] = ()) -> SourceView:
        """Return a passage; see `Assistant.source`."""
        return self._assistant.source(document, span, quotes)

    def close(self) -> None:
        """Free the assistant and record that the session has ended.

        Raises:
            RecordError: if that cannot be recorded; everything is freed all the same.
        """
        try:
            self._assistant.close()
        finally:
            try:
                self._log.append("session-stop", {"face": self._face, "session": self._session})
            finally:
                self._log.close()

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        stop: Flag | None = None,
        as_of: date | None = None,
        documents: frozenset[str] | None = None,
    ) -> Iterator[Event]:
        """Yield the events of one answer; see `Assistant.ask`.

        The last event comes after its record is on the disk. A question that ends without one, because a part failed
        or nobody listens any more, is recorded as cancelled.

        Raises:
            RecordError: instead of the last event, if it could not be recorded: the answer then does not count.
        """
        heard = _Heard(question, list(history))
        given: dict[str, Json] = {
            "face": self._face,
            "session": self._session,
            "as_of": as_of.isoformat() if as_of else None,
            "filter": sorted(documents) if documents is not None else None,
            "seal": self._assistant.status().seal,
            **self._parts,
        }
        recorded = False
        try:
            for event in self._assistant.ask(question, history=history, stop=stop, as_of=as_of, documents=documents):
                heard.take(event)
                match event:
                    case Finished(answer=answer):
                        self._record("answer", heard, given, answer)
                        recorded = True
                    case Refused(answer=answer):
                        self._record("refusal", heard, given, answer)
                        recorded = True
                    case Cancelled(draft=draft):
                        heard.draft = draft
                        self._record("cancelled", heard, {**given, "why": "stopped"})
                        recorded = True
                yield event
        except (RecordError, QuestionError):  # not recorded, and not asked
            recorded = True
            raise
        except Exception as error:
            recorded = True
            with suppress(RecordError):  # the failure itself is what the user must see
                self._record("cancelled", heard, {**given, "why": f"failed: {type(error).__name__}"})
            raise
        finally:
            if not recorded:
                self._record("cancelled", heard, {**given, "why": "abandoned"})

    def _record(self, kind: str, heard: _Heard, given: Mapping[str, Json], answer: Answer | None = None) -> None:
        failed = [check for _, check in heard.checks if check]
        public: dict[str, Json] = {
            **given,
            "passages": [_passage(item) for item in heard.evidence],
            "checks": {"sentences": len(heard.checks), "failed": failed},
        }
        secret: dict[str, Json] = {
            "question": heard.question,
            "history": heard.history,
            "standalone": heard.standalone,
            "draft": heard.draft,
            "checks": [{"text": text, "failed": check} for text, check in heard.checks],
        }
        documents = {item.document for item in heard.evidence}
        if answer is not None:
            public |= {
                "status": answer.status.value,
                "reason": answer.reason.value,
                "day": answer.day.isoformat() if answer.day else None,
                "digests": answer.digests,
                "citations": [_citation(answer, n) for n in range(len(answer.citations))],
                "timings": answer.timings.to_json(),
                "prompt_tokens": answer.prompt_tokens,
                "answer_tokens": answer.answer_tokens,
            }
            secret["answer"] = answer.to_json()
            documents |= documents_in([answer])
        try:
            self._log.append(kind, public, secret=secret, documents=documents)
        except RecordError as error:
            raise RecordError(f"not recorded, so not given: {error.message}", hint=error.hint) from error


def _passage(item: EvidenceItem) -> dict[str, Json]:
    return {
        "n": item.n,
        "document": item.document,
        "start": item.passage.start,
        "end": item.passage.end,
        "text_sha256": item.text_sha256,
    }


def _citation(answer: Answer, position: int) -> dict[str, Json]:
    cited = answer.citations[position]
    return {"n": cited.n, "document": cited.document, "start": cited.start, "end": cited.end}
