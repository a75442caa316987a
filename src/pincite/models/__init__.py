"""Model files: which are approved, where they come from, whether they are whole."""

from pincite.models.manifest import HubSource, ModelEntry, ModelFile, WheelSource
from pincite.models.registry import Registry, State

__all__ = ["HubSource", "ModelEntry", "ModelFile", "Registry", "State", "WheelSource"]
