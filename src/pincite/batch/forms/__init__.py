"""Opens a question file in the form that its content says it has."""

from __future__ import annotations

from pathlib import Path

from pincite.batch.rows import Choice, Form, QuestionFileError
from pincite.errors import DocumentError

__all__ = ["ENDINGS", "open_form"]

ENDINGS = (".xlsx", ".csv", ".tsv", ".jsonl", ".md", ".docx", ".txt")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_BYTES = 128 * 1024 * 1024


def open_form(path: Path, choice: Choice | None = None) -> Form:
    """Read a question file: XLSX, DOCX (by content), CSV, TSV, JSONL, Markdown, plain text (by ending).

    Raises:
        QuestionFileError: naming the file, if it cannot be read, is protected, or holds no question.
    """
    choice = choice or Choice()
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise QuestionFileError(f"{path}: larger than {_MOST_BYTES // 1024 // 1024} MB", hint="Divide the file.")
        data = path.read_bytes()
    except OSError as error:
        raise QuestionFileError(f"{path}: {error.strerror}") from error
    try:
        form = _read(path, data, choice)
    except DocumentError as error:
        raise QuestionFileError(f"{path}: {error.message}", hint=error.hint) from error
    except QuestionFileError as error:
        raise QuestionFileError(f"{path}: {error.message}", hint=error.hint) from error
    if not form.rows:
        raise QuestionFileError(f"{path}: there is no question in it", hint=_hint(form))
    return form


def _hint(form: Form) -> str:
    return "; ".join(form.notes) or "Below the heading of the questions' column every row is blank."


def _read(path: Path, data: bytes, choice: Choice) -> Form:
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise QuestionFileError("it is protected with a password", hint="Save it without the password, then again.")
        raise QuestionFileError("an old binary Office file", hint="Save it as .xlsx or .docx.")
    if data.startswith(b"PK"):
        from pincite.batch.forms.office import read_office

        return read_office(data, choice)
    if not data.strip():
        raise QuestionFileError("the file is empty", hint=f"Read are: {', '.join(ENDINGS)}.")
    ending = path.suffix.lower()
    if ending in (".xlsx", ".xlsm", ".docx"):
        raise QuestionFileError(f"its content is not that of an {ending} file", hint="Save it again, or rename it.")
    if choice.sheet:
        raise QuestionFileError("only workbooks have sheets", hint="Leave --sheet out.")
    if ending in (".jsonl", ".ndjson"):
        from pincite.batch.forms.jsonl import JsonlForm

        return JsonlForm(data, choice)
    if ending in (".csv", ".tsv", ".tab"):
        from pincite.batch.forms.delimited import DelimitedForm

        return DelimitedForm(data, choice)
    if ending in (".md", ".markdown"):
        from pincite.batch.forms.markdown import MarkdownForm

        return MarkdownForm(data, choice)
    if ending in (".txt", ""):
        from pincite.batch.forms.text import TextForm

        return TextForm(data)
    raise QuestionFileError(f"files ending in {ending} are not read", hint=f"Read are: {', '.join(ENDINGS)}.")
