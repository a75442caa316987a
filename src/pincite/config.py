"""Where things live (home, models, corpus) and the settings a steward can change."""

from __future__ import annotations

import dataclasses
import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from pincite.clearance import Clearance, Level, Person
from pincite.domain.labels import Labels
from pincite.errors import ConfigError

__all__ = ["Home", "Settings", "checkout_root", "models_directory", "shipped_corpus"]


def checkout_root() -> Path | None:
    """Return the root of the source checkout this package runs from, or None when it is installed."""
    root = Path(__file__).resolve().parents[2]
    if (root / "pyproject.toml").is_file() and (root / "corpus" / "corpus.toml").is_file():
        return root
    return None


@dataclass(frozen=True, slots=True)
class Home:
    """The one directory that holds all state of one user or team."""

    path: Path

    @classmethod
    def find(cls, given: str | Path | None = None) -> Home:
        """Return the home: `given`, else ``PINCITE_HOME``, else the checkout's ``.pincite``, else the platform's."""
        chosen = given or os.environ.get("PINCITE_HOME")
        if chosen:
            return cls(Path(chosen).expanduser().resolve())
        root = checkout_root()
        if root is not None:
            return cls(root / ".pincite")
        return cls(Path(platformdirs.user_data_dir("pincite", appauthor=False)))

    @property
    def library(self) -> Path:
        """Directory of the library that answers the person who runs this process.

        With a clearance.toml it is that of their clearance, which holds the documents up to this label and no others.

        Raises:
            ConfigError, NotCleared: if clearance.toml cannot be used, or opens nothing to them.
        """
        level = self.level
        return self.path / "library" if level is None else self.library_of(level.name)

    @property
    def level(self) -> Level | None:
        """The highest label for which this person is cleared; None without a clearance.toml.

        Raises:
            ConfigError, NotCleared: as for `library`.
        """
        clearance = self.clearance
        return None if clearance is None else clearance.level_of(Person.current(), self._owner)

    def library_of(self, label: str) -> Path:
        """Directory of the library that holds the documents up to `label`."""
        return self.path / "libraries" / label

    @property
    def libraries(self) -> tuple[Path, ...]:
        """Directories of all libraries there are, for those who keep them: one, or with a clearance.toml several."""
        found = (self.path / "library", *sorted(self.library_of("").glob("*")))
        return tuple(path for path in found if os.path.isdir(path))  # noqa: PTH112 - no error where one may not look

    @property
    def clearance(self) -> Clearance | None:
        """What clearance.toml says; None without one: whoever can read the home sees every document."""
        return Clearance.load(self.path)

    @property
    def labels(self) -> Labels:
        """The labels of this home."""
        clearance = self.clearance
        return Labels() if clearance is None else clearance.labels

    @property
    def _owner(self) -> int:
        return self.path.stat().st_uid

    @property
    def kept(self) -> bool:
        """Whether this person keeps the home: its owner, or root."""
        try:
            return Person.current().user in (0, self._owner)
        except FileNotFoundError:  # whoever makes it
            return True
        except OSError:
            return False

    def require_keeper(self) -> None:
        """Do nothing if this person may change what the home holds.

        Raises:
            ConfigError: if it has a clearance.toml and belongs to somebody else.
        """
        if not self.kept and self.clearance is not None:
            raise ConfigError(f"{self.path}: only its owner changes what this home holds")

    @property
    def people(self) -> Path:
        """Where those who do not keep the home have their own directories; there only with a clearance.toml."""
        return self.path / "people"

    @property
    def own(self) -> Path:
        """Where what this person makes is kept: the home, or in another's home with a clearance.toml a part of it."""
        if self.kept or self.clearance is None:
            return self.path
        return self.people / str(Person.current().user)

    @property
    def audit(self) -> Path:
        """Directory of this person's audit log."""
        return self.own / "audit"

    @property
    def sessions(self) -> Path:
        """Directory of this person's saved conversations and exports."""
        return self.own / "sessions"

    @property
    def temporary(self) -> Path:
        """Directory of temporary files of a sealed process; what a crash leaves there may be deleted."""
        return self.own / "tmp"

    @property
    def settings_file(self) -> Path:
        """The settings file; it need not exist."""
        return self.path / "settings.toml"

    @property
    def log_file(self) -> Path:
        """Where llama.cpp's own messages go."""
        return self.own / "llama.log"

    def create(self) -> None:
        """Make the directories of this person, readable by their owner only.

        Raises:
            ConfigError: if they cannot be made or written, or belong to somebody else.
        """
        own = self.own
        library = [] if self.clearance is not None else [self.path / "library"]
        try:
            own.mkdir(mode=0o700, parents=own == self.path, exist_ok=True)
            if own != self.path:
                _take(own)
            for directory in (*library, own / "audit", own / "sessions"):
                directory.mkdir(mode=0o700, exist_ok=True)
        except FileNotFoundError as error:
            raise ConfigError(
                f"{own.parent}: no such directory", hint="The home's steward makes it: pincite corpus build"
            ) from error
        except OSError as error:
            raise ConfigError(
                f"{self.path}: {error.strerror}", hint="Choose another directory with --home or PINCITE_HOME."
            ) from error


def _take(own: Path) -> None:
    """Close a person's own directory to all others.

    Raises:
        ConfigError: if somebody else has put something in its place.
    """
    found = own.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigError(f"{own}: not a directory of yours", hint="Ask the home's steward to remove it.")
    if found.st_mode & 0o077:
        own.chmod(0o700)


def models_directory(home: Home) -> Path:
    """Return where weights are kept: ``PINCITE_MODELS``, else the checkout's ``models/``, else ``HOME/models``."""
    given = os.environ.get("PINCITE_MODELS")
    if given:
        return Path(given).expanduser().resolve()
    root = checkout_root()
    return root / "models" if root is not None else home.path / "models"


def shipped_corpus() -> Path | None:
    """Return the corpus.toml that came with this program: ``PINCITE_CORPUS``, which an installed bundle sets, else the
    checkout's; None if there is neither.
    """
    given = os.environ.get("PINCITE_CORPUS")
    if given:  # its links are kept: an installation's path must outlive the version that it leads to
        return Path(given).expanduser().absolute()
    root = checkout_root()
    return root / "corpus" / "corpus.toml" if root is not None else None


@dataclass(frozen=True, slots=True)
class Settings:
    """Values of ``settings.toml``; a missing file means the defaults, an unknown name is an error."""

    model: str = "qwen2.5-coder-1.5b"
    """Name of the language model in the manifest."""

    embedder: str = "all-minilm-l6-v2"
    """Name of the embedding model in the manifest; changing it means building the library again."""

    reranker: str = "all-mpnet-base-v2"
    """Name of an embedding model that reads the best passages once more, where its files are on this machine; empty
    for none. The library need not be built again."""

    threads: int = 0
    """Threads for the language model; 0 takes the cores this process may use."""

    gpu_layers: int = -1
    """Layers to put on a GPU when llama.cpp was built with GPU support; -1 is all, 0 is none."""

    context: int = 4096
    """Context length in tokens."""

    answer_tokens: int = 140
    """Most tokens a draft may have."""

    evidence_tokens: int = 380
    """Most tokens of evidence given to the model; reading them is the main cost on a CPU."""

    passages: int = 10
    """Passages taken from the search for one question."""

    reread: int = 5
    """Most of them that the language model reads to find the one that answers, of those that fit about as well as the
    best; 1 leaves them in the search's order, in which they stay where a list is asked for. Each takes a second or two
    on a CPU."""

    publisher_eu: str = ""
    """Address of a server in the place of the EU Publications Office's, for `corpus fetch`; empty for its own."""

    publisher_us: str = ""
    """Address of a server in the place of the eCFR's; empty for its own."""

    publisher_uk: str = ""
    """Address of a server in the place of legislation.gov.uk's; empty for its own."""

    parse_seconds: int = 30
    """Seconds that reading one document may take, of the clock and of the processor."""

    parse_memory: int = 1500
    """Megabytes of memory (address space) that reading one document may take."""

    parse_processes: int = 0
    """Documents read at a time; 0 is one for each core this process may use."""

    retain_sessions_days: int = 0
    """Days after which exported conversations are erased by `pincite retention run`; 0 keeps them."""

    retain_journals_days: int = 0
    """Days after which journals of batches that the audit log names are erased; 0 keeps them."""

    retain_payloads_days: int = 0
    """Days after which payloads of the audit log (questions, answers, quotations) are erased; 0 keeps them."""

    @classmethod
    def load(cls, home: Home) -> Settings:
        """Read the home's settings file.

        Raises:
            ConfigError: on a syntax error, an unknown name or a value of the wrong type; names the file.
        """
        path = home.settings_file
        try:
            values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path}: {error}", hint="Mend or remove the file.") from error
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for name, value in values.items():
            if name not in fields:
                raise ConfigError(f"{path}: unknown setting {name!r}", hint=f"Known: {', '.join(fields)}.")
            if type(value) is not type(fields[name].default):
                expected = type(fields[name].default).__name__
                raise ConfigError(f"{path}: {name} must be of type {expected}, not {type(value).__name__}")
        return cls(**values)
