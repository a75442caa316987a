"""Who may read what: the labels and groups of HOME/clearance.toml, and the clearance that OS groups give a person."""

from __future__ import annotations

import grp
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pincite.domain.labels import Labels
from pincite.domain.text import collapse
from pincite.errors import ConfigError, NotCleared

__all__ = ["FILE", "Clearance", "Level", "Person"]

FILE = "clearance.toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_KEYS = {"name", "group", "also"}


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever runs this process: real user and group ids, not the effective ones, and supplementary groups."""

    user: int
    groups: frozenset[int]

    @classmethod
    def current(cls) -> Person:
        """Return the person whom the kernel knows."""
        return cls(os.getuid(), frozenset({os.getgid(), *os.getgroups()}))


@dataclass(frozen=True, slots=True)
class Level:
    """A label and who is cleared for it and all below it.

    Attributes:
        name: the label.
        group: as the file has it: a group's name, or its number in digits; empty: everyone is cleared.
        gid: the group's number; None for everyone, or if this system knows no such group: then nobody is.
    """

    name: str
    group: str = ""
    gid: int | None = None

    @property
    def open(self) -> bool:
        """Whether everyone is cleared for it."""
        return not self.group

    def admits(self, person: Person) -> bool:
        """Tell whether a person's groups clear them for it."""
        return self.open or (self.gid is not None and self.gid in person.groups)


@dataclass(frozen=True, slots=True)
class Clearance:
    """What HOME/clearance.toml says.

    Attributes:
        levels: one for each label, lowest first.
        labels: the labels in this order; a missing or unknown one counts as `labels.unlabelled`.
    """

    levels: tuple[Level, ...]
    labels: Labels

    @classmethod
    def load(cls, home: Path) -> Clearance | None:
        """Return what the file of a home says, None if it has none.

        Raises:
            ConfigError: naming what cannot be used; nothing is opened then. Also if others than the home's owner and
                root could have written the file.
        """
        path = home / FILE
        try:
            with path.open("rb") as file:
                status, owner = os.fstat(file.fileno()), home.stat().st_uid
                values = tomllib.load(file)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(
                f"{path}: {error}", hint="Nothing is opened until the home's steward has mended the file."
            ) from error
        if status.st_uid not in (0, owner) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(
                f"{path}: others than the home's owner can write it", hint=f"As the owner: chmod go-w {path}"
            )
        return cls._of(values, path)

    @classmethod
    def _of(cls, values: Mapping[str, Any], path: Path) -> Clearance:
        unknown = sorted(set(values) - {"label", "unlabelled"})
        if unknown:
            raise ConfigError(f"{path}: unknown key {unknown[0]!r}", hint="Known: label, unlabelled.")
        tables = values.get("label")
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            raise ConfigError(f"{path}: no labels", hint="Each label is a table of its own, lowest first: [[label]].")
        levels: list[Level] = []
        spellings: dict[str, str] = {}
        for number, table in enumerate(tables, 1):
            where = f"{path}: label {number}"
            level, also = _level(table, where)
            for words in (level.name, *also):
                if spellings.setdefault(words, level.name) != level.name or words in {one.name for one in levels}:
                    raise ConfigError(f"{where}: {words!r} is taken by an earlier label")
            levels.append(level)
        names = tuple(level.name for level in levels)
        unlabelled = values.get("unlabelled", names[-1])
        if unlabelled not in names:
            raise ConfigError(f"{path}: unlabelled must be one of {', '.join(names)}")
        return cls(tuple(levels), Labels(names, spellings, unlabelled))

    @property
    def served(self) -> tuple[Level, ...]:
        """The levels that have a library of their own, lowest first.

        Everyone is cleared at least for the highest one without a group: nobody opens a lower one.
        """
        first = max((number for number, level in enumerate(self.levels) if level.open), default=0)
        return self.levels[first:]

    def level_of(self, person: Person, owner: int) -> Level:
        """Return the highest level for which a person is cleared.

        Root and the home's owner are cleared for all: the files are open to them whatever a program says.

        Raises:
            NotCleared: if for none.
        """
        if person.user in (0, owner):
            return self.levels[-1]
        for level in reversed(self.served):
            if level.admits(person):
                return level
        raise NotCleared(
            "you are in none of the groups that may read here",
            hint="Ask the steward of this home; a new membership counts from the next login on.",
        )


def _level(table: Mapping[str, Any], where: str) -> tuple[Level, list[str]]:
    """Read one label; return it with its further spellings in lower case."""
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}", hint=f"Known: {', '.join(sorted(_KEYS))}.")
    name, group, also = table.get("name"), table.get("group", ""), table.get("also", [])
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: `name` must be lower-case letters, digits and '-'; other spellings: `also`")
    if type(group) not in (str, int) or ("group" in table and group == ""):
        raise ConfigError(f"{where}: `group` must be a group's name or number; leave it out for everyone")
    if not isinstance(also, list) or not all(isinstance(words, str) for words in also):
        raise ConfigError(f"{where}: `also` must be a list of strings")
    return Level(name, str(group), _gid(str(group))), [collapse(words).casefold() for words in also]


def _gid(group: str) -> int | None:
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid if group else None
    except KeyError:
        return None
