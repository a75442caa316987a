"""The tamper-evident record: every question, answer and change, one line each, under signed checkpoints."""

from pincite.record.log import AuditLog, Receipt
from pincite.record.reader import Record
from pincite.record.signing import Signed

__all__ = ["AuditLog", "Receipt", "Record", "Signed"]
