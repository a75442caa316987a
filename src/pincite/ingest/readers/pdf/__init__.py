"""Reader of PDF: words, lines, layout, blocks."""
