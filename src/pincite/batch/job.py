"""A question file from reading to writing: form, journal, rows, outputs and summary, whatever face drives it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import TracebackType

from pincite.batch.ground import Ground
from pincite.batch.journal import Journal
from pincite.batch.outputs import check_output, content_of, write_output
from pincite.batch.rows import Form
from pincite.batch.run import Batch
from pincite.batch.summary import Summary
from pincite.domain.answers import documents_in
from pincite.domain.assistant import Exported

__all__ = ["Job", "default_output"]


def default_output(questions: Path) -> Path:
    """Return where answers go if the user names no place: beside the questions, in their form."""
    return questions.with_name(f"{questions.stem}.answered{questions.suffix}")


class Job:
    """Opens the journal beside the first output and checks that every output can be written.

    Args:
        questions: the file; `form` is what was read from it.
        outputs: at least one; see `pincite.batch.outputs`.
        ground: what answers rest on now.
        model: name of the language model.
        as_of: the day for rows that name none.
        table: write a table of its own even where an output has the form's ending.
        overwrite: replace outputs that no run with this journal wrote.
        exported: told of the outputs before they are written, for the record.

    Raises:
        ConfigError: if an output or the journal cannot be written.
    """

    def __init__(
        self,
        questions: Path,
        form: Form,
        outputs: Sequence[Path],
        ground: Ground,
        *,
        model: str,
        as_of: date | None = None,
        table: bool = False,
        overwrite: bool = False,
        exported: Exported | None = None,
    ) -> None:
        self.questions, self.form, self.outputs = questions, form, tuple(outputs)
        self._table, self._overwrite, self._exported = table, overwrite, exported
        self._journal = Journal(outputs[0].with_name(f"{outputs[0].name}.journal"))
        try:
            for output in outputs:
                self._check(output)
        except BaseException:
            self._journal.close()
            raise
        self.batch = Batch(form.rows, ground, self._journal, as_of=as_of)
        digest = hashlib.sha256(questions.read_bytes()).hexdigest()
        self.summary = Summary(questions.name, digest, ground.basis, model, notes=form.notes)

    def _check(self, output: Path) -> None:
        own = str(output.resolve()) in self._journal.outputs
        check_output(output, self.questions, table=self._table, own=own, overwrite=self._overwrite)

    def write(self, *further: Path) -> None:
        """Write all outputs, and `further` ones, with what is known now, and count.

        Raises:
            ConfigError: if one cannot be written; the journal keeps every answer.
            RecordError: if that it is written cannot be recorded.
        """
        results = self.batch.results()
        self.summary.count(results.values())
        for output in further:
            self._check(output)
        outputs = dict.fromkeys((*self.outputs, *further))
        if self._exported is not None:
            self._exported(
                "batch", list(outputs), documents_in(r.answer for r in results.values() if r.answer is not None)
            )
        for output in outputs:
            content = content_of(output, self.questions, self.form, results, self.summary, table=self._table)
            self._journal.add_output(str(output.resolve()))
            self.summary.outputs[str(output)] = write_output(output, content)

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
