"""`pincite purge --dataset`: withdraw the models that were trained on a data set, or let them be used again."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pincite.config import Home
    from pincite.record.canonical import Json

__all__ = ["withdraw_dataset"]


def withdraw_dataset(home: Home, args: argparse.Namespace) -> int:
    """Show what was trained on the data set, ask, withdraw it and record that."""
    from pincite.cli.purge import confirm, say
    from pincite.config import Settings
    from pincite.models.registry import Registry
    from pincite.purge.datasets import restore, trained_on, withdraw
    from pincite.record import AuditLog

    registry = Registry.open(home)
    secret = {"reason": args.reason, "authority": args.authority}
    if args.restore:
        names = restore(registry, args.dataset)
        with closing(AuditLog.open(home.audit)) as log:
            log.append("models", {"what": "restored", "dataset": args.dataset, "models": names}, secret=secret)
        say(f"May be used again: {', '.join(names)}. Fetch or add the files anew.")
        return 0
    found = trained_on(registry, args.dataset)
    settings = Settings.load(home)
    say(f"Trained on {args.dataset}, as the manifests state, and to be withdrawn:")
    for one in found:
        say(f"  {one.name} ({one.sha256})")
        for path in one.paths:
            say(f"    {path} will be overwritten and removed")
        if one.name in (settings.model, settings.embedder):
            say(f"    the settings name it: choose another in {home.settings_file}")
    confirm(args.yes, "Withdraw these, and erase their files? Type yes: ")
    withdraw(registry, args.dataset, reason=args.reason, authority=args.authority)
    with closing(AuditLog.open(home.audit)) as log:
        told: list[Json] = [{"name": one.name, "sha256": one.sha256, "files": len(one.paths)} for one in found]
        log.append("models", {"what": "withdrawn", "dataset": args.dataset, "models": told}, secret=secret)
    say("Withdrawn: they are neither loaded nor fetched nor added any more.")
    return 0
