"""The software bill of materials (CycloneDX 1.6, JSON): packages, models and corpus sources with their licences."""

from __future__ import annotations

import datetime
import email.parser
import zipfile
from collections.abc import Iterable, Mapping
from email.message import Message
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.exception import CycloneDxException
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from pincite.errors import BundleError
from pincite.ingest.sources import Source
from pincite.models.manifest import ModelEntry

__all__ = ["bill_of_materials", "wheel_metadata"]

_CLASSIFIER = "License :: "
_OF_SOURCES = ("source", "authority", "classification", "effective", "kind")
_LONGEST_NAME = 120  # some packages put the licence's whole text where its name belongs


def wheel_metadata(wheel: Path) -> Message:
    """Return the METADATA of a wheel, which is read and not run.

    Raises:
        BundleError: if it is no wheel.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(
                name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1
            )
            return email.parser.Parser().parsestr(archive.read(name).decode("utf-8"))
    except (OSError, zipfile.BadZipFile, StopIteration, UnicodeDecodeError) as error:
        raise BundleError(f"{wheel}: not a wheel") from error


def licence_of(package: Message) -> str:
    """Return the licence that a package states: an SPDX expression where it has one, else in its own words."""
    for field in ("License-Expression", "License"):
        stated = str(package.get(field) or "").strip()
        if stated and stated != "UNKNOWN" and "\n" not in stated and len(stated) <= _LONGEST_NAME:
            return stated
    stated = ", ".join(
        line.rpartition("::")[2].strip()
        for line in package.get_all("Classifier") or ()
        if line.startswith(_CLASSIFIER) and line != f"{_CLASSIFIER}OSI Approved"
    )
    return stated or "not stated in its metadata"


def bill_of_materials(
    wheels: Mapping[Path, str],
    models: Iterable[ModelEntry],
    sources: Iterable[tuple[Source, str]],
    made: datetime.datetime,
) -> str:
    """Return the bill as JSON.

    Args:
        wheels: paths and SHA-256; pincite's own is the subject of the bill.
        models: the models of the bundle.
        sources: the corpus sources and their SHA-256.
        made: when the bundle was made.

    Raises:
        BundleError: if a wheel cannot be read or the bill cannot be written.
    """
    bom = Bom()
    bom.metadata.timestamp = made
    parts: list[Component] = []
    for wheel, sha256 in sorted(wheels.items()):
        stated = wheel_metadata(wheel)
        name, version = str(stated["Name"]), str(stated["Version"])
        subject = name == "pincite"
        component = _component(
            name, ComponentType.APPLICATION if subject else ComponentType.LIBRARY, sha256, licence_of(stated),
            version=version, description=str(stated.get("Summary") or ""), purl=PackageURL("pypi", None, name, version),
        )  # fmt: skip
        if subject:
            bom.metadata.component = component
        else:
            parts.append(component)
    parts.extend(
        _component(
            model.name, ComponentType.MACHINE_LEARNING_MODEL, model.sha256, model.licence,
            description=model.title, properties={"upstream": model.upstream, "bytes": str(model.size)},
        )
        for model in models
    )  # fmt: skip
    parts.extend(
        _component(
            source.slug, ComponentType.DATA, sha256, source.metadata.get("licence", "not stated"),
            version=source.metadata.get("version"), description=source.metadata.get("title", ""),
            properties={key: source.metadata[key] for key in _OF_SOURCES if source.metadata.get(key)},
        )
        for source, sha256 in sources
    )  # fmt: skip
    bom.components.update(parts)
    if bom.metadata.component is not None:
        bom.register_dependency(bom.metadata.component, parts)
    try:
        return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1) + "\n"
    except CycloneDxException as error:
        raise BundleError(f"the bill of materials cannot be written: {error}") from error


def _component(
    name: str, kind: ComponentType, sha256: str, licence: str, *, version: str | None = None, description: str = "",
    properties: Mapping[str, str] | None = None, purl: PackageURL | None = None,
) -> Component:  # fmt: skip
    stated = LicenseFactory().make_from_string(licence)
    if isinstance(stated, LicenseExpression) and not _is_spdx(licence):
        stated = LicenseFactory().make_with_name(licence)
    return Component(
        name=name,
        type=kind,
        bom_ref=f"{kind.value}:{name}",
        version=version,
        description=description or None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
        licenses=[stated],
        purl=purl,
        properties=[Property(name=f"pincite:{key}", value=value) for key, value in (properties or {}).items()],
    )


def _is_spdx(expression: str) -> bool:
    """Tell whether all names of an expression are known licences; the library's check takes any word for one."""
    from cyclonedx.spdx import fixup_id

    words = expression.replace("(", " ").replace(")", " ").split()
    return all(word in ("AND", "OR", "WITH") or fixup_id(word) or word.startswith("LLVM-") for word in words)
