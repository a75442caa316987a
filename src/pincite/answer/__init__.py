"""From a question to a checked answer: understand, search, select, draft, check, compose."""
