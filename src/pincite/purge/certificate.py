"""The certificate of a purge: fields after NIST SP 800-88r2, signed by the audit log's key, and its verification."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pincite import __version__
from pincite.errors import PurgeError
from pincite.ingest.corpus_file import replace_file
from pincite.purge.machine import machine_facts
from pincite.purge.pending import Pending
from pincite.record import AuditLog
from pincite.record.canonical import canonical
from pincite.record.verify_log import PublicKey, VerifyError

__all__ = ["read_lines", "verify_certificate", "write_certificate"]

_TECHNIQUE = (
    "the library written anew without the documents; each file that held them overwritten once with zeros, synced and "
    "unlinked; payloads of the audit log made unreadable by overwriting their AES-256 keys"
)
_VERIFICATION = (
    "full: every file of the home searched for phrases (UTF-8, UTF-16, as escaped in JSON and HTML), passage digests, "
    "ends of index terms as FTS5 keeps them, and vectors (float32, float16); archives searched inside; the index asked "
    "for every term that only these documents had; remaining audit payloads decrypted and searched; processes that "
    "hold removed files looked for; canaries of each kind planted and found in the same search, then removed"
)
_RISKS = (
    "Flash storage and disks that remap may keep blocks that were overwritten; only destroying the key of an encrypted "
    "volume, or the medium, reaches these.",
    "File systems that copy on write, journals of file systems, snapshots and virtual machine images may keep them.",
    "Backups and removable media were not searched.",
    "Memory of processes that ended, core dumps and hibernation images may hold words that were in use.",
    "Copies outside of the home were not searched, but for journals of batches that the log names.",
    "Models were not changed: see pincite purge --dataset for what was trained on data.",
)


def write_certificate(home: Path, pending: Pending, log: AuditLog) -> tuple[Path, str]:
    """Write the certificate of a purge whose search passed as JSON and as a page to print.

    Returns:
        The JSON file, and the hex SHA-256 of its bytes.
    """
    body = _body(home, pending, log.checkpoint())
    signed = log.sign(canonical(body))
    content = {
        "certificate": body,
        "signature": {
            "algorithm": "Ed25519 over the certificate as canonical JSON (RFC 8785)",
            "key": signed.key,
            "value": base64.b64encode(signed.signature).decode(),
        },
    }
    data = json.dumps(content, indent=1, ensure_ascii=False).encode()
    path = home / "purge" / "certificates" / f"{pending.number}.json"
    replace_file(path, data)
    replace_file(path.with_suffix(".html"), _page(content).encode())
    return path, hashlib.sha256(data).hexdigest()


def _body(home: Path, pending: Pending, checkpoint: str) -> dict[str, Any]:
    facts = machine_facts(home)
    results = pending.results
    return {
        "kind": "certificate of sanitization; fields after NIST SP 800-88r2, applied to documents instead of a medium",
        "number": pending.number,
        "documents": [
            {
                "name": slug,
                "sha256": one["sha256"],
                "text_sha256": one["text_sha256"],
                "classification": one["classification"],
                "passages": one["passages"],
                "sentences": one["sentences"],
            }
            for slug, one in sorted(pending.documents.items())
        ],
        "medium": {"home": str(home), **{key: value for key, value in facts.items() if key != "swap"}},
        "method": "Clear",
        "technique": _TECHNIQUE,
        "tool": {"name": "Pincite", "version": __version__},
        "operator": pending.operator,
        "authority": pending.authority,
        "reason": pending.reason,
        "started": pending.started,
        "finished": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "found_before": pending.plan,
        "erased": {
            "files_of_generations_and_builds": results.get("generation_files", 0),
            "sources_sessions_reports_and_caches": results.get("files", 0),
            "lines_of_batch_journals": results.get("journal_lines", 0),
            "audit_payloads": sum(map(len, pending.payloads.values())),
        },
        "verification": {"method": _VERIFICATION, "result": _result(results["search"]), **results["search"]},
        "validation": "not by the program: whoever signs the printed page decides whether this result suffices",
        "swap": facts["swap"],
        "residual_risk": list(_RISKS),
        "to_recall": pending.recall,
        "outside_of_the_home": pending.outside,
        "documents_with_the_same_words_that_stay": sorted(
            slug for slug, one in pending.documents.items() if one["twin"]
        ),
        "audit_checkpoint": checkpoint,
    }


def _result(search: Mapping[str, Any]) -> str:
    """Say what a search without hits shows; without distinctive words it shows little."""
    if search["phrases"]:
        return "passed: no hit"
    return "no hit, but no phrase could be searched for: documents that stay have the same words"


def verify_certificate(path: Path, key: str) -> dict[str, Any]:
    """Return what a certificate says, if the key has signed it.

    Args:
        path: the JSON file.
        key: the log's public key, one line, from somebody who keeps it away from the machine.

    Raises:
        PurgeError: if it cannot be read, or has been changed, or was signed by another key.
    """
    hint = "Get the certificate, and the key, from where they were kept."
    try:
        public = PublicKey.parse(key)
        content = json.loads(path.read_bytes())
        body: dict[str, Any] = content["certificate"]
        signature = base64.b64decode(content["signature"]["value"], validate=True)
        Ed25519PublicKey.from_public_bytes(public.raw).verify(signature, canonical(body))
    except OSError as error:
        raise PurgeError(f"{path}: {error.strerror}") from error
    except InvalidSignature as error:
        raise PurgeError(f"{path}: not what the key {public.name} signed", hint=hint) from error
    except (ValueError, KeyError, TypeError, VerifyError) as error:
        raise PurgeError(f"{path}: no certificate or no key ({error})", hint=hint) from error
    return body


def read_lines(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (field, words) of a certificate for people, nested ones with their path."""
    for name, value in body.items():
        label = name.replace("_", " ")
        if isinstance(value, Mapping):
            yield from ((f"{label}: {inner}", words) for inner, words in read_lines(value))
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            for number, item in enumerate(value, 1):
                yield from ((f"{label} {number}: {inner}", words) for inner, words in read_lines(item))
        elif isinstance(value, list):
            yield label, "; ".join(map(str, value)) or "none"
        else:
            yield label, str(value)


def _page(content: Mapping[str, Any]) -> str:
    rows = "\n".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(words)}</td></tr>"
        for name, words in (*read_lines(content["certificate"]), *read_lines({"signature": content["signature"]}))
    )
    number = html.escape(content["certificate"]["number"])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Certificate of sanitization {number}</title>
<style>
body {{ font: 14px/1.45 sans-serif; margin: 2em auto; max-width: 60em }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3em .6em; text-align: left; vertical-align: top }}
th {{ width: 34%; font-weight: normal; color: #444 }}
td {{ overflow-wrap: anywhere; white-space: pre-wrap }}
</style></head><body>
<h1>Certificate of sanitization</h1>
<p>This page shows {number}.json. What is signed is that file:
<code>pincite purge verify {number}.json --key KEY</code></p>
<table>
{rows}
</table>
<p>Signature of the person who answers for it: ______________________ &nbsp; Date: ______________</p>
</body></html>
"""
