"""`pincite doctor`: what is installed, whether it is what was approved, and what the machine offers."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from typing import TYPE_CHECKING, Any

from pincite import __version__

if TYPE_CHECKING:
    from pincite.assembly import Parts
    from pincite.config import Home

__all__ = ["register"]

_PACKAGES = (
    "llama-cpp-python",
    "sentence-transformers",
    "torch",
    "transformers",
    "faiss-cpu",
    "apsw",
    "numpy",
    "textual",
)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``doctor``."""
    parser = subparsers.add_parser(
        "doctor",
        parents=[common],
        help="check the installation",
        description="Checks packages, models (every byte against its digest), library and machine, and loads the "
        "language "
        "model to see whether a GPU is really used. Exit code 1 if something is missing or damaged.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--seal", action="store_true", help="only try what the seal forbids, and show what the kernel answered"
    )
    parser.add_argument("--quick", action="store_true", help="do not load the language model")
    parser.set_defaults(handler=_doctor)


def _doctor(args: argparse.Namespace) -> int:
    if args.seal:
        return _seal(args)
    from pincite.assembly import Parts
    from pincite.config import Home
    from pincite.errors import PinciteError
    from pincite.models.withdrawn import read_withdrawn
    from pincite.purge.pending import notice

    problems: list[str] = []
    report: dict[str, Any] = {
        "pincite": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    report["packages"] = {name: _version(name) for name in _PACKAGES}
    report["machine"] = _machine()
    home = Home.find(args.home)
    report["home"] = str(home.path)
    parts: Parts | None = None
    try:
        parts = Parts.of(home)
        report["models"] = _models(parts, problems)
        report["reranker"] = _reranker(parts)
    except PinciteError as error:
        problems.append(f"{error.title}: {error.message}")
    report["clearance"] = _clearance(home, problems)
    report["library"] = _library(home, problems)
    if parts is not None and not args.quick:
        report["gpu"] = _gpu(parts, problems)
    report["seal"] = _sealed()
    if pending := notice(home.path):
        problems.append(pending)
    report["purge"] = pending or "none pending"
    if parts is not None and (withdrawn := read_withdrawn(parts.registry.directory)):
        report["withdrawn"] = [{"name": one.name, "dataset": one.dataset} for one in withdrawn.values()]
    report["problems"] = problems
    if args.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _print(report)
    return 1 if problems else 0


def _seal(args: argparse.Namespace) -> int:
    """Show the seal's own test; return 1 if this process is not sealed or a probe came through."""
    from pincite import seal

    state = seal.self_test()
    if args.json:
        print(json.dumps(state.to_json(), ensure_ascii=False, indent=2))
        return 0 if state.sealed else 1
    print(f"{state.words}: {state.reason or 'the kernel denies this process and its children every network'}")
    files = state.files
    rows = [
        ("machine", state.machine),
        ("network namespace", state.network_namespace or "not asked for"),
        ("Landlock", f"version {files.abi}" if files.enforced else files.why_not),
        *(("may write to", place) for place in files.writable),
        *((p.name, p.found if p.good else f"{p.found}, and should be {p.wanted}") for p in state.probes),
        *([("installed in", f"{state.milliseconds:.1f} ms")] if state.milliseconds else []),
    ]
    for key, value in rows:
        print(f"  {key:26}{value}")
    return 0 if state.sealed else 1


def _sealed() -> dict[str, Any]:
    from pincite import seal

    state = seal.state()
    facts = state.to_json()
    probes = facts.pop("probes")
    return {
        "state": state.words,
        **facts,
        "probes": f"{sum(one['good'] for one in probes)} of {len(probes)} as they must",
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _machine() -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {"cores": cores, "memory_bytes": memory, "machine": platform.machine()}


def _models(parts: Parts, problems: list[str]) -> list[dict[str, Any]]:
    from pincite.errors import PinciteError
    from pincite.models.registry import State

    rows = []
    needed = {parts.settings.model, parts.settings.embedder}
    for entry in parts.registry.entries():
        state = parts.registry.state(entry)
        verified = False
        if state is State.PRESENT:
            try:
                parts.registry.require(entry.name, entry.use)
                verified = True
            except PinciteError as error:
                problems.append(f"{error.title}: {error.message}")
        elif entry.name in needed:
            problems.append(f"Model {entry.name}: {state.value}; pincite models fetch {entry.name}")
        rows.append(
            {"name": entry.name, "use": entry.use, "state": state.value, "verified": verified, "sha256": entry.sha256}
        )
    return rows


def _reranker(parts: Parts) -> str:
    name = parts.settings.reranker
    if not name:
        return "none: settings.toml says so"
    return parts.reranker_name or f"none: {name} is not on this machine; pincite models fetch {name}"


def _clearance(home: Home, problems: list[str]) -> str | dict[str, Any]:
    """Say for which label this person is cleared and why; for those who keep the home also what is wrong with it."""
    from pincite.errors import PinciteError
    from pincite.library.sharing import check_home

    try:
        clearance = home.clearance
        level = home.level
        if clearance is None or level is None:
            return "no clearance.toml: whoever can read this home sees every document"
    except PinciteError as error:
        problems.append(f"{error.title}: {error.message}")
        return error.title
    if not home.kept:
        return {"cleared_for": level.name, "by": f"group {level.group}" if level.group else "open to everyone"}
    problems.extend(check_home(home, clearance))
    libraries = [
        {"label": one.name, "group": one.group or "everyone", "built": home.library_of(one.name).is_dir()}
        for one in clearance.served
    ]
    return {"cleared_for": level.name, "by": "this home's owner, or root: the files are open", "libraries": libraries}


def _library(home: Home, problems: list[str]) -> dict[str, Any]:
    from pincite.answer.abstain import Policy
    from pincite.assembly import open_library
    from pincite.errors import PinciteError

    try:
        library = open_library(home)
        thresholds = Policy.of(home.library).sha256
    except PinciteError as error:
        problems.append(f"{error.title}: {error.message}")
        return {"state": error.title}
    manifest = library.manifest
    facts = {
        "state": "verified",
        "generation": library.generation,
        "documents": len(library.documents),
        "passages": manifest["passages"],
        "embedder": manifest["embedder"]["name"],
        "not_read": manifest["failed"],
        "abstention": thresholds,
    }
    library.close()
    return facts


def _gpu(parts: Parts, problems: list[str]) -> dict[str, Any]:
    from pincite.errors import PinciteError

    try:
        model = parts.model()
    except PinciteError as error:
        problems.append(f"{error.title}: {error.message}")
        return {}
    from pincite.llm.llama import gpu_offload_supported, offloaded_layers

    facts = {"supported_by_build": gpu_offload_supported(), "layers_on_gpu": offloaded_layers(), "model": model.title}
    model.close()
    return facts


def _print(report: dict[str, Any], indent: str = "") -> None:
    for key, value in report.items():
        if key == "problems":
            continue
        if isinstance(value, dict):
            print(f"{indent}{key}:")
            _print(value, indent + "  ")
        elif isinstance(value, list):
            print(f"{indent}{key}:")
            for row in value:
                text = "  ".join(str(item) for item in row.values()) if isinstance(row, dict) else str(row)
                print(f"{indent}  {text}")
        else:
            print(f"{indent}{key}: {value}")
    for problem in report.get("problems", ()):
        print(f"problem: {problem}", file=sys.stderr)
    if "problems" in report and not report["problems"]:
        print("no problems found")
