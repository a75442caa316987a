"""The language model: prompts whose document text cannot forge a turn, and stoppable grammar-bound generation."""

from pincite.llm.prompt import Prompt
from pincite.llm.protocol import Generation, LanguageModel, Piece, ReadProgress
from pincite.llm.templates import TEMPLATES, Template

__all__ = ["TEMPLATES", "Generation", "LanguageModel", "Piece", "Prompt", "ReadProgress", "Template"]
