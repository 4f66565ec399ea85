"""From rows and predictions to scores: one module a task, whatever made the predictions."""
