"""The one exception tree: every error a user can meet has a title, a message and a hint."""

from __future__ import annotations

__all__ = [
    "BundleError",
    "BundleRefused",
    "ConfigError",
    "DigestMismatch",
    "DocumentError",
    "DownloadError",
    "EvaluationError",
    "LibraryDamaged",
    "LibraryError",
    "LibraryMissing",
    "ModelError",
    "ModelMissing",
    "NotCleared",
    "OutputError",
    "PinciteError",
    "PurgeError",
    "QuestionError",
    "RecordError",
    "SealError",
    "SealedError",
    "UnknownDocument",
]


class PinciteError(Exception):
    """Base of all errors shown to users; faces print `title`, the message and `hint`, never a traceback.

    Args:
        message: what happened, naming the file, row or byte concerned.
        hint: what the user can do about it; empty if nothing useful can be said.
    """

    title = "Error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(PinciteError):
    """Settings, paths or command-line values that cannot be used."""

    title = "Settings cannot be used"


class ModelError(PinciteError):
    """A model file that cannot be used."""

    title = "Model cannot be used"


class ModelMissing(ModelError):
    """A model that is in the manifest but not on this machine."""

    title = "Model not found"


class DigestMismatch(ModelError):
    """A file whose SHA-256 differs from the approved one."""

    title = "Digest does not match"


class DownloadError(PinciteError):
    """A file that could not be fetched on the connected side."""

    title = "Download failed"


class SealedError(PinciteError):
    """Something that needs a network was asked of a machine that has none on purpose."""

    title = "This machine is sealed"


class BundleError(PinciteError):
    """A bundle, its keys or its place that cannot be made or used as was asked."""

    title = "Bundle cannot be used"


class BundleRefused(BundleError):
    """A bundle that is not exactly what was signed, or whose signatures are not to be trusted."""

    title = "Bundle refused"


class DocumentError(PinciteError):
    """A source document that could not be read."""

    title = "Document cannot be read"


class LibraryError(PinciteError):
    """The library cannot do what was asked."""

    title = "Library error"


class LibraryMissing(LibraryError):
    """No library has been built in this home."""

    title = "No library"


class LibraryDamaged(LibraryError):
    """A library file is missing or differs from its digest."""

    title = "Library is damaged"


class NotCleared(LibraryError):
    """No library of this home is open to the person who asks."""

    title = "Not cleared"


class UnknownDocument(LibraryError):
    """A document name that no document of the library answers to."""

    title = "No such document"


class QuestionError(PinciteError):
    """A question that cannot be asked as it stands (empty, too long)."""

    title = "Question cannot be asked"


class OutputError(PinciteError):
    """Answers or their journal that cannot be written where they should be, or would replace something."""

    title = "Answers cannot be written"


class EvaluationError(PinciteError):
    """A question set, a run or a journal that cannot be used."""

    title = "Evaluation cannot be run"


class SealError(PinciteError):
    """The kernel cannot be asked for the protection that was wanted."""

    title = "Not sealed"


class RecordError(PinciteError):
    """The audit log cannot be written, read or trusted; what was to be recorded does not count as done."""

    title = "Audit log"


class PurgeError(PinciteError):
    """A document, data set or record cannot be erased as asked; what is not erased is named."""

    title = "Not erased"
