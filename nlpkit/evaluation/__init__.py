"""The metrics that say how good a pipeline is."""
