"""Pincite: an air-gapped compliance assistant that answers with verbatim-checked pin-cites."""

__all__ = ["__version__"]

__version__ = "0.1.0"
