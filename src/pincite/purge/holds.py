"""Legal holds: documents that may not be purged and sessions that may not be erased, as long as a hold stands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pincite.errors import ConfigError, PurgeError
from pincite.ingest.corpus_file import replace_file

__all__ = ["Holds"]

_FORM = 1


class Holds:
    """The holds of one home, ``HOME/purge/holds.json``: by name of a document or of a file in sessions, the reason.

    Raises:
        ConfigError: if the file cannot be read.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "purge" / "holds.json"
        try:
            content = json.loads(self._path.read_bytes())
            self.reasons: dict[str, str] = dict(content["holds"])
        except FileNotFoundError:
            self.reasons = {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{self._path}: {error}", hint="Put the file back from a backup.") from error

    def refuse(self, names: Iterable[str]) -> None:
        """Do nothing if none of these is held.

        Raises:
            PurgeError: naming the hold.
        """
        for name in names:
            if name in self.reasons:
                raise PurgeError(
                    f"{name} is under a legal hold: {self.reasons[name]}",
                    hint=f"When the hold ends: pincite retention release {name}",
                )

    def hold(self, name: str, reason: str) -> None:
        """Hold a document or session; on the disk when this returns."""
        self.reasons[name] = reason
        self._write()

    def release(self, name: str) -> bool:
        """End a hold; return whether there was one."""
        there = self.reasons.pop(name, None) is not None
        if there:
            self._write()
        return there

    def _write(self) -> None:
        replace_file(self._path, json.dumps({"form": _FORM, "holds": self.reasons}, indent=1).encode())
