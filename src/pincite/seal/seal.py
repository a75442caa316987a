"""The seal: every step in its order, then a look at whether it holds; what was done is kept for who must tell of it."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pincite.errors import SealError
from pincite.seal import landlock, process, selftest
from pincite.seal.seccomp import NO_NETWORK, NO_REACH, install, unavailable

__all__ = ["State", "leave_unsealed", "seal_process", "self_test", "state"]

_HINT = "Nothing was loaded. --unsealed does without the seal: the screen, standard error and every record then say so."


@dataclass(frozen=True, slots=True)
class State:
    """What holds for this process.

    Attributes:
        sealed: the kernel denies this process and its children every network, and the probes showed it.
        reason: why it is not sealed; empty if it is.
        machine: architecture and release of the kernel.
        network_namespace: "own", or why the machine's network interfaces are still there to be seen.
        files: what Landlock enforces.
        probes: what was tried, and what the kernel answered.
        milliseconds: that sealing took, probes included.
    """

    sealed: bool = False
    reason: str = "this process was not started by the launcher"
    machine: str = ""
    network_namespace: str = ""
    files: landlock.Restriction = field(default_factory=lambda: landlock.Restriction(why_not="not asked for"))
    probes: tuple[selftest.Probe, ...] = ()
    milliseconds: float = 0.0

    @property
    def words(self) -> str:
        """The status line's words."""
        return "SEALED" if self.sealed else "NOT SEALED"

    def may_write(self, path: Path) -> bool:
        """Tell whether the seal lets this process write to, or below, `path`."""
        place = path.resolve()
        return not self.files.enforced or any(place.is_relative_to(one) for one in self.files.writable)

    def to_json(self) -> dict[str, Any]:
        """Return the state for records and reports."""
        files = self.files
        return {
            "sealed": self.sealed,
            "reason": self.reason,
            "machine": self.machine,
            "network_namespace": self.network_namespace,
            "landlock": {
                "enforced": files.enforced, "why_not": files.why_not, "abi": files.abi,
                "writable": list(files.writable), "tcp": files.tcp, "scopes": files.scopes,
            },
            "probes": [probe.to_json() for probe in self.probes],
            "milliseconds": round(self.milliseconds, 2),
        }  # fmt: skip


_state = State()


def state() -> State:
    """Return what holds for this process."""
    return _state


def leave_unsealed(reason: str) -> None:
    """Keep why this process has no seal."""
    global _state
    _state = State(reason=reason, machine=_machine())


def seal_process(writable: Sequence[Path], *, devices: Iterable[Path] = (), users: bool = True) -> State:
    """Take the network away from this process and its children, and all writing but to `writable`, for good.

    To be called once, before anything is imported that starts threads, and before any document or model is opened.

    Args:
        writable: folders and files that exist; what is beneath a folder is meant too.
        devices: device files that may be written to, and folders of them; those that do not exist are left out.
        users: whether a user namespace may be made; in one, all other users and groups look like nobody's.

    Raises:
        SealError: if the kernel cannot do it, or a probe shows that it does not hold.
    """
    global _state
    began = time.perf_counter()
    missing = unavailable()
    if missing:
        raise SealError(f"the network cannot be denied here: {missing}", hint=_HINT)
    found = process.inherited_sockets()
    if found:
        raise SealError(
            f"an open network is inherited: {', '.join(found)}",
            hint="Start Pincite from a terminal, or with pipes or files as its input and output.",
        )
    if process.threads() != 1:
        raise SealError("threads are running already, and would stay outside of the seal", hint=_HINT)
    try:
        namespace = process.leave_network(users=users) or "own"
        process.no_core_dumps()
        files = landlock.restrict(writable, devices)
        install(NO_NETWORK, NO_REACH)
    except SealError as error:
        raise SealError(error.message, hint=error.hint or _HINT) from error
    probes = tuple(selftest.probe_kernel(files.writable if files.enforced else None))
    _demand(probes)
    passed = 1000 * (time.perf_counter() - began)
    _state = State(True, "", _machine(), namespace, files, probes, passed)
    return _state


def self_test() -> State:
    """Return the state with every probe tried now, those with child processes too, sealed or not."""
    files = _state.files
    probes: tuple[selftest.Probe, ...] = ()
    if not unavailable():
        kernel = selftest.probe_kernel(files.writable if files.enforced else None)
        probes = (*kernel, *selftest.probe_children())
    return State(
        _state.sealed and all(probe.good for probe in probes), _state.reason, _state.machine or _machine(),
        _state.network_namespace, files, probes, _state.milliseconds,
    )  # fmt: skip


def _demand(probes: Iterable[selftest.Probe]) -> None:
    failed = [f"{probe.name}: {probe.found} instead of {probe.wanted}" for probe in probes if not probe.good]
    if failed:
        raise SealError(f"the seal does not hold: {'; '.join(failed)}", hint=_HINT)


def _machine() -> str:
    return f"{platform.system()} {platform.release()} {platform.machine()}"
