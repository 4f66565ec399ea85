"""What a pipeline does: summarize, answer, classify."""
