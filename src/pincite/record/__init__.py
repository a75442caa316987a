"""The tamper-evident record: every question, answer and change, one line each, under signed checkpoints."""
