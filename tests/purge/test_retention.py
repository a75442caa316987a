"""Retention: what is past its period goes, what is younger or held stays, and the log says so."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pincite.cli import main
from pincite.config import Settings
from pincite.errors import ConfigError, PurgeError
from pincite.purge.holds import Holds
from pincite.purge.retention import apply, find_due
from pincite.record import AuditLog
from tests.purge.conftest import OUTPUT, SECRET, Place

ALL = Settings(retain_sessions_days=30, retain_journals_days=30, retain_payloads_days=30)


def later(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def make_old(path: Path, days: int = 100) -> None:
    then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))


def test_nothing_is_due_by_default_or_early(place: Place) -> None:
    for settings, days in ((Settings(), 10_000), (ALL, 29)):
        assert set(find_due(place.home, settings, later(days)).counts().values()) == {0}


def test_what_is_due_goes_and_is_recorded(place: Place) -> None:
    due = find_due(place.home, ALL, later(31))
    assert due.counts() == {"sessions": 4, "journals": 1, "payloads": 3, "held": 0}
    apply(place.home, due)
    assert list((place.home / "sessions").iterdir()) == []
    assert not (place.outside / f"{OUTPUT}.journal").exists()
    assert (place.outside / OUTPUT).exists()
    log = AuditLog.open(place.home / "audit")
    records = list(log.records())
    assert [record.erased for record in records[:3]] == [True] * 3
    assert records[-1].public == {"what": "erased", "sessions": 4, "journals": 1, "payloads": 3, "held": 0}
    log.close()
    again = find_due(place.home, ALL, later(31))
    assert set(again.counts().values()) == {0}  # what accounts for erasures is kept


def test_ages_differ(place: Place) -> None:
    old = next((place.home / "sessions").glob("*.md"))
    make_old(old)
    due = find_due(place.home, Settings(retain_sessions_days=90))
    assert due.sessions == [old]
    assert (due.journals, due.payloads) == ([], {})


def test_a_hold_keeps(place: Place) -> None:
    old = next((place.home / "sessions").glob("*.md"))
    holds = Holds(place.home)
    holds.hold(SECRET, "case 9")
    holds.hold(old.name, "case 9")
    due = find_due(place.home, ALL, later(31))
    assert old not in due.sessions
    assert due.held == [old.name, "record 0"]
    with pytest.raises(PurgeError, match="legal hold: case 9"):
        place.purge()
    quoting = next((place.home / "sessions").glob("*kettle*"))
    holds.release(SECRET)
    holds.hold(quoting.name, "case 9")
    with pytest.raises(PurgeError, match=f"{quoting.name} is under a legal hold"):
        place.purge()
    holds.release(quoting.name)
    holds.hold(SECRET, "case 9")
    assert holds.release(SECRET)
    assert not Holds(place.home).release(SECRET)
    assert place.purge().certificate is not None


def test_a_negative_period_is_an_error(place: Place) -> None:
    with pytest.raises(ConfigError, match="retain_sessions_days is -1"):
        find_due(place.home, Settings(retain_sessions_days=-1))


def test_on_the_command_line(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(place.home)]
    old = next((place.home / "sessions").glob("*.md"))
    make_old(old)
    (place.home / "settings.toml").write_text("retain_sessions_days = 90\n")
    assert main(["retention", "run", "--dry-run", *home]) == 0
    assert f"due: {old}" in capsys.readouterr().err
    assert main(["retention", "hold", old.name, "--reason", "case 9", *home]) == 0
    assert main(["retention", "run", *home]) == 0
    assert old.exists()
    assert main(["retention", "list", *home]) == 0
    assert capsys.readouterr().out == f"{old.name}: case 9\n"
    assert main(["retention", "release", old.name, *home]) == 0
    assert main(["retention", "release", old.name, *home]) == 1
    assert main(["retention", "run", *home]) == 0
    assert "erased: 1 sessions, 0 journals" in capsys.readouterr().err
    assert not old.exists()
