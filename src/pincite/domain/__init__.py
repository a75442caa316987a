"""The words everyone uses: documents, provisions, passages, citations, answers and events."""
