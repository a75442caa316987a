"""Reader of Markdown and plain text."""
