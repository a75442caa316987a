"""How documents spell what they say of themselves: owner, version, dates, classification."""

from __future__ import annotations

__all__ = ["FIELDS"]

FIELDS = {
    "owner": ("owner", "policy owner", "document owner", "owned by"),
    "version": ("version", "policy version", "document version", "version number", "revision"),
    "effective": (
        "effective", "effective date", "effective from", "date effective", "effective as of", "valid from",
        "in force from", "in force since", "applies from", "applicable from", "entry into force", "start date",
    ),
    "until": (
        "until", "effective until", "effective to", "valid until", "valid to", "in force until", "applies until",
        "expires", "expires on", "expiry", "expiry date", "expiration date", "end date",
    ),
    "classification": ("classification", "classification label", "information classification", "data classification"),
    "authority": ("authority", "approved by", "approver", "legal basis"),
    "source": ("source", "source url"),
    "licence": ("licence", "license"),
    "retrieved": ("retrieved", "retrieved on", "date retrieved", "accessed"),
    "retrieved_by": ("retrieved by",),
    "superseded_by": ("superseded by", "replaced by"),
}  # fmt: skip
"""Spellings of the fields of `Provenance`, the name in corpus.toml first; '_' and '-' count as spaces."""
