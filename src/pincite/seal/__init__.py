"""What the kernel is asked to refuse, so that promises about the network do not rest on our own good behaviour."""

from pincite.seal.seal import State, leave_unsealed, seal_process, self_test, state
from pincite.seal.seccomp import NO_NETWORK, NO_OTHERS, NO_PROCESSES, NO_REACH, NO_WRITES, install, unavailable

__all__ = [
    "NO_NETWORK",
    "NO_OTHERS",
    "NO_PROCESSES",
    "NO_REACH",
    "NO_WRITES",
    "State",
    "install",
    "leave_unsealed",
    "seal_process",
    "self_test",
    "state",
    "unavailable",
]
