"""Fine-tuning a pipeline from its recipe."""
