"""What a bundle holds and for which machine: bundle.json, written when it is made and read where it is installed."""

from __future__ import annotations

import dataclasses
import datetime
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from pincite.bundle.layout import CONTENTS
from pincite.errors import BundleRefused

__all__ = ["Contents", "this_machine", "this_python"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Contents:
    """The bundle's own description; signed like every other file.

    Attributes:
        number: the bundle's number, rising from one to the next.
        pincite: version of the program.
        python: version of Python that its wheels are for, such as "3.11".
        machine: system and processor, such as "linux x86_64".
        created: UTC, ISO 8601.
        models: names in the model manifest.
        library: name of the built library's generation; empty if there is none.
    """

    number: int
    pincite: str
    python: str
    machine: str
    created: str
    models: tuple[str, ...]
    library: str

    @property
    def made(self) -> datetime.datetime:
        """When it was made."""
        return datetime.datetime.fromisoformat(self.created)

    def write(self, directory: Path) -> None:
        """Write bundle.json."""
        text = json.dumps({"format": _FORMAT, **dataclasses.asdict(self)}, indent=1)
        (directory / CONTENTS).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, data: bytes) -> Contents:
        """Read bundle.json, whose digest was compared before.

        Raises:
            BundleRefused: if it is of another format.
        """
        try:
            values = json.loads(data)
            if values.pop("format") != _FORMAT:
                raise BundleRefused(
                    f"{CONTENTS}: of another format than this Pincite knows", hint="Use its install.py."
                )
            contents = cls(**{**values, "models": tuple(values["models"])})
            datetime.datetime.fromisoformat(contents.created)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BundleRefused(f"{CONTENTS}: cannot be read") from error
        return contents

    def check_machine(self) -> None:
        """Check that its wheels are for this Python and machine.

        Raises:
            BundleRefused: saying which ones it is for.
        """
        if (self.python, self.machine) != (this_python(), this_machine()):
            raise BundleRefused(
                f"{CONTENTS}: made for Python {self.python} on {self.machine}; this is Python {this_python()} on "
                f"{this_machine()}",
                hint=f"Run install.py with python{self.python}.",
            )


def this_python() -> str:
    """Return the version that wheels are made for, such as "3.11"."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def this_machine() -> str:
    """Return system and processor, such as "linux x86_64"."""
    return f"{sys.platform} {platform.machine()}"
